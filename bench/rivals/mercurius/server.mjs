// Mercurius with its JIT over the same rows: joins in SQL, resolvers only at the roots, providers
// from memory, tokens verified by fast-jwt with its cache (their session is not looked up).
//
//     RIVAL=rival.json node server.mjs PORT

import { createCipheriv, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { createVerifier } from 'fast-jwt'
import mercurius from 'mercurius'
import pg from 'pg'

const rival = JSON.parse(readFileSync(process.env.RIVAL, 'utf8'))
const database = new pg.Pool({
  connectionString: rival.database.replace('+asyncpg', ''),
  max: 10
})
const verify = createVerifier({ key: rival.public_key, algorithms: ['EdDSA'], cache: 1000 })
const key = Buffer.from(rival.secret_key, 'hex')
const globalId = (type, id) => Buffer.from(`${type}:${id}`).toString('base64url')

const schema = `
  type ProviderServer { protocol: String! hostTemplate: String! port: Int! security: String! }
  type Provider {
    id: ID! catalogueId: String! name: String! kind: String! status: String! helpUrl: String
    usernameForm: String! passwordFormat: String appPasswordUrl: String notes: String
    closed: String confidence: String! regions: [String!]!
    domains: [String!]! auth: [String!]! requires: [String!]!
    incoming: [ProviderServer!]! outgoing: [ProviderServer!]!
  }
  type ServerSettings { host: String! port: Int! security: String! username: String }
  type EmailConfig {
    id: ID! revision: Int! name: String! emailAddress: String! displayName: String
    shared: Boolean! ownerId: ID externalId: String enabled: Boolean! status: String!
    createdAt: String! updatedAt: String!
    incoming: ServerSettings outgoing: ServerSettings provider: Provider
  }
  type PageInfo { hasNextPage: Boolean! }
  type EmailConfigConnection { nodes: [EmailConfig!]! pageInfo: PageInfo! }
  type ProviderConnection { nodes: [Provider!]! }
  type UserError { message: String! }
  type SubmitPayload { config: EmailConfig errors: [UserError!]! }
  input SecretInput { password: String! }
  input ServerSettingsInput {
    host: String! port: Int! security: String! username: String secret: SecretInput
  }
  input SubmitInput {
    name: String! emailAddress: String!
    incoming: ServerSettingsInput! outgoing: ServerSettingsInput!
  }
  type Query {
    configs(first: Int = 20): EmailConfigConnection!
    config(id: ID!): EmailConfig
    providers(first: Int = 20): ProviderConnection!
  }
  type Mutation { submit(input: SubmitInput!): SubmitPayload! }
`

const providers = JSON.parse(readFileSync(rival.providers, 'utf8'))
const providerOf = new Map(providers.map((row) => [row.catalogueId, row]))

const server = (row, side) =>
  row[`${side}_host`] === null
    ? null
    : {
        host: row[`${side}_host`],
        port: row[`${side}_port`],
        security: row[`${side}_security`],
        username: row[`${side}_username`]
      }
const moment = (date) => date.toISOString().replace('.000Z', '+00:00').replace('Z', '000+00:00')
const shown = (row) => ({
  id: globalId('EmailConfig', row.id),
  revision: row.revision,
  name: row.name,
  emailAddress: row.email_address,
  displayName: row.display_name,
  shared: row.owner_id === null,
  ownerId: row.owner_id && globalId('User', row.owner_id),
  externalId: row.external_id,
  enabled: row.enabled,
  status: row.status,
  createdAt: moment(row.created_at),
  updatedAt: moment(row.updated_at),
  incoming: server(row, 'incoming'),
  outgoing: server(row, 'outgoing'),
  provider: providerOf.get(row.provider_id) ?? null
})

const signedIn = (context) =>
  verify(context.reply.request.headers.authorization.slice('Bearer '.length))

const sealed = (password) => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

const COPIED = ['revision', 'workspace_id', 'name', 'email_address', 'display_name', 'provider_id']
COPIED.push('created_at')
for (const side of ['incoming', 'outgoing']) {
  for (const name of ['host', 'port', 'security', 'authentication', 'username', 'secret_id']) {
    COPIED.push(`${side}_${name}`)
  }
}
const inserted = (table, row) => {
  const names = Object.keys(row)
  return {
    name: table,
    text: `INSERT INTO ${table} (${names}) VALUES (${names.map((_, i) => `$${i + 1}`)})`,
    values: Object.values(row)
  }
}

const SHOWN = `id, revision, name, email_address, display_name, owner_id, external_id, enabled,
  status, created_at, updated_at, provider_id, incoming_host, incoming_port, incoming_security,
  incoming_username, outgoing_host, outgoing_port, outgoing_security, outgoing_username`

const resolvers = {
  Query: {
    configs: async (_, { first }, context) => {
      const me = signedIn(context)
      const { rows } = await database.query({
        name: 'page',
        text: `SELECT ${SHOWN} FROM configs WHERE workspace_id = $1
               ORDER BY created_at DESC, id DESC LIMIT $2`,
        values: [me.wid, first + 1]
      })
      return {
        nodes: rows.slice(0, first).map(shown),
        pageInfo: { hasNextPage: rows.length > first }
      }
    },
    config: async (_, { id }, context) => {
      const me = signedIn(context)
      const { rows } = await database.query({
        name: 'one',
        text: `SELECT ${SHOWN} FROM configs WHERE workspace_id = $1 AND id = $2`,
        values: [me.wid, Buffer.from(id, 'base64url').toString().split(':')[1]]
      })
      return rows.length ? shown(rows[0]) : null
    },
    providers: (_, { first }, context) => {
      signedIn(context)
      return { nodes: providers.slice(0, first) }
    }
  },
  Mutation: {
    submit: async (_, { input }, context) => {
      const me = signedIn(context)
      const now = new Date()
      const row = {
        id: randomUUID(),
        workspace_id: me.wid,
        owner_id: me.sub,
        revision: 1,
        name: input.name,
        name_key: input.name.toLowerCase(),
        email_address: input.emailAddress,
        address_key: input.emailAddress.toLowerCase(),
        display_name: null,
        external_id: null,
        provider_id: null,
        enabled: true,
        status: 'UNVERIFIED',
        created_at: now,
        updated_at: now
      }
      const client = await database.connect()
      try {
        await client.query('BEGIN')
        for (const side of ['incoming', 'outgoing']) {
          const { secret, ...given } = input[side]
          const secretId = secret ? randomUUID() : null
          if (secret) {
            await client.query({
              name: 'secret',
              text: `INSERT INTO secrets
                (id, workspace_id, purpose, kind, key_id, ciphertext, created_at)
                VALUES ($1, $2, 'rival', 'password', 'rival', $3, $4)`,
              values: [secretId, me.wid, sealed(secret.password), now]
            })
          }
          Object.assign(row, {
            [`${side}_host`]: given.host,
            [`${side}_port`]: given.port,
            [`${side}_security`]: given.security,
            [`${side}_authentication`]: 'AUTO',
            [`${side}_username`]: given.username ?? null,
            [`${side}_secret_id`]: secretId
          })
        }
        await client.query(inserted('configs', row))
        const version = Object.fromEntries(COPIED.map((name) => [name, row[name]]))
        Object.assign(version, { config_id: row.id, created_by: me.sub, verified: false })
        await client.query(inserted('config_versions', version))
        await client.query(
          inserted('audit_events', {
            id: randomUUID(),
            workspace_id: me.wid,
            actor_id: me.sub,
            action: 'config.submit',
            object_type: 'config',
            object_id: row.id,
            details: '{}',
            request_id: '-',
            created_at: now
          })
        )
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
      return { config: shown(row), errors: [] }
    }
  }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, jit: 1 })
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
console.log('serving')
