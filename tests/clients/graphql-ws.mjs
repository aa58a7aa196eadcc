// The client of graphql-ws: every kind of operation over one WebSocket.

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { bearer, form, given, run, socketUrl, text, told, tokenFor } from './session.mjs';

function connected(token) {
  const client = createClient({
    url: socketUrl,
    connectionParams: token && bearer(token),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const each = (name, variables) => client.iterate({ query: text(name), variables });
  const ask = async (name, variables) => {
    for await (const { data, errors } of each(name, variables)) {
      if (errors) throw errors;
      return data;
    }
    throw new Error('no answer');
  };
  return { client, each, ask };
}

const { client, each, ask } = connected(given.token);
const silent = { target: { draft: form('ws', 'watched', 'silent.localhost') } };

await run({
  async query() {
    return (await ask('viewer')).viewer.email;
  },
  async mutation() {
    const { submit } = await ask('submit', { input: form('ws', 'plain') });
    return { status: submit.config.status, errors: submit.errors };
  },
  async 'expected failure'() {
    const wrong = { ...form('ws', 'wrong'), emailAddress: 'no address' };
    return told((await ask('submit', { input: wrong })).submit.errors);
  },
  async subscription() {
    const { testConnection } = await ask('testConnection', { input: silent });
    const seen = [];
    for await (const { data } of each('connectionTestProgress', { testId: testConnection.test.id }))
      seen.push(data.connectionTestProgress.test);
    const { status, diagnosis } = seen.at(-1);
    return { begun: seen[0].finishedAt, live: seen.length > 1, last: status, code: diagnosis.code };
  },
  async 'cancelled subscription'() {
    const { testConnection } = await ask('testConnection', { input: silent });
    const testId = testConnection.test.id;
    const seen = [];
    for (let time = 0; time < 8; time += 1)
      for await (const { data } of each('connectionTestProgress', { testId })) {
        seen.push(data.connectionTestProgress.test.id === testId);
        break;
      }
    await ask('cancelTest', { input: { testId } });
    return seen;
  },
  async 'request error'() {
    const errors = await new Promise((resolve) =>
      client.subscribe(
        { query: '{ viewer { password } }' },
        { next: resolve, error: resolve, complete: () => resolve('completed') },
      ),
    );
    return errors.map(({ message, extensions }) => [message, extensions.code]);
  },
  'several operations at once': async () =>
    (await Promise.all(['viewer', 'providers', 'viewer', 'csrfToken'].map((name) => ask(name)))).map(
      (data) => Object.keys(data),
    ),
  async 'expired token'() {
    const late = connected(tokenFor(-60));
    return late.ask('viewer').then(
      () => 'was let in',
      ({ code, reason }) => [code, reason],
    );
  },
  'token that expires on the way': () =>
    new Promise((resolve) =>
      createClient({
        url: socketUrl,
        connectionParams: bearer(tokenFor(3)),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        lazy: false,
        onNonLazyError: () => {},
        on: { closed: ({ code, reason }) => resolve([code, reason]) },
      }),
    ),
  async 'nobody signed in'() {
    const nobody = connected();
    const anonymous = (await nobody.ask('viewer')).viewer;
    const refused = await nobody.ask('configs').then(
      () => 'was let in',
      (errors) => errors.map(({ extensions }) => extensions.code),
    );
    return { anonymous, refused };
  },
});
