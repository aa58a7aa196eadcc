// Who is signed in, or the form for it.

import { useState } from "react";
import { signIn, signOut, useViewer } from "./session.js";

const Form = () => {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    const { email, password } = event.currentTarget.elements;
    setBusy(true);
    try {
      setProblem(await signIn(email.value, password.value));
    } catch (error) {
      setProblem(`The server does not answer: ${error.message}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form id="login" onSubmit={send}>
      <span role="alert">{problem}</span>
      <input name="email" type="email" placeholder="e-mail" aria-label="E-mail" autoComplete="username" required />
      <input
        name="password"
        type="password"
        placeholder="password"
        aria-label="Password"
        autoComplete="current-password"
        required
      />
      <button disabled={busy}>Sign in</button>
    </form>
  );
};

export const SignIn = () => {
  const viewer = useViewer();
  if (!viewer) return <Form />;
  return (
    <div className="who">
      <span id="who" role="status">
        {viewer.email} ({viewer.role.toLowerCase()})
      </span>
      <button id="logout" onClick={signOut}>
        Sign out
      </button>
    </div>
  );
};
