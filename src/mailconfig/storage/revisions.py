"""Which schema this code wants, and which one a database has. Needs no Alembic, which is 8 MiB.

Migrations are files `0009_keep_unsubscribe_links.py`, one after the other without branches: the
number is the revision.
"""

import re
from importlib.resources import files
from typing import Final

from sqlalchemy import Connection, inspect, text

_NAME: Final = re.compile(r"(\d{4})_\w+\.py")
_TABLE: Final = "alembic_version"
_CURRENT: Final = text("SELECT version_num FROM alembic_version")


def head_revision() -> str:
    """Return the newest migration that this code brings. Reads a folder, so call it at start."""
    folder = files("mailconfig.storage") / "migrations" / "versions"
    names = (_NAME.fullmatch(entry.name) for entry in folder.iterdir())
    return max(name[1] for name in names if name)


def revision_of(connection: Connection) -> str | None:
    """Return the migration that a database is at, None before the first one."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.execute(_CURRENT).scalar()
    return found
