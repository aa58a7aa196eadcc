"""The pages of docs/reference, by file name.

Must not say anything about an operation that is neither in the schema nor seen when it was run;
what may be refused is in `refusing`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type
from strawberry.types.base import StrawberryObjectDefinition

from mailconfig.graphql import schema as edge  # first: it gives enums their names
from mailconfig.graphql.guards import Guard, Guarded
from mailconfig.settings import Settings
from tools.reference import types
from tools.reference.refusing import BUDGETS, FAILURES, READERS, codes, payload_errors
from tools.reference.settling import JSON
from tools.reference.story import Example, tell

_INDEX: Final = """\
# Schema reference

Written by `make reference` from the schema and from answers that the examples were given. The
same in SDL is [schema.graphql](../../schema.graphql).

- [Queries](queries.md), [mutations](mutations.md) and [subscriptions](subscriptions.md): who may
  run each, what it spends, what it may refuse, its arguments and an example.
- [Types](types.md), [inputs](inputs.md), [enums and scalars](enums.md).

**Examples** are the documents of [tools/schema/documents](../../tools/schema/documents), run one
after the other by one person; mail servers and the DNS are pretended ones. Ids are numbered, every
moment is one moment, and dots stand for tokens, cursors and signatures, since these differ each
time.

**Refusals** are data in mutations: `errors` of the payload, each a [UserError](types.md#usererror)
with `__typename`, `message` and the path of the input field. Queries and subscriptions answer with
a GraphQL error, whose kind is in `extensions.code`.

| code | when |
| --- | --- |
| `BAD_REQUEST` | the document, a variable or the request is wrong; nothing was run |
| `LIMIT_EXCEEDED` | the document is past a limit; nothing was run |
| `PERSISTED_DOCUMENT_NOT_FOUND` | the document is not one of the trusted ones; nothing was run |
| `RATE_LIMITED` | points or a budget are spent; `extensions.retryAfterSeconds` says how long |
| `UNAUTHENTICATED` | nobody is signed in, or the session has ended |
| `NOT_FOUND` | a subscription to what does not exist or may not be seen |
| `INVALID_INPUT` | an argument breaks a rule; `extensions.issues` says which, where it is known |
| `INTERNAL` | our fault; the log has the cause under `extensions.requestId` |

**Cost.** A point stands for one object that the answer may hold: page sizes multiply what is
selected within, `totalCount` costs 10 and each mutation 10 more. Every answer has
`extensions.cost`: `requested`, `remaining`, `limit` and `resetSeconds`. The examples below leave
it out and name what they cost.

**Budgets.** Operations that dial out or take time have a budget of their own beside the points,
for each user or, where nobody is signed in, each address. What takes a password or a token that
could be guessed has none, but free failures: of an account, and of an address in a minute. After
these each next attempt waits, ever longer.

| operation | who | budget a minute | points of the example |
| --- | --- | --- | --- |
"""
_HEADS: Final = {
    "queries.md": "# Queries\n",
    "mutations.md": "# Mutations\n\nEach answers with a payload. By cookie, each needs the header "
    "`X-CSRF-Token`, but `login`,\n`refreshSession`, `requestPasswordReset` and `resetPassword`.\n",
    "subscriptions.md": "# Subscriptions\n\nOver server-sent events (graphql-sse, distinct "
    "connections) or WebSocket\n(graphql-transport-ws). Each event is an answer.\n",
    "types.md": "# Types\n",
    "inputs.md": "# Inputs\n\nA field without `!` may be left out.\n",
    "enums.md": "# Enums and scalars\n",
}
_WHO: Final = {
    Guard.ANYONE: "anyone",
    Guard.VIEWER: "viewers and up",
    Guard.MEMBER: "members and up",
    Guard.ADMIN: "admins and owners",
    Guard.OWNER: "owners",
}
_UPLOAD: Final = """
The file is a part of a multipart request, whose `map` is `{"0": ["variables.input.file"]}`:
`hours.txt`, of the type text/plain.
"""


async def render() -> dict[str, str]:
    """Return the text of each page by its file name."""
    examples = await tell()
    schema = edge.build_schema()
    core = schema.graphql_schema
    guards = _guards(schema)
    pages = {"README.md": _INDEX + "".join(_summaries(core, guards, examples))}
    for name, root in _roots(core).items():
        sections = (_operation(core, each, guards, examples[each[0]]) for each in _fields(root))
        pages[name] = _HEADS[name] + "".join(sections)
    for name, parts in (
        ("types.md", types.objects(core)),
        ("inputs.md", types.inputs(core)),
        ("enums.md", types.enums(core)),
    ):
        pages[name] = _HEADS[name] + "".join(parts)
    return pages


def _roots(core: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    roots = {
        "queries.md": core.query_type,
        "mutations.md": core.mutation_type,
        "subscriptions.md": core.subscription_type,
    }
    return {name: root for name, root in roots.items() if root is not None}


def _fields(root: GraphQLObjectType) -> Iterable[tuple[str, GraphQLField]]:
    return sorted(root.fields.items())


def _guards(schema: edge.MaskingSchema) -> dict[str, Guard]:
    """Return the guard of each mutation by its name."""
    definition: StrawberryObjectDefinition = edge.Mutation.__strawberry_definition__  # type: ignore[attr-defined]
    name_of = schema.config.name_converter.get_graphql_name
    return {
        name_of(field): extension.guard
        for field in definition.fields
        for extension in field.extensions
        if isinstance(extension, Guarded)
    }


def _summaries(
    core: GraphQLSchema, guards: Mapping[str, Guard], examples: Mapping[str, Example]
) -> Iterator[str]:
    for page, root in _roots(core).items():
        for name, _ in _fields(root):
            example = examples[name]
            yield (
                f"| [{name}]({page}#{name.lower()}) | {_who(name, guards, example)} "
                f"| {_budget(name)}{' failures' * (name in FAILURES)} | {example.points} |\n"
            )


def _who(name: str, guards: Mapping[str, Guard], example: Example) -> str:
    if name in guards:
        return _WHO[guards[name]]
    reader = READERS.get(name, Guard.VIEWER)
    return _WHO[Guard.ANYONE if example.public else reader]


def _budget(name: str) -> str:
    """Return the setting of a budget with its default, empty for none."""
    setting = BUDGETS.get(name)
    if setting is None:
        return ""
    return f"`MAILCONFIG_{setting.upper()}`: {Settings.model_fields[setting].default}"


def _operation(
    core: GraphQLSchema,
    operation: tuple[str, GraphQLField],
    guards: Mapping[str, Guard],
    example: Example,
) -> str:
    name, field = operation
    budget = _budget(name)
    title = "Failures before attempts wait" if name in FAILURES else "Budget a minute"
    lines = [
        f"\n## {name}\n\n{_paragraphs(field.description)}\n\n",
        f"- Answers: {types.link(field.type)}\n",
        f"- Who: {_who(name, guards, example)}\n",
        f"- {title}: {budget}\n" if budget else "",
        f"- Cost of the example: {example.points} points\n",
        f"- May refuse: {', '.join(_refusals(core, name, guards, example)) or 'nothing'}\n",
        types.arguments(field.args),
        f"\n```graphql\n{example.document}```\n",
        _json("Variables", example.variables) if example.variables else "",
        _UPLOAD if name == "uploadFile" else "",
        *(_json("Answer", answer) for answer in example.answers),
    ]
    return "".join(lines)


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(types.cell(part) for part in (text or "").split("\n\n"))


def _refusals(
    core: GraphQLSchema, name: str, guards: Mapping[str, Guard], example: Example
) -> Iterator[str]:
    if name in guards:
        for kind in payload_errors(name, guards[name]):
            yield types.named_link(get_named_type(core.type_map[kind]))
    else:
        for code in codes(name, public=example.public):
            yield f"`{code}`"


def _json(title: str, value: JSON) -> str:
    return f"\n{title}:\n\n```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```\n"
