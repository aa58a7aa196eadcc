"""Sender identities: round trip, one default, images of the same configuration."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from kit.records import NOON, Tenant, make_config, make_file, make_sender, make_tenant
from mailconfig.domain.errors import Fault, NotFound
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database
from mailconfig.storage.tables import sender_identities


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def config_of(database: Database, tenant: Tenant, address: str = "a@example.com") -> UUID:
    """Insert a configuration."""
    config = make_config(tenant, email_address=address)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, None)
    return config.id


async def image_of(database: Database, tenant: Tenant, **changes: object) -> StoredFile:
    """Insert a file with a data key."""
    file = make_file(tenant, **changes)
    async with database.work(tenant.workspace_id) as work:
        key = await work.secrets.add_key("file", bytes(32))
        await work.files.insert(file, str(file.id), key)
    return file


async def test_round_trip(database: Database, tenant: Tenant) -> None:
    """What is stored is read back, alone and in the list of its configuration, oldest first."""
    config_id, other_id = [await config_of(database, tenant, f"{n}@example.com") for n in "ab"]
    image = await image_of(database, tenant, config_id=config_id)
    first = make_sender(
        config_id,
        name="Grüße",
        reply_to="answers@example.org",
        signature_text="Ann\nSales",
        signature_html='<b>Ann</b> <img src="cid:signature">',
        signature_image_id=image.id,
    )
    second = make_sender(config_id, name=None, created_at=NOON + timedelta(seconds=1))
    async with database.work(tenant.workspace_id) as work:
        assert await work.senders.lock(config_id) == 0
        await work.senders.add(second)
        await work.senders.add(first)
        assert await work.senders.lock(config_id) == 2
        assert await work.senders.get(first.id) == first
        found = await work.senders.of_configs([config_id, other_id])
        assert found == {config_id: (first, second), other_id: ()}
        await work.senders.remove(first.id)
        assert await work.senders.of_configs([config_id]) == {config_id: (second,)}
        for call in (work.senders.get, work.senders.remove):
            with pytest.raises(NotFound):
                await call(first.id)
        with pytest.raises(NotFound):
            await work.senders.lock(new_id())


async def test_an_update_replaces_all_but_the_configuration(
    database: Database, tenant: Tenant
) -> None:
    """Every field is stored anew; an identity stays with its configuration."""
    config_id, other_id = [await config_of(database, tenant, f"{n}@example.com") for n in "ab"]
    before = make_sender(config_id)
    after = replace(
        before,
        address="help@example.com",
        name=None,
        reply_to="r@example.com",
        signature_text="t",
        signature_html="h",
        is_default=True,
        updated_at=NOON + timedelta(seconds=5),
    )
    async with database.work(tenant.workspace_id) as work:
        await work.senders.add(before)
        await work.senders.update(after)
        assert await work.senders.get(before.id) == after
        for wrong in (replace(after, config_id=other_id), replace(after, id=new_id())):
            with pytest.raises(NotFound):
                await work.senders.update(replace(wrong, is_default=False))
        assert await work.senders.get(before.id) == after


async def test_at_most_one_is_the_default(database: Database, tenant: Tenant) -> None:
    """A new default, added or updated, takes the place of the former one; others keep theirs."""
    config_id, other_id = [await config_of(database, tenant, f"{n}@example.com") for n in "ab"]
    later = NOON + timedelta(seconds=7)
    first = make_sender(config_id, is_default=True)
    second = make_sender(config_id, is_default=True, updated_at=later)
    other = make_sender(other_id, is_default=True)
    async with database.work(tenant.workspace_id) as work:
        assert await work.senders.default_of(config_id) is None
        for identity in (other, first):
            await work.senders.add(identity)
            assert await work.senders.default_of(identity.config_id) == identity
        await work.senders.add(second)
        assert await work.senders.default_of(config_id) == second
        stored = await work.senders.get(first.id)
        assert stored == replace(first, is_default=False, updated_at=later)
        await work.senders.update(replace(stored, is_default=True))
        assert await work.senders.default_of(config_id) == replace(first, updated_at=later)
        assert (await work.senders.get(second.id)).is_default is False
        await work.senders.update(first)
        await work.senders.remove(first.id)
        assert await work.senders.default_of(config_id) is None
        assert await work.senders.default_of(other_id) == other


async def test_the_database_itself_keeps_to_one_default(database: Database, tenant: Tenant) -> None:
    """Two defaults of one configuration are refused whatever the statements were."""
    config_id = await config_of(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        for is_default in (True, False):
            await work.senders.add(make_sender(config_id, is_default=is_default))
        everyone = update(sender_identities).values(is_default=True)
        with pytest.raises(Fault):
            await work.senders._transaction.run(everyone)


async def test_the_image_is_one_of_the_same_configuration(
    database: Database, tenant: Tenant
) -> None:
    """Of another configuration, of another workspace, unattached, of another kind: not found."""
    stranger = await make_tenant(database, "other")
    config_id, other_id = [await config_of(database, tenant, f"{n}@example.com") for n in "ab"]
    theirs = await config_of(database, stranger)
    wrong = [
        await image_of(database, tenant, config_id=other_id),
        await image_of(database, stranger, config_id=theirs),
        await image_of(database, tenant),
        await image_of(database, tenant, config_id=config_id, kind=FileKind.ATTACHMENT),
        make_file(tenant, config_id),
    ]
    plain = make_sender(config_id)
    async with database.work(tenant.workspace_id) as work:
        await work.senders.add(plain)
        for file in wrong:
            with pytest.raises(NotFound):
                await work.senders.add(make_sender(config_id, signature_image_id=file.id))
            with pytest.raises(NotFound):
                await work.senders.update(replace(plain, signature_image_id=file.id))
        assert await work.senders.of_configs([config_id]) == {config_id: (plain,)}


async def test_a_deleted_file_is_no_image_any_more(database: Database, tenant: Tenant) -> None:
    """The identity stays, without its image; one with another image keeps it."""
    config_id = await config_of(database, tenant)
    gone, kept = [await image_of(database, tenant, config_id=config_id) for _ in range(2)]
    first = make_sender(config_id, signature_image_id=gone.id)
    second = make_sender(config_id, signature_image_id=kept.id)
    async with database.work(tenant.workspace_id) as work:
        await work.senders.add(first)
        await work.senders.add(second)
        await work.files.delete(gone.id)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.senders.get(first.id) == replace(first, signature_image_id=None)
        assert await work.senders.get(second.id) == second


async def test_identities_go_with_their_configuration(database: Database, tenant: Tenant) -> None:
    """With all of it, images as well; those of another configuration stay."""
    config_id, other_id = [await config_of(database, tenant, f"{n}@example.com") for n in "ab"]
    image = await image_of(database, tenant, config_id=config_id)
    mine = make_sender(config_id, signature_image_id=image.id)
    other = make_sender(other_id)
    async with database.work(tenant.workspace_id) as work:
        await work.senders.add(mine)
        await work.senders.add(other)
        assert await work.configs.delete(config_id) == (str(image.id),)
    async with database.reading(tenant.workspace_id) as work:
        with pytest.raises(NotFound):
            await work.senders.get(mine.id)
        assert await work.senders.get(other.id) == other
