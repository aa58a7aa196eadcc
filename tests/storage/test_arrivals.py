"""New configurations arrive whole or not at all, by one statement where the database can."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from kit.records import NOON, Tenant, imap, make_config, make_tenant, password, smtp
from mailconfig.domain.configs import EmailConfig
from mailconfig.domain.errors import Duplicate, IdempotencyConflict, MailconfigError
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.request import request_id
from mailconfig.storage.arrivals import Arrival
from mailconfig.storage.database import Database
from mailconfig.storage.tables import metadata

TABLES = ("secrets", "configs", "config_versions", "audit_events", "idempotency_keys")


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A workspace."""
    return await make_tenant(database, "acme")


async def arrival(
    database: Database, tenant: Tenant, secrets: int = 2, key: str | None = "key", **changes: object
) -> Arrival:
    """Return what is to be stored of a configuration with that many secrets."""
    batch = database.secrets(tenant.workspace_id)
    ids = [
        await batch.add(purpose, password(f"secret of {purpose}"))
        for purpose in ("incoming", "outgoing")[:secrets]
    ]
    servers = {"incoming": imap(*ids[:1]), "outgoing": smtp(*ids[1:])}
    config = make_config(tenant, **servers | changes)
    return Arrival(config, batch.rows, tenant.user_id, {"shared": False}, key, "digest")


async def counted(database: Database) -> dict[str, int]:
    """Count the rows of all tables that an arrival touches."""
    async with database._engines.reading.connect() as connection:
        return {
            name: len((await connection.execute(select(metadata.tables[name]))).all())
            for name in TABLES
        }


async def stored(database: Database, tenant: Tenant, config: EmailConfig) -> EmailConfig:
    """Read a configuration back."""
    async with database.reading(tenant.workspace_id) as work:
        return await work.configs.get(config.id)


@pytest.mark.parametrize("secrets", [0, 1, 2])
@pytest.mark.parametrize("key", [None, "key"])
async def test_all_of_it_is_stored(
    database: Database, tenant: Tenant, secrets: int, key: str | None
) -> None:
    """Configuration, version, secrets, event and key are what was given."""
    token = request_id.set("request-7")
    made = await arrival(database, tenant, secrets, key)
    await database.arrive(tenant.workspace_id, made)
    request_id.reset(token)
    found = await stored(database, tenant, made.config)
    assert replace(found, incoming=None, outgoing=None) == replace(
        made.config, incoming=None, outgoing=None
    )
    assert found.incoming is not None
    assert made.config.incoming is not None
    assert found.incoming.settings == made.config.incoming.settings
    async with database.reading(tenant.workspace_id) as work:
        version = await work.configs.version(made.config.id, 1)
        assert (version.incoming, version.outgoing) == (found.incoming, found.outgoing)
        assert (version.name, version.created_at) == (made.config.name, NOON)
        assert (version.created_by, version.verified) == (tenant.user_id, False)
        (event,) = (await work.audit.page(PageRequest())).rows
        assert (event.action, event.object_id) == ("config.submit", made.config.id)
        assert (event.details, event.request_id) == ({"shared": False}, "request-7")
        kept = await work.idempotency.find(tenant.user_id, "submit", "key")
        assert kept == (None if key is None else ("digest", made.config.id))
        for side in ("incoming", "outgoing")[:secrets]:
            server = getattr(found, side)
            opened = await work.secrets.open(server.secret_id, side)
            assert opened.value.reveal() == f"secret of {side}"
    assert (await counted(database))["secrets"] == secrets


@pytest.mark.parametrize(
    ("again", "error"),
    [
        pytest.param({"key": "other"}, Duplicate, id="address"),
        pytest.param(
            {"key": "other", "email_address": "b@example.com", "external_id": "crm-1"},
            Duplicate,
            id="external id",
        ),
        pytest.param({"email_address": "b@example.com"}, IdempotencyConflict, id="key"),
    ],
)
async def test_nothing_of_a_refused_one_is_stored(
    database: Database, tenant: Tenant, again: dict[str, object], error: type[MailconfigError]
) -> None:
    """What the constraints refuse leaves no secret, version, event or key behind."""
    first = await arrival(database, tenant, external_id="crm-1")
    await database.arrive(tenant.workspace_id, first)
    before = await counted(database)
    second = await arrival(database, tenant, **again)  # type: ignore[arg-type] # any of them
    with pytest.raises(error):
        await database.arrive(tenant.workspace_id, second)
    assert await counted(database) == before
    third = await arrival(database, tenant, key="third", email_address="c@example.com")
    await database.arrive(tenant.workspace_id, third)


async def test_a_secret_of_another_workspace_is_refused(database: Database, tenant: Tenant) -> None:
    """References are checked within the workspace, in the one statement as well."""
    other = await make_tenant(database, "other")
    foreign = await arrival(database, other, secrets=1)
    await database.arrive(other.workspace_id, foreign)
    before = await counted(database)
    stolen = make_config(tenant, incoming=foreign.config.incoming, outgoing=None)
    with pytest.raises(MailconfigError):
        await database.arrive(tenant.workspace_id, Arrival(stolen, [], tenant.user_id, {}))
    assert await counted(database) == before


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_it_is_one_statement(database: Database, tenant: Tenant) -> None:
    """PostgreSQL is asked once: no BEGIN, no look-up, no COMMIT."""
    single = database._engines.single
    assert single is not None
    ran = []
    run = single.run

    async def noted(prepared, values):  # noqa: ANN001, ANN202 - as the method it stands for
        ran.append(prepared.text)
        await run(prepared, values)

    single.run = noted  # type: ignore[method-assign]
    for _ in range(3):
        address = f"{new_id()}@example.com"
        made = await arrival(database, tenant, key=address, email_address=address)
        await database.arrive(tenant.workspace_id, made)
    assert len(ran) == 3
    assert len(set(ran)) == 1
    assert ran[0].count("INSERT INTO") == 6
