// The simulated providers, where the server runs them: their ports differ from start to start.

import { ask } from "./session.js";

const LIST = `query ($search: String) {
  providers(search: $search, first: 100) {
    nodes {
      catalogueId
      domains
      incoming { hostTemplate port security }
      outgoing { hostTemplate port security }
    }
  }
}`;

/** The simulated providers by domain; empty where none runs. */
export const demoProviders = async () => {
  const { data } = await ask(LIST, { search: "Demo" });
  const rows = (data?.providers?.nodes ?? []).filter(({ catalogueId }) => catalogueId.startsWith("demo_"));
  return Object.fromEntries(rows.map((row) => [row.domains[0], row]));
};

const server = (listed) => ({
  host: listed?.hostTemplate ?? "",
  port: listed?.port ?? 0,
  security: listed?.security ?? "TLS",
  secret: { password: "demo" },
});

/** A filled form for an address of a simulated mailbox. */
export const demoForm = (providers, emailAddress) => {
  const row = providers[emailAddress.split("@")[1]];
  return { emailAddress, incoming: server(row?.incoming[0]), outgoing: server(row?.outgoing[0]) };
};
