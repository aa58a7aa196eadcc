"""The database keeps the trail: whoever has a connection may add events, and no more than that."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from kit.records import NOON
from kit.rowdump import Rows, all_rows
from mailconfig.domain.errors import Fault
from mailconfig.domain.identity import Role
from mailconfig.domain.ids import new_id
from mailconfig.storage import backup, migration
from mailconfig.storage.audit import event_row
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.erasure import OWNED
from mailconfig.storage.migration import migrate
from mailconfig.storage.settings import database_url as url_of
from mailconfig.storage.tables import audit_events, memberships, metadata, users, workspaces
from mailconfig.storage.tables.audit import KEEPERS

ROWS: Final = 3
OWNED_ROWS: Final = [table.name for table in OWNED if table is not audit_events]
SAID: Final = "events of the trail are only added"


@dataclass(frozen=True)
class World:
    """A workspace with a few members, each of whom has done one thing."""

    workspace_id: UUID = field(default_factory=new_id)
    users: tuple[UUID, ...] = field(default_factory=lambda: tuple(new_id() for _ in range(ROWS)))
    events: tuple[UUID, ...] = field(default_factory=lambda: tuple(new_id() for _ in range(ROWS)))

    async def insert(self, url: str) -> None:
        """Store all of it."""
        name, place = self.workspace_id.hex, {"workspace_id": self.workspace_id}
        made = {"created_at": NOON}
        people = [
            {"id": id, "email": id.hex, "email_key": id.hex, "password_hash": ""} | made
            for id in self.users
        ]
        members = [{"user_id": id, "role": Role.OWNER.value} | place | made for id in self.users]
        events = [
            event_row(user, "config.read", "config", new_id(), {"a": 1}) | {"id": id} | place | made
            for id, user in zip(self.events, self.users, strict=True)
        ]
        engine = create_async_engine(url_of(StorageSettings(url)), poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.execute(insert(users), people)
            workspace = {"id": self.workspace_id, "slug": name, "name": name} | made
            await connection.execute(insert(workspaces), [workspace])
            await connection.execute(insert(memberships), members)
            await connection.execute(insert(audit_events), events)
        await engine.dispose()


@dataclass
class Trail:
    """Two workspaces with events."""

    engine: AsyncEngine
    url: str
    going: World
    staying: World

    async def run(self, *statements: str, **values: object) -> None:
        """Carry statements out in one transaction."""
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement), values)

    async def refused(self, *statements: str, **values: object) -> None:
        """Carry statements out, which the database refuses by the rule of the trail."""
        with pytest.raises(IntegrityError, match=SAID):
            await self.run(*statements, **values)

    def plain(self, id: UUID) -> object:
        """Return an id as the engine keeps it."""
        return id.hex if self.engine.dialect.name == "sqlite" else id

    async def rows(self) -> Rows:
        """Return all rows."""
        return await all_rows(self.url)


@pytest.fixture
async def trail(database: Database, database_url: str) -> Trail:
    """A database with two workspaces, each with members, events and all else."""
    going, staying = World(), World()
    for world in (going, staying):
        await world.insert(database_url)
    return Trail(database._engines.writing, database_url, going, staying)


COLUMNS: Final = {
    "id": "'00000000000000000000000000000000'",
    "workspace_id": "(SELECT MAX(CAST(id AS VARCHAR)) FROM workspaces)",
    "actor_id": "NULL",  # whose user is still there
    "action": "'config.read'",
    "object_type": "'nothing'",
    "object_id": "NULL",
    "details": "'{}'",
    "request_id": "'-'",
    "created_at": "'2020-01-01 00:00:00'",
}
"""A value for each column; other ids are cast on PostgreSQL."""


def test_no_column_is_left_out() -> None:
    """A new column needs a row above, and one in the trigger of SQLite that the row then tries."""
    assert COLUMNS.keys() == set(audit_events.c.keys())


@pytest.mark.parametrize("column", sorted(COLUMNS))
async def test_no_column_of_an_event_is_changed(trail: Trail, column: str) -> None:
    """Whichever column is written, also as it was: the row stays as it is."""
    before = await trail.rows()
    cast = "::uuid" if column in {"id", "workspace_id"} else "::timestamptz"
    needed = trail.engine.dialect.name == "postgresql" and column in {
        "id",
        "workspace_id",
        "created_at",
    }
    value = COLUMNS[column] + (cast if needed else "")
    statement = f"UPDATE audit_events SET {column} = {value}".replace("::", r"\:\:")  # noqa: S608
    await trail.refused(statement)
    await trail.refused(f"UPDATE audit_events SET {column} = {column}")  # noqa: S608
    assert await trail.rows() == before


WAYS: Final = (
    "DELETE FROM audit_events",
    "DELETE FROM audit_events WHERE workspace_id = :mine",
    "DELETE FROM audit_events WHERE id = :event",
)


@pytest.mark.parametrize("way", WAYS)
async def test_no_event_is_removed(trail: Trail, way: str) -> None:
    """All of them, those of a workspace, one: they stay."""
    before = await trail.rows()
    mine, event = trail.going.workspace_id, trail.going.events[0]
    values = {"mine": trail.plain(mine), "event": trail.plain(event)}
    await trail.refused(way, **{name: it for name, it in values.items() if f":{name}" in way})
    assert await trail.rows() == before


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("table", ["audit_events", "workspaces", "users"])
async def test_nothing_is_truncated(trail: Trail, table: str) -> None:
    """TRUNCATE asks no trigger about rows, so it is refused itself, also by way of a parent."""
    before = await trail.rows()
    await trail.refused(f"TRUNCATE {table} CASCADE")
    assert await trail.rows() == before


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_temporary_table_stands_before_nothing(trail: Trail) -> None:
    """Empty tables of the same names, or another path, do not make the trigger look elsewhere."""
    before = await trail.rows()
    for shadow, way in (
        ("workspaces", "DELETE FROM audit_events"),
        ("users", "UPDATE audit_events SET actor_id = NULL"),
    ):
        await trail.refused(f"CREATE TEMP TABLE {shadow} (id uuid) ON COMMIT DROP", way)
    await trail.refused(
        "CREATE SCHEMA decoy",
        "CREATE TABLE decoy.workspaces (id uuid)",
        "SET LOCAL search_path = decoy, public",
        "DELETE FROM public.audit_events",
    )
    assert await trail.rows() == before


REST: Final = "workspace_id, action, object_type, details, request_id, created_at"
OTHER_ID: Final = (
    f"INSERT OR REPLACE INTO audit_events (rowid, id, {REST})"  # noqa: S608
    f" SELECT rowid, 'x', {REST} FROM audit_events LIMIT 1"
)
CHANGE_IN_PLACE: Final = (
    "INSERT INTO audit_events SELECT * FROM audit_events WHERE true"
    " ON CONFLICT (id) DO UPDATE SET details = '{}'"
)


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("recursive", [0, 1])
@pytest.mark.parametrize(
    "way",
    [
        # the same id
        "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events LIMIT 1",
        "REPLACE INTO audit_events SELECT * FROM audit_events LIMIT 1",
        # another id in the place of an event
        OTHER_ID,
        # changing in place of adding
        CHANGE_IN_PLACE,
        # moving one event onto another
        "UPDATE OR REPLACE audit_events SET rowid = 1 WHERE rowid = 2",
        "UPDATE OR REPLACE audit_events SET id = (SELECT id FROM audit_events LIMIT 1)",
        "UPDATE OR IGNORE audit_events SET details = '{}'",
    ],
)
async def test_no_event_is_replaced(trail: Trail, way: str, recursive: int) -> None:
    """REPLACE removes rows on the quiet; none of its forms does, with and without recursion."""
    before = await trail.rows()
    async with trail.engine.connect() as connection:
        await connection.exec_driver_sql(f"PRAGMA recursive_triggers={recursive}")
        with pytest.raises(IntegrityError, match=SAID):
            await connection.execute(text(way))
        await connection.rollback()
        await connection.exec_driver_sql("PRAGMA recursive_triggers=0")
    assert await trail.rows() == before


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_changing_in_place_of_adding(trail: Trail) -> None:
    """INSERT ... ON CONFLICT DO UPDATE is a change, and refused."""
    before = await trail.rows()
    await trail.refused(CHANGE_IN_PLACE)
    assert await trail.rows() == before


async def erase(database: Database, workspace_id: UUID) -> None:
    """Erase a workspace that has no files, as services.erasure does it."""
    async with database.erasure(workspace_id) as erasure:
        assert await erasure.finish()


async def test_the_trail_goes_with_its_workspace(database: Database, trail: Trail) -> None:
    """Erasing removes one workspace's events and no other's; then nothing is open any more."""
    before = await trail.rows()
    await erase(database, trail.going.workspace_id)
    after = await trail.rows()
    assert len(before["audit_events"]) == 2 * ROWS
    assert {UUID(str(row["id"])) for row in after["audit_events"]} == set(trail.staying.events)
    await trail.refused("DELETE FROM audit_events")
    await trail.refused("UPDATE audit_events SET actor_id = NULL")
    assert await trail.rows() == after


async def test_no_other_trail_goes_in_an_erasure(database: Database, trail: Trail) -> None:
    """Inside of the last transaction of an erasure the events of others cannot be removed."""
    before = await trail.rows()
    theirs = text("DELETE FROM audit_events WHERE workspace_id = :others").bindparams(
        others=trail.plain(trail.staying.workspace_id)
    )

    async def reach_out() -> None:
        async with database.erasure(trail.going.workspace_id) as erasure:
            assert await erasure.finish()
            await erasure._transaction.run(theirs)

    with pytest.raises(Fault):
        await reach_out()
    assert await trail.rows() == before


async def test_an_erasure_keeps_the_trail_until_its_end(database: Database, trail: Trail) -> None:
    """Emptying tables before the end leaves the events; an interrupted erasure has them all."""
    async with database.erasure(trail.going.workspace_id) as erasure:
        assert await erasure.drain(audit_events, 100) == 0
    assert len((await trail.rows())["audit_events"]) == 2 * ROWS


async def test_the_actor_is_forgotten_with_the_user(database: Database, trail: Trail) -> None:
    """A user who goes leaves events without an actor and else as they were; others keep theirs."""
    before = {row["id"]: row for row in (await trail.rows())["audit_events"]}
    async with database.identity() as identity:
        await identity.erase(trail.going.users[0])
    after = {row["id"]: row for row in (await trail.rows())["audit_events"]}
    changed = [id for id, row in after.items() if row != before[id]]
    assert [UUID(str(id)) for id in changed] == [trail.going.events[0]]
    assert after[changed[0]] == before[changed[0]] | {"actor_id": None}
    assert len(after) == 2 * ROWS


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_role_that_owns_nothing(trail: Trail) -> None:
    """A role that may read and write rows erases with them, and cannot take the triggers away."""
    role = f"writer_{trail.going.workspace_id.hex}"
    before = await trail.rows()
    tables = ", ".join(metadata.tables)
    await trail.run(f"CREATE ROLE {role}", f"GRANT SELECT, DELETE, UPDATE ON {tables} TO {role}")
    try:
        as_role = f"SET LOCAL ROLE {role}"
        for way in (
            "ALTER TABLE audit_events DISABLE TRIGGER ALL",
            "DROP TRIGGER tr_audit_events_change ON audit_events",
            "SET LOCAL session_replication_role = replica",
            "TRUNCATE audit_events",
        ):
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                await trail.run(as_role, way)
        await trail.refused(as_role, "DELETE FROM audit_events")
        assert await trail.rows() == before
        mine = {"mine": trail.going.workspace_id}
        owned = [f"DELETE FROM {table} WHERE workspace_id = :mine" for table in OWNED_ROWS]  # noqa: S608
        for statement in owned:
            await trail.run(as_role, statement, **mine)
        await trail.run(as_role, "DELETE FROM workspaces WHERE id = :mine", **mine)
        assert len((await trail.rows())["audit_events"]) == ROWS
    finally:
        await trail.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_workspaces_are_erased_side_by_side(database: Database, trail: Trail) -> None:
    """Two erasures at once end both, with all their events."""
    async with asyncio.TaskGroup() as group:
        for world in (trail.going, trail.staying):
            group.create_task(erase(database, world.workspace_id))
    after = await trail.rows()
    assert (after["workspaces"], after["audit_events"]) == ([], [])


async def test_a_backup_takes_the_place_of_the_trail(
    database: Database, trail: Trail, storage_settings: StorageSettings
) -> None:
    """Restoring puts its own events in the place of those that were there."""
    lines: dict[str, list[bytes]] = {name: [] for name in backup.TABLES}
    async with backup.snapshot(storage_settings) as rows:
        for name in backup.TABLES:
            async for _, some in rows.lines(name):
                lines[name] += some.splitlines(keepends=True)
    before = await trail.rows()
    await erase(database, trail.going.workspace_id)
    await World().insert(trail.url)
    assert await trail.rows() != before
    counts = await backup.replace_rows(storage_settings, lines.__getitem__)
    assert counts["audit_events"] == 2 * ROWS
    assert await trail.rows() == before


def laid(connection: Connection) -> dict[str, str]:
    """Return what the database says of each trigger and function of the trail."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'trigger' AND tbl_name = 'audit_events'"
        )
    else:
        found = connection.exec_driver_sql(
            "SELECT tgname, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid = 'audit_events'::regclass UNION ALL"
            " SELECT proname, pg_get_functiondef(oid) FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace AND proname = 'keep_audit_events'"
        )
    return {str(name): str(sql) for name, sql in found}


