"""Every row of a database as the driver gives it: to compare before with after, and to search.

    before = await all_rows(settings.effective_database_url)

Must not know what a table is for: a new table is in the dump without a change here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mailconfig.storage.settings import StorageSettings, database_url
from mailconfig.storage.tables import metadata

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Table -> rows, in an order that depends on their values only."""


async def all_rows(url: str) -> Rows:
    """Read all tables of a SQLite or PostgreSQL database."""
    engine = create_async_engine(database_url(StorageSettings(url)), poolclass=NullPool)
    rows: dict[str, list[dict[str, Any]]] = {}
    try:
        async with engine.connect() as connection:
            for table in metadata.sorted_tables:
                found = await connection.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608
                rows[table.name] = sorted((dict(row) for row in found.mappings()), key=repr)
    finally:
        await engine.dispose()
    return rows


def row_bytes(rows: Rows) -> bytes:
    """Return all values one after the other, bytes as they are and all else as UTF-8 text."""
    values = (value for table in rows.values() for row in table for value in row.values())
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        for value in values
    )
