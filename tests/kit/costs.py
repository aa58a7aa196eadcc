"""A small schema with pages and lists, to measure documents and to plan them by."""

from typing import Final

from graphql import GraphQLSchema, build_schema

SCHEMA: Final[GraphQLSchema] = build_schema("""
type Query {
  viewer: Viewer
  configs(first: Int, last: Int): ConfigConnection
  nodes(ids: [ID!]!): [Node]!
  node(id: ID!): Node
  status(of: Status): Status
}
type Mutation { save(name: String): Saved, drop: Saved }
type Subscription { progress: Test }
interface Node { id: ID! }
enum Status { GOOD BAD }
type Viewer { email: String, role: String, self: Viewer }
type Saved { config: Config, errors: [Problem!]! }
type Problem { message: String }
type ConfigConnection {
  nodes: [Config!]!
  edges: [ConfigEdge!]!
  pageInfo: PageInfo!
  totalCount: Int!
}
type ConfigEdge { node: Config!, cursor: String! }
type PageInfo { hasNextPage: Boolean! }
type Config implements Node {
  id: ID!
  name: String
  tags: [String!]!
  provider: Provider
  files: [File!]!
  tests(first: Int, last: Int): TestConnection
}
type TestConnection { nodes: [Test!]!, pageInfo: PageInfo! }
type Test implements Node { id: ID!, config: Config, steps: [Step!]! }
type Step { name: String }
type Provider { name: String }
type File { id: ID! }
""")
