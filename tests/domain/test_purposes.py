"""What an embed token may see, make, change and test: nothing but its purpose."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from mailconfig.domain.configs import (
    ConfigStatus,
    EmailConfig,
    may_ask_about,
    may_change,
    may_delete,
    may_make,
    may_read,
    may_use,
)
from mailconfig.domain.identity import Channel, Principal, Purpose, Role, Scope

USER, OTHER, WORKSPACE = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINE = EmailConfig(
    id=UUID(int=9),
    workspace_id=WORKSPACE,
    owner_id=USER,
    revision=1,
    name="Work",
    email_address="ann@example.net",
    display_name=None,
    provider_id=None,
    external_id=None,
    metadata=None,
    enabled=True,
    status=ConfigStatus.UNVERIFIED,
    incoming=None,
    outgoing=None,
    created_at=NOON,
    updated_at=NOON,
)
CONFIGS = {
    "mine": MINE,
    "mine, other case": replace(MINE, email_address="Ann@example.net"),
    "mine, other address": replace(MINE, id=UUID(int=8), email_address="bob@example.net"),
    "shared": replace(MINE, id=UUID(int=7), owner_id=None),
    "another's": replace(MINE, id=UUID(int=6), owner_id=OTHER),
}
PURPOSES = {
    # Connecting: the user's own ones of that address.
    "address": (Purpose(address="ann@example.net"), {"mine", "mine, other case"}),
    # Left to the user: the user's own ones.
    "open": (Purpose(), {"mine", "mine, other case", "mine, other address"}),
    # Repairing: that one, whoever owns it, while it keeps its address.
    "config": (
        Purpose(address="ann@example.net", config_id=MINE.id),
        {"mine", "mine, other case"},
    ),
    "lent": (Purpose(address="ann@example.net", config_id=UUID(int=6)), {"another's"}),
}


def principal(purpose: Purpose | None, role: Role = Role.MEMBER) -> Principal:
    """Return the user with an embed token."""
    scopes = frozenset({Scope.CONFIGS_READ, Scope.CONFIGS_WRITE, Scope.TESTS_RUN})
    return Principal(USER, WORKSPACE, role, None, Channel.EMBED, "ann@example.net", scopes, purpose)


@pytest.mark.parametrize("name", PURPOSES)
@pytest.mark.parametrize("rule", [may_read, may_use, may_change])
def test_a_purpose_reaches_its_configurations_only(name: str, rule: object) -> None:
    """Seen, tested and changed are the same ones."""
    purpose, reached = PURPOSES[name]
    assert callable(rule)
    found = {
        key for key, config in CONFIGS.items() if rule(principal(purpose), config.owner_id, config)
    }
    assert found == reached


@pytest.mark.parametrize("name", PURPOSES)
@pytest.mark.parametrize("rule", [may_read, may_use, may_change])
def test_a_path_that_forgets_the_configuration_is_closed(name: str, rule: object) -> None:
    """The rules need it; without one an embed token has nothing."""
    purpose, _ = PURPOSES[name]
    assert callable(rule)
    assert not any(rule(principal(purpose), owner) for owner in (USER, OTHER, None))


@pytest.mark.parametrize("name", PURPOSES)
def test_nothing_is_deleted_by_an_embed_token(name: str) -> None:
    """Deleting is not among what it is for."""
    purpose, _ = PURPOSES[name]
    assert not any(may_delete(principal(purpose), owner) for owner in (USER, OTHER, None))


@pytest.mark.parametrize(
    ("name", "address", "may"),
    [
        ("address", "ann@example.net", True),
        ("address", "ANN@EXAMPLE.NET", True),
        ("address", "bob@example.net", False),
        ("address", "", False),
        ("open", "bob@example.net", True),
        ("config", "ann@example.net", False),
        ("lent", "ann@example.net", False),
    ],
)
def test_what_may_be_made(name: str, address: str, *, may: bool) -> None:
    """One of that address, never a shared one, never beside one that is to be repaired."""
    purpose, _ = PURPOSES[name]
    assert may_make(principal(purpose), address, shared=False) is may
    assert not may_make(principal(purpose), address, shared=True)
    assert not may_make(principal(purpose, Role.ADMIN), address, shared=True)


@pytest.mark.parametrize(
    ("name", "asked", "may"),
    [
        ("address", "ann@example.net", True),
        ("address", "Example.NET.", True),
        ("address", "bob@example.net", False),
        ("address", "example.com", False),
        ("lent", "example.net", True),
        ("lent", "example.com", False),
        ("open", "example.com", True),
    ],
)
def test_whom_the_network_is_asked_about(name: str, asked: str, *, may: bool) -> None:
    """The address and its domain."""
    purpose, _ = PURPOSES[name]
    assert may_ask_about(principal(purpose), asked) is may


def test_people_are_not_narrowed() -> None:
    """Without a purpose the roles decide alone."""
    person = replace(principal(None), scopes=None)
    assert may_read(person, None)
    assert may_use(person, USER)
    assert may_make(person, "any@example.com", shared=False)
    assert may_ask_about(person, "example.com")
    assert not may_read(person, OTHER)
