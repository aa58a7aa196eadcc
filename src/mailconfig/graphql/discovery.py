"""Finding the settings of an address: candidates with their evidence, at the end or as it comes."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import discovery as domain
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.discovery import DiscoverySource, FindingStatus, Trust
from mailconfig.domain.discovery.conclusion import needs_consent
from mailconfig.domain.discovery.wording import reason
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.identity import Scope
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.servers import AuthenticationMethod, MailProtocol, TransportSecurity
from mailconfig.graphql.context import Context, Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.diagnoses import Diagnosis, diagnosis
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.phrases import Spoken
from mailconfig.graphql.providers import Provider, provider_or_none
from mailconfig.graphql.scalars import Hostname

_TOKEN_METHODS = frozenset({AuthenticationMethod.XOAUTH2, AuthenticationMethod.OAUTHBEARER})


@input_type
class DiscoverInput:
    """What to find settings for: an address, or a domain alone. There is no place for a secret."""

    email_address: str | None = None
    """The address; user names are filled from it."""
    domain: str | None = None
    """A domain; give either this or emailAddress."""
    online: bool = True
    """Whether the network is asked; false answers from the catalogue alone."""


@object_type
class FoundServer:
    """A server that was found, ready for the form."""

    protocol: MailProtocol
    """Which protocol the server speaks."""
    host: Hostname
    """Name of the server."""
    port: int
    """TCP port."""
    security: TransportSecurity
    """How the connection is protected."""
    username: str | None
    """Name to sign in with; null where only the operator gives it out, or no address was asked."""
    authentication: AuthenticationMethod
    """How to sign in: AUTO unless only tokens are taken."""


@object_type
class Evidence:
    """What became of one source."""

    source: DiscoverySource
    """Which source."""
    status: FindingStatus
    """How the question ended."""
    detail: str = strawberry.field(extensions=[Spoken()])
    """One sentence: what was asked, and what was there."""
    secure: bool
    """Whether every hop was HTTPS or DNSSEC."""
    checked_at: datetime
    """When it was asked."""
    age_seconds: int
    """How long ago that was; answers are kept for as long as their records say."""
    code: DiagnosticCode | None
    """What it means, where that has a code."""
    incoming: list[FoundServer]
    """IMAP servers that it names, best first."""
    outgoing: list[FoundServer]
    """SMTP servers that it names, best first."""


@object_type
class DiscoveredSettings:
    """Settings that are offered, with all that speaks for and against them."""

    incoming: FoundServer | None
    """IMAP server; null where none is known."""
    outgoing: FoundServer | None
    """SMTP server; null where none is known."""
    provider: Provider | None
    """Provider whose servers these are, where the catalogue knows it."""
    display_name: str | None
    """Name of the operator."""
    trust: Trust
    """How far the settings may be trusted."""
    needs_consent: bool
    """Whether a person has to agree to the host names before a password goes there."""
    evidence: list[Evidence]
    """Sources that name these servers, strongest first."""
    disagreements: list[Evidence]
    """Sources at least as strong as the weakest of them that name others."""
    probed: bool | None
    """True: the servers answered without credentials; null: they were not asked."""


@object_type
class DiscoverPayload:
    """What discover answers."""

    domain: str | None = None
    """The domain that was looked at, in A-labels."""
    candidates: list[DiscoveredSettings] = strawberry.field(default_factory=list)
    """Settings, best first; a password goes to one of them only."""
    evidence: list[Evidence] = strawberry.field(default_factory=list)
    """Every source that ended, strongest first, also those that found nothing."""
    provider: Provider | None = None
    """Provider of the domain, also where it has no servers."""
    diagnosis: Diagnosis | None = None
    """Why nothing can be set up, or what to know before: a domain that only forwards, a provider
    without IMAP and SMTP, no such domain.
    """
    suggested_domain: str | None = None
    """Known domain that this one is probably a typing error of."""
    checked_at: datetime | None = None
    """When the oldest evidence was made."""
    age_seconds: int | None = None
    """How long ago that was."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was asked."""


@object_type
class DiscoveryProgress:
    """A moment of a discovery: exactly one of the two is set."""

    evidence: Evidence | None
    """A source that has ended."""
    result: DiscoverPayload | None
    """The answer; only in the last event."""


