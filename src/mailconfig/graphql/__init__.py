"""The GraphQL edge: schema, context, view, limits and one module per noun."""
