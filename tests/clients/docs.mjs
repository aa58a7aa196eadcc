// Uses the modules of docs/clients.md as an application would, in a browser of sorts: it keeps
// cookies and knows where it is. Started by test_docs_clients.py, see session.mjs; the folder of
// the compiled modules is its argument.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'graphql';
import WebSocket from 'ws';
import { form, given, run, tolerateAborts } from './session.mjs';

const jar = new Map();
const cookie = () => [...jar].map((pair) => pair.join('=')).join('; ');
const plainFetch = globalThis.fetch;
const sent = [];

globalThis.location = new URL(given.url);
globalThis.fetch = async (target, options = {}) => {
  const headers = new Headers(options.headers);
  if (jar.size) headers.set('cookie', cookie());
  sent.push(options.body);
  const response = await plainFetch(target, { ...options, headers });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (/max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
  return response;
};
globalThis.WebSocket = class extends WebSocket {
  constructor(target, protocols) {
    super(target, protocols, { headers: { cookie: cookie() }, origin: location.origin });
  }
};

const module = (name) => import(pathToFileURL(resolve(process.argv[2], `${name}.js`)).href);
const documents = await module('gql/graphql');
const { apollo } = await module('apollo');
const { apolloByEvents } = await module('apollo-events');
const { urql, urqlBySocket, listOf } = await module('urql');
const { signIn, signOut, resume } = await module('session');
const { save, newKey } = await module('saving');
const { failureOf } = await module('failures');
const { watchTest } = await module('testing');
const { trustedApollo, trustedUrql } = await module('trusted');
const { remember } = await module('endpoint');

const attempt = (promise) => promise.then(() => 'no error', failureOf);
const emailAddress = 'ann@well.localhost';
const draft = { ...form('docs', 'page'), emailAddress };
const watch = async (client) => {
  const steps = [];
  const test = await watchTest(client, { draft }, ({ step }) => step && steps.push(step.status));
  return test.status;
};
const progress = { emailAddress };
const firstOf = (client) =>
  new Promise((done) => {
    const { unsubscribe } = client
      .subscription(documents.DiscoveryProgressDocument, progress)
      .subscribe(({ data, error }) => {
        if (!error && !data.discoveryProgress.result) return;
        setTimeout(() => unsubscribe());
        done(error ? failureOf(error) : data.discoveryProgress.result.candidates.length);
      });
  });

const open = {
  async 'signing in'() {
    const wrong = await signIn('owner@example.org', 'not the password');
    return [wrong, await signIn('owner@example.org', given.password)];
  },
  async 'a reload'() {
    remember(undefined);
    const mutation = documents.ValidateDocument;
    const bare = await apollo.mutate({ mutation, variables: { input: { draft } } });
    await resume();
    const whole = await apollo.mutate({ mutation, variables: { input: { draft } } });
    return [bare, whole].map(({ data }) => data.validate.errors.map((error) => error.__typename));
  },
  async saving() {
    const key = newKey();
    const files = [new File(['terms'], 'terms.txt', { type: 'text/plain' })];
    const first = await save(draft, files, key);
    const again = await save(draft, files, key);
    const { data } = await apollo.query({
      query: documents.ConfigDocument,
      variables: { id: first.id },
    });
    const other = await save({ ...draft, name: 'Other' }, [], newKey());
    const wrong = await save({ ...draft, emailAddress: 'no address' }, [], newKey());
    return {
      once: first.id !== null && first.id === again.id,
      files: data.config.files.map(({ filename }) => filename),
      duplicate: other.existing === first.id,
      wrong: Object.keys(wrong.messages),
      cached: apollo.cache.extract()[`EmailConfig:${first.id}`].name,
    };
  },
  async pages() {
    const query = documents.ProvidersDocument;
    const list = apollo.watchQuery({ query, variables: { first: 2, search: 'Demo' } });
    const shown = list.subscribe(() => {});
    const { data } = await list.reobserve();
    const { endCursor } = data.providers.pageInfo;
    await list.fetchMore({ variables: { after: endCursor } });
    const { nodes } = apollo.readQuery({ query, variables: { search: 'Demo' } }).providers;
    shown.unsubscribe();
    return new Set(nodes.map(({ id }) => id)).size;
  },
  'a test over a socket': () => watch(apollo),
  'a test over events': () => watch(apolloByEvents),
  'urql by fetch': () => firstOf(urql),
  'urql over a socket': () => firstOf(urqlBySocket),
  async 'an empty list of urql'() {
    const filter = { search: 'nobody has this name' };
    const context = listOf('EmailConfig');
    const { data } = await urql.query(documents.ConfigsDocument, { filter }, context);
    return data.configs.nodes;
  },
  async 'an upload by urql'() {
    const input = { file: new File(['x'], 'x.txt', { type: 'text/plain' }), kind: 'ATTACHMENT' };
    const { data } = await urql.mutation(documents.UploadFileDocument, { input });
    return data.uploadFile.file.filename;
  },
  async failures() {
    const unknown = documents.ConfigsDocument;
    await signOut();
    const query = { query: unknown, fetchPolicy: 'network-only' };
    return {
      apollo: await attempt(apollo.query(query)),
      urql: failureOf((await urql.query(unknown, {}, { requestPolicy: 'network-only' })).error),
      lost: failureOf(new TypeError('fetch failed')),
    };
  },
};

const trusted = {
  async 'a text is refused'() {
    return attempt(apollo.query({ query: parse('{ viewer { id } }') }));
  },
  async 'documents by hash'() {
    sent.length = 0;
    const input = { email: 'owner@example.org', password: given.password };
    const login = { mutation: documents.LoginDocument, variables: { input } };
    const { data } = await trustedApollo.mutate(login);
    remember(data.login.session.csrfToken);
    const apolloViewer = await trustedApollo.query({ query: documents.ViewerDocument });
    const urqlViewer = await trustedUrql.query(documents.ViewerDocument, {});
    return {
      apollo: apolloViewer.data.viewer.email,
      urql: urqlViewer.data.viewer.email,
      stream: await firstOf(trustedUrql),
      texts: sent.filter((body) => JSON.parse(body).query).length,
      requests: sent.length,
    };
  },
};

tolerateAborts();
await run(given.trusted ? trusted : open);
