// The client of graphql-sse in distinct connections mode: every operation is a stream of its own.

import { createClient } from 'graphql-sse';
import { bearer, form, given, run, text, told, tokenFor } from './session.mjs';

function connected(headers) {
  const client = createClient({ url: given.url, headers, retryAttempts: 0 });
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

const { client, each, ask } = connected(bearer());
const silent = { target: { draft: form('sse', 'watched', 'silent.localhost') } };

await run({
  async query() {
    return (await ask('viewer')).viewer.email;
  },
  async mutation() {
    const { submit } = await ask('submit', { input: form('sse', 'plain') });
    return { status: submit.config.status, errors: submit.errors };
  },
  async 'expected failure'() {
    const wrong = { ...form('sse', 'wrong'), emailAddress: 'no address' };
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
    const answer = await new Promise((resolve, reject) =>
      client.subscribe({ query: '{ viewer { password } }' }, {
        next: resolve,
        error: reject,
        complete: () => reject(new Error('completed')),
      }),
    );
    return answer.errors.map(({ message, extensions }) => [message, extensions.code]);
  },
  async 'expired token'() {
    return connected(bearer(tokenFor(-60)))
      .ask('viewer')
      .then(
        () => 'was let in',
        ({ name, response }) => [name, response?.status],
      );
  },
  async 'nobody signed in'() {
    const nobody = connected({});
    const refused = await nobody.ask('configs').then(
      () => 'was let in',
      (errors) => errors.map(({ extensions }) => extensions.code),
    );
    return { anonymous: (await nobody.ask('viewer')).viewer, refused };
  },
});
