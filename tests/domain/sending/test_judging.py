"""What an attempt means: replies of each class at each stage, partial refusals, doubts."""

import pytest

from mailconfig.domain.delivery import Delivery, RecipientReply
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.messages import (
    HeldFor,
    MessageEvent,
    Recipient,
    RecipientKind,
    RecipientState,
)
from mailconfig.domain.sending.judging import judged, withheld
from mailconfig.domain.servers import MailProtocol

ANN = Recipient("ann@example.org", RecipientKind.TO)
BOB = Recipient("bob@example.net", RecipientKind.CC)
EVENT, STATE = MessageEvent, RecipientState
BEFORE_MAIL = {Phase.CONNECT, Phase.TLS, Phase.GREETING, Phase.EHLO, Phase.STARTTLS, Phase.AUTH}


def refusal(phase: Phase, code: int, text: str) -> Delivery:
    """A reply that ends the attempt at a stage."""
    seen = Observation(
        MailProtocol.SMTP, phase, "smtp.example.org", reply_code=code, text=f"{code} {text}"
    )
    return Delivery(observation=seen, reply=f"{code} {text}", session_refused=phase in BEFORE_MAIL)


def failure(phase: Phase, kind: Failure, **more: int) -> Delivery:
    """A failure without a reply."""
    seen = Observation(MailProtocol.SMTP, phase, "smtp.example.org", failure=kind, **more)
    return Delivery(observation=seen, session_refused=phase in BEFORE_MAIL | {Phase.DNS})


def said(recipient: Recipient, code: int, text: str) -> RecipientReply:
    """An answer to RCPT."""
    return RecipientReply(recipient.address, code < 300, f"{code} {text}", code)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
def test_a_temporary_refusal_is_tried_again(phase: Phase) -> None:
    """4yz after signing in: later, and everybody waits."""
    outcome = judged(refusal(phase, 451, "4.3.0 Try again later"), [ANN, BOB])
    assert outcome.event is EVENT.DEFER
    assert {one.state for one in outcome.recipients} == {STATE.WAITING}
    assert not outcome.host_failing


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.DATA])
def test_a_permanent_refusal_is_not(phase: Phase) -> None:
    """5yz after signing in: never, and everybody who waited is refused."""
    outcome = judged(refusal(phase, 554, "5.7.1 Message refused"), [ANN, BOB])
    assert outcome.event is EVENT.REJECT
    assert {(one.state, one.reply_code) for one in outcome.recipients} == {(STATE.REFUSED, 554)}
    assert outcome.reply == "554 5.7.1 Message refused"


@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.EHLO, Phase.STARTTLS])
def test_a_host_that_is_busy(phase: Phase) -> None:
    """4yz before signing in counts for the host."""
    outcome = judged(refusal(phase, 421, "4.3.2 Service shutting down"), [ANN])
    assert (outcome.event, outcome.host_failing) == (EVENT.DEFER, True)


@pytest.mark.parametrize(
    ("phase", "code", "text"),
    [
        (Phase.AUTH, 535, "5.7.8 Authentication credentials invalid"),
        (Phase.GREETING, 554, "5.7.1 Your address is blocked"),
        (Phase.EHLO, 550, "5.7.1 Bad HELO name"),
        (Phase.MAIL, 530, "5.7.0 Authentication required"),
    ],
)
def test_what_keeps_the_account_from_sending(phase: Phase, code: int, text: str) -> None:
    """5yz before MAIL holds the message until somebody mends it, and sets no time."""
    outcome = judged(refusal(phase, code, text), [ANN])
    assert outcome.event is EVENT.HOLD
    assert outcome.held_for is HeldFor.ACCOUNT
    assert outcome.hold_seconds is None
    assert outcome.recipients == (ANN,)


def test_a_temporary_sign_in_failure() -> None:
    """454 while signing in is tried again, and is not the host's failure."""
    outcome = judged(refusal(Phase.AUTH, 454, "4.7.0 Temporary failure"), [ANN])
    assert (outcome.event, outcome.host_failing) == (EVENT.DEFER, False)


