// Compares schema.graphql with that of the previous release by graphql-inspector's rules.
//
//     node breaking.mjs [BASELINE]
//
// Without BASELINE, a revision of git, the nearest tag v* before HEAD is meant. Fails on changes
// that break clients, unless what was removed had been deprecated in that release: people had one
// release to leave it. Before the first release nobody can be broken, and it says so.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CriticalityLevel, DiffRule, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const FILE = 'schema.graphql';

function git(...words) {
  // Null where git does not know, or is not there.
  try {
    return execFileSync('git', words, { encoding: 'utf-8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

function previousRelease() {
  // Its first parent, so that a release is compared with the one before, not with itself.
  return git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^')?.trim();
}

const baseline = process.argv[2] || previousRelease();
if (!baseline) {
  console.log('No release before this one: the schema may change at will.');
  process.exit(0);
}
const before = git('show', `${baseline}:${FILE}`);
if (before === null) {
  console.error(`${baseline} has no ${FILE}.`);
  process.exit(2);
}

const [old, now] = [before, readFileSync(FILE, 'utf-8')].map((text) => buildSchema(text));
const changes = await diff(old, now, [DiffRule.suppressRemovalOfDeprecatedField]);
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
for (const { message, criticality } of breaking) {
  console.error(`BREAKS ${message}${criticality.reason ? ` (${criticality.reason})` : ''}`);
}
console.log(`${changes.length} changes since ${baseline}, ${breaking.length} of them break clients.`);
process.exit(breaking.length ? 1 : 0);
