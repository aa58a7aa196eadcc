// Runs the audits of GraphQL over HTTP that the npm package graphql-http has for servers.
//
//     node audits.mjs http://127.0.0.1:8000/graphql
//
// Prints one line per audit, then how many passed; ends with status 1 where one did not.

import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
if (!url) {
  console.error('Name the endpoint: node audits.mjs http://127.0.0.1:8000/graphql');
  process.exit(2);
}

let failed = 0;
const audits = serverAudits({ url });
for (const { id, name, fn } of audits) {
  // One after the other, so that a line of the server's log can be told to belong to an audit.
  const result = await fn();
  const passed = result.status === 'ok';
  failed += passed ? 0 : 1;
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${id} ${name}${passed ? '' : `: ${result.reason}`}`);
}
console.log(`${audits.length - failed} of ${audits.length} audits passed`);
process.exit(failed ? 1 : 0);
