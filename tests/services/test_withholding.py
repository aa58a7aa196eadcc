"""Servers that are signed in to by a grant: no token at all, or one that is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, Observation, Phase
from mailconfig.domain.ids import new_id
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepKind,
    StepStatus,
)
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import MailProtocol, ServerSettings, TransportSecurity
from mailconfig.services.withholding import WithholdingProber, refused_targets

Code = DiagnosticCode
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = ServerSettings(
    MailProtocol.IMAP, "imap.gmail.com", 993, TransportSecurity.TLS, username="ann@gmail.com"
)
GRANTED = ProbeTarget(
    SETTINGS,
    NewSecret(SecretKind.ACCESS_TOKEN, Secret("access-1")),
    grant_id=new_id(),
    token_fetched_at=NOW - timedelta(seconds=59),
)
OLD = replace(GRANTED, token_fetched_at=NOW - timedelta(seconds=60))
TYPED = replace(GRANTED, grant_id=None, token_fetched_at=None)
NARROW = replace(GRANTED, scopes_missing=("https://mail.google.com/",))


class Refusing:
    """A prober whose servers all refuse in one way, at one step."""

    def __init__(self, code: DiagnosticCode, kind: StepKind, phase: Phase) -> None:
        self._code, self._kind, self._phase = code, kind, phase

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Refuse."""
        outcomes = []
        for target in request.targets:
            protocol = target.settings.protocol
            report(ProbeStep(protocol, self._kind, StepStatus.FAILED, 1, code=self._code))
            seen = Observation(protocol=protocol, phase=self._phase)
            outcomes.append(ProtocolOutcome(protocol, self._code, seen))
        return tuple(outcomes)


SIGNING_IN = (StepKind.AUTHENTICATE, Phase.AUTH)
OPENING = (StepKind.OPEN_MAILBOX, Phase.SELECT)
CASES = [
    # A token that was fetched a moment ago cannot have run out: it is another account's.
    (GRANTED, Code.OAUTH_TOKEN_EXPIRED, SIGNING_IN, Code.OAUTH_SCOPE, FixableBy.USER),
    (GRANTED, Code.OAUTH_TOKEN_EXPIRED, OPENING, Code.OAUTH_SCOPE, FixableBy.USER),
    # The server says so itself; all scopes were granted, so the user can mend it.
    (GRANTED, Code.OAUTH_SCOPE, SIGNING_IN, Code.OAUTH_SCOPE, FixableBy.USER),
    # A grant of older days lacks a scope that the catalogue asks for now: as the taxonomy says.
    (NARROW, Code.OAUTH_TOKEN_EXPIRED, SIGNING_IN, Code.OAUTH_SCOPE, None),
    # A plain refusal speaks of a password, but there is none.
    (GRANTED, Code.MS_BAD, SIGNING_IN, Code.OAUTH_SCOPE, FixableBy.USER),
    (GRANTED, Code.GMAIL_BAD, SIGNING_IN, Code.OAUTH_SCOPE, FixableBy.USER),
    (GRANTED, Code.AUTH_BAD_CREDENTIALS, SIGNING_IN, Code.OAUTH_SCOPE, FixableBy.USER),
    # From a minute on it may have been ended before its time: the next test has another.
    (OLD, Code.OAUTH_TOKEN_EXPIRED, SIGNING_IN, Code.OAUTH_TOKEN_EXPIRED, None),
    (OLD, Code.MS_BAD, SIGNING_IN, Code.OAUTH_TOKEN_EXPIRED, None),
    # Said elsewhere it is not about the token; and other failures stay what they are.
    (GRANTED, Code.MS_BAD, OPENING, Code.MS_BAD, None),
    (GRANTED, Code.AUTH_THROTTLED, SIGNING_IN, Code.AUTH_THROTTLED, None),
    (GRANTED, Code.GMAIL_IMAP_OFF, SIGNING_IN, Code.GMAIL_IMAP_OFF, None),
    # A token that somebody typed: nobody knows its age.
    (TYPED, Code.OAUTH_TOKEN_EXPIRED, SIGNING_IN, Code.OAUTH_TOKEN_EXPIRED, None),
    (TYPED, Code.MS_BAD, SIGNING_IN, Code.MS_BAD, None),
]


@pytest.mark.parametrize("number", range(len(CASES)))
async def test_what_a_refusal_means(number: int) -> None:
    """Outcome and step bear the code that the token's age gives it, and who can mend it."""
    target, code, (kind, phase), expected, fixable_by = CASES[number]
    steps: list[ProbeStep] = []
    prober = WithholdingProber(Refusing(code, kind, phase), lambda: NOW)
    (outcome,) = await prober.probe(ProbeRequest((target,), 5), steps.append)
    assert (outcome.code, outcome.fixable_by) == (expected, fixable_by)
    assert outcome.observation == Observation(protocol=MailProtocol.IMAP, phase=phase)
    assert [(step.kind, step.code) for step in steps] == [(kind, expected)]


async def test_a_withheld_token_dials_nothing() -> None:
    """Its server's outcome is the reason; the other server is tested, in its own place."""
    withheld = replace(TYPED, secret=None, withheld=Code.OAUTH_REAUTH)
    other = replace(GRANTED, settings=replace(SETTINGS, protocol=MailProtocol.SMTP))
    steps: list[ProbeStep] = []
    prober = WithholdingProber(Refusing(Code.OAUTH_TOKEN_EXPIRED, *SIGNING_IN), lambda: NOW)
    outcomes = await prober.probe(ProbeRequest((withheld, other), 5), steps.append)
    assert [outcome.code for outcome in outcomes] == [Code.OAUTH_REAUTH, Code.OAUTH_SCOPE]
    failed = [(step.protocol, step.code) for step in steps if step.status is StepStatus.FAILED]
    assert failed == [
        (MailProtocol.IMAP, Code.OAUTH_REAUTH),
        (MailProtocol.SMTP, Code.OAUTH_SCOPE),
    ]


async def test_only_tokens_of_grants_are_spent() -> None:
    """A refused token is fetched anew where there is a grant to fetch it for."""
    for code, spent in (
        (Code.OAUTH_SCOPE, (GRANTED,)),
        (Code.OAUTH_TOKEN_EXPIRED, (GRANTED,)),
        (Code.AUTH_THROTTLED, ()),
        (Code.OK, ()),
    ):
        outcome = ProtocolOutcome(MailProtocol.IMAP, code)
        assert refused_targets((GRANTED,), (outcome,)) == spent
        assert refused_targets((TYPED,), (outcome,)) == ()
