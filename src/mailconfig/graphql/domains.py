"""Sender-domain checks: a mutation, because it asks the network."""

from datetime import datetime
from typing import Annotated

import strawberry

from mailconfig.domain import domains as domain
from mailconfig.domain.domains import CheckKind, CheckVerdict
from mailconfig.domain.identity import Scope
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.phrases import LANGUAGE_DESCRIPTION
from mailconfig.graphql.providers import Provider, provider_or_none


@input_type
class CheckDomainInput:
    """A domain to check."""

    domain: str
    """The part of an address after the @."""
    dkim_selectors: list[str] = strawberry.field(default_factory=list)
    """Your own DKIM selectors, at most ten; without them the provider's or the usual ones."""


@object_type
class DnsRecord:
    """A record of the DNS, found or to be published."""

    type: str
    """MX, TXT or CNAME."""
    name: str
    """Full name, without the final dot."""
    value: str
    """As in a zone file, without quotes."""


@object_type
class DomainCheck:
    """One check of a domain."""

    kind: CheckKind
    """What was looked at."""
    verdict: CheckVerdict
    """How it ended."""
    found: list[DnsRecord]
    """What the DNS holds."""
    publish: list[DnsRecord]
    """Records that would make it good, where they can be known."""
    spf_lookups: int | None
    """SPF: DNS look-ups that receivers need, at most ten; null for other checks."""
    _remarks: strawberry.Private[tuple[str, ...]]

    @strawberry.field
    def remarks(
        self,
        info: Info,
        language: Annotated[
            str | None, strawberry.argument(description=LANGUAGE_DESCRIPTION)
        ] = None,
    ) -> list[str]:
        """Sentences for the owner of the domain, the most important first."""
        return [info.context.say(remark, language) for remark in self._remarks]


@object_type
class DomainReport:
    """What the DNS says about a domain that sends and receives mail."""

    domain: str
    """The domain, lower case, in A-labels."""
    provider: Provider | None
    """The provider that the domain or its mail exchanger names."""
    checks: list[DomainCheck]
    """One check of each kind."""
    checked_at: datetime
    """When the DNS was asked."""


@object_type
class CheckDomainPayload:
    """What checkDomain answers."""

    report: DomainReport | None = None
    """The checks."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was checked."""


@strawberry.type
class DomainMutation:
    """Checks of domains."""

    @mutation(Guard.VIEWER, CheckDomainPayload, Scope.TESTS_RUN)
    async def check_domain(
        self,
        info: Info,
        input: Annotated[CheckDomainInput, strawberry.argument(description="Which domain.")],
    ) -> CheckDomainPayload | None:
        """Check MX, SPF, DKIM, DMARC, MTA-STS and TLS-RPT of a domain, with records to publish."""
        principal = await info.context.caller()
        services = info.context.services
        report = await services.domains.check(principal, input.domain, input.dkim_selectors)
        return CheckDomainPayload(
            report=DomainReport(
                domain=report.domain,
                provider=provider_or_none(services.catalogue, report.provider_id),
                checks=[_check(each) for each in report.checks],
                checked_at=report.checked_at,
            )
        )


def _check(check: domain.DomainCheck) -> DomainCheck:
    return DomainCheck(
        kind=check.kind,
        verdict=check.verdict,
        found=[_record(each) for each in check.found],
        publish=[_record(each) for each in check.publish],
        spf_lookups=check.lookups,
        _remarks=check.remarks,
    )


def _record(record: domain.DnsRecord) -> DnsRecord:
    return DnsRecord(type=record.type, name=record.name, value=record.value)
