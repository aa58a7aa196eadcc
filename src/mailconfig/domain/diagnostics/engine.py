"""The engine: an observation in, a diagnosis out. Pure; it asks nothing and nobody.

Order: failures known by their kind, then signatures of the first refusal in a text, then of the
whole text, then what code and phase alone say. The tables hold all knowledge; this is the walk.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.diagnostics.families import families_of, receives_mail
from mailconfig.domain.diagnostics.phases import guess_phase
from mailconfig.domain.diagnostics.refine import Verdict, in_context
from mailconfig.domain.diagnostics.replies import Reply, read
from mailconfig.domain.diagnostics.signatures import METHODS, TRANSACTION, Evidence, Signature
from mailconfig.domain.diagnostics.signatures_auth import LOGINS
from mailconfig.domain.diagnostics.signatures_bearer import CHALLENGES, TOKENS
from mailconfig.domain.diagnostics.signatures_callers import CALLERS
from mailconfig.domain.diagnostics.signatures_clients import CLIENTS
from mailconfig.domain.diagnostics.signatures_entra import ENTRA, UNLISTED
from mailconfig.domain.diagnostics.signatures_fallback import FALLBACK
from mailconfig.domain.diagnostics.signatures_google import GOOGLE
from mailconfig.domain.diagnostics.signatures_interfaces import INTERFACES
from mailconfig.domain.diagnostics.signatures_languages import SENDING_AS, SIGNING_IN
from mailconfig.domain.diagnostics.signatures_locks import LOCKED
from mailconfig.domain.diagnostics.signatures_mailboxes import MAILBOXES
from mailconfig.domain.diagnostics.signatures_messages import MESSAGES
from mailconfig.domain.diagnostics.signatures_microsoft import MICROSOFT
from mailconfig.domain.diagnostics.signatures_network import BANNERS, GREETINGS, NETWORK
from mailconfig.domain.diagnostics.signatures_oauth import ENDPOINTS, MEMBERS
from mailconfig.domain.diagnostics.signatures_phases import OPEN_MAILBOXES, PHASES
from mailconfig.domain.diagnostics.signatures_refusals import REFUSALS
from mailconfig.domain.diagnostics.signatures_results import RESULTS
from mailconfig.domain.diagnostics.signatures_secrets import BEFORE_PROVIDERS
from mailconfig.domain.diagnostics.signatures_senders import SENDERS
from mailconfig.domain.diagnostics.signatures_starttls import ENCRYPTION_FIRST, UPGRADE
from mailconfig.domain.diagnostics.signatures_tls import CERTIFICATES, HANDSHAKE
from mailconfig.domain.diagnostics.signatures_unsent import UNSENT
from mailconfig.domain.diagnostics.stems import grams
from mailconfig.domain.diagnostics.structure import UNREADABLE, structural_code
from mailconfig.domain.diagnostics.taxonomy import advice, entry, help_url, paths
from mailconfig.domain.diagnostics.values import (
    Diagnosis,
    Failure,
    Observation,
    Phase,
    SettingsFix,
)
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import MailProtocol, TransportSecurity

REPLY_MAX_CHARS: Final = 300
"""How much of a server's own words is shown: what StepDetail.server_reply holds."""


def _outside_mail(rows: Iterable[Signature]) -> tuple[Signature, ...]:
    """Keep rows on TLS from holding while a message is handed over: replies there speak of mail."""
    elsewhere = frozenset(Phase) - TRANSACTION
    return tuple(row if row.phases else replace(row, phases=elsewhere) for row in rows)


SPECIFIC: Final[tuple[Signature, ...]] = (
    *ENTRA,
    *MEMBERS,
    *UNLISTED,
    *RESULTS,
    *INTERFACES,
    *CALLERS,
    *_outside_mail(CERTIFICATES),
    *_outside_mail(HANDSHAKE),
    *GREETINGS,
    *ENDPOINTS,
    *UNSENT,
    *BEFORE_PROVIDERS,
    *GOOGLE,
    *MICROSOFT,
    *SIGNING_IN,
    *SENDING_AS,
    *MAILBOXES,
    *SENDERS,
    *UPGRADE,
    *ENCRYPTION_FIRST,
    *TOKENS,
    *NETWORK,
    *LOCKED,
    *CLIENTS,
    *LOGINS,
    *MESSAGES,
    *OPEN_MAILBOXES,
)
"""Signs that mean something by themselves, in order of precedence."""

WHOLE: Final = (*BANNERS, *CHALLENGES)
"""What decides about a conversation wherever it stands in it."""

GENERAL: Final[tuple[Signature, ...]] = (*REFUSALS, *PHASES, *FALLBACK)
"""What is left: a refusal in some phase."""


def diagnose_code(observation: Observation) -> DiagnosticCode:
    """Name the root cause of one failure; UNKNOWN_REPLY if nothing is known about it."""
    return judge(observation).code


def diagnose(observation: Observation, provider: Provider | None = None) -> Diagnosis:
    """Say what one failure means, who can mend it and how; fixes are `propose_fixes`'s part.

    The provider's own pages are named where its row of the catalogue knows them.
    """
    verdict = judge(observation)
    found = describe(verdict.code, observation.protocol, provider, _server_reply(observation))
    return replace(
        found,
        retryable=found.retryable if verdict.retryable is None else verdict.retryable,
        fixable_by=verdict.fixable_by or found.fixable_by,
    )


