"""What an attempt means for its message, its account and its host; pure.

The reply code decides between later and never (RFC 5321, section 4.2.1): 4yz is tried again, 5yz is
not. Two things stand above it, both told by the diagnosis: a limit that a provider answers with 5yz
holds the message until the limit has passed, and what keeps the account from signing in holds it
until somebody mends that. Neither is a fault of the message, and neither loses it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.delivery import Delivery, RecipientReply
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase, diagnose_code
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.messages import HeldFor, MessageEvent, Recipient, RecipientState
from mailconfig.domain.servers import MailProtocol

_Code = DiagnosticCode

_LIMITS: Final[Mapping[DiagnosticCode, float]] = {
    _Code.GMAIL_SEND_LIMIT: 6 * 3600,
    _Code.SEND_QUOTA: 3600,
    _Code.ESP_RATE: 60,
    _Code.MS_THROTTLE: 60,
    _Code.GMAIL_BANDWIDTH: 3600,
    _Code.GMAIL_CONNECTIONS: 60,
    _Code.CONNECT_TOO_MANY: 60,
    _Code.AUTH_THROTTLED: 900,
}
"""Refusals for sending or connecting too much, and seconds until the account is tried again.

A day's limit is looked at four times a day: providers count over a window that slides."""

_PASSING: Final = frozenset(
    {
        Failure.NAME_TEMPORARY,
        Failure.REFUSED,
        Failure.UNREACHABLE,
        Failure.TIMEOUT,
        Failure.CLOSED,
        Failure.VIOLATION,
        Failure.TOO_LARGE,
        Failure.FOREIGN_PROTOCOL,
        Failure.TLS_ALERT,
    }
)
"""Failures without a reply that a host may get over by itself."""
_ACCOUNT: Final = frozenset({_Code.AUTH_REQUIRED, _Code.STARTTLS_REQUIRED})
"""Refusals that come after the sign-in and tell that there was none that counts."""
_TOKEN_SECONDS: Final = 300.0
"""Until a token endpoint that is down is asked again; it has a breaker of its own."""
_KEY_SECONDS: Final = 3600.0
"""Until a secret is opened again: the key comes back without any change of the account."""
_SIGNING_IN: Final = frozenset({Phase.AUTH, Phase.TOKEN, Phase.AUTHORIZE})
_TEMPORARY: Final = range(400, 500)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to a message now."""

    event: MessageEvent
    """ACCEPT, DEFER, HOLD, REJECT or DOUBT."""
    code: DiagnosticCode
    """OK, or the root cause."""
    recipients: tuple[Recipient, ...]
    """All of the message, with what is known now."""
    phase: Phase | None = None
    """Where it failed."""
    reply: str | None = None
    """The server's words."""
    held_for: HeldFor | None = None
    """Set with HOLD."""
    hold_seconds: float | None = None
    """With HOLD: how long; None until somebody mends the account or asks for a retry."""
    host_failing: bool = False
    """Whether the host failed before it looked at the message: counts for its circuit breaker."""


def judged(delivery: Delivery, recipients: Iterable[Recipient]) -> Outcome:
    """Return what an attempt means; `recipients` are all of the message, ended ones included."""
    told = {reply.address: reply for reply in delivery.replies}
    everyone = tuple(recipients)
    if delivery.doubtful:
        return _doubtful(delivery, everyone, told)
    if delivery.observation is None:
        return _taken(delivery, everyone, told)
    return _failed(delivery, delivery.observation, everyone, told)


def withheld(code: DiagnosticCode, recipients: Iterable[Recipient]) -> Outcome:
    """Return what it means that there is no secret to sign in with; nothing was dialled."""
    down = code is _Code.OAUTH_ENDPOINT_DOWN
    seconds = {_Code.OAUTH_ENDPOINT_DOWN: _TOKEN_SECONDS, _Code.SECRET_UNREADABLE: _KEY_SECONDS}
    return Outcome(
        MessageEvent.HOLD,
        code,
        tuple(recipients),
        Phase.TOKEN,
        held_for=HeldFor.TOKEN_ENDPOINT if down else HeldFor.ACCOUNT,
        hold_seconds=seconds.get(code),
    )


def _taken(
    delivery: Delivery, everyone: tuple[Recipient, ...], told: Mapping[str, RecipientReply]
) -> Outcome:
    """The server has the message, for those whom it accepted."""
    after = tuple(_named(one, told, RecipientState.ACCEPTED, delivery.reply) for one in everyone)
    waiting = [one for one in after if one.state is RecipientState.WAITING]
    if not waiting:
        return Outcome(MessageEvent.ACCEPT, _Code.OK, after, reply=delivery.reply or None)
    codes = [_code_of(one.reply, one.reply_code, one.enhanced_code) for one in waiting]
    limited = [code for code in codes if code in _LIMITS]
    if limited:
        return _limited(limited[0], after, Phase.RCPT, waiting[0].reply)
    return Outcome(MessageEvent.DEFER, codes[0], after, Phase.RCPT, waiting[0].reply)


