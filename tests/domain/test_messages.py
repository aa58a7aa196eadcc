"""The life of a message: every state and every event."""

import pytest

from mailconfig.domain.messages import (
    ENDED,
    WAITING,
    MessageEvent,
    MessageState,
    after,
    sources,
    target,
)

TABLE = """
           CLAIM   ACCEPT DEFER    HOLD REJECT DOUBT     RELEASE EXPIRE CANCEL    RETRY  RETRY_AMBIGUOUS BOUNCE
QUEUED     SENDING -      -        HELD -      -         -       FAILED CANCELLED -      -               -
HELD       SENDING -      -        HELD -      -         -       FAILED CANCELLED QUEUED -               -
DEFERRED   SENDING -      -        HELD -      -         -       FAILED CANCELLED QUEUED -               -
SENDING    -       SENT   DEFERRED HELD FAILED AMBIGUOUS QUEUED  -      -         -      -               -
SENT       -       -      -        -    -      -         -       -      -         -      -               BOUNCED
FAILED     -       -      -        -    -      -         -       -      -         QUEUED -               -
CANCELLED  -       -      -        -    -      -         -       -      -         QUEUED -               -
AMBIGUOUS  -       -      -        -    -      -         -       -      -         -      QUEUED          BOUNCED
BOUNCED    -       -      -        -    -      -         -       -      -         -      -               -
"""  # noqa: E501 - a table
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())


def test_the_table_is_whole() -> None:
    """Every state and event has its row and column."""
    assert {MessageEvent(name) for name in HEAD} == set(MessageEvent)
    assert {MessageState(row[0]) for row in ROWS} == set(MessageState)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_event_in_every_state(row: list[str]) -> None:
    """What the table says happens, and nothing else does."""
    state = MessageState(row[0])
    for name, expected in zip(HEAD, row[1:], strict=True):
        event = MessageEvent(name)
        found = after(state, event)
        assert found == (None if expected == "-" else MessageState(expected)), name
        assert (state in sources(event)) == (found is not None)
        assert found in {None, target(event)}


def test_an_ambiguous_message_is_sent_again_only_when_asked() -> None:
    """No event that a worker causes leads from AMBIGUOUS to where a worker would take it."""
    leaving = {event for event in MessageEvent if after(MessageState.AMBIGUOUS, event) in WAITING}
    assert leaving == {MessageEvent.RETRY_AMBIGUOUS}


def test_states_are_waiting_sending_or_ended() -> None:
    """Each is exactly one of the three."""
    assert WAITING | ENDED | {MessageState.SENDING} == set(MessageState)
    assert not WAITING & ENDED
