"""Forged and foreign cursors, on every connection of the schema.

The connections are found by walking the schema; each needs a row in `LISTS` that says how it is
reached. All others' cursors are shown to each, as `after` and as `before`, beside forged ones; the
same rows with the list's own cursor are read.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import pytest
from graphql import GraphQLObjectType, get_named_type

from kit.api import MEMBER, OWNER, SIGNING_KEY, STRANGER, Api, server, serving
from kit.attacks import INVITE, graphql, run
from kit.machines import new_key
from kit.rowdump import all_rows
from kit.worlds import SEND, letter, mutation
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Keyset
from mailconfig.domain.signing import Signer
from mailconfig.graphql.pages import encode_cursor
from mailconfig.graphql.schema import build_schema
from mailconfig.settings import Settings
from mailconfig.storage.signingkeys import signing_ring

SURROGATE = "\ud800"
REFUSED = "This cursor does not belong to this list."
UPDATE = mutation("update", "UpdateInput", "config { id }")
SUPPRESS = mutation("suppressAddress", "SuppressAddressInput", "suppression { id }")
TEST = mutation("testConnection", "TestConnectionInput", "test { id }")


@dataclass(frozen=True)
class Listing:
    """How a connection is reached."""

    query: str
    """The document, with `{page}` where the arguments of the page stand."""
    shared: bool = False
    """Whether a cursor means the same place in everybody's list: it is no secret, and opens
    nothing. See test_a_cursor_of_somebody_else_opens_nothing."""


IN_CONFIG = "{{ config(id: $id) {{ %s({page}) {{ edges {{ cursor }} }} }} }}"
IN_WORKSPACE = "{{ workspace {{ %s({page}) {{ edges {{ cursor }} }} }} }}"
LISTS: Mapping[str, Listing] = {
    "Query.configs": Listing("{{ configs({page}) {{ edges {{ cursor }} }} }}", shared=True),
    "Query.providers": Listing("{{ providers({page}) {{ edges {{ cursor }} }} }}", shared=True),
    "Query.auditEvents": Listing("{{ auditEvents({page}) {{ edges {{ cursor }} }} }}"),
    "Query.messages": Listing("{{ messages({page}) {{ edges {{ cursor }} }} }}", shared=True),
    "Query.suppressions": Listing("{{ suppressions({page}) {{ edges {{ cursor }} }} }}"),
    "Query.apiKeys": Listing("{{ apiKeys({page}) {{ edges {{ cursor }} }} }}"),
    "EmailConfig.tests": Listing(IN_CONFIG % "tests"),
    "EmailConfig.versions": Listing(IN_CONFIG % "versions"),
    "Workspace.members": Listing(IN_WORKSPACE % "members"),
    "Workspace.invitations": Listing(IN_WORKSPACE % "invitations"),
}


@pytest.fixture
def engine() -> str:
    """A cursor is judged before storage is asked."""
    return "sqlite"


@dataclass
class Lists:
    """Two rows in each list of two owners."""

    api: Api
    config: dict[str, str]
    """Owner -> a configuration with tests and versions."""
    cursors: dict[str, dict[str, str]]
    """Owner -> list -> the cursor of its first row."""

    async def read(self, who: str, name: str, page: str) -> tuple[str | None, list[str]]:
        """Return the error and the cursors of a page."""
        text = LISTS[name].query.format(page=page).replace("$id", f'"{self.config[who]}"')
        authorization = f"Bearer {await self.api.token(who)}"
        body = (await graphql(self.api, f"query {text}", Authorization=authorization)).json()
        if "errors" in body:
            (error,) = body["errors"]
            inner = error["extensions"].get("issues", [error])
            return " ".join(one["message"] for one in inner), []
        found = body["data"]
        while "edges" not in found:
            (found,) = found.values()
        return None, [edge["cursor"] for edge in found["edges"]]


async def _filled(api: Api, who: str) -> str:
    await api.stored(who, emailAddress="second@example.net")
    config = await api.stored(who, emailAddress="first@example.net")
    changed = {"id": config, "incoming": server("imap.example.net", port=994)}
    assert (await run(api, who, UPDATE, changed))["errors"] == []
    for number in range(2):
        assert (await run(api, who, SEND, letter(config)))["errors"] == []
        listed = {"address": f"no{number}@example.org"}
        assert (await run(api, who, SUPPRESS, listed))["errors"] == []
        given = {"target": {"configId": config}, "waitSeconds": 20}
        assert (await run(api, who, TEST, given))["errors"] == []
        invited = {"email": f"new{number}@example.org", "role": "MEMBER"}
        assert (await run(api, who, INVITE, invited))["errors"] == []
        await new_key(api, f"{who} {number}", who)
    return config


@pytest.fixture
async def lists(app_settings: Settings) -> AsyncIterator[Lists]:
    """The application with two workspaces that have rows in all lists."""
    async with serving(app_settings) as api:
        config = {who: await _filled(api, who) for who in (OWNER, STRANGER)}
        opened = Lists(api, config, {OWNER: {}, STRANGER: {}})
        for who in (OWNER, STRANGER):
            for name in LISTS:
                error, cursors = await opened.read(who, name, "first: 1")
                assert error is None, (name, error)
                opened.cursors[who][name] = cursors[0]
        yield opened


def test_every_connection_has_a_row() -> None:
    """A new list is tried as soon as its row says how it is reached; without one this fails."""
    schema = build_schema().graphql_schema
    found = {
        f"{kind.name}.{name}"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if "after" in field.args or get_named_type(field.type).name.endswith("Connection")
    }
    assert found == LISTS.keys()


def forged(cursor: str) -> Iterator[tuple[str, str]]:
    """Yield a cursor with each of its parts changed, and what is none at all."""
    version, value, key, signature = cursor.split(".")
    other = urlsafe_b64encode(b"2000-01-01T00:00:00").rstrip(b"=").decode()
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for about, parts in {
        "another version": ("2", value, key, signature),
        "another value": (version, other, key, signature),
        "an empty value": (version, "", key, signature),
        "another row": (version, value, str(new_id()), signature),
        "no row": (version, value, "", signature),
        "a statement": (version, value, "' OR '1'='1", signature),
        "another signature": (version, value, key, flipped),
        "no signature": (version, value, key, ""),
        "half a signature": (version, value, key, signature[:20]),
        "no signature at all": (version, value, key),
        "a part more": (version, value, key, signature, signature),
        "moved borders": (version, value + key[:1], key[1:], signature),
    }.items():
        yield about, ".".join(parts)
    for text in ("", ".", "...", "1", "MQ==", "null", "0", "\u0000", SURROGATE, "é", "9" * 5000):
        yield f"{text[:5]!r}", text
    seed = Signer(b"x" * 32)
    yield "another key", encode_cursor(seed, "configs UPDATED_AT DESC", Keyset("v", key))
    ring = Signer(signing_ring(SIGNING_KEY))
    yield "another purpose", encode_cursor(ring, "configs UPDATED_AT DESC", Keyset("v", key))


def foreign(lists: Lists, name: str) -> dict[str, str]:
    """Return forged cursors of the owner's list, those of other lists, and of the stranger's."""
    bad = dict(forged(lists.cursors[OWNER][name]))
    for who in (OWNER, STRANGER):
        bad |= {
            f"{other} of {who}": cursor
            for other, cursor in lists.cursors[who].items()
            if other != name or (who == STRANGER and not LISTS[name].shared)
        }
    return bad


async def test_no_list_takes_a_cursor_that_is_not_its_own(lists: Lists) -> None:
    """Forged, of another list, of the same list elsewhere: one refusal, no rows, nothing written.

    A lone surrogate is no text (RFC 3629), so that its document is refused before.
    """
    before = await all_rows(lists.api.settings.effective_database_url)
    for name, field in product(LISTS, ("after", "before")):
        for about, cursor in foreign(lists, name).items():
            text = re.sub(r"[^ -~]", lambda found: f"\\u{ord(found[0]):04x}", cursor)
            error, rows = await lists.read(OWNER, name, f'{field}: "{text}"')
            assert rows == [], (name, field, about)
            assert error == REFUSED or cursor == SURROGATE, (name, field, about, error)
        own = lists.cursors[OWNER][name]
        error, rows = await lists.read(OWNER, name, f'{field}: "{own}"')
        assert error is None
        assert own not in rows
    assert await all_rows(lists.api.settings.effective_database_url) == before


async def test_a_cursor_shows_nothing_of_its_row(lists: Lists) -> None:
    """Its value is its row's sort key, which whoever sees the row knows; no address, no secret."""
    for cursors in lists.cursors.values():
        for name, cursor in cursors.items():
            assert "example" not in cursor, name


async def test_the_place_of_somebody_else_shows_ones_own_rows(lists: Lists) -> None:
    """Where a cursor is not bound to a workspace it is a place alone."""
    every = (await lists.read(OWNER, "Query.configs", "first: 10"))[1]
    for field in ("after", "before"):
        place = lists.cursors[STRANGER]["Query.configs"]
        error, rows = await lists.read(OWNER, "Query.configs", f'{field}: "{place}"')
        assert error is None
        assert set(rows) <= set(every)
    mine = await lists.api.data(MEMBER, "{ configs { nodes { id } } }")
    assert mine == {"configs": {"nodes": []}}
