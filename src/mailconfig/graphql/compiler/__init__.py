"""Compiled projections: Python functions made from the selections that clients send.

What it is for. graphql-core answers `{ configs { nodes { id name port } } }` by walking the
selection once for each row: for each field of each row it looks up the definition, builds a path
and an info object, calls a resolver that does `getattr`, and completes the value through a chain
of type checks. Nearly all of it has the same outcome each time. This package does that part once
per document and writes down what is left as one Python function:

    def project(source):
        a = source.id
        if a.__class__ is not str: return None
        ...
        return {"id": a, "name": b, "port": c}

The idea is that of graphql-jit, optimistic compilation; the code is our own.

How it stays right. A function is used only where nothing can differ from graphql-core: plain
attributes (no resolver, no arguments, no directive but @skip and @include) of object types, leaves
of the expected Python type, no null where none may be. Whenever a value is anything else - null in
a non-null place, another type, an exception, something to await, a class it does not know - the
function gives up by returning None, and graphql-core completes the same object from its beginning,
with its own errors, paths and null propagation. Reading an attribute again has no effect, and
resolvers are never called from here, so nothing happens twice. Fields with resolvers, abstract
types and what else is not plain are left to graphql-core from the start; the plain fields beside
them are still projected at once.

Rows of the database never become objects here. A resolver may answer with a list of rows and a
layout that says which attribute lies where (`graphql.layouts` tells the whole way of a row); then
the function takes values by their positions: `a = row[3]` in place of `a = source.name`, under the
same checks. Giving up means the same, too: graphql-core takes the list as one of objects.

Who does what: `plain` decides what may be compiled, `source` writes Python, `leaves` knows scalars
and enums, `projections` puts an object's function together, `positions` that of a list of rows,
`variants` keeps functions for as long as their document is kept. `graphql.executor` is the only
caller. Must not resolve anything.

What comes in is treated the same way: `variables` coerces the variables of an operation, for the
executor, and `arguments` makes input classes of arguments, for `graphql.resolving`; both by
functions that are put together once and leave to the libraries whatever they have doubts about.
"""
