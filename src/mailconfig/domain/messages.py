"""Messages on their way out: states, what moves them from one to the next, and what is kept.

    QUEUED --CLAIM--> SENDING --ACCEPT--> SENT --BOUNCE--> BOUNCED
      ^  ^               |--DEFER---> DEFERRED --CLAIM--> SENDING
      |  |               |--HOLD----> HELD     --CLAIM--> SENDING
      |  |               |--REJECT--> FAILED    (also --EXPIRE--> from what waits)
      |  |               |--DOUBT---> AMBIGUOUS --RETRY_AMBIGUOUS--> QUEUED
      |  '----RELEASE----'
      '--RETRY-- HELD, DEFERRED, FAILED, CANCELLED            CANCEL: from what waits

The row of a message is the truth; the queue (`domain.outbox`) only says that one is due. Each event
is one conditional change of the row, so whatever comes twice changes nothing the second time.
Must not: know how mail is sent or where rows are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.values import Phase


class MessageState(StrEnum):
    """Where a message is."""

    QUEUED = "QUEUED"
    """Accepted by us, waiting for its time."""
    HELD = "HELD"
    """Waiting for a limit, a pause or a mended account; `held_for` tells which."""
    SENDING = "SENDING"
    """A worker has it."""
    SENT = "SENT"
    """The outgoing server has taken it for at least one recipient, and nobody waits any more."""
    DEFERRED = "DEFERRED"
    """Refused for now; it is tried again at `due_at`."""
    FAILED = "FAILED"
    """Refused for good, or not sent within its time."""
    CANCELLED = "CANCELLED"
    """Stopped before it was sent."""
    AMBIGUOUS = "AMBIGUOUS"
    """It went out and nobody answered: the server may have it. Never sent again by itself."""
    BOUNCED = "BOUNCED"
    """Taken by the server, and sent back later for every recipient (RFC 3464)."""


class MessageEvent(StrEnum):
    """What moves a message from one state to the next."""

    CLAIM = "CLAIM"
    """A worker takes it."""
    ACCEPT = "ACCEPT"
    """The server took it."""
    DEFER = "DEFER"
    """Refused for now, or the server could not be reached."""
    HOLD = "HOLD"
    """A limit, a pause or a failing account keeps it; no fault of the message."""
    REJECT = "REJECT"
    """Refused for good."""
    DOUBT = "DOUBT"
    """The connection was lost after the message went out, or its worker died then."""
    RELEASE = "RELEASE"
    """Its worker stopped before anything of it went out."""
    EXPIRE = "EXPIRE"
    """Its time is over."""
    CANCEL = "CANCEL"
    """Somebody stopped it."""
    RETRY = "RETRY"
    """Somebody wants it tried now."""
    RETRY_AMBIGUOUS = "RETRY_AMBIGUOUS"
    """Somebody wants it sent again although the server may have it."""
    BOUNCE = "BOUNCE"
    """It came back for every recipient."""


WAITING: Final = frozenset({MessageState.QUEUED, MessageState.HELD, MessageState.DEFERRED})
"""States in which a worker may take it, from `due_at` on."""
ENDED: Final = frozenset(MessageState) - WAITING - {MessageState.SENDING}
"""States that a message leaves only when somebody asks for it, or by a bounce."""

_S, _E = MessageState, MessageEvent
_FROM: Final[Mapping[MessageEvent, tuple[frozenset[MessageState], MessageState]]] = {
    _E.CLAIM: (WAITING, _S.SENDING),
    _E.ACCEPT: (frozenset({_S.SENDING}), _S.SENT),
    _E.DEFER: (frozenset({_S.SENDING}), _S.DEFERRED),
    _E.HOLD: (WAITING | {_S.SENDING}, _S.HELD),
    _E.REJECT: (frozenset({_S.SENDING}), _S.FAILED),
    _E.DOUBT: (frozenset({_S.SENDING}), _S.AMBIGUOUS),
    _E.RELEASE: (frozenset({_S.SENDING}), _S.QUEUED),
    _E.EXPIRE: (WAITING, _S.FAILED),
    _E.CANCEL: (WAITING, _S.CANCELLED),
    _E.RETRY: (frozenset({_S.HELD, _S.DEFERRED, _S.FAILED, _S.CANCELLED}), _S.QUEUED),
    _E.RETRY_AMBIGUOUS: (frozenset({_S.AMBIGUOUS}), _S.QUEUED),
    _E.BOUNCE: (frozenset({_S.SENT, _S.AMBIGUOUS}), _S.BOUNCED),
}


def sources(event: MessageEvent) -> frozenset[MessageState]:
    """Return the states in which an event can happen."""
    return _FROM[event][0]


def target(event: MessageEvent) -> MessageState:
    """Return the state that an event leads to."""
    return _FROM[event][1]


def after(state: MessageState, event: MessageEvent) -> MessageState | None:
    """Return the state after an event, None where it cannot happen in this one."""
    allowed, leads_to = _FROM[event]
    return leads_to if state in allowed else None


class HeldFor(StrEnum):
    """Why a message is held."""

    RATE = "RATE"
    """A sending limit of the account or its provider; it goes out when the window opens."""
    ACCOUNT = "ACCOUNT"
    """The account cannot sign in: switched off, no secret, refused, to be authorised again."""
    HOST = "HOST"
    """The outgoing host fails for everybody at the moment (circuit breaker)."""
    TOKEN_ENDPOINT = "TOKEN_ENDPOINT"
    """No access token can be had at the moment."""
    PAUSE = "PAUSE"
    """Somebody paused sending of the account."""


class RecipientKind(StrEnum):
    """Which header names a recipient."""

    TO = "TO"
    """To."""
    CC = "CC"
    """Cc."""
    BCC = "BCC"
    """None: a blind copy."""


class RecipientState(StrEnum):
    """What is known of one recipient."""

    WAITING = "WAITING"
    """Not named to the server yet, or refused for now and tried again."""
    ACCEPTED = "ACCEPTED"
    """The server took the message for this recipient."""
    REFUSED = "REFUSED"
    """The server refused this recipient for good; `reply` tells why."""
    AMBIGUOUS = "AMBIGUOUS"
    """Named to the server, which then did not answer the message."""
    SUPPRESSED = "SUPPRESSED"
    """On the workspace's suppression list: never named to a server."""
    BOUNCED = "BOUNCED"
    """A delivery status notification says that it failed (RFC 3464)."""
    COMPLAINED = "COMPLAINED"
    """A feedback report says that the recipient called it spam (RFC 5965)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a message."""

    address: str
    """An addr-spec; local part as typed, domain in A-labels."""
    kind: RecipientKind
    name: str | None = None
    """Display name."""
    state: RecipientState = RecipientState.WAITING
    reply: str | None = None
    """The server's last words about it, cleaned, at most 300 characters."""
    reply_code: int | None = None
    enhanced_code: str | None = None
    """RFC 3463."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a message."""

    number: int
    """From 1; also the claim: whoever writes with an older number changes nothing."""
    started_at: datetime
    ended_at: datetime | None
    """None while it is under way."""
    event: MessageEvent | None
    """How it ended."""
    phase: Phase | None
    """Where it failed."""
    code: DiagnosticCode | None
    """OK, or why not."""
    reply: str | None
    """The server's words, cleaned, at most 300 characters."""
    host: str | None
    """The outgoing server."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; its content is kept apart, sealed."""

    id: UUID
    workspace_id: UUID
    config_id: UUID
    created_by: UUID | None
    """The user who sent it, or on whose behalf; None: one who is gone."""
    state: MessageState
    message_id: str
    """With its angle brackets; the same at each attempt (RFC 5322, section 3.6.4)."""
    sender: str
    """Address in From and in MAIL FROM."""
    subject: str
    size_bytes: int
    """Of the content."""
    recipients: tuple[Recipient, ...]
    created_at: datetime
    due_at: datetime
    """When it is tried next; also the time of a scheduled message."""
    expires_at: datetime
    """When it is given up."""
    attempts: int = 0
    """How many were begun; the number of the current claim."""
    held_for: HeldFor | None = None
    code: DiagnosticCode | None = None
    """Of the last attempt, or of what holds it."""
    reply: str | None = None
    """The server's last words, cleaned."""
    committed_at: datetime | None = None
    """When the current attempt began to send the content: from here on it may have arrived."""
    sent_at: datetime | None = None
    """When the server took it."""
    needs_utf8: bool = False
    """Whether an address of it is not ASCII (RFC 6531)."""
    ended_at: datetime | None = None
    """When it came to its state, if that is one of `ENDED`."""
    has_content: bool = True
    """Whether its content is still there; without it, it cannot be sent again."""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Conditions on the list of messages; all that are given must hold."""

    config_ids: tuple[UUID, ...] = ()
    """Sent by one of these accounts; empty for any."""
    states: tuple[MessageState, ...] = ()
    """In one of these states; empty for any."""
    created_from: datetime | None = None
    """Taken in at this moment or later."""
    created_before: datetime | None = None
    """Taken in before this moment."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as it is taken in."""

    message: Message
    """State QUEUED, or HELD."""
    content: bytes = field(repr=False)
    """Exactly the bytes that follow DATA, before dot-stuffing, with CR LF."""
