// urql with its own upload of files and its own subscriptions by fetch (graphql-sse), and beside
// them subscriptions over WebSocket.

import { createClient as createSocket } from 'graphql-ws';
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from 'urql';
import { toAsyncIterable } from 'wonka';
import WebSocket from 'ws';
import { plays } from './plays.mjs';
import { bearer, given, run, socketUrl, text, tokenFor, tolerateAborts } from './session.mjs';

const client = (headers, exchanges = [cacheExchange, fetchExchange]) =>
  new Client({
    url: given.url,
    exchanges,
    preferGetMethod: false,
    requestPolicy: 'network-only',
    fetchSubscriptions: true,
    fetchOptions: { headers },
  });

const ready = (headers) => ({ ...headers, 'GraphQL-Require-Preflight': '1' });

const socket = createSocket({
  url: socketUrl,
  connectionParams: bearer(),
  webSocketImpl: WebSocket,
  retryAttempts: 0,
});
const overSocket = subscriptionExchange({
  forwardSubscription: (request) => ({
    subscribe: (sink) => ({
      unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink),
    }),
  }),
});

function data({ data: found, error }) {
  if (error) throw error.networkError ?? error;
  return found;
}

/** Let a signal end a request: urql itself never gives a mutation up. */
const until = (signal) =>
  signal && {
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.any([signal, init.signal]) }),
  };

const events = (urql, name, variables) =>
  toAsyncIterable(urql.subscription(gql(text(name)), variables));

const functions = (urql) => ({
  query: async (name, variables) => data(await urql.query(gql(text(name)), variables)),
  mutate: async (name, variables, signal) =>
    data(await urql.mutation(gql(text(name)), variables, until(signal))),
  async *subscribe(name, variables) {
    for await (const result of events(urql, name, variables)) yield data(result);
  },
});

const byFetch = functions(client(ready(bearer())));
const bySocket = functions(client(ready(bearer()), [cacheExchange, fetchExchange, overSocket]));
const late = client(ready(bearer(tokenFor(-60))));
const { subscription, 'cancelled subscription': left } = plays('urql-ws', bySocket);

const failure = ({ error }) => ({
  status: error.response?.status,
  errors: error.graphQLErrors.map(({ extensions, path }) => [extensions?.code, path ?? null]),
});

tolerateAborts();
await run({
  ...plays('urql', byFetch),
  'subscription over a socket': subscription,
  'cancelled subscription over a socket': left,
  'request error': async () =>
    failure(await client(bearer()).query(gql('{ viewer { password } }'), {})),
  async 'upload without preflight'() {
    const input = { file: new File(['x'], 'x.txt'), kind: 'ATTACHMENT' };
    return failure(await client(bearer()).mutation(gql(text('uploadFile')), { input }));
  },
  'expired token': async () => failure(await late.query(gql(text('configs')), {})),
  async 'expired token of a subscription'() {
    const given = { emailAddress: 'ann@well.localhost' };
    for await (const result of events(late, 'discoveryProgress', given)) return failure(result);
    return 'ended silently';
  },
  async 'cancelled query'() {
    const answers = [];
    const { unsubscribe } = client(bearer())
      .query(gql(text('providers')), {})
      .subscribe((result) => answers.push(result.error?.networkError?.name ?? 'was answered'));
    unsubscribe();
    const { viewer } = await byFetch.query('viewer');
    return { answers, next: viewer.email };
  },
});