async def within(url: str, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - of the work
    """Do work on a connection."""
    return await asyncio.to_thread(migration._on_connection, url_of(StorageSettings(url)), work)


async def test_models_lay_the_same_triggers(database_url: str, engine: str) -> None:
    """Where the models make the tables the triggers are those of the migrations, to the letter."""
    migrated = await within(database_url, laid)
    functions = {"keep_audit_events"} if engine == "postgresql" else set()
    assert migrated.keys() == KEEPERS[engine] | functions

    def rebuilt(connection: Connection) -> dict[str, str]:
        existing = MetaData()
        existing.reflect(connection)
        existing.drop_all(connection)
        if engine == "postgresql":
            connection.exec_driver_sql("DROP FUNCTION keep_audit_events()")
        metadata.create_all(connection)
        return laid(connection)

    assert await within(database_url, rebuilt) == migrated


def revise(direction: Callable[..., None], revision: str) -> Callable[[Connection], None]:
    """Return what migrates up or down."""

    def work(connection: Connection) -> None:
        config = migration._config()
        config.attributes["connection"] = connection
        direction(config, revision)

    return work


async def test_events_of_before_are_kept(empty_url: str) -> None:
    """A database with events is brought to the triggers and back; the rows are as they were."""
    await within(empty_url, revise(command.upgrade, "0003"))
    assert await within(empty_url, laid) == {}
    await World().insert(empty_url)
    before = await within(empty_url, events)
    assert len(before) == ROWS
    await within(empty_url, revise(command.upgrade, "0004"))
    assert await within(empty_url, events) == before
    with pytest.raises(Fault):
        await within(empty_url, wipe)
    assert await within(empty_url, events) == before
    await within(empty_url, revise(command.downgrade, "0003"))
    assert await within(empty_url, laid) == {}
    assert await within(empty_url, events) == before
    await within(empty_url, wipe)
    assert await within(empty_url, events) == []
    await migrate(StorageSettings(empty_url))


def events(connection: Connection) -> list[tuple[object, ...]]:
    """Return all events as they are stored."""
    found = connection.exec_driver_sql("SELECT * FROM audit_events ORDER BY id")
    return [tuple(row) for row in found]


def wipe(connection: Connection) -> None:
    """Remove all events, or try to."""
    connection.exec_driver_sql("DELETE FROM audit_events")