@pytest.mark.parametrize(
    ("phase", "code", "text", "expected"),
    [
        (
            Phase.DATA,
            550,
            "5.4.5 Daily user sending limit exceeded. Learn more - gsmtp",
            DiagnosticCode.GMAIL_SEND_LIMIT,
        ),
        (
            Phase.MAIL,
            550,
            "5.4.6 You have exceeded your hourly sending limit",
            DiagnosticCode.SEND_QUOTA,
        ),
    ],
)
def test_a_limit_holds_whatever_its_code(
    phase: Phase, code: int, text: str, expected: DiagnosticCode
) -> None:
    """A provider's limit, also told by 5yz, holds mail with a time and drops nothing."""
    outcome = judged(refusal(phase, code, text), [ANN])
    assert outcome.code is expected
    assert (outcome.event, outcome.held_for) == (EVENT.HOLD, HeldFor.RATE)
    assert outcome.hold_seconds is not None
    assert outcome.recipients == (ANN,)


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        (Phase.DNS, Failure.NAME_TEMPORARY),
        (Phase.CONNECT, Failure.REFUSED),
        (Phase.CONNECT, Failure.UNREACHABLE),
        (Phase.CONNECT, Failure.TIMEOUT),
        (Phase.GREETING, Failure.CLOSED),
    ],
)
def test_a_host_that_cannot_be_reached(phase: Phase, kind: Failure) -> None:
    """It is tried again, and counts for the host."""
    outcome = judged(failure(phase, kind), [ANN])
    assert (outcome.event, outcome.host_failing) == (EVENT.DEFER, True)


@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
@pytest.mark.parametrize("kind", [Failure.TIMEOUT, Failure.CLOSED])
def test_a_connection_lost_before_the_content(phase: Phase, kind: Failure) -> None:
    """Nothing of the message is there: it is tried again."""
    assert judged(failure(phase, kind), [ANN]).event is EVENT.DEFER


@pytest.mark.parametrize(
    ("phase", "kind", "more"),
    [
        (Phase.DNS, Failure.NAME_NOT_FOUND, {}),
        (Phase.TLS, Failure.TLS_VERIFY, {"tls_verify_code": 62}),
        (Phase.STARTTLS, Failure.STARTTLS_MISSING, {}),
        (Phase.AUTH, Failure.NO_MECHANISM, {}),
        (Phase.CONNECT, Failure.EGRESS_REFUSED, {}),
    ],
)
def test_settings_that_do_not_work(phase: Phase, kind: Failure, more: dict[str, int]) -> None:
    """They hold the account's mail until somebody mends them."""
    outcome = judged(failure(phase, kind, **more), [ANN])
    assert (outcome.event, outcome.held_for) == (EVENT.HOLD, HeldFor.ACCOUNT)


def test_taken_for_all() -> None:
    """Sent: everybody has the server's answer."""
    delivery = Delivery(
        (said(ANN, 250, "Ok"), said(BOB, 250, "Ok")), reply="250 2.0.0 Ok: queued as 4F1"
    )
    outcome = judged(delivery, [ANN, BOB])
    assert (outcome.event, outcome.code) == (EVENT.ACCEPT, DiagnosticCode.OK)
    assert [(one.state, one.reply) for one in outcome.recipients] == [
        (STATE.ACCEPTED, "250 2.0.0 Ok: queued as 4F1"),
        (STATE.ACCEPTED, "250 2.0.0 Ok: queued as 4F1"),
    ]


def test_taken_for_some_and_refused_for_others() -> None:
    """Sent; the refused recipient says why."""
    unknown = said(BOB, 550, "5.1.1 User unknown")
    outcome = judged(Delivery((said(ANN, 250, "Ok"), unknown), reply="250 Ok"), [ANN, BOB])
    assert outcome.event is EVENT.ACCEPT
    assert [one.state for one in outcome.recipients] == [STATE.ACCEPTED, STATE.REFUSED]
    assert outcome.recipients[1].reply_code == 550


def test_taken_for_some_and_later_for_others() -> None:
    """The next attempt names only who waits."""
    grey = said(BOB, 450, "4.2.0 Greylisted, come back later")
    first = judged(Delivery((said(ANN, 250, "Ok"), grey), reply="250 Ok"), [ANN, BOB])
    assert first.event is EVENT.DEFER
    assert [one.state for one in first.recipients] == [STATE.ACCEPTED, STATE.WAITING]
    last = judged(refusal(Phase.MAIL, 554, "5.7.1 No"), first.recipients)
    assert last.event is EVENT.ACCEPT  # sent to one; the other one is refused
    assert [one.state for one in last.recipients] == [STATE.ACCEPTED, STATE.REFUSED]


