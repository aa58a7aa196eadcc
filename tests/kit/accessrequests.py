"""The request of each operation that the table of access sends, made from the schema.

    request = graphql_request("mutation.delete", {"input": {"id": "<EmailConfig>"}})

Values in angle brackets stand for what is there, or never was. Must not know who may do what.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_object_type,
)

from kit.uploads import Authority
from mailconfig.graphql.schema import build_schema

Things = Mapping[str, str]
"""What can be named: kind -> global id, or kind of token -> token."""
SCHEMA: GraphQLSchema = build_schema().graphql_schema
FILE = "variables.input.file"


def root_fields() -> dict[str, GraphQLField]:
    """Return every query, mutation and subscription, by "kind.name"."""
    roots = {
        "query": SCHEMA.query_type,
        "mutation": SCHEMA.mutation_type,
        "subscription": SCHEMA.subscription_type,
    }
    return {
        f"{kind}.{name}": found
        for kind, root in roots.items()
        if root is not None
        for name, found in root.fields.items()
    }


def filled(value: Any, things: Things) -> Any:  # noqa: ANN401 - JSON
    """Return a value with what its names in angle brackets stand for."""
    if isinstance(value, dict):
        return {key: filled(inner, things) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, things) for inner in value]
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return things[value[1:-1]]
    return value


@dataclass(frozen=True, slots=True)
class Request:
    """A request that names things."""

    method: str
    path: str
    shown: str | None = None
    """Field of a GraphQL operation that tells the outcome; None: the status does."""
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: tuple[str, bytes, str] | None = None
    """An upload for `variables.input.file`."""

    def of(self, things: Things) -> tuple[str, str, dict[str, Any]]:
        """Return method, path and what httpx takes beside."""
        path = self.path
        for name, value in things.items():
            path = path.replace(f"<{name}>", value)
        given: dict[str, Any] = {"headers": dict(self.headers)}
        body = filled(self.body, things)
        if self.file is not None:
            given["data"] = {"operations": json.dumps(body), "map": json.dumps({"0": [FILE]})}
            given["files"] = {"0": self.file}
            given["headers"]["GraphQL-Require-Preflight"] = "1"
        elif body is not None:
            given["json"] = body
        return self.method, path, given


def graphql_request(
    name: str, variables: Mapping[str, Any] | None = None, document: str | None = None
) -> Request:
    """Return the request of a root field with these variables."""
    kind, _, field_name = name.partition(".")
    given = dict(variables or {})
    text = document or _document(kind, field_name, root_fields()[name], given)
    accept = "text/event-stream" if kind == "subscription" else "application/json"
    file = ("ca.pem", Authority().pem, "application/x-pem-file") if "upload" in name else None
    body = {"query": text, "variables": given}
    return Request("POST", "/graphql", field_name, body, {"Accept": accept}, file)


def _document(kind: str, name: str, found: GraphQLField, given: Mapping[str, Any]) -> str:
    declared = ", ".join(f"${key}: {found.args[key].type}" for key in given)
    passed = ", ".join(f"{key}: ${key}" for key in given)
    head = f"{kind}{f' ({declared})' if declared else ''}"
    return f"{head} {{ {name}{f'({passed})' if passed else ''} {_shown(found.type)} }}"


def _shown(kind: Any) -> str:  # noqa: ANN401 - any output type
    """Return the selection of all leaves, and of ids and types one step below."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if not is_object_type(named):
        return "{ __typename id }"
    fields = {
        name: get_named_type(found.type) for name, found in named.fields.items() if not found.args
    }
    chosen = ["__typename"]
    for name, inner in fields.items():
        if is_leaf_type(inner):
            chosen.append(name)
        elif name == "errors":
            chosen.append("errors { __typename message path }")
        elif isinstance(inner, GraphQLObjectType) and "id" in inner.fields:
            chosen.append(f"{name} {{ id }}")
        else:
            chosen.append(f"{name} {{ __typename }}")
    return f"{{ {' '.join(chosen)} }}"
