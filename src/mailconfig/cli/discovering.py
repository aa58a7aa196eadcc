"""`mailconfig discover`: the servers of one address, or of a file of domains offline."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from mailconfig.bootstrap import Network, build_discovery, catalogue
from mailconfig.cli.application import (
    Spoken,
    app,
    fail,
    read_settings,
    refusals_in,
    run,
    spoken_language,
)
from mailconfig.cli.batches import LineRefused, run_batch
from mailconfig.cli.findings import finding_console, show_answer, show_finding, show_offline
from mailconfig.domain.addresses import AddressInvalid, EmailAddress, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.discovery.offline import OfflineAnswer, OfflineServer, offline
from mailconfig.domain.hosts import HostInvalid, is_ip_literal, parse_host
from mailconfig.domain.phrases import Say
from mailconfig.domain.servers import TransportSecurity
from mailconfig.services.discovery import Progress
from mailconfig.settings import Settings

_SECURITIES: Final = {
    TransportSecurity.TLS: "tls",
    TransportSecurity.STARTTLS: "starttls",
    TransportSecurity.NONE: "plain",
}
"""As the file of the catalogue writes them."""

_NO_DOMAIN: Final = "This is neither an e-mail address nor a domain."


@app.command
def discover(
    address: Annotated[
        str | None, Parameter(help="E-mail address, or a domain alone.", show_default=False)
    ] = None,
    /,
    *,
    without_network: Annotated[
        bool, Parameter("--offline", help="Answer from the catalogue alone.", negative="")
    ] = False,
    jsonl: Annotated[
        Path | None,
        Parameter(
            help="With --offline: file with an object a line instead; - for standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    language: Spoken = None,
) -> int:
    """Find the servers of an address and show the evidence; exit status 1 when there are none.

    No password is asked for or sent. With --offline --jsonl every line of the file, an object with
    domain and mx (a list of hosts, best first, or null), is answered by a line with domain, class,
    provider, imap and smtp.
    """
    settings = read_settings()
    if jsonl is not None:
        if not without_network:
            fail("A file is answered from the catalogue alone: give --offline, too.")
        rows = catalogue(settings)
        return run_batch(jsonl, lambda given: _answer(given, rows))
    if address is None:
        fail("Give an address or a domain, or with --offline a file by --jsonl.")
    domain, parsed = _asked(address)
    if without_network:
        return show_offline(finding_console(), domain, offline(catalogue(settings), domain, None))
    say = spoken_language(settings, language)
    with refusals_in(say):
        return run(_discovered(settings, domain, parsed, say))


def _asked(text: str) -> tuple[str, EmailAddress | None]:
    try:
        address = parse_address(text) if "@" in text else None
        domain = address.domain if address else parse_host(text)
    except (AddressInvalid, HostInvalid):
        fail(_NO_DOMAIN)
    if is_ip_literal(domain):
        fail(_NO_DOMAIN)
    return domain, address


async def _discovered(
    settings: Settings, domain: str, address: EmailAddress | None, say: Say
) -> int:
    """Show each source as it ends, then the answer; return the exit status."""
    rows = catalogue(settings)
    network = Network(settings)
    discovery = build_discovery(settings, rows, network.knocker, network.outside)
    async with discovery.running():
        return await _shown(discovery.look(domain, address), rows, say)


async def _shown(events: AsyncGenerator[Progress, None], rows: Catalogue, say: Say) -> int:
    console, status = finding_console(), 1
    async with aclosing(events):
        async for event in events:
            if event.finding is not None:
                show_finding(console, event.finding, say)
            if event.answer is not None:
                status = show_answer(console, event.answer, rows, say)
    return status


def _answer(given: Mapping[str, object], rows: Catalogue) -> dict[str, object]:
    domain = given.get("domain")
    if not isinstance(domain, str):
        raise LineRefused("domain is no text")
    try:
        found = offline(rows, domain, _exchangers(given))
    except HostInvalid as error:
        raise LineRefused("domain is no domain name") from error
    return {"domain": domain, **_members(found)}


def _exchangers(given: Mapping[str, object]) -> list[str] | None:
    hosts = given.get("mx")
    if hosts is None:
        return None
    if isinstance(hosts, list) and all(isinstance(host, str) for host in hosts):
        return hosts
    raise LineRefused("mx is no list of host names")


def _members(found: OfflineAnswer) -> dict[str, object]:
    return {
        "class": found.domain_class.value,
        "provider": found.provider_id,
        "imap": _server(found.imap),
        "smtp": _server(found.smtp),
    }


def _server(found: OfflineServer | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"host": found.host, "port": found.port, "security": _SECURITIES[found.security]}
