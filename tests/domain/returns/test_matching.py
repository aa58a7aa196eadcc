"""Matching: what a report means for one of our messages, and when it means nothing."""

from datetime import timedelta

import pytest

from kit.records import NOON
from kit.reports import FAILURES, Dialect, complaint, postfix, postfix_delayed
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import (
    Message,
    MessageState,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.returns import Returned, matched, read_report
from mailconfig.domain.suppressions import SuppressionReason

OURS = "<0123456789abcdef0123456789abcdef@example.com>"
BOB = Recipient("Bob@example.org", RecipientKind.TO, state=RecipientState.ACCEPTED)
EVE = Recipient("eve@example.net", RecipientKind.CC, state=RecipientState.ACCEPTED)


def message(*recipients: Recipient) -> Message:
    """Return a message that was sent."""
    return Message(
        id=new_id(),
        workspace_id=new_id(),
        config_id=new_id(),
        created_by=None,
        state=MessageState.SENT,
        message_id=OURS,
        sender="ada@example.com",
        subject="Hi",
        size_bytes=1,
        recipients=recipients,
        created_at=NOON,
        due_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )


def told(content: bytes, *recipients: Recipient) -> Returned:
    """Match a report with a message."""
    report = read_report(content)
    assert report is not None
    return matched(report, message(*recipients))


@pytest.mark.parametrize("dialect", FAILURES, ids=lambda each: each.__name__)
def test_unknown_mailbox(dialect: Dialect) -> None:
    """The only recipient is BOUNCED with the server's code, suppressed, and so is the message."""
    found = told(dialect(OURS, "bob@example.org"), BOB)
    (one,) = found.changed
    assert (one.state, one.reply_code) == (RecipientState.BOUNCED, 550)
    assert one.enhanced_code in {"5.1.1", "5.1.10"}
    assert found.suppressed == (("bob@example.org", SuppressionReason.BOUNCE),)
    assert found.bounced


def test_one_of_two() -> None:
    """Who was not named stays as before, and the message is not bounced as a whole."""
    found = told(postfix(OURS, "bob@example.org"), BOB, EVE)
    assert [one.state for one in found.recipients] == [
        RecipientState.BOUNCED,
        RecipientState.ACCEPTED,
    ]
    assert [one.address for one in found.changed] == ["Bob@example.org"]
    assert not found.bounced


def test_last_of_two() -> None:
    """It is when the others bounced or were refused before."""
    gone = Recipient("eve@example.net", RecipientKind.CC, state=RecipientState.REFUSED)
    assert told(postfix(OURS, "bob@example.org"), BOB, gone).bounced


SUPPRESSING = {
    "5.1.1": True,
    "5.1.2": True,
    "5.1.3": True,
    "5.1.6": True,
    "5.1.10": True,
    "5.2.1": True,
    "5.2.2": False,  # full
    "5.7.1": False,  # policy
    "5.4.4": False,  # routing
    "4.4.7": False,  # given up after trying for days
}


@pytest.mark.parametrize(("code", "suppressed"), SUPPRESSING.items())
def test_which_codes_suppress(code: str, suppressed: bool) -> None:
    """Every failure is BOUNCED; only those that say the address is of no use suppress it."""
    found = told(postfix(OURS, "bob@example.org", code), BOB)
    assert found.bounced
    assert bool(found.suppressed) is suppressed


def test_delay_is_noted_only() -> None:
    """A delayed message leaves the recipient as it was, with the server's words."""
    found = told(postfix_delayed(OURS, "bob@example.org"), BOB)
    (one,) = found.changed
    assert (one.state, one.enhanced_code) == (RecipientState.ACCEPTED, "4.4.1")
    assert (found.suppressed, found.bounced) == ((), False)


@pytest.mark.parametrize(
    "state", sorted(set(RecipientState) - {RecipientState.ACCEPTED, RecipientState.AMBIGUOUS})
)
def test_who_was_not_sent_to_does_not_bounce(state: RecipientState) -> None:
    """A report about somebody to whom nothing went out, or who bounced before, is nothing."""
    found = told(
        postfix(OURS, "bob@example.org"),
        Recipient("bob@example.org", RecipientKind.TO, state=state),
    )
    assert (found.changed, found.suppressed, found.bounced) == ((), (), False)


def test_stranger_in_a_report() -> None:
    """Somebody who is no recipient of the message is nothing to us."""
    found = told(postfix(OURS, "mallory@example.org"), BOB)
    assert (found.changed, found.suppressed, found.bounced) == ((), (), False)


def test_complaint() -> None:
    """Who complains is COMPLAINED and suppressed; the message stays SENT."""
    found = told(complaint(OURS, "bob@example.org"), BOB, EVE)
    assert [one.state for one in found.recipients] == [
        RecipientState.COMPLAINED,
        RecipientState.ACCEPTED,
    ]
    assert found.suppressed == (("bob@example.org", SuppressionReason.COMPLAINT),)
    assert not found.bounced


def test_complaint_without_a_name() -> None:
    """It is the only recipient's, and nobody's where there were two."""
    assert told(complaint(OURS, None), BOB).changed[0].state is RecipientState.COMPLAINED
    assert told(complaint(OURS, None), BOB, EVE).changed == ()


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus", ""])
def test_reports_that_are_no_complaint(kind: str) -> None:
    """Feedback that says nothing against the sender changes nothing."""
    found = told(complaint(OURS, "bob@example.org", kind), BOB)
    assert (found.changed, found.suppressed) == ((), ())
