// The examples: the documents of tools/schema/documents with variables that work here. Those of
// the demo reach the simulated mailboxes of docs/demo.md; `needs` names ids of earlier answers.

import applyFix from "../../schema/documents/applyFix.graphql";
import cancelMessage from "../../schema/documents/cancelMessage.graphql";
import cancelTest from "../../schema/documents/cancelTest.graphql";
import checkDomain from "../../schema/documents/checkDomain.graphql";
import config from "../../schema/documents/config.graphql";
import configs from "../../schema/documents/configs.graphql";
import connectionTestProgress from "../../schema/documents/connectionTestProgress.graphql";
import deleteConfig from "../../schema/documents/delete.graphql";
import deleteFile from "../../schema/documents/deleteFile.graphql";
import discover from "../../schema/documents/discover.graphql";
import discoveryProgress from "../../schema/documents/discoveryProgress.graphql";
import explain from "../../schema/documents/explain.graphql";
import message from "../../schema/documents/message.graphql";
import messages from "../../schema/documents/messages.graphql";
import previewEmail from "../../schema/documents/previewEmail.graphql";
import provider from "../../schema/documents/provider.graphql";
import providers from "../../schema/documents/providers.graphql";
import rollback from "../../schema/documents/rollback.graphql";
import sendEmail from "../../schema/documents/sendEmail.graphql";
import submit from "../../schema/documents/submit.graphql";
import testConnection from "../../schema/documents/testConnection.graphql";
import update from "../../schema/documents/update.graphql";
import uploadFile from "../../schema/documents/uploadFile.graphql";
import validate from "../../schema/documents/validate.graphql";
import viewer from "../../schema/documents/viewer.graphql";
import { demoForm } from "./demo.js";

const server = (protocol, port, security) => ({
  host: `${protocol}.example.com`,
  port,
  security,
  secret: { password: "mailbox password" },
});
const FORM = {
  emailAddress: "support@example.com",
  incoming: server("imap", 993, "TLS"),
  outgoing: server("smtp", 587, "STARTTLS"),
};
const TYPO = {
  emailAddress: "someone@gmial.com",
  incoming: { host: "https://imap.gmail.com", port: 465, security: "TLS" },
};
const REPLY =
  "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
const LETTER = {
  to: [{ address: "someone@example.com" }],
  subject: "Your order 4711",
  text: "It is on its way.",
};
const testOf = (draft, roundTrip = false) => ({ input: { waitSeconds: 25, roundTrip, target: { draft } } });

const row = (title, about, query, variables, more = {}) => ({ title, about, query, variables, ...more });
const TAB = { tab: true };

const demoGroup = (known) => ({
  label: "Demo mailboxes",
  examples: [
    row(
      "Test: Gmail wants an app password",
      "Fails, and says what the person has to do.",
      testConnection,
      () => testOf(demoForm(known, "app-password@gmail.localhost")),
      TAB,
    ),
    row("Test: all is well, with a round trip", "Sends a message and finds it.", testConnection, () =>
      testOf(demoForm(known, "ann@well.localhost"), true),
    ),
    row("Test: wrong TLS mode, with a fix", "The diagnosis holds a proven fix.", testConnection, () =>
      testOf(demoForm(known, "ann@plain-on-tls.localhost")),
    ),
    row("Fix 1: store a wrong TLS mode", "", submit, () => ({
      input: { name: "Wrong TLS mode", ...demoForm(known, "ann@plain-on-tls.localhost") },
    })),
    row(
      "Fix 2: test what was stored last",
      "",
      testConnection,
      ({ config: configId }) => ({ input: { waitSeconds: 25, target: { configId } } }),
      { needs: ["config"] },
    ),
    row("Fix 3: apply the last fix", "", applyFix, ({ test: testId, fix: fixId }) => ({ input: { testId, fixId } }), {
      needs: ["test", "fix"],
    }),
    row("Providers of the demo", "", providers, () => ({ search: "Demo", first: 100 })),
  ],
});