@strawberry.type
class DiscoveryMutation:
    """Discovery of settings."""

    @mutation(Guard.VIEWER, DiscoverPayload, Scope.TESTS_RUN)
    async def discover(
        self,
        info: Info,
        input: Annotated[DiscoverInput, strawberry.argument(description="What to look for.")],
    ) -> DiscoverPayload | None:
        """Find the servers of an address, with evidence; no password is ever part of it."""
        context = info.context
        asked, path = _asked(input)
        answer = await context.services.discovery.discover(
            await context.caller(), asked, online=input.online, path=path
        )
        return _payload(context, answer)


@object_type
class DiscoverySubscription:
    """Discovery as it goes."""

    @strawberry.subscription
    async def discovery_progress(
        self,
        info: Info,
        email_address: Annotated[
            str, strawberry.argument(description="The address, or a domain alone.")
        ],
    ) -> AsyncGenerator[DiscoveryProgress, None]:
        """One event a source that has ended, then one with the answer; completes with it."""
        context = info.context
        events = context.services.discovery.watch(
            await context.caller(Scope.TESTS_RUN), email_address, path=("emailAddress",)
        )
        async with aclosing(events):
            async for event in events:
                found, answer = event.finding, event.answer
                yield DiscoveryProgress(
                    evidence=_evidence(found, utc_now()) if found else None,
                    result=_payload(context, answer) if answer else None,
                )


def _asked(given: DiscoverInput) -> tuple[str, tuple[str, ...]]:
    """Return the one thing that is asked for and its path; raises InvalidInput."""
    if given.email_address is not None and given.domain is None:
        return given.email_address, ("emailAddress",)
    if given.domain is not None and given.email_address is None:
        return given.domain, ("domain",)
    message = N_("Give either an address or a domain.")
    raise InvalidInput.of(ValidationCode.REQUIRED, message, "emailAddress")


def _payload(context: Context, answer: domain.Discovery) -> DiscoverPayload:
    catalogue = context.services.catalogue
    return DiscoverPayload(
        domain=answer.domain,
        candidates=[_candidate(context, item, answer) for item in answer.candidates],
        evidence=[_evidence(item, answer.answered_at) for item in answer.findings],
        provider=provider_or_none(catalogue, answer.provider_id),
        diagnosis=_diagnosis(context, answer),
        suggested_domain=answer.suggested_domain,
        checked_at=answer.checked_at,
        age_seconds=_age(answer.checked_at, answer.answered_at),
    )


def _diagnosis(context: Context, answer: domain.Discovery) -> Diagnosis | None:
    found = reason(answer, context.services.catalogue.by_id(answer.provider_id or ""))
    return diagnosis(found) if found is not None else None


def _candidate(
    context: Context, found: domain.Candidate, answer: domain.Discovery
) -> DiscoveredSettings:
    catalogue, now = context.services.catalogue, answer.answered_at
    return DiscoveredSettings(
        incoming=_server(found.incoming) if found.incoming else None,
        outgoing=_server(found.outgoing) if found.outgoing else None,
        provider=provider_or_none(catalogue, found.provider_id),
        display_name=found.display_name,
        trust=found.trust,
        needs_consent=needs_consent(found, catalogue, answer.domain),
        evidence=[_evidence(item, now) for item in found.evidence],
        disagreements=[_evidence(item, now) for item in found.disagreements],
        probed=found.probed,
    )


def _evidence(found: domain.Finding, now: datetime) -> Evidence:
    said = found.proposal or domain.Proposal()
    return Evidence(
        source=found.source,
        status=found.status,
        detail=found.detail,
        secure=found.secure,
        checked_at=found.checked_at,
        age_seconds=_age(found.checked_at, now),
        code=found.code,
        incoming=[_server(server) for server in said.incoming],
        outgoing=[_server(server) for server in said.outgoing],
    )


def _age(then: datetime, now: datetime) -> int:
    return max(0, int((now - then).total_seconds()))


def _server(found: domain.FoundServer) -> FoundServer:
    methods = found.authentication
    only_tokens = bool(methods) and _TOKEN_METHODS.issuperset(methods)
    return FoundServer(
        protocol=found.protocol,
        host=Hostname(found.host),
        port=found.port,
        security=found.security,
        username=found.username,
        authentication=methods[0] if only_tokens else AuthenticationMethod.AUTO,
    )
