// Files for variables: where an operation takes them, and which were chosen.

import { getNullableType, getOperationAST, isInputObjectType, isListType, typeFromAST } from "graphql";

const SCALAR = "Upload";

const holes = (type, value, path) => {
  const known = getNullableType(type);
  if (value === null) return known?.name === SCALAR ? [path.join(".")] : [];
  if (isListType(known) && Array.isArray(value)) {
    return value.flatMap((each, index) => holes(known.ofType, each, [...path, index]));
  }
  if (!isInputObjectType(known) || typeof value !== "object") return [];
  const fields = known.getFields();
  return Object.entries(value).flatMap(([name, each]) =>
    fields[name] ? holes(fields[name].type, each, [...path, name]) : [],
  );
};

/** Paths such as input.file at which the variables are null and a file may be put. */
export const placesOf = (schema, document, operationName, variables) => {
  const operation = document && getOperationAST(document, operationName ?? undefined);
  if (!schema || !variables || !operation) return [];
  return (operation.variableDefinitions ?? []).flatMap(({ variable, type }) => {
    const { value: name } = variable.name;
    const found = typeFromAST(schema, type);
    return found && name in variables ? holes(found, variables[name], [name]) : [];
  });
};

/** What the bar below the header has found and holds: `files` by path, for the tab that is shown. */
export const chosen = { files: new Map() };

/** A multipart body (GraphQL multipart request specification) with files by their paths. */
export const formOf = (operation, files) => {
  const form = new FormData();
  const entries = [...files];
  form.append("operations", JSON.stringify(operation));
  form.append("map", JSON.stringify(Object.fromEntries(entries.map(([path], index) => [index, [`variables.${path}`]]))));
  entries.forEach(([, file], index) => form.append(String(index), file));
  return form;
};
