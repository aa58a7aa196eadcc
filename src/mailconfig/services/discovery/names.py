"""Sources that find names of servers: SRV records, and guesses that answered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import anyio

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.srv import (
    SRV_SERVICES,
    SrvService,
    declined,
    srv_proposal,
    srv_secure,
)
from mailconfig.domain.discovery.usernames import ADDRESS
from mailconfig.domain.discovery.values import (
    DiscoverySource,
    Finding,
    FindingStatus,
    FoundServer,
    Proposal,
    Query,
)
from mailconfig.domain.hosts import HostInvalid, is_public_suffix, parse_host
from mailconfig.domain.mx import MxKind
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.resolution import (
    Answer,
    NameNotFound,
    NameTemporary,
    Records,
    SrvRecord,
)
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.discovery.knocking import MARGIN_SECONDS, Knocker

_TTL_SECONDS = 300
"""How long a guess holds, and that there are no such records."""
_SILENCE_TTL_SECONDS = 60
"""How long it holds that nobody answered: they may have been slow, or we busy."""


@dataclass(frozen=True, slots=True)
class SrvSource:
    """The operator's SRV records (RFC 6186, RFC 8314)."""

    records: Records
    now: Now
    kind: DiscoverySource = DiscoverySource.SRV

    async def look(self, query: Query, seconds: float) -> Finding:
        """Ask for all four services at once; what has not answered in time is left out."""
        answers: dict[SrvService, Answer[SrvRecord] | None] = {}
        with anyio.move_on_after(max(seconds - MARGIN_SECONDS, 0)):
            async with anyio.create_task_group() as group:
                for service in SRV_SERVICES:
                    group.start_soon(self._ask, service, query.domain, answers)
        known = {service: answer for service, answer in answers.items() if answer is not None}
        finding = self._finding(query.domain, known)
        silent = len(answers) < len(SRV_SERVICES)
        if silent and finding.status is FindingStatus.NOTHING:
            detail = phrase(
                "The DNS gave no answer about the SRV records of {domain}.", domain=query.domain
            )
            status = FindingStatus.UNAVAILABLE
            return replace(finding, status=status, detail=detail, code=None, ttl_seconds=60)
        return finding

    async def _ask(
        self, service: SrvService, domain: str, answers: dict[SrvService, Answer[SrvRecord] | None]
    ) -> None:
        """Note the answer, None where there is no such name, and nothing where there is none."""
        try:
            answers[service] = await self.records.srv(f"{service.label}.{domain}")
        except NameNotFound:
            answers[service] = None
        except NameTemporary:
            return

    def _finding(self, domain: str, answers: dict[SrvService, Answer[SrvRecord]]) -> Finding:
        proposal = srv_proposal(answers)
        finding = Finding(
            self.kind,
            FindingStatus.NOTHING if proposal is None else FindingStatus.FOUND,
            phrase("No SRV record of {domain} names a mail server.", domain=domain),
            self.now(),
            srv_secure(answers),
            min((answer.ttl_seconds for answer in answers.values()), default=_TTL_SECONDS),
            proposal,
        )
        if proposal is not None:
            return replace(finding, detail=_named(domain, proposal))
        if declined(answers) == set(MailProtocol):
            detail = phrase(
                "The SRV records of {domain} say that there is no IMAP and no SMTP.", domain=domain
            )
            return replace(finding, detail=detail, code=DiagnosticCode.NO_CLIENT_ACCESS)
        return finding


def _named(domain: str, proposal: Proposal) -> str:
    imap, smtp = (side[0].host if side else "" for side in (proposal.incoming, proposal.outgoing))
    if imap and smtp:
        template = N_("The SRV records of {domain} name {imap} for IMAP and {smtp} for SMTP.")
    elif imap:
        template = N_("The SRV records of {domain} name {imap} for IMAP and nothing for SMTP.")
    else:
        template = N_("The SRV records of {domain} name {smtp} for SMTP and nothing for IMAP.")
    return phrase(template, domain=domain, imap=imap, smtp=smtp)


@dataclass(frozen=True, slots=True)
class GuessSource:
    """Usual names of servers, offered only if they answered with a valid certificate."""

    catalogue: Catalogue
    records: Records
    knocker: Knocker
    now: Now
    kind: DiscoverySource = DiscoverySource.GUESS

    async def look(self, query: Query, seconds: float) -> Finding:
        """Knock at all names at once; the best that answers in time is taken."""
        started = anyio.current_time()
        servers = tuple(self._servers(query.domain, await self._exchanger(query.domain)))
        left = seconds - (anyio.current_time() - started)
        answered = await self.knocker.answering(servers, left)
        incoming = tuple(item for item in answered if item.protocol is MailProtocol.IMAP)
        outgoing = tuple(item for item in answered if item.protocol is MailProtocol.SMTP)
        if not answered:
            detail, status, proposal = (
                N_("No server answered under the usual names."),
                FindingStatus.NOTHING,
                None,
            )
        else:
            hosts = ", ".join(dict.fromkeys(server.host for server in answered))
            detail = phrase("Servers answered under usual names: {hosts}.", hosts=hosts)
            status, proposal = FindingStatus.FOUND, Proposal(incoming, outgoing)
        return Finding(
            self.kind,
            status,
            detail,
            self.now(),
            ttl_seconds=_TTL_SECONDS if answered else _SILENCE_TTL_SECONDS,
            proposal=proposal,
            probed=bool(answered),
        )

    async def _exchanger(self, domain: str) -> str | None:
        """Return the mail exchanger where it can be the mailbox host as well."""
        try:
            answer = await self.records.mx(domain)
        except (NameNotFound, NameTemporary):
            return None
        match = self.catalogue.by_mx([record.host for record in answer.records])
        return match.host if match.kind is MxKind.UNKNOWN else None

    def _servers(self, domain: str, exchanger: str | None) -> Iterator[FoundServer]:
        """Fill the catalogue's guesses; a public suffix has no servers of one operator."""
        if "." not in domain or is_public_suffix(domain):
            return
        known = set()
        for guess in self.catalogue.guesses:
            host = guess.host_template.replace("{mx_host}", exchanger or "{mx_host}")
            host = host.replace("{domain}", domain)
            server = FoundServer(guess.protocol, host, guess.port, guess.security, ADDRESS)
            if _is_name(host) and server not in known:
                known.add(server)
                yield server


def _is_name(host: str) -> bool:
    try:
        return parse_host(host) == host
    except HostInvalid:
        return False
