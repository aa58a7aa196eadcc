"""Sources that find a row of the catalogue: the domain itself, its mail exchanger, DNS hints."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

import anyio

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.hints import HintQuestion, Pointed, pointed_at, questions
from mailconfig.domain.discovery.listed import domain_finding, needs_probe, row_finding
from mailconfig.domain.discovery.values import DiscoverySource, Finding, FindingStatus, Query
from mailconfig.domain.hosts import registrable_domain
from mailconfig.domain.mx import MxKind, MxMatch
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import Provider, ProviderKind
from mailconfig.domain.resolution import (
    Answer,
    MxRecord,
    NameNotFound,
    NameTemporary,
    Records,
)
from mailconfig.services.discovery.knocking import MARGIN_SECONDS, Knocker

_MAILBOX_KINDS: Final = frozenset({ProviderKind.MAILBOX, ProviderKind.HOSTING})


@dataclass(frozen=True, slots=True)
class Rows:
    """What the sources of this module share."""

    catalogue: Catalogue
    knocker: Knocker
    now: Now

    async def confirmed(self, finding: Finding, seconds: float) -> Finding:
        """Return the finding if its servers answer without credentials, else say that they do not.

        Nobody may be shown a doubtful row whose servers are gone or were never there.
        """
        if finding.proposal is None:
            return finding
        proposal = await self.knocker.confirmed(finding.proposal, seconds)
        if proposal is not None:
            return replace(finding, proposal=proposal, probed=True)
        detail = N_("The servers that the catalogue lists without certainty did not answer.")
        return replace(
            finding,
            status=FindingStatus.UNAVAILABLE,
            detail=detail,
            proposal=None,
            ttl_seconds=60,
            probed=False,
        )

    async def offered(self, finding: Finding, seconds: float) -> Finding:
        """Return the finding; one of a row that has no second source after a probe only."""
        row = self.catalogue.by_id(finding.provider_id or "")
        doubtful = row is not None and needs_probe(row)
        return await self.confirmed(finding, seconds) if doubtful else finding


@dataclass(frozen=True, slots=True)
class CatalogueSource:
    """The domain of the address, as the catalogue lists it."""

    rows: Rows
    kind: DiscoverySource = DiscoverySource.CATALOGUE

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask the catalogue; only an unconfirmed row takes time."""
        finding = domain_finding(self.rows.catalogue, query.domain, self.rows.now())
        return await self.rows.offered(finding, seconds)


