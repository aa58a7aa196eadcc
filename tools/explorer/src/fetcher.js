// How GraphiQL reaches the server: JSON, a multipart form where files were chosen, and
// server-sent events (graphql-sse, distinct connections) for subscriptions.

import { parse } from "graphql";
import { createClient } from "graphql-sse";
import { remember } from "./known.js";
import { ENDPOINT, sessionHeaders } from "./session.js";
import { chosen, formOf } from "./uploads.js";

const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

const at = (variables, path) => path.split(".").reduce((value, key) => value?.[key], variables);

const post = async (operation, headers) => {
  const files = [...chosen.files].filter(([path]) => at(operation.variables, path) === null);
  const body = files.length ? formOf(operation, files) : JSON.stringify(operation);
  const kind = files.length ? { "GraphQL-Require-Preflight": "1" } : { "Content-Type": "application/json" };
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: { Accept: ACCEPT, ...sessionHeaders(), ...kind, ...headers },
    body,
  });
  const answer = await response.json();
  remember(answer);
  return answer;
};

// A refusal before the first event is an answer in JSON; the client throws it with the response.
const refusalOf = async (error) => {
  const answer = await error?.response?.json().catch(() => null);
  if (!answer) throw error;
  return answer;
};

async function* watch(operation, headers) {
  const client = createClient({
    url: ENDPOINT,
    retryAttempts: 0,
    credentials: "same-origin",
    headers: { ...sessionHeaders(), ...headers },
    fetchFn: (...request) => fetch(...request),
  });
  try {
    for await (const event of client.iterate(operation)) {
      remember(event);
      yield event;
    }
  } catch (error) {
    yield await refusalOf(error);
  } finally {
    client.dispose();
  }
}

// Read here, since what GraphiQL knows of a document lags behind its editor by a moment.
const operationsOf = (query) => {
  try {
    return parse(query).definitions.filter(({ operation }) => operation);
  } catch {
    return []; // the server says what is wrong with it
  }
};

/** Sends what GraphiQL runs; an answer, or for a subscription the answers as they come. */
export const fetcher = ({ query, variables, operationName }, { headers } = {}) => {
  const operations = operationsOf(query);
  const named = operations.length > 1 ? operations.find(({ name }) => name?.value === operationName) : null;
  const operation = { query, variables: variables ?? {}, operationName: named?.name.value };
  const subscribes = (named ?? operations[0])?.operation === "subscription";
  return subscribes ? watch(operation, headers ?? {}) : post(operation, headers ?? {});
};
