// What graphql-eslint asks of schema.graphql and of the example documents; each exception has its
// reason. Run by `make contracts-js`.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';

const { configs } = graphql;
const schema = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf-8');
const documents = fileURLToPath(new URL('documents/*.graphql', import.meta.url));

// Value types: they belong to the object that holds them and have no identity of their own.
const values = [
  'ConnectionTestProgress',
  'Diagnosis',
  'DiscoveryProgress',
  'DnsRecord',
  'DomainCheck',
  'DomainReport',
  'EmailConfigVersion', // its revision tells it apart within its configuration
  'EmailHeader',
  'EmailPreview',
  'Evidence',
  'FoundServer',
  'MessageAttempt', // its number tells it apart within its message
  'MessageRecipient',
  'OAuthClient', // its provider tells it apart within the workspace
  'OAuthClients',
  'PageInfo',
  'PortReach',
  'ProviderServer',
  'RoundTrip',
  'ServerCertificate',
  'Session', // its id is its secret
  'SendingOptions',
  'SettingsFix',
  'ValidationIssue',
  'WorkspaceQuota',
];

// A rule that is silent about lines with these words; for rules that have no option for it.
const except = (name, ...words) => ({
  ...graphql.rules[name],
  create(context) {
    const isExcepted = ({ node, loc }) => {
      const { line } = (node?.loc ?? loc).start ?? loc;
      return words.some((word) => context.sourceCode.lines[line - 1].includes(word));
    };
    const report = (problem) => isExcepted(problem) || context.report(problem);
    return graphql.rules[name].create(Object.create(context, { report: { value: report } }));
  },
});
const ours = {
  rules: {
    // The fields' own words, in which "file" and "message" name no types (RFC 6266, section 4.3;
    // RFC 5322, section 3.6.4).
    'no-typename-prefix': except('no-typename-prefix', 'filename: String!', 'messageId: String!'),
    // A version is read below its configuration only; events, keys, members and invitations by
    // those who keep a workspace, in their lists only, and so the addresses that are never sent
    // to: `node` cannot lead to them.
    'relay-edge-types': except(
      'relay-edge-types',
      'type EmailConfigVersionEdge {',
      'type AuditEventEdge {',
      'type ApiKeyEdge {',
      'type InvitationEdge {',
      'type SuppressionEdge {',
      'type WorkspaceMemberEdge {',
    ),
  },
};

const languageOptions = {
  parser: graphql.parser,
  parserOptions: { graphQLConfig: { schema, documents } },
};

export default [
  {
    files: ['**/schema.graphql'],
    languageOptions,
    plugins: { '@graphql-eslint': graphql, mailconfig: ours },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            types: values,
            // Answers, pages, failures and settings of servers are values, too.
            suffixes: ['Payload', 'Connection', 'Edge', 'Error', 'Settings'],
          },
        },
      ],
      '@graphql-eslint/no-typename-prefix': 'off',
      'mailconfig/no-typename-prefix': 'error',
      // Short lists that are always read as a whole have no pages.
      '@graphql-eslint/relay-edge-types': 'off',
      'mailconfig/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          // Defined by the specification of GraphQL, printed without its description.
          ignoredSelectors: ['DirectiveDefinition[name.value=oneOf]'],
        },
      ],
    },
  },
  {
    files: ['**/documents/*.graphql'],
    languageOptions,
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...configs['flat/operations-recommended'].rules,
      // The server's limits of depth and cost are the measure, and tests hold documents to them.
      '@graphql-eslint/selection-set-depth': 'off',
    },
  },
];
