// The query page: who is signed in above, GraphiQL below.

import "./workers.js";
import { createRoot } from "react-dom/client";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";
import { exampleGroups } from "./examples.js";
import { Page } from "./page.jsx";
import { refresh } from "./session.js";
import { demoProviders } from "./demo.js";

const listExamples = async () => exampleGroups(await demoProviders());

await refresh();
createRoot(document.getElementById("page")).render(<Page listExamples={listExamples} />);