def test_all_recipients_refused() -> None:
    """For good: failed. One of them only for now: tried again for that one."""
    no = said(ANN, 550, "5.1.1 Unknown")
    ending = refusal(Phase.RCPT, 550, "5.1.1 Unknown").observation
    both = judged(Delivery((no, said(BOB, 551, "Not here")), ending), [ANN, BOB])
    assert both.event is EVENT.REJECT
    later = judged(Delivery((no, said(BOB, 451, "Later")), ending), [ANN, BOB])
    assert later.event is EVENT.DEFER
    assert [one.state for one in later.recipients] == [STATE.REFUSED, STATE.WAITING]


def test_accepted_recipients_of_a_refused_message_wait() -> None:
    """250 to RCPT and 451 to the content: nobody has it."""
    ending = refusal(Phase.DATA, 451, "4.3.0 Disk full").observation
    outcome = judged(Delivery((said(ANN, 250, "Ok"),), ending, reply="451 4.3.0 Disk full"), [ANN])
    assert outcome.event is EVENT.DEFER
    assert outcome.recipients[0].state is STATE.WAITING


def test_no_answer_to_the_content() -> None:
    """In doubt for those whom the server had accepted, and only for them."""
    lost = failure(Phase.DATA, Failure.CLOSED).observation
    replies = (said(ANN, 250, "Ok"), said(BOB, 550, "5.1.1 Unknown"))
    outcome = judged(Delivery(replies, lost, doubtful=True), [ANN, BOB])
    assert outcome.event is EVENT.DOUBT
    assert [one.state for one in outcome.recipients] == [STATE.AMBIGUOUS, STATE.REFUSED]


@pytest.mark.parametrize(
    ("code", "held_for", "seconds"),
    [
        (DiagnosticCode.OAUTH_ENDPOINT_DOWN, HeldFor.TOKEN_ENDPOINT, 300),
        (DiagnosticCode.OAUTH_REAUTH, HeldFor.ACCOUNT, None),
        (DiagnosticCode.SECRET_UNREADABLE, HeldFor.ACCOUNT, 3600),
    ],
)
def test_no_access_token(code: DiagnosticCode, held_for: HeldFor, seconds: float | None) -> None:
    """An endpoint that is down is waited for; a grant that is gone is mended by the user, a key
    that is missing by the operator, of which no configuration tells.
    """
    outcome = withheld(code, [ANN])
    assert (outcome.event, outcome.held_for) == (EVENT.HOLD, held_for)
    assert outcome.hold_seconds == seconds
    assert outcome.recipients == (ANN,)


def test_who_may_be_let_in_later_says_what_comes_next() -> None:
    """Nobody was let in: the first refusal was for good, the other one tells code and words."""
    replies = (said(ANN, 550, "5.1.1 User unknown"), said(BOB, 451, "4.3.0 Try later"))
    seen = Observation(MailProtocol.SMTP, Phase.RCPT, reply_code=550, text=replies[0].reply)
    outcome = judged(Delivery(replies, seen, reply=replies[0].reply), [ANN, BOB])
    assert (outcome.event, outcome.code) == (EVENT.DEFER, DiagnosticCode.SERVER_TEMPORARY)
    assert outcome.reply == "451 4.3.0 Try later"
    assert [one.state for one in outcome.recipients] == [STATE.REFUSED, STATE.WAITING]


def test_a_limit_does_not_forget_who_was_refused() -> None:
    """One is over a limit and waits, the other one does not exist and is not named again."""
    limit = "550 5.4.6 You have exceeded your hourly sending limit"
    replies = (RecipientReply(ANN.address, False, limit, 550), said(BOB, 550, "5.1.1 Unknown"))  # noqa: FBT003
    seen = Observation(MailProtocol.SMTP, Phase.RCPT, reply_code=550, text=limit)
    outcome = judged(Delivery(replies, seen, reply=limit), [ANN, BOB])
    assert (outcome.event, outcome.held_for) == (EVENT.HOLD, HeldFor.RATE)
    assert [one.state for one in outcome.recipients] == [STATE.WAITING, STATE.REFUSED]


def test_let_in_and_then_refused_as_a_whole_keeps_no_praise() -> None:
    """Who was let in waits without the words of the 250."""
    replies = (said(ANN, 250, "2.1.5 fine"),)
    seen = Observation(MailProtocol.SMTP, Phase.DATA, reply_code=451, text="451 later")
    outcome = judged(Delivery(replies, seen, reply="451 later"), [ANN])
    assert outcome.recipients == (ANN,)
