// The worker that checks and completes operations, with one mend: variables may leave out what has
// a default (specification of GraphQL, section 3.10), which the stock worker marks as missing.

import { initialize } from "monaco-editor/esm/vs/editor/editor.worker.js";
import { GraphQLWorker } from "monaco-graphql/esm/GraphQLWorker.js";

const relaxed = ({ required, properties, ...rest }) => ({
  ...rest,
  properties,
  required: required?.filter((name) => !("default" in properties[name])),
});

class Worker extends GraphQLWorker {
  async doGetVariablesJSONSchema(uri) {
    const schema = await super.doGetVariablesJSONSchema(uri);
    if (!schema?.definitions) return schema;
    const definitions = Object.entries(schema.definitions).map(([name, definition]) => [
      name,
      definition.properties ? relaxed(definition) : definition,
    ]);
    return { ...schema, definitions: Object.fromEntries(definitions) };
  }
}

globalThis.onmessage = () => initialize((context, data) => new Worker(context, data));
