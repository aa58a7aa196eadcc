"""The work that every server is asked to do, in GraphQL and for the REST rival."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

SERVER = "{ host port security username }"
CONFIG = f"""id revision name emailAddress displayName shared ownerId externalId enabled status
createdAt updatedAt incoming {SERVER} outgoing {SERVER} provider {{ id name helpUrl }}"""
PAGE = f"query {{ configs(first: 50) {{ nodes {{ {CONFIG} }} pageInfo {{ hasNextPage }} }} }}"
ONE = f"query ($id: ID!) {{ config(id: $id) {{ {CONFIG} }} }}"
_WHOLE = """id catalogueId name kind status helpUrl regions domains usernameForm auth requires
  passwordFormat appPasswordUrl notes closed confidence
  incoming { protocol hostTemplate port security }
  outgoing { protocol hostTemplate port security }"""
PROVIDERS = f"query {{ providers(first: 100) {{ nodes {{ {_WHOLE} }} }} }}"
"""A whole page with all that the catalogue says."""
SHORT_PROVIDERS = """query { providers(first: 50) {
  nodes { id name kind status domains incoming { hostTemplate port } } } }"""
SUBMIT_TEMPLATE = """mutation ($input: SubmitInput!) { submit(input: $input) {
  config { id revision name emailAddress } errors { message } } }"""
ALL_PROVIDERS = f"""query ($after: String) {{ providers(first: 100, after: $after) {{
  nodes {{ {_WHOLE} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
AGAIN = "asked again"
"""The providers by GET, from a client that has them: with the ETag where the server gave one."""
IDS = 500
"""Configurations that are read one by one, so that no server answers a single row from a cache."""
UNIQUE = "@@UNIQUE@@"
"""Stands for a number that no two requests share."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    path: str
    body: str = ""
    header: tuple[str, str] | None = None
    """One more header."""


def global_id(key: UUID) -> str:
    """Return the id of a configuration in the API."""
    return urlsafe_b64encode(f"EmailConfig:{key}".encode()).rstrip(b"=").decode()


def graphql(query: str, variables: dict[str, object] | None = None) -> Call:
    """Return the call of an operation."""
    body = {"query": query} | ({"variables": variables} if variables else {})
    return Call("POST", "/graphql", json.dumps(body))


def _server(name: str, port: int, security: str, password: dict[str, object]) -> dict[str, object]:
    given: dict[str, object] = {"host": f"{name}.example.org", "port": port, "security": security}
    return given | {"username": "someone@example.org"} | password


def _form(password: dict[str, object], address: str) -> dict[str, object]:
    return {
        "name": "Created",
        address: f"made{UNIQUE}@example.org",
        "incoming": _server("imap", 993, "TLS", password),
        "outgoing": _server("smtp", 587, "STARTTLS", password),
    }


SECRET = "a mailbox password"


def graphql_jobs(keys: Sequence[UUID]) -> dict[str, list[Call]]:
    """Return the calls of each job for GraphQL servers."""
    page = [graphql(PAGE)]
    one = [graphql(ONE, {"id": global_id(key)}) for key in keys]
    form = _form({"secret": {"password": SECRET}}, "emailAddress")
    create = [graphql(SUBMIT_TEMPLATE, {"input": form})]
    again = Call("GET", f"/graphql?query={quote(PROVIDERS)}")
    providers = [graphql(PROVIDERS)], [graphql(SHORT_PROVIDERS)], [again]
    return _all(page, one, providers, create)


def rest_jobs(keys: Sequence[UUID]) -> dict[str, list[Call]]:
    """Return the calls of each job for the REST server."""
    page = [Call("GET", "/configs/?first=50")]
    one = [Call("GET", f"/configs/{global_id(key)}/") for key in keys]
    create = [Call("POST", "/configs/", json.dumps(_form({"password": SECRET}, "emailAddress")))]
    whole = [Call("GET", "/providers/?first=100")]
    providers = whole, [Call("GET", "/providers/?first=50&short=1")], whole
    return _all(page, one, providers, create)


def _all(
    page: list[Call], one: list[Call], providers: tuple[list[Call], ...], create: list[Call]
) -> dict[str, list[Call]]:
    mixed = [*(page * 4), *one[:5], *create]
    return {
        "page of 50": page,
        "one config": one,
        "providers": providers[0],
        "50 providers": providers[1],
        AGAIN: providers[2],
        "create": create,
        "mixed 90/10": mixed,
    }
