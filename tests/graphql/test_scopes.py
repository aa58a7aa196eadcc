"""Every root field against keys with one scope each: let in or refused as the table says.

The cases come from the schema; a field without a row fails.
"""

import json
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_input_field,
)

from kit.api import OWNER, Api
from kit.machines import EVERY_SCOPE, new_key
from kit.rowdump import Rows, all_rows
from kit.uploads import Authority
from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.schema import build_schema

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"])

ANYBODY: tuple[Scope, ...] = ()
"""Needs no scope: public, or about the caller alone."""
PEOPLE = None
"""Keys have no business here, whatever their scopes."""
READ, WRITE, TEST = Scope.CONFIGS_READ, Scope.CONFIGS_WRITE, Scope.TESTS_RUN
SEND = Scope.MAIL_SEND
MANAGE = Scope.WORKSPACE_MANAGE
TABLE: dict[str, tuple[Scope, ...] | None] = {
    "configs": (READ,),
    "config": (READ,),
    "node": (READ,),
    "nodes": (READ,),
    "providers": ANYBODY,
    "provider": ANYBODY,
    "explain": ANYBODY,
    "viewer": ANYBODY,
    "csrfToken": ANYBODY,
    "auditEvents": (Scope.AUDIT_READ,),
    "apiKeys": PEOPLE,
    "submit": (WRITE,),
    "update": (WRITE,),
    "rollback": (WRITE,),
    "delete": (WRITE,),
    "validate": (WRITE,),
    "uploadFile": (WRITE,),
    "deleteFile": (WRITE,),
    # Changes a configuration, and dials.
    "applyFix": (WRITE, TEST),
    "testConnection": (TEST,),
    "cancelTest": (TEST,),
    "discover": (TEST,),
    "checkDomain": (TEST,),
    "connectionTestProgress": (TEST,),
    "discoveryProgress": (TEST,),
    "messages": (SEND,),
    "message": (SEND,),
    "suppressions": (SEND,),
    "sendEmail": (SEND,),
    "previewEmail": (SEND,),
    "cancelMessage": (SEND,),
    "retryMessage": (SEND,),
    "retryMessages": (SEND,),
    "retryAmbiguous": (SEND,),
    "pauseSending": (SEND,),
    "resumeSending": (SEND,),
    "setSendingOptions": (WRITE,),
    "addSenderIdentity": (WRITE,),
    "updateSenderIdentity": (WRITE,),
    "deleteSenderIdentity": (WRITE,),
    "suppressAddress": (SEND,),
    "unsuppressAddress": (SEND,),
    "createEmbedToken": (Scope.EMBED_CREATE,),
    "createApiKey": PEOPLE,
    "revokeApiKey": PEOPLE,
    # Sessions are people's; these are for who has none yet.
    "login": ANYBODY,
    "refreshSession": ANYBODY,
    "requestPasswordReset": ANYBODY,
    "resetPassword": ANYBODY,
    "acceptInvitation": PEOPLE,
    "logout": PEOPLE,
    "logoutEverywhere": PEOPLE,
    "endSession": PEOPLE,
    "switchWorkspace": PEOPLE,
    "changePassword": PEOPLE,
    "deleteAccount": PEOPLE,
    "deleteWorkspace": PEOPLE,
    "exportWorkspace": PEOPLE,
    "transferOwnership": PEOPLE,
    "leaveWorkspace": PEOPLE,
    "sessions": PEOPLE,
    "beginMailboxAuthorization": (WRITE,),
    "completeMailboxAuthorization": (WRITE,),
    "revokeMailboxGrant": (WRITE,),
    "oauthClients": (MANAGE,),
    "workspaces": (MANAGE,),
    "workspace": (MANAGE,),
    "removeMember": (MANAGE,),
    "changeMemberRole": PEOPLE,
    "withdrawInvitation": (MANAGE,),
    "inviteMember": PEOPLE,
    "renameWorkspace": (MANAGE,),
    "setOAuthClient": (MANAGE,),
    "deleteOAuthClient": (MANAGE,),
}
"""What a key needs for each root field."""

SCHEMA: GraphQLSchema = build_schema().graphql_schema
WORDS = {"ID": ids.encode("EmailConfig", "00000000-0000-7000-8000-000000000000"), "Int": 1}
PEOPLE_ONLY = "Keys and tokens of machines may not do this: sign in as a person."
REFUSED = (PEOPLE_ONLY, "This key or token needs the scope ")


