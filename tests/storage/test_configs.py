"""Configurations: round trip, duplicates, revisions, versions, removal."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Select, select

from kit.records import (
    NOON,
    Tenant,
    imap,
    make_config,
    make_file,
    make_tenant,
    make_test,
    password,
    smtp,
    token,
)
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.errors import (
    Duplicate,
    Fault,
    NotFound,
    RevisionConflict,
    SecretUnreadable,
)
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import OrderDirection, PageRequest
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import TransportSecurity
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.tables import secrets

ALL = Visibility(everything=True)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def stored(database: Database, tenant: Tenant, **changes: object) -> EmailConfig:
    """Insert a configuration and read it back."""
    config = make_config(tenant, **changes)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, tenant.user_id)
        return await work.configs.get(config.id)


async def test_round_trip_keeps_every_field(database: Database, tenant: Tenant) -> None:
    """What is inserted is read back, with kind and moment of the secrets from their own table."""
    async with database.work(tenant.workspace_id) as work:
        incoming = await work.secrets.add("incoming", password("p"))
        outgoing = await work.secrets.add("outgoing", token("t"))
        config = make_config(
            tenant,
            incoming=imap(incoming),
            outgoing=smtp(outgoing),
            external_id="crm-7",
            updated_at=NOON + timedelta(microseconds=1),
        )
        await work.configs.insert(config, tenant.user_id)
    async with database.reading(tenant.workspace_id) as work:
        read = await work.configs.get(config.id)
    assert read.incoming is not None
    assert read.outgoing is not None
    assert read.incoming.secret_kind is SecretKind.PASSWORD
    assert read.outgoing.secret_kind is SecretKind.ACCESS_TOKEN
    assert read.incoming.secret_set_at is not None
    assert read.incoming.secret_set_at == read.outgoing.secret_set_at
    set_at = read.incoming.secret_set_at
    assert read == replace(
        config,
        incoming=replace(imap(incoming), secret_kind=SecretKind.PASSWORD, secret_set_at=set_at),
        outgoing=replace(smtp(outgoing), secret_kind=SecretKind.ACCESS_TOKEN, secret_set_at=set_at),
    )


@pytest.mark.parametrize("side", ["incoming", "outgoing"])
async def test_one_server_is_enough(database: Database, tenant: Tenant, side: str) -> None:
    """Reading-only and sending-only accounts come back without the other server."""
    config = await stored(database, tenant, **{side: None})
    assert getattr(config, side) is None
    assert (config.incoming is None) is (side == "incoming")


@pytest.mark.parametrize("shared", [True, False])
async def test_an_address_is_unique_for_its_owner(
    database: Database, tenant: Tenant, *, shared: bool
) -> None:
    """The same address, in any case, is refused for the same owner or among shared ones."""
    owner = None if shared else tenant.user_id
    await stored(database, tenant, owner_id=owner, email_address="ada@example.com")
    with pytest.raises(Duplicate) as refusal:
        await stored(database, tenant, owner_id=owner, email_address="ADA@example.com")
    assert refusal.value.path == ("emailAddress",)
    other = tenant.user_id if shared else None
    await stored(database, tenant, owner_id=other, email_address="ada@example.com")


async def test_an_external_id_is_unique_in_its_workspace(
    database: Database, tenant: Tenant
) -> None:
    """An external id is refused twice in a workspace and fine in another one."""
    await stored(database, tenant, external_id="crm-7")
    with pytest.raises(Duplicate) as refusal:
        await stored(database, tenant, external_id="crm-7", email_address="b@example.com")
    assert refusal.value.path == ("externalId",)
    await stored(database, await make_tenant(database, "other"), external_id="crm-7")


async def test_find_by_address_and_external_id(database: Database, tenant: Tenant) -> None:
    """Both searches find the one, respect the owner and leave `exclude` out."""
    config = await stored(database, tenant, external_id="crm-7")
    async with database.reading(tenant.workspace_id) as work:
        find, external = work.configs.find_by_address, work.configs.find_by_external_id
        assert await find(tenant.user_id, "ADA@EXAMPLE.COM") == config.id
        assert await find(None, "ada@example.com") is None
        assert await find(tenant.user_id, "ada@example.com", exclude=config.id) is None
        assert await external("crm-7") == config.id
        assert await external("crm-7", exclude=config.id) is None
        assert await external("CRM-7") is None


async def test_replace_grows_the_revision_and_keeps_the_version(
    database: Database, tenant: Tenant
) -> None:
    """A change is stored as the next revision; the former one can still be read."""
    config = await stored(database, tenant)
    later = NOON + timedelta(hours=1)
    changed = replace(config, name="Home", updated_at=later, incoming=None)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.replace(changed, 1, tenant.user_id)
        assert await work.configs.get(config.id) == replace(changed, revision=2)
        first = await work.configs.version(config.id, 1)
        second = await work.configs.version(config.id, 2)
        assert (first.name, first.incoming, first.created_at) == ("Work", config.incoming, NOON)
        assert (second.name, second.incoming, second.created_at) == ("Home", None, later)
        assert (second.created_by, second.verified) == (tenant.user_id, False)
        page = await work.configs.versions(config.id, PageRequest())
        assert page.rows == (second, first)
        with pytest.raises(NotFound):
            await work.configs.version(config.id, 3)


async def test_replace_refuses_a_stale_revision(database: Database, tenant: Tenant) -> None:
    """A change that is based on an older revision changes nothing."""
    config = await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.replace(replace(config, name="First"), 1, None)
    with pytest.raises(RevisionConflict) as refusal:
        async with database.work(tenant.workspace_id) as work:
            await work.configs.replace(replace(config, name="Second"), 1, None)
    assert refusal.value.current_id == config.id
    async with database.reading(tenant.workspace_id) as work:
        assert (await work.configs.get(config.id)).name == "First"
    with pytest.raises(NotFound):
        async with database.work(tenant.workspace_id) as work:
            await work.configs.replace(replace(config, id=new_id()), 1, None)


async def test_of_concurrent_changes_exactly_one_wins(database: Database, tenant: Tenant) -> None:
    """Eight changes of the same revision at once: one is stored, seven are refused."""
    config = await stored(database, tenant)

    async def change(name: str) -> str:
        async with database.work(tenant.workspace_id) as work:
            await work.configs.get(config.id)
            await work.configs.replace(replace(config, name=name), 1, None)
        return name

    names = [f"name {number}" for number in range(8)]
    outcomes = await asyncio.gather(*map(change, names), return_exceptions=True)
    winners = [outcome for outcome in outcomes if isinstance(outcome, str)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, RevisionConflict)]
    assert (len(winners), len(refused)) == (1, 7)
    async with database.reading(tenant.workspace_id) as work:
        now = await work.configs.get(config.id)
        assert (now.name, now.revision) == (winners[0], 2)
        assert len((await work.configs.versions(config.id, PageRequest())).rows) == 2


async def secrets_there(database: Database, tenant: Tenant, ids: list[UUID]) -> list[bool]:
    """Tell for each incoming secret whether it opens."""
    opened = []
    async with database.reading(tenant.workspace_id) as work:
        for id in ids:
            try:
                await work.secrets.open(id, "incoming")
            except SecretUnreadable:
                opened.append(False)
            else:
                opened.append(True)
    return opened


async def test_pruning_spares_what_is_still_referred_to(
    storage_settings: StorageSettings, keyring: Keyring
) -> None:
    """Versions beyond the limit go, with secrets that only they knew; the last good one stays."""
    database = Database.open(replace(storage_settings, versions_kept=2), keyring)
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        ids = [await work.secrets.add("incoming", password(f"p{n}")) for n in range(3)]
        config = make_config(tenant, incoming=imap(ids[0]))
        await work.configs.insert(config, None)
        assert await work.configs.set_test_result(config.id, 1, ConfigStatus.WORKING, new_id())
        for revision, secret in enumerate([ids[1], ids[2], ids[2], ids[2]], start=1):
            await work.configs.replace(replace(config, incoming=imap(secret)), revision, None)
        page = await work.configs.versions(config.id, PageRequest())
    assert [(row.revision, row.verified) for row in page.rows] == [
        (5, False),
        (4, False),
        (1, True),
    ]
    assert await secrets_there(database, tenant, ids) == [True, False, True]
    await database.close()


async def test_a_test_result_counts_for_its_revision_only(
    database: Database, tenant: Tenant
) -> None:
    """The result of a test of an older revision changes nothing."""
    config = await stored(database, tenant)
    test_id = new_id()
    async with database.work(tenant.workspace_id) as work:
        configs = work.configs
        assert await configs.set_test_result(config.id, 1, ConfigStatus.WORKING, test_id)
        assert not await configs.set_test_result(config.id, 2, ConfigStatus.FAILING, new_id())
        read = await configs.get(config.id)
        assert (read.status, read.last_test_id, read.revision) == (
            ConfigStatus.WORKING,
            test_id,
            1,
        )
        assert (await configs.version(config.id, 1)).verified is True


async def test_delete_leaves_nothing(database: Database, tenant: Tenant) -> None:
    """Versions, tests, files, data keys and secrets go with the configuration."""
    async with database.work(tenant.workspace_id) as work:
        old = await work.secrets.add("incoming", password("old"))
        new = await work.secrets.add("incoming", password("new"))
        kept = await work.secrets.add("incoming", password("kept"))
        key = await work.secrets.add_key("file", bytes(32))
        config = make_config(tenant, incoming=imap(old))
        other = make_config(tenant, incoming=imap(kept), email_address="b@example.com")
        await work.configs.insert(config, None)
        await work.configs.insert(other, None)
        await work.configs.replace(replace(config, incoming=imap(new)), 1, None)
        test, file = make_test(tenant, config.id), make_file(tenant, config.id)
        await work.probes.insert(test, "p", NOON)
        await work.files.insert(file, "blob-1", key)
    async with database.work(tenant.workspace_id) as work:
        assert await work.configs.delete(config.id) == ("blob-1",)
    async with database.reading(tenant.workspace_id) as work:
        with pytest.raises(NotFound):
            await work.configs.get(config.id)
        with pytest.raises(NotFound):
            await work.configs.version(config.id, 1)
        with pytest.raises(NotFound):
            await work.probes.get(test.id)
        with pytest.raises(NotFound):
            await work.files.get(file.id)
        with pytest.raises(SecretUnreadable):
            await work.secrets.open_key(key, "file")
        assert (await work.configs.get(other.id)).id == other.id
    assert await secrets_there(database, tenant, [old, new, kept]) == [False, False, True]
    with pytest.raises(NotFound):
        async with database.work(tenant.workspace_id) as work:
            await work.configs.delete(config.id)


@pytest.mark.parametrize("engine", ["sqlite"])  # PostgreSQL reuses the space by VACUUM
async def test_deleted_ciphertext_leaves_the_file(tmp_path: Path, database: Database) -> None:
    """On SQLite the bytes of a deleted secret are overwritten, not just unlinked."""
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        id = await work.secrets.add("incoming", password("gone"))
        row = await work.secrets._transaction.first(_ciphertext(id))
        assert row is not None
        await work.configs.insert(config := make_config(tenant, incoming=imap(id)), None)
    await database._engines.writing.dispose()
    assert _in_files(tmp_path, row.ciphertext)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.delete(config.id)
    await database.close()
    assert not _in_files(tmp_path, row.ciphertext)


def _ciphertext(id: UUID) -> Select[tuple[bytes]]:
    return select(secrets.c.ciphertext).where(secrets.c.id == id)


def _in_files(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.glob("mailconfig.db*"))


async def test_the_database_refuses_unknown_secrets(database: Database, tenant: Tenant) -> None:
    """A reference to a secret that is not there is our own fault, not the caller's."""
    with pytest.raises(Fault, match="refused a change"):
        await stored(database, tenant, incoming=imap(new_id()))
    async with database.reading(tenant.workspace_id) as work:
        assert await work.configs.count(ConfigFilter(), ALL) == 0