@dataclass(frozen=True, slots=True)
class MxSource:
    """The domain's mail exchanger: whose it is, and whether there is a mailbox at all."""

    rows: Rows
    records: Records
    kind: DiscoverySource = DiscoverySource.MX

    async def look(self, query: Query, seconds: float) -> Finding:
        """Look the exchangers up and judge the first one."""
        ends = anyio.current_time() + seconds
        try:
            with anyio.fail_after(max(seconds - MARGIN_SECONDS, 0)):
                answer = await self.records.mx(query.domain)
        except NameNotFound:
            detail = phrase("The domain {domain} does not exist.", domain=query.domain)
            return self._nothing(detail, DiagnosticCode.DNS_NXDOMAIN)
        except (NameTemporary, TimeoutError):
            detail = phrase(
                "The DNS gave no answer about the mail exchangers (MX) of {domain}.",
                domain=query.domain,
            )
            finding = self._nothing(detail, DiagnosticCode.DNS_TEMPORARY)
            return replace(finding, status=FindingStatus.UNAVAILABLE, ttl_seconds=60)
        match = self.rows.catalogue.by_mx([record.host for record in answer.records])
        finding = self._judged(match, query.domain, answer)
        if finding.status is FindingStatus.FOUND or match.kind is not MxKind.UNKNOWN:
            return await self.rows.offered(finding, ends - anyio.current_time())
        left = ends - anyio.current_time()
        return await self._around(match, query.domain, answer, left) or finding

    def _nothing(
        self,
        detail: str,
        code: DiagnosticCode | None = None,
        answer: Answer[MxRecord] | None = None,
    ) -> Finding:
        ttl = answer.ttl_seconds if answer is not None else 300
        secure = answer is not None and answer.secure
        status = FindingStatus.NOTHING
        return Finding(self.kind, status, detail, self.rows.now(), secure, ttl, code=code)

    def _judged(self, match: MxMatch, domain: str, answer: Answer[MxRecord]) -> Finding:
        """Put the verdict on the exchangers into a finding."""
        name, host = match.name or "", match.host or ""
        match match.kind:
            case MxKind.PROVIDER if match.provider is not None:
                return self._of_row(match.provider, domain, host, answer)
            case MxKind.NULL_MX:
                detail = phrase("The domain {domain} says that it takes no mail.", domain=domain)
                return self._nothing(detail, DiagnosticCode.DNS_NO_ADDRESS, answer)
            case MxKind.FORWARDER:
                return self._forwarder(match, domain, answer)
            case MxKind.GATEWAY:
                detail = phrase(
                    "The mail exchanger (MX) {host} is a mail filter of {name}; it does not show "
                    "where the mailbox is.",
                    host=host,
                    name=name,
                )
            case MxKind.AMBIGUOUS:
                detail = phrase(
                    "The mail exchanger (MX) {host} of {name} serves several kinds of mailboxes; "
                    "it does not show which one this is.",
                    host=host,
                    name=name,
                )
            case _ if host:
                detail = phrase("The mail exchanger (MX) {host} is not known.", host=host)
            case _:
                detail = phrase("The domain {domain} has no mail exchanger (MX).", domain=domain)
        return self._nothing(detail, None, answer)

    def _of_row(self, row: Provider, domain: str, host: str, answer: Answer[MxRecord]) -> Finding:
        detail = phrase(
            "The mail exchanger (MX) {host} belongs to {name}.", host=host, name=row.name
        )
        return row_finding(
            self.kind,
            row,
            domain,
            detail,
            checked_at=self.rows.now(),
            secure=answer.secure,
            ttl_seconds=answer.ttl_seconds,
        )

    def _forwarder(self, match: MxMatch, domain: str, answer: Answer[MxRecord]) -> Finding:
        """Say that there is no mailbox; show the plan that is sold behind the same exchanger."""
        code, host, name = DiagnosticCode.FORWARD_ONLY, match.host or "", match.name or ""
        detail = phrase(
            "The mail exchanger (MX) {host} of {name} only forwards mail.", host=host, name=name
        )
        if match.maybe_provider is None:
            return self._nothing(detail, code, answer)
        found = self._of_row(match.maybe_provider, domain, host, answer)
        return replace(found, detail=detail, code=code)

    async def _around(
        self, match: MxMatch, domain: str, answer: Answer[MxRecord], seconds: float
    ) -> Finding | None:
        """Ask the catalogue for the domain that the exchanger stands in, one label up and at last.

        An operator's own mailboxes need not be where its customers' are: only servers that answer
        are offered.
        """
        host = match.host or ""
        for name in dict.fromkeys((host.partition(".")[2], registrable_domain(host))):
            row = self.rows.catalogue.by_domain(name) if "." in name else None
            if row is None or row.silent or row.kind not in _MAILBOX_KINDS:
                continue
            if not any(host.endswith(f".{other}") or host == other for other in row.mx_exclude):
                found = self._of_row(row, domain, host, answer)
                return await self.rows.confirmed(found, seconds)
        return None


@dataclass(frozen=True, slots=True)
class HintSource:
    """Records beside the MX that point at a mailbox host."""

    rows: Rows
    records: Records
    kind: DiscoverySource = DiscoverySource.DNS_HINT

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask all questions at once and follow the strongest answers."""
        ends = anyio.current_time() + seconds
        hints = self.rows.catalogue.dns_hints
        answers: dict[HintQuestion, Answer[str]] = {}
        with anyio.move_on_after(max(seconds - MARGIN_SECONDS, 0)):
            async with anyio.create_task_group() as group:
                for question in questions(hints, query.domain):
                    group.start_soon(self._ask, question, answers)
        pointed = pointed_at(hints, query.domain, answers)
        row = self.rows.catalogue.by_id(pointed.provider_id) if pointed is not None else None
        if pointed is None or row is None:
            detail = N_("No other DNS record points to a single provider.")
            ttl = min((answer.ttl_seconds for answer in answers.values()), default=300)
            return Finding(
                self.kind, FindingStatus.NOTHING, detail, self.rows.now(), ttl_seconds=ttl
            )
        found = self._found(row, pointed, query, answers)
        return await self.rows.offered(found, ends - anyio.current_time())

    def _found(
        self,
        row: Provider,
        pointed: Pointed,
        query: Query,
        answers: dict[HintQuestion, Answer[str]],
    ) -> Finding:
        question = pointed.question
        detail = phrase(
            "The {type} record of {record} points to {name}.",
            type=question.record_type,
            record=question.name,
            name=row.name,
        )
        return row_finding(
            self.kind,
            row,
            query.domain,
            detail,
            checked_at=self.rows.now(),
            secure=answers[question].secure,
            ttl_seconds=answers[question].ttl_seconds,
        )

    async def _ask(self, question: HintQuestion, answers: dict[HintQuestion, Answer[str]]) -> None:
        ask: Callable[[str], Awaitable[Answer[str]]]
        ask = self.records.cname if question.record_type == "CNAME" else self.records.txt
        try:
            answers[question] = await ask(question.name)
        except (NameNotFound, NameTemporary):
            return
