"""What all tables share: names of constraints, moments in time, sort keys, closed sets of words.

Every constraint has a name, because migrations and the translation of errors refer to it.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC with microseconds: timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the time zone of PostgreSQL; SQLite keeps UTC without naming it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC; a naive one is a bug and raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with UTC as its zone."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.replace(tzinfo=UTC)


SortKey: Final = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts by code points on both engines, whatever the database's locale."""


class Row(SQLModel):
    """Parent of all tables; carries the naming convention."""

    metadata: ClassVar[MetaData] = metadata


def moment(*, nullable: bool = False) -> Any:  # noqa: ANN401 - SQLModel's Field has no other type
    """Declare a column that holds a moment."""
    return Field(sa_type=Moment, nullable=nullable)


def sort_key() -> Any:  # noqa: ANN401 - as above
    """Declare a text column that lists are sorted by."""
    return Field(sa_type=SortKey, nullable=False)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Constrain a column to a closed set of words; sets that grow are not constrained."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def within_workspace(column: str, target: str) -> ForeignKeyConstraint:
    """Refer to a row of the same workspace, so that no row can point across workspaces.

    NO ACTION, not CASCADE: the repository decides what goes, since blobs and secrets go with it.
    """
    return ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.id"]
    )


def table_of(row: type[SQLModel]) -> Table:
    """Return the Core table of a SQLModel class."""
    table = row.__dict__["__table__"]
    if not isinstance(table, Table):
        raise TypeError(f"{row.__name__} is no table")
    return table