async def test_reading_cannot_write(database: Database, tenant: Tenant) -> None:
    """A write in a reading transaction is refused by the engine itself."""
    with pytest.raises(Fault):
        async with database.reading(tenant.workspace_id) as work:
            await work.configs.insert(make_config(tenant), None)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.configs.count(ConfigFilter(), ALL) == 0


async def test_filters_and_visibility(database: Database, tenant: Tenant) -> None:
    """Each condition selects exactly the rows that fit it."""
    async with database.identity() as identity:
        someone = (await identity.create_user("someone@example.com", "hash")).id
    mine = await stored(database, tenant, name="100% Ada_X", email_address="a@example.com")
    shared = await stored(
        database,
        tenant,
        owner_id=None,
        name="Straße",
        email_address="info@example.com",
        provider_id="gmx",
        external_id="crm-1",
        status=ConfigStatus.WORKING,
        updated_at=NOON + timedelta(hours=1),
    )
    theirs = await stored(
        database,
        tenant,
        owner_id=someone,
        name="Theirs",
        email_address="z@example.com",
        provider_id=None,
        enabled=False,
        status=ConfigStatus.FAILING,
        incoming=None,
        updated_at=NOON + timedelta(hours=2),
    )
    names = {mine.id: "mine", shared.id: "shared", theirs.id: "theirs"}

    async def found(visibility: Visibility = ALL, **conditions: object) -> set[str]:
        wanted = ConfigFilter(**conditions)
        async with database.reading(tenant.workspace_id) as work:
            page = await work.configs.page(
                wanted,
                visibility,
                ConfigOrderField.NAME,
                OrderDirection.ASC,
                PageRequest(),
            )
            assert await work.configs.count(wanted, visibility) == len(page.rows)
        return {names[row.id] for row in page.rows}

    assert await found() == {"mine", "shared", "theirs"}
    assert await found(Visibility(everything=False)) == {"shared"}
    assert await found(Visibility(everything=False, owner_id=someone)) == {"shared", "theirs"}
    assert await found(search="STRASSE") == set()
    assert await found(search="STRAßE") == {"shared"}
    assert await found(search="0% a") == {"mine"}
    assert await found(search="%") == {"mine"}
    assert await found(search="a_x") == {"mine"}
    assert await found(search="Z@EXAMPLE") == {"theirs"}
    assert await found(search="\\") == set()
    assert await found(provider_ids=("gmail", "gmx")) == {"mine", "shared"}
    assert await found(statuses=(ConfigStatus.FAILING,)) == {"theirs"}
    assert await found(security=(TransportSecurity.TLS,)) == {"mine", "shared"}
    assert await found(security=(TransportSecurity.STARTTLS,)) == {"mine", "shared", "theirs"}
    assert await found(enabled=True) == {"mine", "shared"}
    assert await found(enabled=False) == {"theirs"}
    assert await found(external_id="crm-1") == {"shared"}
    assert await found(shared=True) == {"shared"}
    assert await found(shared=False) == {"mine", "theirs"}
    assert await found(updated_from=shared.updated_at) == {"shared", "theirs"}
    assert await found(updated_before=shared.updated_at) == {"mine"}
    assert await found(statuses=(ConfigStatus.FAILING,), enabled=True) == set()