def _fields() -> dict[str, tuple[str, GraphQLField]]:
    """Return kind of operation and definition of each root field."""
    roots = {
        "query": SCHEMA.query_type,
        "mutation": SCHEMA.mutation_type,
        "subscription": SCHEMA.subscription_type,
    }
    return {
        name: (kind, field)
        for kind, root in roots.items()
        if root is not None
        for name, field in root.fields.items()
    }


def _value(kind: Any) -> Any:  # noqa: ANN401 - any input type
    """Return the least value that a type takes."""
    if isinstance(kind, GraphQLNonNull):
        return _value(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        chosen = _needed(kind)
        if not chosen and "xactly one" in (kind.description or ""):
            chosen = list(kind.fields)[:1]
        return {name: _value(kind.fields[name].type) for name in chosen}
    return {"Upload": None, "Boolean": False, **WORDS}.get(kind.name, "words of ours")


def _needed(kind: GraphQLInputObjectType) -> list[str]:
    return [name for name, field in kind.fields.items() if is_required_input_field(field)]


def _document(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """Return an operation of one root field with the arguments that it cannot do without."""
    needed: dict[str, GraphQLArgument] = {
        key: argument
        for key, argument in field.args.items()
        if isinstance(argument.type, GraphQLNonNull)
    }
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in needed.items())
    passed = ", ".join(f"{key}: ${key}" for key in needed)
    shown = "{ __typename }"
    if kind == "mutation":
        shown = "{ errors { __typename message } }"
    if is_leaf_type(get_named_type(field.type)):
        shown = ""
    text = f"{kind}{f'({declared})' if declared else ''} {{ {name}"
    text += f"{f'({passed})' if passed else ''} {shown} }}"
    return text, {key: _value(argument.type) for key, argument in needed.items()}


async def _messages(api: Api, who: str, name: str) -> list[str]:
    """Run a root field and return the messages of all its errors."""
    kind, field = _fields()[name]
    text, variables = _document(kind, name, field)
    if name == "uploadFile":
        place = {"variables.input.file": ("ca.pem", Authority().pem, "application/x-pem-file")}
        answer = await api.upload(who, text, variables, place)
    elif kind == "subscription":
        headers = {"Authorization": f"Bearer {api.tokens[who]}", "Accept": "text/event-stream"}
        body = {"query": text, "variables": variables}
        response = await api.client.post("/graphql", json=body, headers=headers)
        lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: {")]
        answer = json.loads(lines[0])
    else:
        answer = await api.call(who, text, variables)
    found = [error["message"] for error in answer.get("errors", [])]
    payload = (answer.get("data") or {}).get(name)
    if isinstance(payload, dict):
        found += [error["message"] for error in payload.get("errors", [])]
    return found


def _changed(before: Rows, after: Rows) -> set[str]:
    """Return the tables whose rows are others."""
    return {name for name in after if after[name] != before[name]}


def test_every_root_field_has_a_row() -> None:
    """A field that comes newly says which scope a key needs for it."""
    assert set(_fields()) == set(TABLE)


@ON_SQLITE
@pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.value)
async def test_a_key_does_what_its_scope_says(api: Api, scope: Scope) -> None:
    """One scope opens its fields; all others are refused by a sentence that names the missing."""
    await new_key(api, "key", scopes=[scope.name], role="OWNER")
    known = [name for name in TABLE if name in _fields()]
    expected: dict[str, str | None] = {}
    found: dict[str, str | None] = {}
    for name in known:
        needs = TABLE[name]
        lacking = [each for each in needs or () if each is not scope]
        expected[name] = (
            f"This key or token needs the scope {lacking[0].value}." if lacking else None
        )
        if needs is PEOPLE:
            expected[name] = PEOPLE_ONLY
        before = await all_rows(api.settings.effective_database_url)
        messages = await _messages(api, "key", name)
        refusals = [text for text in messages if text.startswith(REFUSED)]
        found[name] = refusals[0] if refusals else None
        if refusals:
            after = await all_rows(api.settings.effective_database_url)
            assert _changed(before, after) <= {"api_keys"}, name  # the last use
    assert found == expected


@ON_SQLITE
async def test_people_need_no_scope(api: Api) -> None:
    """Nobody who signed in is ever asked for one."""
    leaving = {"logout", "logoutEverywhere", "endSession"}  # at the end of the test, if at all
    for name in sorted(set(_fields()) - leaving):
        messages = await _messages(api, OWNER, name)
        assert not [text for text in messages if text.startswith(REFUSED)], name


def test_the_names_of_scopes_are_those_of_the_schema() -> None:
    """What clients choose among is what there is."""
    assert [scope.name for scope in Scope] == EVERY_SCOPE