const jobs = (demo) => [
  {
    label: "Find servers",
    examples: [
      row(
        "Find the servers of an address",
        "With evidence, and whom to trust how far.",
        discover,
        () => ({ input: { emailAddress: demo ? "someone@well.localhost" : "someone@fastmail.com" } }),
        TAB,
      ),
      row(
        "Watch a discovery",
        "A subscription: each source as it ends.",
        discoveryProgress,
        () => ({ emailAddress: demo ? "someone@well.localhost" : "someone@example.com" }),
        TAB,
      ),
      row("Find a provider", "", provider, () => ({ by: { emailAddress: "someone@gmail.com" } })),
      row("List providers", "", providers, () => ({ search: "mail", first: 20 })),
    ],
  },
  {
    label: "Fill in and test",
    examples: [
      row("Validate a form", "Needs no network.", validate, () => ({ input: { draft: TYPO } }), TAB),
      row("Test a form", "Signs in to both servers.", testConnection, () => testOf(FORM), demo ? {} : TAB),
      row("Watch the last test", "A subscription.", connectionTestProgress, ({ test: testId }) => ({ testId }), {
        needs: ["test"],
      }),
      row("Cancel the last test", "", cancelTest, ({ test: testId }) => ({ input: { testId } }), { needs: ["test"] }),
    ],
  },
  {
    label: "Store",
    examples: [
      row(
        "Submit with a file",
        "Choose the file in the bar that appears.",
        submit,
        () => ({ input: { name: "Support", ...FORM, files: [{ upload: { kind: "ATTACHMENT", file: null } }] } }),
        TAB,
      ),
      row("List configurations", "", configs, () => ({ first: 10 }), TAB),
      row("Read the last configuration", "", config, ({ config: id }) => ({ id }), { needs: ["config"] }),
      row(
        "Rename the last configuration",
        "Fields that are left out stay as they are.",
        update,
        ({ config: id }) => ({ input: { id, name: "Renamed" } }),
        { needs: ["config"] },
      ),
      row(
        "Roll it back to its first version",
        "",
        rollback,
        ({ config: id }) => ({ input: { id, revision: 1 } }),
        { needs: ["config"] },
      ),
      row("Delete the last configuration", "For good.", deleteConfig, ({ config: id }) => ({ input: { id } }), {
        needs: ["config"],
      }),
      row("Store a file by itself", "", uploadFile, () => ({ input: { kind: "ATTACHMENT", file: null } })),
      row("Delete the last file", "", deleteFile, ({ file: id }) => ({ input: { id } }), { needs: ["file"] }),
    ],
  },
  {
    label: "Send",
    examples: [
      row(
        "Send a message",
        "By the last configuration; taken in at once.",
        sendEmail,
        ({ config: configId }) => ({ input: { configId, ...LETTER } }),
        { needs: ["config"] },
      ),
      row(
        "Look at a message before",
        "The exact bytes; nothing is sent.",
        previewEmail,
        ({ config: configId }) => ({ input: { configId, ...LETTER } }),
        { needs: ["config"] },
      ),
      row("List messages", "With their states.", messages, () => ({ first: 10 }), TAB),
      row("Follow the last message", "", message, ({ message: id }) => ({ id }), { needs: ["message"] }),
      row("Cancel the last message", "", cancelMessage, ({ message: id }) => ({ input: { id } }), {
        needs: ["message"],
      }),
    ],
  },
  {
    label: "Explain and check",
    examples: [
      row("Explain a reply", "Needs no account.", explain, () => ({ input: { text: REPLY } }), TAB),
      row("Check a domain", "MX, SPF, DKIM, DMARC and more.", checkDomain, () => ({ input: { domain: "example.com" } }), TAB),
    ],
  },
  { label: "Account", examples: [row("Who am I", "", viewer, () => ({}), TAB)] },
];

/** The groups of examples; without simulated providers those that need them are left out. */
export const exampleGroups = (providersByDomain) => {
  const demo = Object.keys(providersByDomain).length > 0;
  return [...(demo ? [demoGroup(providersByDomain)] : []), ...jobs(demo)];
};