def describe(
    code: DiagnosticCode,
    protocol: MailProtocol | None,
    provider: Provider | None,
    server_reply: str | None = None,
    fix: SettingsFix | None = None,
) -> Diagnosis:
    """Put a stored code into words; done at read time, so that better words reach old tests."""
    meaning = entry(code)
    return Diagnosis(
        code=code,
        severity=meaning.severity,
        title=meaning.title,
        advice=advice(code, provider),
        fixable_by=meaning.fixable_by,
        retryable=meaning.retryable,
        paths=paths(code, protocol),
        help_url=help_url(code, provider),
        server_reply=server_reply,
        fix=fix,
    )


def _server_reply(observation: Observation) -> str | None:
    """Show words of the server only: a failure of another kind carries ours or a library's."""
    if observation.failure is not Failure.REPLY or not observation.text:
        return None
    return observation.text[:REPLY_MAX_CHARS]


def judge(observation: Observation) -> Verdict:
    """Name the root cause of one failure with what is special about the case."""
    code = structural_code(observation)
    if code is not None:
        return Verdict(code)
    seen = [_evidence(observation, reply) for reply in _replies(observation)]
    for table, evidence in _walk(seen):
        verdict = _search(table, evidence)
        if verdict is not None:
            return verdict
    return Verdict(UNREADABLE[observation.failure])


def _answers(evidence: Evidence) -> bool:
    """Tell whether a first refusal is a server's beyond doubt: by a code, or while signing in."""
    codes = evidence.reply_codes or evidence.enhanced_codes or evidence.response_codes
    return bool(codes) or evidence.phase is Phase.AUTH


def _walk(seen: Sequence[Evidence]) -> Iterator[tuple[tuple[Signature, ...], Evidence]]:
    """Order tables and replies: a reply with a code stands before what surrounds it."""
    first = seen[0]
    yield WHOLE, seen[-1]
    if len(seen) > 1 and first.phase in {Phase.TLS, Phase.STARTTLS}:
        yield CERTIFICATES, seen[-1]
    yield SPECIFIC, first
    if len(seen) > 1 and _answers(first):
        yield GENERAL, first
    for evidence in seen[1:]:
        yield SPECIFIC, evidence
    for evidence in seen:
        yield GENERAL, evidence


def _replies(observation: Observation) -> tuple[Reply, ...]:
    """Read the text; codes that the caller took off the reply are put to the first refusal."""
    first, *rest = read(observation.text)
    if observation.reply_code is not None:
        first = replace(first, reply_codes=(observation.reply_code, *first.reply_codes))
    if observation.enhanced_code is not None:
        first = replace(first, enhanced_codes=(observation.enhanced_code, *first.enhanced_codes))
    if observation.response_code is not None:
        response = observation.response_code.upper()
        first = replace(first, response_codes=(response, *first.response_codes))
    return (first, *rest)


def _evidence(observation: Observation, reply: Reply) -> Evidence:
    enhanced = frozenset(reply.enhanced_codes)
    return Evidence(
        words=reply.words,
        letters=grams(reply.words),
        protocol=observation.protocol,
        phase=observation.phase or guess_phase(reply),
        host=observation.host or "",
        port=observation.port,
        families=families_of(observation.host, observation.provider_id, reply.words),
        reply_codes=frozenset(reply.reply_codes) | {code // 100 for code in reply.reply_codes},
        enhanced_codes=enhanced | {f"x{code[1:]}" for code in enhanced},
        response_codes=frozenset(reply.response_codes),
        offers=_offers(observation.capabilities),
        protected=_protected(observation),
        receiving=receives_mail(observation.host),
    )


def _offers(capabilities: Iterable[str]) -> frozenset[str]:
    offers = {
        word.upper() for capability in capabilities for word in (capability, *capability.split())
    }
    if any(offer.startswith("AUTH=") for offer in offers):
        offers.add("AUTH=")
    return frozenset(offers | {f"NO {word}" for word in _WATCHED - offers if offers})


_WATCHED: Final = frozenset({"STARTTLS", "AUTH", *METHODS})
"""Capabilities whose absence from a list tells something."""


_AFTER_TLS: Final = frozenset(Phase) - {
    Phase.DNS,
    Phase.CONNECT,
    Phase.TLS,
    Phase.GREETING,
    Phase.EHLO,
    Phase.CAPABILITY,
    Phase.STARTTLS,
}


def _protected(observation: Observation) -> bool | None:
    """Tell whether TLS was active, also where only the settings are known."""
    if observation.tls_active or observation.security is TransportSecurity.TLS:
        return True
    if observation.security is TransportSecurity.STARTTLS:
        return observation.phase in _AFTER_TLS
    return None if observation.security is None else False


def _search(table: tuple[Signature, ...], evidence: Evidence) -> Verdict | None:
    for signature in table:
        if signature.holds(evidence):
            verdict = Verdict(signature.code, signature.retryable, signature.fixable_by)
            return verdict if signature.final else in_context(verdict, evidence)
    return None
