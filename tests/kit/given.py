"""What of a request is secret: the values of secret members, tokens and cookies.

    for secret in of_http(scope["headers"], scope["query_string"], body): ...
    for secret in of_message(text_of_a_socket): ...

Reads requests more leniently than any server: one that no server would take has secrets as well.
Which members are secret is told by the schema's descriptions, so that new ones are known at once.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from graphql import (
    GraphQLInputObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    get_named_type,
)

SCHEMA: Final = Path(__file__).parents[2] / "schema.graphql"
COOKIE, TOKEN, CSRF, INPUT, INIT = "cookie", "token", "CSRF token", "input", "connection_init"
"""Kinds of secrets."""
_SPEAKS_OF_A_SECRET: Final = re.compile(r"\b(password|secret|token|API key)\b", re.IGNORECASE)
_ONLY_SECRETS: Final = re.compile(r"\bwrite-only\b", re.IGNORECASE)
_SCHEMES: Final = frozenset({"bearer", "basic"})
"""Words of the Authorization header that are no secret when nothing comes after them."""
_TOKENS: Final = re.compile(
    r'"""(?P<block>(?:[^"\\]|\\.|"(?!""))*)(?:"""|$)'
    r'|"(?P<text>(?:[^"\\\n]|\\.)*)(?:"|\n|$)'
    r"|(?P<word>-?\w[\w.+-]*)|#[^\n]*|(?P<mark>[^\s,])",
    re.DOTALL,
)
"""Tokens of GraphQL; what is cut off ends where the text does."""
_STRANGE_NAME: Final = re.compile(r"(?=.*[0-9]).{8}", re.DOTALL)
"""What may be a password in the place of a name."""
_REFERENCES: Final = frozenset({"grant"})
"""Members of a secret that name something of which the id is no secret."""
_NO_VALUES: Final = frozenset({"null", "true", "false"})


@dataclass(frozen=True, slots=True)
class Given:
    """A secret that a request had."""

    kind: str
    """One of the kinds above."""
    value: str
    """The secret."""


def secret_members(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of secret members of inputs.

    A text is secret when its description speaks of a secret, or when its type's says that it is
    write-only; an object of such a type is secret as a whole.
    """
    found = set()
    inputs = [t for t in schema.type_map.values() if isinstance(t, GraphQLInputObjectType)]
    whole = {t.name for t in inputs if _ONLY_SECRETS.search(t.description or "")}
    for kind in inputs:
        for name, field in kind.fields.items():
            named = get_named_type(field.type)
            told = kind.name in whole or _SPEAKS_OF_A_SECRET.search(field.description or "")
            if named.name in whole or (told and named.name == GraphQLString.name):
                found.add(name)
    return frozenset(found)


@cache
def _names() -> frozenset[str]:
    return secret_members(build_schema(SCHEMA.read_text()))


@cache
def _any_name() -> re.Pattern[bytes]:
    return re.compile(b"|".join(name.encode() for name in sorted(_names())))


@cache
def _member() -> re.Pattern[str]:
    """Return how a secret member looks in JSON that cannot be parsed."""
    return re.compile(rf'"(?:{"|".join(sorted(_names()))})"\s*:\s*"((?:[^"\\]|\\.)*)')


def of_headers(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Given]:
    """Yield what the headers of a request have."""
    for raw_name, raw in headers:
        text = raw.decode("latin-1")
        match raw_name.lower():
            case b"authorization":
                scheme, space, token = text.partition(" ")
                if space or scheme.lower() not in _SCHEMES:
                    yield Given(TOKEN, token if space else scheme)
            case b"cookie":
                for crumb in text.split(";"):
                    yield Given(COOKIE, crumb.partition("=")[2].strip())
            case b"x-csrf-token":
                yield Given(CSRF, text)


def of_http(
    headers: Iterable[tuple[bytes, bytes]], query_string: bytes, body: bytes
) -> Iterator[Given]:
    """Yield what a request has beside its headers."""
    if _any_name().search(unquote_to_bytes(query_string)):
        yield from _of_pairs(parse_qsl(query_string.decode("latin-1"), errors="replace"))
    if not _any_name().search(unquote_to_bytes(body)):
        return
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    content_type = (kinds or [b""])[0].decode("latin-1")
    if content_type.lower().startswith("multipart/"):
        yield from _of_pairs(_parts(content_type, body))
    elif "urlencoded" in content_type:
        yield from _of_pairs(parse_qsl(body.decode("latin-1"), errors="replace"))
    else:
        yield from _of_text(body.decode(errors="replace"))


def of_message(text: str) -> Iterator[Given]:
    """Yield what a message of a socket has."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if isinstance(message, dict) and message.get("type") == "connection_init":
        for value in _leaves(message.get("payload")):
            yield Given(INIT, value.rpartition(" ")[2])
    elif _any_name().search(text.encode(errors="replace")):
        yield from _of_text(text)


def _of_pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[Given]:
    for name, text in pairs:
        if name.rpartition(".")[2] in _names():
            yield Given(INPUT, text)
        if name == "query":
            yield from _of_json({"query": text})
        else:
            yield from _of_text(text)


def _of_text(text: str) -> Iterator[Given]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        for value in _member().findall(text):
            yield Given(INPUT, _unescaped(value))
    else:
        yield from _of_json(value)


def _of_json(value: object) -> Iterator[Given]:
    """Yield what the members of JSON have, and the literals of the documents among them."""
    stack, secret_variables = [value], set(_names())
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            query = item.get("query")
            if isinstance(query, str):
                literals, variables = _of_document(query)
                secret_variables |= variables
                yield from (Given(INPUT, literal) for literal in literals)
            for name, child in item.items():
                if name in secret_variables:
                    yield from (Given(INPUT, leaf) for leaf in _leaves(child))
                else:
                    stack.append(child)


def _leaves(value: object) -> Iterator[str]:
    """Yield the texts and numbers of a value, and names that no program would choose."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [child for name, child in item.items() if name not in _REFERENCES]
            stack += filter(_STRANGE_NAME.search, item)
        elif isinstance(item, list):
            stack += item
        elif item is not None and not isinstance(item, bool):
            yield str(item)


def _of_document(text: str) -> tuple[list[str], set[str]]:
    """Return the literals of secret members, and the variables that stand for some."""
    tokens = list(_TOKENS.finditer(text))
    literals: list[str] = []
    variables: set[str] = set()
    arguments = 0
    for at, token in enumerate(tokens):
        mark = token["mark"]
        arguments += (mark == "(") - (mark == ")")
        if arguments < 1 or token["word"] not in _names() or not _marked(tokens, at + 1, ":"):
            continue
        if not _marked(tokens, at - 1, "$"):
            _read_value(tokens[at + 2 :], literals, variables)
    return literals, variables


def _marked(tokens: list[re.Match[str]], at: int, mark: str) -> bool:
    return 0 <= at < len(tokens) and tokens[at]["mark"] == mark


def _read_value(tokens: list[re.Match[str]], literals: list[str], variables: set[str]) -> None:
    """Add what the value has with which the tokens begin."""
    open_marks = 0
    for at, token in enumerate(tokens):
        if token["mark"]:
            open_marks += (token["mark"] in "{[") - (token["mark"] in "}]")
        elif token["word"]:
            if _marked(tokens, at - 1, "$"):
                variables.add(token["word"])
            elif token["word"] not in _NO_VALUES and not _marked(tokens, at + 1, ":"):
                literals.append(token["word"])
        else:
            literals.append(_unescaped(token["text"] or token["block"] or ""))
        if open_marks < 1 and token["mark"] != "$":
            return


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield names and texts of a form's parts, but not of files."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        return
    for part in body.split(b"--" + boundary[1].encode("latin-1")):
        head, _, content = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        found = BytesHeaderParser().parsebytes(head)
        name = found.get_param("name", header="content-disposition")
        if isinstance(name, str) and not found.get_filename():
            yield name, content.removesuffix(b"\r\n").decode(errors="replace")
