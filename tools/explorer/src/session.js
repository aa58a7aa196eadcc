// Who is signed in, by the cookie that the server sets: scripts never see it. Writes send the
// session's CSRF token along.

import { useSyncExternalStore } from "react";

/** The endpoint: this page's own address, wherever a proxy has put it. */
export const ENDPOINT = location.pathname;

let session = { viewer: null, csrfToken: "", closed: false };
const listeners = new Set();

const settle = (viewer, csrfToken, closed = false) => {
  session = { viewer: viewer ?? null, csrfToken: csrfToken ?? "", closed };
  listeners.forEach((listener) => listener());
};

const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The signed-in user or null, kept up to date. */
export const useViewer = () => useSyncExternalStore(subscribe, () => session.viewer);

/** Whether the server refuses what the page would send: it runs trusted documents only, but for staff. */
export const useClosed = () => useSyncExternalStore(subscribe, () => session.closed);

/** Headers that every request of this page carries. */
export const sessionHeaders = () => ({ "X-CSRF-Token": session.csrfToken });

const send = (address, body) =>
  fetch(address, {
    method: "POST",
    headers: {
      ...sessionHeaders(),
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
    },
    body: JSON.stringify(body),
  });

/** Sends an operation of the page itself and returns the whole answer. */
export const ask = async (query, variables = {}) => (await send(ENDPOINT, { query, variables })).json();

const isRefused = ({ errors }) =>
  errors?.some(({ extensions }) => extensions?.code === "PERSISTED_DOCUMENT_NOT_FOUND") ?? false;

const WHO = "query { csrfToken viewer { email role } }";
const LOGIN = `mutation ($input: LoginInput!) {
  login(input: $input) {
    session { csrfToken viewer { email role } }
    errors { message }
  }
}`;
const LOGOUT = "mutation { logout { ok } }";

/** Asks who is signed in. */
export const refresh = async () => {
  const answer = await ask(WHO);
  settle(answer.data?.viewer, answer.data?.csrfToken, isRefused(answer));
};

const problemsOf = ({ data, errors }) =>
  [...(errors ?? []), ...(data?.login?.errors ?? [])].map(({ message }) => message).join(" ");

// Where documents must be trusted the sign-in goes by REST, which runs documents of the server's
// own. Only staff get further from there.
const signInByRest = async (email, password) => {
  const response = await send(new URL("api/auth/login/", location.href), { email, password });
  if (!response.ok) return "The e-mail address or the password is wrong.";
  await refresh();
  return session.closed ? "Only owners and administrators may use this page here." : "";
};

/** Signs in; returns why not, or an empty text. */
export const signIn = async (email, password) => {
  if (session.closed) return signInByRest(email, password);
  const answer = await ask(LOGIN, { input: { email, password } });
  const opened = answer.data?.login?.session;
  if (!opened) return problemsOf(answer) || "Nobody was signed in.";
  settle(opened.viewer, opened.csrfToken);
  return "";
};

/** Signs out. */
export const signOut = async () => {
  await ask(LOGOUT);
  await refresh();
};
