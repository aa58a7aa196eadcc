"""Server settings as columns: the one place that maps them to StoredServer and back.

Used for configurations and for their versions, which have the same columns.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Table, and_

from mailconfig.domain.configs import StoredServer
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.storage.tables import secrets
from mailconfig.storage.transaction import AnyRow

_INCOMING_SECRET = secrets.alias("incoming_secret")
_OUTGOING_SECRET = secrets.alias("outgoing_secret")


def with_secrets(table: Table) -> FromClause:
    """Join kind and moment of both secrets, which are never copied out of their table."""
    incoming, outgoing = _INCOMING_SECRET.c, _OUTGOING_SECRET.c
    return table.outerjoin(
        _INCOMING_SECRET,
        and_(
            incoming.workspace_id == table.c.workspace_id,
            incoming.id == table.c.incoming_secret_id,
        ),
    ).outerjoin(
        _OUTGOING_SECRET,
        and_(
            outgoing.workspace_id == table.c.workspace_id,
            outgoing.id == table.c.outgoing_secret_id,
        ),
    )


def secret_columns() -> tuple[ColumnElement[Any], ...]:
    """Return the columns that `with_secrets` joins, named as `read_servers` expects them."""
    return (
        _INCOMING_SECRET.c.kind.label("incoming_secret_kind"),
        _INCOMING_SECRET.c.created_at.label("incoming_secret_set_at"),
        _OUTGOING_SECRET.c.kind.label("outgoing_secret_kind"),
        _OUTGOING_SECRET.c.created_at.label("outgoing_secret_set_at"),
    )


def server_values(
    incoming: StoredServer | None, outgoing: StoredServer | None
) -> dict[str, str | int | UUID | None]:
    """Return the values of all server columns."""
    return _values("incoming", incoming) | _values("outgoing", outgoing)


def _values(side: str, server: StoredServer | None) -> dict[str, str | int | UUID | None]:
    settings = server.settings if server else None
    return {
        f"{side}_host": settings.host if settings else None,
        f"{side}_port": settings.port if settings else None,
        f"{side}_security": settings.security.value if settings else None,
        f"{side}_authentication": settings.authentication.value if settings else None,
        f"{side}_username": settings.username if settings else None,
        f"{side}_secret_id": server.secret_id if server else None,
    }


def read_incoming(row: AnyRow) -> StoredServer | None:
    """Return the IMAP server of a row, None if it has none."""
    if row.incoming_host is None:
        return None
    return StoredServer(
        ServerSettings(
            MailProtocol.IMAP,
            row.incoming_host,
            row.incoming_port,
            TransportSecurity(row.incoming_security),
            AuthenticationMethod(row.incoming_authentication),
            row.incoming_username,
        ),
        row.incoming_secret_id,
        _kind(row.incoming_secret_kind),
        row.incoming_secret_set_at,
    )


def read_outgoing(row: AnyRow) -> StoredServer | None:
    """Return the SMTP server of a row, None if it has none."""
    if row.outgoing_host is None:
        return None
    return StoredServer(
        ServerSettings(
            MailProtocol.SMTP,
            row.outgoing_host,
            row.outgoing_port,
            TransportSecurity(row.outgoing_security),
            AuthenticationMethod(row.outgoing_authentication),
            row.outgoing_username,
        ),
        row.outgoing_secret_id,
        _kind(row.outgoing_secret_kind),
        row.outgoing_secret_set_at,
    )


def _kind(word: str | None) -> SecretKind | None:
    return None if word is None else SecretKind(word)
