"""Who may do what with a configuration, and where its secret may go."""

from dataclasses import replace
from uuid import UUID

import pytest

from mailconfig.domain.configs import (
    may_change,
    may_delete,
    may_read,
    may_use,
    secret_may_follow,
    visibility,
)
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity

ME, OTHER = new_id(), new_id()
SERVER = ServerSettings(
    MailProtocol.IMAP, "imap.example.net", 993, TransportSecurity.TLS, username="ann"
)


def person(role: Role) -> Principal:
    """Return a caller with that role."""
    return Principal(ME, new_id(), role, None, Channel.BEARER, "ann@example.org")


def site_of(host: str) -> str:
    """Stand in for the catalogue: the last two labels."""
    return ".".join(host.split(".")[-2:])


@pytest.mark.parametrize(
    ("role", "owner", "expected"),
    [
        # read, use, change, delete
        (Role.VIEWER, None, (True, False, False, False)),
        (Role.VIEWER, ME, (False, False, False, False)),
        (Role.VIEWER, OTHER, (False, False, False, False)),
        (Role.MEMBER, None, (True, True, False, False)),
        (Role.MEMBER, ME, (True, True, True, True)),
        (Role.MEMBER, OTHER, (False, False, False, False)),
        (Role.ADMIN, None, (True, True, True, True)),
        (Role.ADMIN, ME, (True, True, True, True)),
        # Admins see and remove what others left behind, but do not use or change it.
        (Role.ADMIN, OTHER, (True, False, False, True)),
        (Role.OWNER, OTHER, (True, False, False, True)),
    ],
)
def test_rights_by_role_and_owner(
    role: Role, owner: UUID | None, expected: tuple[bool, ...]
) -> None:
    """Each role has exactly its rights."""
    caller = person(role)
    checks = (may_read, may_use, may_change, may_delete)
    assert tuple(check(caller, owner) for check in checks) == expected


def test_lists_show_what_may_be_read() -> None:
    """The list's condition follows the same rule as reading one."""
    assert visibility(person(Role.ADMIN)).everything
    assert visibility(person(Role.MEMBER)).owner_id == ME
    assert visibility(person(Role.VIEWER)).owner_id is None


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        # Another port of the same host.
        ({"port": 143, "security": TransportSecurity.STARTTLS}, True),
        # Another host of the same site.
        ({"host": "mail.example.net"}, True),
        # Another site.
        ({"host": "imap.example.com"}, False),
        # Another user of the same server.
        ({"username": "bob"}, False),
        ({"username": None}, False),
        # Clear text after TLS.
        ({"security": TransportSecurity.NONE}, False),
        # The other protocol has a secret of its own.
        ({"protocol": MailProtocol.SMTP}, False),
    ],
)
def test_a_secret_follows_only_a_target_that_stays(
    changes: dict[str, object], *, allowed: bool
) -> None:
    """User name, site, protocol and protection must hold."""
    assert secret_may_follow(SERVER, replace(SERVER, **changes), site_of) is allowed
