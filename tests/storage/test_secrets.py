"""Stored secrets: round trip, custody, and nothing readable in the database's files."""

import base64
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from kit.records import Tenant, imap, make_config, make_tenant, password, token
from mailconfig.domain.errors import Fault, SecretUnreadable
from mailconfig.domain.ids import new_id
from mailconfig.domain.secrets import NewSecret
from mailconfig.storage.database import Database
from mailconfig.storage.tables import secrets, workspaces

CANARY = "canary-7f3a9c-pässwörd"


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


@pytest.mark.parametrize(
    "secret",
    [
        password("hunter2"),
        password(""),
        password(' "quoted" \\ and spaced '),
        password("пароль 🔑"),
        password("\ud800 lone surrogate \0"),
        token("x" * 8192),
    ],
)
async def test_every_secret_comes_back(
    database: Database, tenant: Tenant, secret: NewSecret
) -> None:
    """Kind and text are what they were, to the last character."""
    async with database.work(tenant.workspace_id) as work:
        id = await work.secrets.add("outgoing", secret)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.secrets.open(id, "outgoing") == secret


async def test_data_keys_and_passwords_are_apart(database: Database, tenant: Tenant) -> None:
    """A data key is never read as a password, nor the other way round."""
    async with database.work(tenant.workspace_id) as work:
        key = await work.secrets.add_key("file", bytes(range(32)))
        word = await work.secrets.add("file", password("p"))
        assert await work.secrets.open_key(key, "file") == bytes(range(32))
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(key, "file")
        with pytest.raises(SecretUnreadable):
            await work.secrets.open_key(word, "file")


async def test_what_does_not_open_is_an_error(database: Database, tenant: Tenant) -> None:
    """Unknown ids, other purposes and other workspaces never read as "no password"."""
    other = await make_tenant(database, "other")
    async with database.work(tenant.workspace_id) as work:
        id = await work.secrets.add("incoming", password("p"))
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(new_id(), "incoming")
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(id, "outgoing")
    async with database.work(other.workspace_id) as work:
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(id, "incoming")
        await work.secrets.delete([id])
        await work.secrets.delete_unused([id])
    async with database.work(tenant.workspace_id) as work:
        assert await work.secrets.open(id, "incoming") == password("p")
        await work.secrets.delete([id])
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(id, "incoming")


@pytest.mark.parametrize("what", ["row", "workspace", "purpose", "kind"])
async def test_moved_ciphertext_does_not_open(
    database: Database, tenant: Tenant, what: str
) -> None:
    """Whoever may write the table cannot turn one secret into another."""
    other = await make_tenant(database, "other")
    async with database.work(tenant.workspace_id) as work:
        id = await work.secrets.add("incoming", password("p"))
        victim = await work.secrets.add("incoming", password("v"))
    async with database._transaction(database._engines.writing) as transaction:
        row = await transaction.first(select(secrets).where(secrets.c.id == id))
        assert row is not None
        changes: dict[str, dict[str, object]] = {
            "row": {"ciphertext": row.ciphertext},
            "workspace": {"workspace_id": other.workspace_id},
            "purpose": {"purpose": "outgoing"},
            "kind": {"kind": "access_token"},
        }
        moved = victim if what == "row" else id
        await transaction.run(update(secrets).where(secrets.c.id == moved).values(changes[what]))
    workspace_id = other.workspace_id if what == "workspace" else tenant.workspace_id
    async with database.reading(workspace_id) as work:
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(moved, "outgoing" if what == "purpose" else "incoming")


async def test_a_secret_in_use_cannot_be_deleted(database: Database, tenant: Tenant) -> None:
    """The database refuses; what is unused goes."""
    async with database.work(tenant.workspace_id) as work:
        used = await work.secrets.add("incoming", password("p"))
        free = await work.secrets.add("incoming", password("q"))
        await work.configs.insert(make_config(tenant, incoming=imap(used)), None)
    with pytest.raises(Fault):
        async with database.work(tenant.workspace_id) as work:
            await work.secrets.delete([used])
    async with database.work(tenant.workspace_id) as work:
        await work.secrets.delete_unused([used, free])
        assert await work.secrets.open(used, "incoming") == password("p")
        with pytest.raises(SecretUnreadable):
            await work.secrets.open(free, "incoming")


def forms(text: str) -> list[bytes]:
    """A text as it could lie in a file: raw, UTF-16, base64, JSON."""
    raw = text.encode()
    return [raw, text.encode("utf-16-le"), base64.b64encode(raw), ascii(text)[1:-1].encode()]


def found_in(folder: Path, text: str) -> bool:
    """Tell whether any file of the database holds a text."""
    held = [path.read_bytes() for path in folder.glob("mailconfig.db*")]
    assert held
    return any(form in content for content in held for form in forms(text))


@pytest.mark.parametrize("engine", ["sqlite"])  # of PostgreSQL we have no file in hand
async def test_the_database_file_holds_no_plaintext(
    tmp_path: Path, database: Database, tenant: Tenant
) -> None:
    """A sealed canary is nowhere in the files; the same canary written in clear is found."""
    async with database.work(tenant.workspace_id) as work:
        await work.secrets.add("incoming", password(CANARY))
    assert not found_in(tmp_path, CANARY)
    async with database._transaction(database._engines.writing) as transaction:
        planted = {"id": UUID(int=1), "slug": "s", "name": CANARY, "created_at": transaction.now}
        await transaction.run(insert(workspaces).values(planted))
    assert found_in(tmp_path, CANARY)
