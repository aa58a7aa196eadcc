// The panel of examples: each opens as a tab, with ids of earlier answers where it needs some.

import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useKnown } from "./known.js";

const WHERE = {
  test: "Run a test first.",
  fix: "Run a test that has a fix first.",
  config: "Store or list configurations first.",
  file: "Store a file first.",
  provider: "List or find providers first.",
};

const Icon = () => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
    <path d="M5 3.75h10l4 4v12.5H5z" strokeLinejoin="round" />
    <path d="M15 3.75v4h4M8.5 12.5l2 2-2 2M13 16.5h3" strokeLinecap="round" strokeLinejoin="round" />
  </svg>
);

const useOpen = () => {
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick("tabs", "queryEditor", "variableEditor"));
  const { addTab, changeTab } = useGraphiQLActions();
  return ({ query, variables }, known) => {
    const index = tabs.findIndex((tab) => tab.query?.trim() === query.trim());
    if (index >= 0) {
      changeTab(index);
    } else {
      addTab();
      queryEditor?.setValue(query);
    }
    variableEditor?.setValue(JSON.stringify(variables(known), null, 2));
  };
};

const Example = ({ example, known, open }) => {
  const missing = (example.needs ?? []).find((name) => !known[name]);
  return (
    <li>
      <button type="button" disabled={Boolean(missing)} onClick={() => open(example, known)}>
        {example.title}
      </button>
      <small>{missing ? WHERE[missing] : example.about}</small>
    </li>
  );
};

const Panel = ({ groups }) => {
  const known = useKnown();
  const open = useOpen();
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>
        Sign in above, choose an example and run it (Ctrl+Enter). Nothing that you type is kept when this page
        closes: variables may hold passwords.
      </p>
      {groups.map(({ label, examples }) => (
        <div key={label}>
          <h3>{label}</h3>
          <ul>
            {examples.map((example) => (
              <Example key={example.title} example={example} known={known} open={open} />
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
};

/** The plugin of GraphiQL that shows these groups. */
export const examplesPlugin = (groups) => ({
  title: "Examples",
  icon: Icon,
  content: () => <Panel groups={groups} />,
});
