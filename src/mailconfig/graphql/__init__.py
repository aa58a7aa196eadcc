"""The GraphQL edge: schema, context, view, limits and one module per noun."""

from mailconfig.graphql import enums  # noqa: F401 - registers the enums before any type names them
