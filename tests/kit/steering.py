"""The ways in which a stored secret might be led to another server, ready to be tried.

    attempt = await WAYS["fix"](Change(api, "ann@example.net", "incoming", old, new))
    payload = await attempt()

Must not judge: whether a way should be open is for the test to say.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kit.api import MEMBER, Api, form
from kit.worlds import mutation
from mailconfig.domain.diagnostics import SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.ids import new_id
from mailconfig.domain.servers import TransportSecurity
from mailconfig.graphql import ids
from mailconfig.storage.details import fix_text
from mailconfig.storage.settings import StorageSettings, database_url
from mailconfig.storage.tables import connection_tests

BASE, OTHER, TYPED = "the-kept-secret-1", "the-other-secret-2", "a-typed-secret-3"
"""Secrets: of the server that is changed, of the other one, of whoever changes it."""
OTHER_HOST = "mail.example.org"
SIDES = ("incoming", "outgoing")
PROTOCOLS = {"incoming": "IMAP", "outgoing": "SMTP"}


def target(host: str, **changes: object) -> dict[str, Any]:
    """Return a server without a word about its secret."""
    return {
        "host": host,
        "port": 993,
        "security": "TLS",
        "username": "ann@example.net",
        **changes,
    }


@dataclass(frozen=True)
class Change:
    """A wish to change one server of a stored configuration."""

    api: Api
    email: str
    side: str
    old: dict[str, Any]
    new: dict[str, Any]

    async def stored(self, server: dict[str, Any], password: str) -> str:
        """Submit a configuration with this server on the side; return its id."""
        (other,) = set(SIDES) - {self.side}
        servers = {
            self.side: {**server, "secret": {"password": password}},
            other: {**target(OTHER_HOST), "secret": {"password": OTHER}},
        }
        return await self.api.stored(MEMBER, **form(emailAddress=self.email, **servers))

    async def begin(self) -> str:
        """Store the old target with the secret that must not go astray."""
        return await self.stored(self.old, BASE)


Attempt = Callable[[], Awaitable[dict[str, Any]]]
"""Carries a change out and returns the payload."""
CONFIG = "config { revision }"
UPDATE = mutation("update", "UpdateInput", CONFIG)
ROLLBACK = mutation("rollback", "RollbackInput", CONFIG)
FIX = mutation("applyFix", "ApplyFixInput", CONFIG)
TEST = mutation("testConnection", "TestConnectionInput", "test { id diagnosis { fix { id } } }")


async def payload(api: Api, query: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run a mutation and return its payload."""
    (found,) = (await api.data(MEMBER, query, {"input": given})).values()
    return dict(found)


async def examined(api: Api, config_id: str) -> dict[str, Any]:
    """Test a stored configuration to its end."""
    given = {"target": {"configId": config_id}, "waitSeconds": 20}
    found: dict[str, Any] = (await payload(api, TEST, given))["test"]
    return found


async def by_update(change: Change, secret: dict[str, object]) -> Attempt:
    """Change the server by `update`."""
    config_id = await change.begin()

    async def attempt() -> dict[str, Any]:
        given = {"id": config_id, change.side: {**change.new, **secret}}
        found = await payload(change.api, UPDATE, given)
        if not found["errors"]:
            await examined(change.api, config_id)
        return found

    return attempt


async def by_draft(change: Change, secret: dict[str, object]) -> Attempt:
    """Test a draft that is based on the configuration."""
    config_id = await change.begin()

    async def attempt() -> dict[str, Any]:
        draft = {
            "emailAddress": change.email,
            "basedOn": config_id,
            change.side: {**change.new, **secret},
        }
        given = {"target": {"draft": draft}, "waitSeconds": 20}
        return await payload(change.api, TEST, given)

    return attempt


async def by_fix(change: Change) -> Attempt:
    """Apply a fix that a diagnosis should never have offered: it is planted in the row."""
    config_id = await change.begin()
    test_id = (await examined(change.api, config_id))["id"]
    differences = {
        name: value for name, value in change.new.items() if value != change.old.get(name)
    }
    fix_id = await planted(change.api, test_id, change.side, differences)

    async def attempt() -> dict[str, Any]:
        found = await payload(change.api, FIX, {"testId": test_id, "fixId": fix_id})
        if not found["errors"]:
            await examined(change.api, config_id)
        return found

    return attempt


async def by_rollback(change: Change) -> Attempt:
    """Go back to the new target, which was the first one, with a secret of its own."""
    config_id = await change.stored(change.new, TYPED)
    given = {"id": config_id, change.side: {**change.old, "secret": {"password": BASE}}}
    assert (await payload(change.api, UPDATE, given))["errors"] == []

    async def attempt() -> dict[str, Any]:
        found = await payload(change.api, ROLLBACK, {"id": config_id, "revision": 1})
        if not found["errors"]:
            await examined(change.api, config_id)
        return found

    return attempt


async def planted(api: Api, test_id: str, side: str, differences: dict[str, Any]) -> str:
    """Write a fix into the row of a finished test; return its global id."""
    security = differences.get("security")
    patch = ServerPatch(
        **{**differences, "security": TransportSecurity(security) if security else None}
    )
    fix = SettingsFix("Planted.", **{side: patch})
    fix_id = new_id()
    url = database_url(StorageSettings(api.settings.effective_database_url))
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        mine = connection_tests.c.id == ids.key_of("ConnectionTest", test_id)
        values = {"fix_id": fix_id, "fix": fix_text(fix)}
        await connection.execute(update(connection_tests).where(mine).values(values))
    await engine.dispose()
    return str(ids.encode("SettingsFix", fix_id))


KEEP = {"secret": {"keep": True}}
WAYS: Mapping[str, Callable[[Change], Awaitable[Attempt]]] = {
    "update without a word": lambda change: by_update(change, {}),
    "update with the wish to keep": lambda change: by_update(change, KEEP),
    "draft without a word": lambda change: by_draft(change, {}),
    "draft with the wish to keep": lambda change: by_draft(change, KEEP),
    "fix": by_fix,
    "rollback": by_rollback,
}


def sent(api: Api, side: str) -> set[tuple[str, str | None, str | None]]:
    """Return host, user and secret of all that was dialled on a side."""
    return {
        (
            each.settings.host,
            each.settings.username,
            each.secret.value.reveal() if each.secret else None,
        )
        for request in api.prober.requests
        for each in request.targets
        if each.settings.protocol.value == PROTOCOLS[side]
    }
