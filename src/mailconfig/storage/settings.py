"""What storage wants to know from the operator. Filled by bootstrap; reads nothing itself."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where the database is and how much of it we use."""

    url: str
    """`sqlite:////absolute/path.db` or `postgresql://user:password@host/name`."""
    pool_size: int = 8
    """Connections: all of them on PostgreSQL, readers on SQLite (which has one writer)."""
    wait_seconds: float = 10.0
    """Longest wait for a free connection or for SQLite's write lock."""
    versions_kept: int = 20
    """Versions of a configuration that are kept, beside the last known good one."""

    def __repr__(self) -> str:
        """Leave the password of the URL out."""
        return f"StorageSettings(url={database_url(self).render_as_string()!r})"


def database_url(settings: StorageSettings) -> URL:
    """Return the URL with the driver that we use.

    Raises ValueError for no URL, for other databases, and for SQLite in memory, which several
    connections cannot share.
    """
    try:
        url = make_url(settings.url)
    except ArgumentError:  # its text may quote the password
        raise ValueError("it is no URL of a database") from None
    if url.drivername not in _DRIVERS:
        raise ValueError(f"{url.drivername} is not supported; use sqlite or postgresql")
    if url.drivername.startswith("sqlite") and url.database in {None, "", ":memory:"}:
        raise ValueError("SQLite needs a file")
    return url.set(drivername=_DRIVERS[url.drivername])
