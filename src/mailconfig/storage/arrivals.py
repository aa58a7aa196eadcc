"""A new configuration with all that is stored with it, in one unit of work.

Its secrets, its first version, the event in the trail and the key of the request either all come to
be or none does. PostgreSQL takes them as one statement, so in one round trip: its INSERTs are parts
of one WITH, their references are checked at its end, and a statement on its own is a transaction.
SQLite, where there is no network in between, takes them one by one inside a transaction
(`Work.arrive`).

Must not: look for duplicates first. The unique constraints answer, also where two come at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Table,
    bindparam,
    insert,
    literal,
    select,
)
from sqlalchemy.engine import Dialect

from mailconfig.domain.configs import EmailConfig
from mailconfig.storage.audit import Detail, event_row
from mailconfig.storage.configs import new_row
from mailconfig.storage.idempotency import key_row
from mailconfig.storage.reads.statements import Kept, Prepared, prepared
from mailconfig.storage.tables import (
    audit_events,
    config_versions,
    configs,
    idempotency_keys,
    secrets,
)

Values = Mapping[str, object]
"""A row by the names of its columns."""
OPERATION: Final = "submit"
"""Of the idempotency key."""
ACTION: Final = "config.submit"
"""In the trail."""
_OWN: Final = frozenset({"config_id", "created_at", "created_by", "verified"})
"""Columns of a version that are not those of its configuration."""
_COPIED: Final = tuple(column.name for column in config_versions.c if column.name not in _OWN)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to be stored."""

    config: EmailConfig
    secrets: Sequence[Values]
    """Rows of its secrets, from `SecretBatch`."""
    author_id: UUID
    details: Mapping[str, Detail]
    """Facts for the trail."""
    key: str | None = None
    """Idempotency key of the request."""
    digest: str = ""
    """Digest of the request's body."""


class Arrivals:
    """The one statement, for each number of secrets, with and without a key."""

    def __init__(self) -> None:
        self._kept = Kept()

    def statement(
        self, arrival: Arrival, workspace_id: UUID, now: datetime, dialect: Dialect
    ) -> tuple[Prepared, dict[str, object]]:
        """Return the statement that stores an arrival, and its parameters."""
        rows = _rows(arrival)
        values: dict[str, object] = {"workspace_id": workspace_id, "now": now}
        for name, (_, row) in rows.items():
            values.update(zip(_parameters(name, tuple(row)), row.values(), strict=True))
        make = partial(_prepared, rows, values, dialect)
        return self._kept.get(tuple(rows), make), values


@lru_cache(maxsize=16)
def _parameters(row: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the parameters for the columns of a row."""
    return tuple(f"{row}_{column}" for column in columns)


def _rows(arrival: Arrival) -> dict[str, tuple[Table, Values]]:
    """Return all rows but the version, without workspace and moment, each with a name."""
    config, author = arrival.config, arrival.author_id
    event = event_row(author, ACTION, "config", config.id, arrival.details)
    rows: dict[str, tuple[Table, Values]] = {
        f"secret{at}": (secrets, row) for at, row in enumerate(arrival.secrets)
    }
    rows["config"] = (configs, new_row(config))
    rows["event"] = (audit_events, event)
    if arrival.key is not None:
        key = key_row(author, OPERATION, arrival.key, arrival.digest, config.id)
        rows["key"] = (idempotency_keys, key)
    return rows


def _prepared(
    rows: Mapping[str, tuple[Table, Values]], values: Mapping[str, object], dialect: Dialect
) -> Prepared:
    parts = [_insert(name, table, row, values) for name, (table, row) in rows.items()]
    whole = select(literal(1)).add_cte(*parts, _version(parts[list(rows).index("config")], rows))
    return prepared(whole, dialect, values)


def _insert(name: str, table: Table, row: Values, values: Mapping[str, object]) -> CTE:
    """Return the part that inserts a row, whose values are parameters named after it."""
    named = {
        column: bindparam(parameter, row[column], type_=table.c[column].type)
        for column, parameter in zip(row, _parameters(name, tuple(row)), strict=True)
    }
    for column, value in (("workspace_id", "workspace_id"), ("created_at", "now")):
        if column not in named:
            named[column] = bindparam(value, values[value], type_=table.c[column].type)
    made = insert(table).values(named)
    return (made.returning(*_read_on(table)) if table is configs else made).cte(name)


def _read_on(config: FromClause) -> list[ColumnElement[Any]]:
    """Return the columns of a configuration that its version has from it."""
    return [config.c[name] for name in (*_COPIED, "id", "updated_at")]


def _version(config: CTE, rows: Mapping[str, tuple[Table, Values]]) -> CTE:
    """Return the part that keeps the settings of the first revision."""
    _, event = rows["event"]
    author = bindparam("event_actor_id", event["actor_id"], type_=audit_events.c.actor_id.type)
    copied = select(
        *_read_on(config),
        author,
        literal(False),  # noqa: FBT003 - the value of a column
    )
    names = [*_COPIED, "config_id", "created_at", "created_by", "verified"]
    return insert(config_versions).from_select(names, copied).cte("version")
