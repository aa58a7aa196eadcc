// A bar that appears where the operation of the tab takes files: variables that are null and of
// the type Upload. What is chosen is sent with the next run of that tab.

import { pick, useGraphiQL } from "@graphiql/react";
import { useEffect, useState } from "react";
import { chosen, placesOf } from "./uploads.js";

const parsed = (text) => {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return null; // half typed
  }
};

export const FilesBar = () => {
  const { schema, documentAST, operationName, tabs, activeTabIndex } = useGraphiQL(
    pick("schema", "documentAST", "operationName", "tabs", "activeTabIndex"),
  );
  const [filesByTab, setFilesByTab] = useState({});
  const tab = tabs[activeTabIndex];
  const files = filesByTab[tab?.id] ?? new Map();
  useEffect(() => {
    chosen.files = files;
  }, [files]);
  const places = placesOf(schema, documentAST, operationName, parsed(tab?.variables));
  const choose = (path, file) => {
    const changed = new Map(files);
    if (file) changed.set(path, file);
    else changed.delete(path);
    setFilesByTab({ ...filesByTab, [tab.id]: changed });
  };
  if (!places.length) return null;
  return (
    <div className="files" role="group" aria-label="Files">
      <strong>Files of this operation</strong>
      {places.map((path) => (
        <label key={`${tab.id}:${path}`}>
          <code>{path}</code>
          <input type="file" onChange={({ target }) => choose(path, target.files[0])} />
        </label>
      ))}
    </div>
  );
};
