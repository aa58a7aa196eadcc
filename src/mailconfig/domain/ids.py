"""Identifiers: UUIDv7 (RFC 9562, section 5.7), so that primary keys grow with time."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7()