def _limited(
    code: DiagnosticCode, after: tuple[Recipient, ...], phase: Phase | None, reply: str | None
) -> Outcome:
    seconds = _LIMITS[code]
    return Outcome(MessageEvent.HOLD, code, after, phase, reply, HeldFor.RATE, seconds)


def _doubtful(
    delivery: Delivery, everyone: tuple[Recipient, ...], told: Mapping[str, RecipientReply]
) -> Outcome:
    after = tuple(_named(one, told, RecipientState.AMBIGUOUS, None) for one in everyone)
    seen = delivery.observation
    code = _Code.STEP_TIMEOUT if seen is None else diagnose_code(seen)
    return Outcome(MessageEvent.DOUBT, code, after, Phase.DATA, delivery.reply or None)


def _failed(
    delivery: Delivery,
    seen: Observation,
    everyone: tuple[Recipient, ...],
    told: Mapping[str, RecipientReply],
) -> Outcome:
    """The server has nothing of the message."""
    # Who would have been accepted waits still: the message as a whole was refused.
    after = tuple(_named(one, told, RecipientState.WAITING, None) for one in everyone)
    seen, reply = _telling(seen, delivery.reply or None, after, told)
    code = diagnose_code(seen)
    host = delivery.session_refused and seen.phase not in _SIGNING_IN
    if code in _LIMITS:
        return _limited(code, after, seen.phase, reply)
    if seen.failure is Failure.REPLY:
        return _refused(delivery, seen, code, after, reply)
    if seen.failure in _PASSING:
        return Outcome(MessageEvent.DEFER, code, after, seen.phase, reply, host_failing=host)
    if delivery.session_refused:
        # Name, certificate, TLS mode, mechanism: what the account's settings say does not work.
        return Outcome(MessageEvent.HOLD, code, after, seen.phase, reply, HeldFor.ACCOUNT)
    return _ended(code, after, seen, reply)  # too large, or an address that it cannot take


def _telling(
    seen: Observation,
    reply: str | None,
    after: tuple[Recipient, ...],
    told: Mapping[str, RecipientReply],
) -> tuple[Observation, str | None]:
    """Return the refusal that says what comes next, with its words.

    Where nobody was let in that is the first one of somebody who may be later: who was refused for
    good has no more to wait for.
    """
    if seen.failure is not Failure.REPLY or seen.phase is not Phase.RCPT:
        return seen, reply
    for one in after:
        said = told.get(one.address)
        if one.state is RecipientState.WAITING and said is not None and not said.accepted:
            telling = replace(
                seen,
                text=said.reply,
                reply_code=said.reply_code,
                enhanced_code=said.enhanced_code,
            )
            return telling, said.reply
    return seen, reply


def _refused(
    delivery: Delivery,
    seen: Observation,
    code: DiagnosticCode,
    after: tuple[Recipient, ...],
    reply: str | None,
) -> Outcome:
    """A reply refused it: 4yz for now, 5yz for good."""
    later = seen.reply_code in _TEMPORARY
    before = delivery.session_refused
    if later:
        host = before and seen.phase not in _SIGNING_IN
        return Outcome(MessageEvent.DEFER, code, after, seen.phase, reply, host_failing=host)
    if before or code in _ACCOUNT:
        return Outcome(MessageEvent.HOLD, code, after, seen.phase, reply, HeldFor.ACCOUNT)
    return _ended(code, after, seen, reply)


def _ended(
    code: DiagnosticCode, after: tuple[Recipient, ...], seen: Observation, reply: str | None
) -> Outcome:
    """Refused for good, for all who waited."""
    ended = tuple(
        replace(one, state=RecipientState.REFUSED, reply=reply, reply_code=seen.reply_code)
        if one.state is RecipientState.WAITING
        else one
        for one in after
    )
    taken = any(one.state is RecipientState.ACCEPTED for one in ended)
    event = MessageEvent.ACCEPT if taken else MessageEvent.REJECT
    return Outcome(event, code, ended, seen.phase, reply)


def _named(
    one: Recipient,
    told: Mapping[str, RecipientReply],
    accepted: RecipientState,
    reply: str | None,
) -> Recipient:
    """Return a recipient after what the server said about it; others stay as they are."""
    said = told.get(one.address)
    if said is None or one.state is not RecipientState.WAITING:
        return one
    if said.accepted and accepted is RecipientState.WAITING:
        return one
    if said.accepted:
        return replace(one, state=accepted, reply=reply or said.reply, reply_code=None)
    refused = said.reply_code not in _TEMPORARY and (
        _code_of(said.reply, said.reply_code, said.enhanced_code) not in _LIMITS
    )
    return replace(
        one,
        state=RecipientState.REFUSED if refused else RecipientState.WAITING,
        reply=said.reply,
        reply_code=said.reply_code,
        enhanced_code=said.enhanced_code,
    )


def _code_of(
    reply: str | None, reply_code: int | None, enhanced_code: str | None
) -> DiagnosticCode:
    """Name the cause of one recipient's refusal."""
    return diagnose_code(
        Observation(
            protocol=MailProtocol.SMTP,
            phase=Phase.RCPT,
            text=reply or "",
            reply_code=reply_code,
            enhanced_code=enhanced_code,
        )
    )
