"""Mailboxes that are opened by OAuth 2.0 (RFC 6749): clients, flows and what was granted."""

from enum import StrEnum


class GrantStatus(StrEnum):
    """Whether what a user granted is of use."""

    ACTIVE = "ACTIVE"
    """Access tokens can be had."""
    EXPIRED = "EXPIRED"
    """The provider does not accept the refresh token any more: the user has to authorise anew."""
    REVOKED = "REVOKED"
    """Given back by us or taken back by the user."""
