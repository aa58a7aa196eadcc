"""SRV records of mail servers, read as RFC 6186 and RFC 8314 say; the look-up is elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.discovery.usernames import ADDRESS
from mailconfig.domain.discovery.values import FoundServer, Proposal
from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.domain.resolution import Answer, SrvRecord
from mailconfig.domain.servers import MailProtocol, TransportSecurity


@dataclass(frozen=True, slots=True)
class SrvService:
    """One service name and what it means."""

    label: str
    protocol: MailProtocol
    security: TransportSecurity


SRV_SERVICES: Final = (
    SrvService("_imaps._tcp", MailProtocol.IMAP, TransportSecurity.TLS),
    SrvService("_imap._tcp", MailProtocol.IMAP, TransportSecurity.STARTTLS),
    # RFC 8314, section 5.1, adds the name for submission with TLS from the first byte.
    SrvService("_submissions._tcp", MailProtocol.SMTP, TransportSecurity.TLS),
    SrvService("_submission._tcp", MailProtocol.SMTP, TransportSecurity.STARTTLS),
)
"""Services that are asked for, TLS from the first byte before STARTTLS (RFC 8314, section 3)."""
_PORTS: Final = range(1, 65536)

SrvAnswers = Mapping[SrvService, Answer[SrvRecord]]
"""What the DNS said; a service whose name does not exist is absent."""


def srv_proposal(answers: SrvAnswers) -> Proposal | None:
    """Return the servers that the records name, best first; None where they name none.

    The user name is the address, which RFC 6186, section 4, has clients try first.
    """
    incoming = tuple(_servers(answers, MailProtocol.IMAP))
    outgoing = tuple(_servers(answers, MailProtocol.SMTP))
    return Proposal(incoming, outgoing) if incoming or outgoing else None


def declined(answers: SrvAnswers) -> frozenset[MailProtocol]:
    """Return the protocols that the operator says not to offer: "." and nothing else (RFC 2782)."""
    found = set()
    for protocol in MailProtocol:
        records = [
            record
            for service, answer in answers.items()
            if service.protocol is protocol
            for record in answer.records
        ]
        if records and not any(record.target for record in records):
            found.add(protocol)
    return frozenset(found)


def srv_secure(answers: SrvAnswers) -> bool:
    """Tell whether DNSSEC vouches for every answer that names a server."""
    named = [answer for answer in answers.values() if any(item.target for item in answer.records)]
    return bool(named) and all(answer.secure for answer in named)


def _servers(answers: SrvAnswers, protocol: MailProtocol) -> Iterator[FoundServer]:
    for service in SRV_SERVICES:
        answer = answers.get(service)
        if service.protocol is protocol and answer is not None:
            yield from _of_service(service, answer.records)


def _of_service(service: SrvService, records: Iterable[SrvRecord]) -> Iterator[FoundServer]:
    """Yield usable targets: lowest priority first, then highest weight (RFC 2782)."""
    for record in sorted(records, key=lambda item: (item.priority, -item.weight, item.target)):
        host = _name(record.target)
        if host is not None and record.port in _PORTS:
            yield FoundServer(service.protocol, host, record.port, service.security, ADDRESS)


def _name(target: str) -> str | None:
    """Return a target that can be a server's name: "." and what is no host name cannot."""
    try:
        host = parse_host(target)
    except HostInvalid:
        return None
    return None if is_ip_literal(host) else host
