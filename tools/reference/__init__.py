"""The schema reference, docs/reference: written from the schema, with answers that were given.

`world` is an application in this process whose data is fixed, `story` runs the example documents
in it one after the other, `settling` takes out what differs from run to run, `errors` knows what an
operation may refuse, and `pages` and `types` write Markdown.
"""
