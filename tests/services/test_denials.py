"""Lines of the log about refusals: what they hold, and that nobody fills the log with them."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from mailconfig.domain.errors import Forbidden
from mailconfig.domain.identity import Channel, Principal, Role, Scope
from mailconfig.services import denials
from mailconfig.services.denials import Denials

USER, WORKSPACE, KEY = (UUID(int=number) for number in (1, 2, 3))
PERSON = Principal(USER, WORKSPACE, Role.VIEWER, None, Channel.COOKIE, "ann@example.org")
MACHINE = replace(
    PERSON, channel=Channel.API_KEY, scopes=frozenset({Scope.CONFIGS_READ}), key_id=KEY
)


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record)


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return its time."""
        return self.now


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """The lines about refusals."""
    log, kept = logging.getLogger(denials.__name__), Kept()
    log.addHandler(kept)
    yield kept.lines
    log.removeHandler(kept)


def refusal(principal: Principal, asked: Role | Scope) -> Forbidden:
    """Return what the principal is told when it lacks that."""
    with pytest.raises(Forbidden) as refused:
        principal.require(asked) if isinstance(asked, Role) else principal.permit(asked)
    return refused.value


def test_a_line_says_who_what_and_what_was_missing(lines: list[logging.LogRecord]) -> None:
    """A person lacks a role, a key a scope, whose id it has; the address is in neither."""
    denials = Denials()
    denials.tell(PERSON, "auditEvents", refusal(PERSON, Role.ADMIN))
    denials.tell(MACHINE, "submit", refusal(MACHINE, Scope.CONFIGS_WRITE))
    names = ("operation", "user_id", "workspace_id", "key_id", "channel", "role", "needs")
    user, workspace, key = str(USER), str(WORKSPACE), str(KEY)
    assert [tuple(vars(line)[name] for name in names) for line in lines] == [
        ("auditEvents", user, workspace, None, "cookie", "VIEWER", "ADMIN"),
        ("submit", user, workspace, key, "api_key", "VIEWER", "configs:write"),
    ]
    assert {line.levelname for line in lines} == {"WARNING"}
    assert "ann@example.org" not in str([vars(line) for line in lines])


def test_each_caller_has_ten_lines_a_minute(lines: list[logging.LogRecord]) -> None:
    """The tenth says that it is the last; a key of the same user and the next minute have more."""
    clock = Clock()
    denials = Denials(clock)
    refused = refusal(PERSON, Role.OWNER)
    for _ in range(1000):
        denials.tell(PERSON, "exportWorkspace", refused)
    assert [vars(line)["last_of_minute"] for line in lines] == [False] * 9 + [True]
    denials.tell(MACHINE, "exportWorkspace", refused)
    assert len(lines) == 11
    clock.now += 59.9
    denials.tell(PERSON, "exportWorkspace", refused)
    assert len(lines) == 11
    clock.now += 0.1
    denials.tell(PERSON, "exportWorkspace", refused)
    assert len(lines) == 12


def test_few_callers_are_remembered(
    lines: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one whose minute began first is forgotten, and nobody else."""
    monkeypatch.setattr(denials, "_MOST_CALLERS", 2)
    known = Denials()
    refused = refusal(PERSON, Role.OWNER)
    for user in (1, 2, 3):
        for _ in range(11):
            known.tell(replace(PERSON, user_id=UUID(int=user)), "exportWorkspace", refused)
    assert len(lines) == 30
    assert list(known._callers) == [UUID(int=2), UUID(int=3)]
