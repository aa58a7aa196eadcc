// The cases that every client of HTTP plays, in terms of four functions of it:
//
//     query(name, variables)            data of a query
//     mutate(name, variables, signal?)  data of a mutation; `signal` cancels the request
//     subscribe(name, variables)        async iterator of data; leaving it ends the subscription
//
// Each answers with data, or throws. What is sent are the example documents.

import { attached, file, form, told, until } from './session.mjs';

export const plays = (client, { query, mutate, subscribe }) => ({
  async query() {
    const { viewer } = await query('viewer');
    const { providers } = await query('providers', { search: 'Demo: All is well', first: 1 });
    return { email: viewer.email, names: providers.nodes.map(({ name }) => name) };
  },

  async mutation() {
    const { submit } = await mutate('submit', { input: form(client, 'plain') });
    return { status: submit.config.status, files: submit.config.files, errors: submit.errors };
  },

  async 'upload of one file'() {
    const input = { file: file('one.txt', 'Be kind.\n'), kind: 'ATTACHMENT' };
    const { uploadFile } = await mutate('uploadFile', { input });
    const { filename, contentType, size, sha256 } = uploadFile.file;
    return { filename, contentType, size, sha256, errors: uploadFile.errors };
  },

  async 'upload of several files'() {
    const files = [file('a.txt', 'a'), file('b.txt', 'bb'), file('c.txt', 'ccc')].map(attached);
    const { submit } = await mutate('submit', { input: { ...form(client, 'several'), files } });
    return { files: stored(submit.config), errors: submit.errors };
  },

  async 'upload of nested files'() {
    const input = { file: file('early.txt', 'early'), kind: 'ATTACHMENT' };
    const { uploadFile } = await mutate('uploadFile', { input });
    const { submit } = await mutate('submit', { input: form(client, 'nested') });
    const twice = file('twice.txt', 'once sent, used twice');
    const other = { ...attached(twice).upload, filename: 'other.txt' };
    const files = [{ fileId: uploadFile.file.id }, attached(twice), { upload: other }];
    const { update } = await mutate('update', { input: { id: submit.config.id, files } });
    const { config } = await query('config', { id: submit.config.id });
    return { files: stored(config), errors: update.errors };
  },

  async subscription() {
    const test = await started(client, mutate, 'watched');
    const seen = [];
    for await (const { connectionTestProgress } of subscribe('connectionTestProgress', {
      testId: test.id,
    })) {
      seen.push(connectionTestProgress.test);
    }
    return {
      begun: seen[0].finishedAt,
      live: seen.length > 1,
      last: seen.at(-1).status,
      code: seen.at(-1).diagnosis.code,
      others: seen.filter(({ id }) => id !== test.id),
    };
  },

  async 'expected failure'() {
    const wrong = { ...form(client, 'wrong'), emailAddress: 'no address' };
    const { submit } = await mutate('submit', { input: wrong });
    return { config: submit.config, errors: told(submit.errors) };
  },

  async 'cancelled subscription'() {
    // One after the other, more often than the server has places for this address.
    const test = await started(client, mutate, 'left');
    const seen = [];
    for (let time = 0; time < 8; time += 1) {
      for await (const data of subscribe('connectionTestProgress', { testId: test.id })) {
        seen.push(data.connectionTestProgress.test.id === test.id);
        break;
      }
    }
    await mutate('cancelTest', { input: { testId: test.id } });
    return seen;
  },

  async 'cancelled mutation'() {
    // The client leaves when the test has begun; the test goes on, since mutations do.
    const { submit } = await mutate('submit', {
      input: form(client, 'deserted', 'silent.localhost'),
    });
    const { id } = submit.config;
    const latest = async () => (await query('config', { id })).config.lastTest;
    const leaving = new AbortController();
    const input = { target: { configId: id }, waitSeconds: 25 };
    const left = mutate('testConnection', { input }, leaving.signal).then(
      () => 'was answered',
      (error) => error.name,
    );
    await until(latest);
    leaving.abort();
    const done = await until(async () => {
      const test = await latest();
      return test.finishedAt && test;
    });
    return { left: await left, status: done.status, code: done.diagnosis.code };
  },
});

const stored = ({ files }) => files.map(({ filename, size }) => [filename, size ?? null]);

async function started(client, mutate, name) {
  // Nobody answers there: the test takes as long as a step may, so that there is time to watch.
  const draft = form(client, name, 'silent.localhost');
  const { testConnection } = await mutate('testConnection', { input: { target: { draft } } });
  return testConnection.test;
}
