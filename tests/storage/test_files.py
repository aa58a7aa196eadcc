"""Files: round trip, attaching, removal, expiry."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.records import NOON, Tenant, make_config, make_file, make_tenant
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.errors import Fault, NotFound, SecretUnreadable
from mailconfig.domain.files import StoredFile
from mailconfig.domain.ids import new_id
from mailconfig.storage.database import Database


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace with an owner."""
    return await make_tenant(database, "acme")


async def stored(database: Database, tenant: Tenant, **changes: object) -> StoredFile:
    """Insert a file with a data key; its blob is named after its id."""
    file = make_file(tenant, **changes)
    async with database.work(tenant.workspace_id) as work:
        key = await work.secrets.add_key("file", bytes(32))
        await work.files.insert(file, str(file.id), key)
    return file


async def with_configs(database: Database, tenant: Tenant, count: int) -> list[EmailConfig]:
    """Insert configurations."""
    configs = [make_config(tenant, email_address=f"{n}@example.com") for n in range(count)]
    async with database.work(tenant.workspace_id) as work:
        for config in configs:
            await work.configs.insert(config, None)
    return configs


async def test_round_trip(database: Database, tenant: Tenant) -> None:
    """What is inserted is read back; blob and key are found by id."""
    file = await stored(database, tenant)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.files.get(file.id) == file
        blob, secret_id = await work.files.blob(file.id)
        assert blob == str(file.id)
        assert await work.secrets.open_key(secret_id, "file") == bytes(32)
        with pytest.raises(NotFound):
            await work.files.get(new_id())
        with pytest.raises(NotFound):
            await work.files.blob(new_id())


async def test_files_are_attached_to_one_configuration(database: Database, tenant: Tenant) -> None:
    """Free files and own ones are taken; another configuration's are not found, none is taken."""
    first, second = await with_configs(database, tenant, 2)
    one, two = await stored(database, tenant), await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        await work.files.attach([one.id, one.id], first.id)
        await work.files.attach([one.id], first.id)
        await work.files.attach([], first.id)
    for wanted in ([two.id, one.id], [two.id, new_id()]):
        with pytest.raises(NotFound):
            async with database.work(tenant.workspace_id) as work:
                await work.files.attach(wanted, second.id)
    with pytest.raises(Fault):
        async with database.work(tenant.workspace_id) as work:
            await work.files.attach([two.id], new_id())
    async with database.reading(tenant.workspace_id) as work:
        assert await work.files.get(two.id) == two
        assert await work.files.of_config(first.id) == (replace(one, config_id=first.id),)
        assert await work.files.count(first.id) == 1
        assert await work.files.count(second.id) == 0


async def test_files_of_several_configurations(database: Database, tenant: Tenant) -> None:
    """One statement finds the files of each, oldest first."""
    first, second, third = await with_configs(database, tenant, 3)
    late = await stored(
        database, tenant, config_id=first.id, created_at=NOON + timedelta(microseconds=1)
    )
    early = await stored(database, tenant, config_id=first.id)
    other = await stored(database, tenant, config_id=second.id)
    async with database.reading(tenant.workspace_id) as work:
        assert await work.files.of_configs([first.id, second.id, third.id]) == {
            first.id: (early, late),
            second.id: (other,),
            third.id: (),
        }


async def test_delete_takes_the_data_key_along(database: Database, tenant: Tenant) -> None:
    """Without row and key the blob is worthless even if it stays behind."""
    file = await stored(database, tenant)
    async with database.work(tenant.workspace_id) as work:
        _, key = await work.files.blob(file.id)
        assert await work.files.delete(file.id) == str(file.id)
        with pytest.raises(NotFound):
            await work.files.get(file.id)
        with pytest.raises(SecretUnreadable):
            await work.secrets.open_key(key, "file")
        with pytest.raises(NotFound):
            await work.files.delete(file.id)


async def test_unattached_files_expire(database: Database, tenant: Tenant) -> None:
    """Only old files that nothing refers to expire, and not those attached in the meantime."""
    (config,) = await with_configs(database, tenant, 1)
    oldest = await stored(database, tenant, created_at=NOON - timedelta(hours=2))
    old = await stored(database, tenant, created_at=NOON - timedelta(hours=1))
    await stored(database, tenant, config_id=config.id, created_at=NOON - timedelta(hours=3))
    await stored(database, tenant)
    expected = [(tenant.workspace_id, file.id, str(file.id)) for file in (oldest, old)]
    async with database.system() as system:
        assert await system.expired_files(NOON, 10) == expected
        assert await system.expired_files(NOON, 1) == expected[:1]
    async with database.work(tenant.workspace_id) as work:
        _, key = await work.files.blob(oldest.id)
        await work.files.attach([old.id], config.id)
    async with database.system() as system:
        assert await system.delete_files([oldest.id, old.id]) == (str(oldest.id),)
        assert await system.expired_files(NOON, 10) == []
    async with database.reading(tenant.workspace_id) as work:
        assert (await work.files.get(old.id)).config_id == config.id
        with pytest.raises(SecretUnreadable):
            await work.secrets.open_key(key, "file")
