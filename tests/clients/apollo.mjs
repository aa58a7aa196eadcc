// Apollo Client 4 with apollo-upload-client; subscriptions over WebSocket, and over events of
// graphql-sse.

import { ApolloClient, ApolloLink, InMemoryCache, Observable, gql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { OperationTypeNode, print } from 'graphql';
import { createClient as createEvents } from 'graphql-sse';
import { createClient as createSocket } from 'graphql-ws';
import WebSocket from 'ws';
import { plays } from './plays.mjs';
import { bearer, given, run, socketUrl, text, tokenFor } from './session.mjs';

const upload = (headers) =>
  new UploadHttpLink({ uri: given.url, headers: { ...headers, 'Apollo-Require-Preflight': '1' } });

const socket = (token) =>
  createSocket({
    url: socketUrl,
    connectionParams: bearer(token),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });

function eventsLink(headers) {
  const events = createEvents({ url: given.url, headers, retryAttempts: 0 });
  return new ApolloLink(
    ({ query, ...operation }) =>
      new Observable((sink) => events.subscribe({ ...operation, query: print(query) }, sink)),
  );
}

const client = (http, live) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      live,
      http,
    ),
    defaultOptions: { query: { fetchPolicy: 'no-cache' } },
  });

const functions = (apollo) => ({
  query: async (name, variables) => (await apollo.query({ query: gql(text(name)), variables })).data,
  mutate: async (name, variables, signal) => {
    const context = signal && { fetchOptions: { signal } };
    return (await apollo.mutate({ mutation: gql(text(name)), variables, context })).data;
  },
  async *subscribe(name, variables) {
    const results = apollo.subscribe({ query: gql(text(name)), variables });
    const queue = [];
    let wake;
    const put = (item) => {
      queue.push(item);
      wake?.();
    };
    const subscription = results.subscribe({
      next: ({ data, error }) => put(error ? { error } : { data }),
      error: (error) => put({ error }),
      complete: () => put({ done: true }),
    });
    try {
      for (;;) {
        if (!queue.length) await new Promise((resolve) => (wake = resolve));
        const { data, error, done } = queue.shift() ?? {};
        if (error) throw error;
        if (done) return;
        if (data) yield data;
      }
    } finally {
      subscription.unsubscribe();
    }
  },
});

const overSocket = functions(client(upload(bearer()), new GraphQLWsLink(socket())));
const overEvents = functions(client(upload(bearer()), eventsLink(bearer())));
const late = tokenFor(-60);
const expired = functions(client(upload(bearer(late)), new GraphQLWsLink(socket(late))));
const { subscription, 'cancelled subscription': left } = plays('apollo-sse', overEvents);

const failure = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    if (!CombinedGraphQLErrors.is(error)) throw error;
    return error.errors.map(({ extensions, path }) => [extensions?.code, path ?? null]);
  }
};

await run({
  ...plays('apollo', overSocket),
  'subscription over events': subscription,
  'cancelled subscription over events': left,
  async 'request error'() {
    const apollo = client(upload(bearer()), ApolloLink.empty());
    return failure(apollo.query({ query: gql('{ viewer { password } }') }));
  },
  'upload without preflight'() {
    const apollo = client(new UploadHttpLink({ uri: given.url, headers: bearer() }), ApolloLink.empty());
    const input = { file: new File(['x'], 'x.txt'), kind: 'ATTACHMENT' };
    return failure(functions(apollo).mutate('uploadFile', { input }));
  },
  'expired token': () => failure(expired.query('configs')),
  async 'expired token on a socket'() {
    try {
      for await (const _ of expired.subscribe('connectionTestProgress', { testId: 'x' }));
    } catch (error) {
      return { code: error.code ?? null, reason: error.reason ?? String(error) };
    }
    return 'was let in';
  },
  async 'cancelled query'() {
    const leaving = new AbortController();
    const apollo = client(upload(bearer()), ApolloLink.empty());
    const answer = apollo.query({
      query: gql(text('providers')),
      context: { fetchOptions: { signal: leaving.signal } },
    });
    leaving.abort();
    return answer.then(() => 'was answered', (error) => error.name);
  },
});
