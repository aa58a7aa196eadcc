"""Translation of the database's errors into ours, by one table.

After a translated error the transaction is over: PostgreSQL carries out nothing more in it.
Values never get into a message, nor into the cause that goes to the log: PostgreSQL quotes whole
rows in its errors, and rows hold personal data.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Self

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.schema import PrimaryKeyConstraint, UniqueConstraint

from mailconfig.domain.errors import Duplicate, Fault, IdempotencyConflict, MailconfigError, Refusal
from mailconfig.domain.phrases import N_
from mailconfig.storage.tables import metadata


def _address_taken() -> MailconfigError:
    sentence = N_("There is a configuration of this address already.")
    return Duplicate(sentence, ("emailAddress",))


REFUSALS: Final[dict[str, Callable[[], MailconfigError]]] = {
    "uq_configs_owned_address": _address_taken,
    "uq_configs_shared_address": _address_taken,
    "uq_configs_workspace_id_external_id": lambda: Duplicate(
        N_("This external id is in use already."), ("externalId",)
    ),
    "uq_users_email_key": lambda: Duplicate(N_("There is such a user already."), ("email",)),
    "uq_workspaces_slug": lambda: Duplicate(N_("There is such a workspace already."), ("slug",)),
    "pk_memberships": lambda: Duplicate(N_("This user is a member already."), ("userId",)),
    "pk_idempotency_keys": IdempotencyConflict,
}
"""What a broken unique constraint means to the caller; any other broken one is our fault."""


def _column_lists() -> Iterator[tuple[str, str]]:
    """Yield the columns of each unique constraint as SQLite lists them, with its name."""
    for table in metadata.sorted_tables:
        constraints = [
            rule
            for rule in table.constraints
            if isinstance(rule, UniqueConstraint | PrimaryKeyConstraint)
        ]
        for rule in (*constraints, *(index for index in table.indexes if index.unique)):
            yield (
                ", ".join(f"{table.name}.{column.name}" for column in rule.columns),
                str(rule.name),
            )


_NAME_OF: Final = dict(_column_lists())
_SQLITE: Final = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")


class ValueRefused(Refusal):
    """A value that the database cannot hold or compare: a lone surrogate, NUL, a huge number."""

    code = "INVALID_INPUT"

    def __init__(self) -> None:
        super().__init__(N_("The input holds characters that cannot be stored."))


_DATA_EXCEPTION: Final = "22"
"""Class of SQLSTATE codes about values (SQL:2016, part 2, clause 24)."""
_INTEGRITY: Final = "23"
"""Class of SQLSTATE codes about constraints (the same clause)."""


class DatabaseError(Exception):
    """What the database said, without any value: kind of error, constraint, statement."""

    @classmethod
    def of(cls, error: DBAPIError) -> Self:
        """Keep the safe part of an error."""
        kind = type(error.driver_exception).__name__
        code = getattr(error.driver_exception, "sqlstate", None) or getattr(
            error.driver_exception, "sqlite_errorname", ""
        )
        return cls(f"{kind} {code} {_broken_constraint(error) or ''} in: {error.statement}")


def _broken_constraint(error: DBAPIError) -> str | None:
    """Name the constraint that was broken; on SQLite unique ones only."""
    name = getattr(error.driver_exception, "constraint_name", None)
    if isinstance(name, str):
        return name
    match = _SQLITE.search(str(error.orig))
    return _NAME_OF.get(match["columns"]) if match else None


def meaning(sqlstate: str, constraint: str | None) -> MailconfigError:
    """Return what an error means to the caller, by its SQLSTATE and the constraint it names."""
    if sqlstate.startswith(_INTEGRITY):
        refusal = REFUSALS.get(constraint or "")
        return refusal() if refusal else Fault("The database refused a change.")
    if sqlstate.startswith(_DATA_EXCEPTION):
        return ValueRefused()
    return Fault("The database does not work.")


def _meaning(error: DBAPIError) -> MailconfigError:
    """Return what an error of SQLAlchemy's means to the caller."""
    if isinstance(error, IntegrityError):
        return meaning(_INTEGRITY, _broken_constraint(error))
    return meaning(str(getattr(error.driver_exception, "sqlstate", "")), None)


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors in place of the database's."""
    try:
        yield
    except DBAPIError as error:
        raise _meaning(error) from DatabaseError.of(error)
    except (UnicodeError, OverflowError):  # these quote the value, and there is no more to know
        raise ValueRefused from None
    except (PoolTimeout, OSError) as error:
        raise Fault("The database is busy or cannot be reached.") from error
