"""`mailconfig test`: the same connection test as the API's, with live step lines."""

import getpass
import re
import sys
from typing import Final

from anyio.to_thread import run_sync
from rich.console import Console
from rich.text import Text

from mailconfig.bootstrap import build_prober, catalogue, validation_policy
from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.engine import describe
from mailconfig.domain.issues import Severity
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    StepStatus,
)
from mailconfig.domain.providers import Provider, ProviderServer
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import DraftServer, MailProtocol, TransportSecurity
from mailconfig.domain.submission import checked
from mailconfig.domain.validation import Draft, validate
from mailconfig.settings import Settings

_SERVER: Final = re.compile(
    r"(?P<host>\[[^\]]+\]|[^:/]+):(?P<port>\d+)/(?P<mode>tls|starttls|none)"
)
_MARKS: Final = {
    StepStatus.RUNNING: ("…", "cyan"),
    StepStatus.PASSED: ("✓", "green"),
    StepStatus.WARNING: ("!", "yellow"),
    StepStatus.FAILED: ("✗", "red"),
    StepStatus.SKIPPED: ("-", "dim"),
}


async def show_test(
    settings: Settings,
    address: str,
    imap: str | None,
    smtp: str | None,
    username: str | None,
    password_stdin: bool,
) -> int:
    """Run the test and print it as it goes; return the exit status."""
    console = Console(highlight=False)
    rows = catalogue(settings)
    try:
        provider = rows.by_address(parse_address(address))
    except AddressInvalid:
        console.print("This is no e-mail address.")
        return 1
    try:
        draft = _draft(address, provider, imap, smtp, username)
    except ValueError as error:
        console.print(str(error), markup=False)
        return 1
    if not _valid(console, draft, rows, settings):
        return 1
    secret = await run_sync(_password, password_stdin)
    request = ProbeRequest(
        _targets(draft, address, provider, secret), settings.test_deadline_seconds
    )
    outcomes = await build_prober(settings).probe(request, lambda step: _print_step(console, step))
    return _print_outcomes(console, outcomes, provider)


def _draft(
    address: str,
    provider: Provider | None,
    imap: str | None,
    smtp: str | None,
    username: str | None,
) -> Draft:
    domain = parse_address(address).domain
    known = {
        MailProtocol.IMAP: provider.incoming[:1] if provider else (),
        MailProtocol.SMTP: provider.outgoing[:1] if provider else (),
    }
    incoming = _server(MailProtocol.IMAP, imap, known[MailProtocol.IMAP], domain, username)
    outgoing = _server(MailProtocol.SMTP, smtp, known[MailProtocol.SMTP], domain, username)
    if incoming is None and outgoing is None:
        raise ValueError("This provider is not known: name its servers with --imap and --smtp.")
    return Draft(name=address, email_address=address, incoming=incoming, outgoing=outgoing)


def _server(
    protocol: MailProtocol,
    given: str | None,
    known: tuple[ProviderServer, ...],
    domain: str,
    username: str | None,
) -> DraftServer | None:
    if given == "-":
        return None
    if given is not None:
        match = _SERVER.fullmatch(given)
        if match is None:
            raise ValueError(f"{given} is not of the form host:port/tls.")
        mode = TransportSecurity(match["mode"].upper())
        return DraftServer(protocol, match["host"], int(match["port"]), mode, None, username)
    for server in known:
        host = server.host_for(domain)
        return DraftServer(protocol, host, server.port, server.security, None, username)
    return None


def _valid(console: Console, draft: Draft, rows: Catalogue, settings: Settings) -> bool:
    report = validate(draft, rows, validation_policy(settings), utc_now().date())
    for issue in report.issues:
        if issue.severity is not Severity.INFO:
            style = "red" if issue.severity is Severity.ERROR else "yellow"
            console.print(Text(f"{'.'.join(issue.path)}: {issue.message}", style=style))
    return not any(issue.severity is Severity.ERROR for issue in report.issues)


def _password(from_stdin: bool) -> NewSecret | None:
    text = sys.stdin.readline().rstrip("\r\n") if from_stdin else getpass.getpass("Password: ")
    return NewSecret(SecretKind.PASSWORD, Secret(text)) if text else None


def _targets(
    draft: Draft, address: str, provider: Provider | None, secret: NewSecret | None
) -> tuple[ProbeTarget, ...]:
    targets = []
    for server in (draft.incoming, draft.outgoing):
        if server is not None:
            sender = address if server.protocol is MailProtocol.SMTP else None
            targets.append(ProbeTarget(checked(server, address, provider), secret, sender))
    return tuple(targets)


def _print_step(console: Console, step: ProbeStep) -> None:
    if step.status is StepStatus.RUNNING and not console.is_terminal:
        return
    mark, style = _MARKS.get(step.status, ("?", "dim"))
    line = Text(f"{mark} {step.protocol:<4} {step.kind.replace('_', ' ').lower():<16}", style=style)
    if step.duration_ms is not None:
        line.append(f" {step.duration_ms:>6} ms", style="dim")
    if step.detail.tls_version:
        line.append(f"  {step.detail.tls_version} {step.detail.cipher or ''}", style="dim")
    if step.detail.mechanism:
        line.append(f"  {step.detail.mechanism}", style="dim")
    if step.code is not None:
        line.append(f"  {step.code}", style=style)
    console.print(line)


def _print_outcomes(
    console: Console, outcomes: tuple[ProtocolOutcome, ...], provider: Provider | None
) -> int:
    failed = [outcome for outcome in outcomes if outcome.code is not DiagnosticCode.OK]
    for outcome in failed:
        found = describe(outcome.code, outcome.protocol, provider, outcome.server_reply)
        console.print(Text(f"\n{outcome.protocol}: {found.title}", style="bold red"))
        console.print(Text(found.advice))
        if found.server_reply:
            console.print(Text(f"The server said: {found.server_reply}", style="dim"))
    if not failed:
        console.print(Text("All is well.", style="bold green"))
    return 1 if failed else 0
