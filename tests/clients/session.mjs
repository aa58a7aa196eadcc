// What the scripts of all clients share: whom they speak to, what they send, how they report.
//
// A script is started by test_clients.py with a JSON object on its standard input:
//
//     url       endpoint over HTTP
//     token     access token of a signed-in user
//     key       private key (PEM) that the server signs tokens with, to make one that ends soon
//     servers   settings of the simulated mailboxes, by domain
//
// and prints one JSON object: the name of each case, and what came of it.

import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const given = JSON.parse(readFileSync(0, 'utf-8'));
export const socketUrl = given.url.replace('http', 'ws');
export const bearer = (token = given.token) => ({ authorization: `Bearer ${token}` });

/** The text of an example document. */
export const text = (name) =>
  readFileSync(new URL(`../../tools/schema/documents/${name}.graphql`, import.meta.url), 'utf-8');

/** A token of the same session that ends after so many seconds; negative: that has ended. */
export function tokenFor(seconds) {
  const [head, body] = given.token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  claims.exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = sign(null, Buffer.from(signed), createPrivateKey(given.key));
  return `${signed}.${signature.toString('base64url')}`;
}

/** The form of a simulated mailbox; its address is its own, so that no two forms collide. */
export function form(client, name, domain = 'well.localhost') {
  const secret = { password: 'demo' };
  const sides = Object.entries(given.servers[domain]);
  return {
    name,
    emailAddress: `${client}-${name}@${domain}`,
    ...Object.fromEntries(sides.map(([side, server]) => [side, { ...server, secret }])),
  };
}

export const file = (name, content) => new File([content], name, { type: 'text/plain' });
export const attached = (content) => ({ upload: { file: content, kind: 'ATTACHMENT' } });
export const pause = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));

/** Wait until `ask` answers with something true, and return it. */
export async function until(ask) {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await pause(50);
  }
}

/** Run the cases one after the other and report; what one throws is its result. */
export async function run(cases) {
  const results = {};
  for (const [name, play] of Object.entries(cases)) {
    try {
      results[name] = await Promise.race([play(), pause(30_000).then(() => 'took too long')]);
    } catch (error) {
      results[name] = { thrown: String(error?.stack ?? error) };
    }
  }
  console.log(JSON.stringify(results));
  process.exit(0); // open sockets of a broken case must not hold the test up
}

/**
 * urql lets the AbortError of an answer that it has begun to read go unhandled when it is left.
 * Browsers print such errors, Node ends with them.
 */
export const tolerateAborts = () =>
  process.on('unhandledRejection', (error) => {
    if (error?.name !== 'AbortError') throw error;
  });

/** What the errors of a payload say, without their sentences. */
export const told = (errors) =>
  errors.map(({ __typename, path, code }) => [__typename, path.join('.'), code ?? null]);
