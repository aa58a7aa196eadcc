// The page: a bar with the sign-in, a bar for files where an operation takes some, and GraphiQL
// with a panel of examples.

import { DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { useEffect, useMemo, useState } from "react";
import { examplesPlugin } from "./panel.jsx";
import { fetcher } from "./fetcher.js";
import { FilesBar } from "./files.jsx";
import { FollowSystem } from "./theme.jsx";
import { useClosed } from "./session.js";
import { SignIn } from "./signin.jsx";
import { storage } from "./storage.js";

const firstTabs = (groups) =>
  groups
    .flatMap(({ examples }) => examples)
    .filter(({ tab }) => tab)
    .map(({ query, variables }) => ({ query, variables: JSON.stringify(variables({}), null, 2) }));

const Explorer = ({ groups }) => {
  const examples = useMemo(() => examplesPlugin(groups), [groups]);
  const tabs = useMemo(() => firstTabs(groups), [groups]);
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={[examples, HISTORY_PLUGIN]}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      visiblePlugin={examples}
      defaultTabs={tabs}
      initialVariables={tabs[0].variables}
      defaultEditorToolsVisibility="variables"
      customScalarSchemas={{ Upload: { type: "null" } }}
      inputValueDeprecation
      schemaDescription
      showPersistHeadersSettings={false}
    >
      <FilesBar />
      <FollowSystem />
    </GraphiQL>
  );
};

const Closed = () => (
  <section className="closed">
    <h2>This server runs trusted documents only</h2>
    <p>Owners and administrators may send others: sign in above. Everybody else has no use for this page.</p>
  </section>
);

/** The page; the groups of examples are listed once somebody may run them. */
export const Page = ({ listExamples }) => {
  const closed = useClosed();
  const [groups, setGroups] = useState(null);
  useEffect(() => {
    if (!closed) listExamples().then(setGroups);
  }, [closed, listExamples]);
  return (
    <>
      <header className="bar">
        <h1>
          mailconfig <span>explorer</span>
        </h1>
        <SignIn />
      </header>
      <main>
        {closed && <Closed />}
        {!closed && groups && <Explorer groups={groups} />}
      </main>
    </>
  );
};
