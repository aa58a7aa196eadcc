"""Puts the rows of a database back as they were, under a server that goes on running.

    home = await all_rows(url)
    ...
    await rewind(url, home, await all_rows(url))

Must not know what a table is for; values go back as the driver gave them. Whatever the server
remembers of the rows in between is the caller's business. All rows that go are gone before the
first one comes back, parents too: SQLite lets the trail go only where its workspace is not.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kit.rowdump import Rows
from mailconfig.storage.settings import StorageSettings, database_url
from mailconfig.storage.tables import audit_events, metadata, workspaces


def changed(before: Rows, after: Rows) -> list[str]:
    """Return the tables whose rows are others."""
    return [name for name in before if before[name] != after[name]]


async def rewind(url: str, home: Rows, now: Rows) -> None:
    """Make the tables that are other than at home what they were."""
    names = changed(home, now)
    if not names:
        return
    if audit_events.name in names:
        names = [workspaces.name, *(name for name in names if name != workspaces.name)]
    engine = create_async_engine(database_url(StorageSettings(url)), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Without foreign keys, which SQLite does not look at unless it is told to.
                await connection.execute(text("SET session_replication_role = replica"))
            for name in names:
                await connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608
            for name in names:
                if rows := home[name]:
                    columns = list(metadata.tables[name].columns.keys())
                    into, values = ", ".join(columns), ", ".join(f":{it}" for it in columns)
                    insert = f"INSERT INTO {name} ({into}) VALUES ({values})"  # noqa: S608
                    await connection.execute(text(insert), [dict(row) for row in rows])
    finally:
        await engine.dispose()
