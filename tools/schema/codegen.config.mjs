// Code generation with the client preset, as an application would do it: types and typed documents
// of documents/*.graphql, the possible types for Apollo's cache, and the manifest of trusted
// documents. Everything goes to build/gql; `make contracts-js` compares the manifest.

import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const here = (path) => new URL(path, import.meta.url).pathname;
const build = process.env.GQL_BUILD ?? here('build/gql');

export default {
  schema: here('../../schema.graphql'),
  documents: here('documents/*.graphql'),
  // The preset's defaults, but for scalars: `unknown` where it would say `any`.
  config: {
    strictScalars: true,
    useTypeImports: true,
    enumType: 'string-literal',
    scalars: {
      DateTime: 'string',
      EmailAddress: 'string',
      Hostname: 'string',
      JSONObject: 'Record<string, unknown>',
      Upload: 'File | Blob',
    },
  },
  generates: {
    [`${build}/`]: {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // Clients add __typename to what they send; without the transform the manifest's documents
        // would lack it.
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
      documentTransforms: [addTypenameSelectionDocumentTransform],
    },
    [`${build}/possible-types.ts`]: { plugins: ['fragment-matcher'] },
  },
};
