"""What a terminal shows: `mailconfig test` with live step lines, the table of providers.

The test is the API's own, by the same prober and with the same diagnosis. Prints; knows nothing
about mail. Findings about the input go to standard error, results to standard output.
"""

import asyncio
import getpass
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mailconfig.bootstrap import Network, catalogue, validation_policy
from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.diagnostics.engine import describe
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import Severity, ValidationCode
from mailconfig.domain.phrases import N_, Say, phrase
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    StepKind,
    StepStatus,
    planned_steps,
)
from mailconfig.domain.providers import Provider, ProviderServer
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import DraftServer, MailProtocol, TransportSecurity
from mailconfig.domain.submission import checked
from mailconfig.domain.validation import Draft, validate
from mailconfig.settings import Settings

_SERVER: Final = re.compile(
    r"(?P<host>\[[^\]]+\]|[^:/]+):(?P<port>\d{1,5})/(?P<mode>tls|starttls|none)"
)
_MARKS: Final = {
    StepStatus.PENDING: ("·", "dim"),
    StepStatus.RUNNING: ("…", "cyan"),
    StepStatus.PASSED: ("✓", "green"),
    StepStatus.WARNING: ("!", "yellow"),
    StepStatus.FAILED: ("✗", "red"),
    StepStatus.SKIPPED: ("-", "dim"),
}
_PIPE_COLUMNS: Final = 200
"""Width where no terminal tells one: nothing is cut, so that lines can be searched."""


# ---- providers ---------------------------------------------------------------------------------


def show_providers(rows: Sequence[Provider]) -> int:
    """Print a table of providers; return the exit status, 1 for none."""
    if not rows:
        _complain("No provider is known by that name or domain.")
        return 1
    table = Table("Id", "Name", "IMAP", "SMTP", box=None, pad_edge=False, highlight=False)
    for row in rows:
        incoming, outgoing = _places(row.incoming), _places(row.outgoing)
        if not incoming and not outgoing:
            incoming = row.kind.value.lower().replace("_", " ")
        table.add_row(*(Text(cell) for cell in (row.id, row.name, incoming, outgoing)))
    _console().print(table)
    return 0


def _places(servers: Sequence[ProviderServer]) -> str:
    return "".join(
        f"{server.host_template}:{server.port}/{server.security.value.lower()}"
        for server in servers[:1]
    )


def _complain(message: str, style: str = "") -> None:
    Console(stderr=True, highlight=False).print(Text(message, style=style), soft_wrap=True)


def _console() -> Console:
    width = None if sys.stdout.isatty() else _PIPE_COLUMNS
    return Console(highlight=False, width=width)


# ---- test --------------------------------------------------------------------------------------


def show_test(
    settings: Settings,
    address: str,
    imap: str | None,
    smtp: str | None,
    username: str | None,
    password_stdin: bool,
    say: Say = str,
) -> int:
    """Run the test and print it as it goes; return the exit status.

    Texts for people go through `say`. Raises InvalidInput for what is no address and no server,
    before the password is asked for.
    """
    _check_address(address)
    rows = catalogue(settings)
    provider = rows.by_address(parse_address(address))
    servers = _servers(address, provider, imap, smtp, username)
    secret = _password(say, from_stdin=password_stdin)
    draft = Draft(
        name=address,
        email_address=address,
        incoming=_with(servers.get(MailProtocol.IMAP), secret),
        outgoing=_with(servers.get(MailProtocol.SMTP), secret),
    )
    if not _valid(draft, rows, settings, say):
        return 1
    request = ProbeRequest(
        _targets(draft, address, provider, secret), settings.test_deadline_seconds
    )
    return asyncio.run(_probed(settings, request, provider, say))


async def _probed(
    settings: Settings, request: ProbeRequest, provider: Provider | None, say: Say
) -> int:
    console = _console()
    with _StepLines(console, request) as lines:
        outcomes = await Network(settings).prober.probe(request, lines.report)
    return _print_outcomes(console, outcomes, provider, say)


def _check_address(text: str) -> None:
    try:
        parse_address(text)
    except AddressInvalid:
        raise _refused(N_("This is no e-mail address."), "emailAddress") from None


def _refused(message: str, field: str) -> InvalidInput:
    return InvalidInput.of(ValidationCode.INVALID_FORMAT, message, field)


def _servers(
    address: str,
    provider: Provider | None,
    imap: str | None,
    smtp: str | None,
    username: str | None,
) -> dict[MailProtocol, DraftServer]:
    """Return the servers to test: the named ones, else the provider's first of each protocol."""
    domain = parse_address(address).domain
    given = {MailProtocol.IMAP: imap, MailProtocol.SMTP: smtp}
    known = {
        MailProtocol.IMAP: provider.incoming[:1] if provider else (),
        MailProtocol.SMTP: provider.outgoing[:1] if provider else (),
    }
    servers = {}
    for protocol, text in given.items():
        if text is not None and text != "-":
            servers[protocol] = _named(protocol, text, username)
        elif text is None and known[protocol]:
            servers[protocol] = _listed(known[protocol][0], domain, username)
    if not servers:
        message = N_("No server is known for this domain: name the servers with --imap and --smtp.")
        raise _refused(message, address)
    return servers


def _named(protocol: MailProtocol, text: str, username: str | None) -> DraftServer:
    match = _SERVER.fullmatch(text)
    if match is None:
        option = f"--{protocol.value.lower()}"
        raise _refused(N_("Write it as host:port/tls, host:port/starttls or -."), option)
    mode = TransportSecurity(match["mode"].upper())
    return DraftServer(protocol, match["host"], int(match["port"]), mode, None, username)


def _listed(server: ProviderServer, domain: str, username: str | None) -> DraftServer:
    host = server.host_for(domain)
    return DraftServer(server.protocol, host, server.port, server.security, None, username)


def _password(say: Say, *, from_stdin: bool) -> NewSecret | None:
    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        prompt = say(N_("Password of the mailbox (empty to test without signing in):"))
        text = getpass.getpass(f"{prompt} ")
    else:
        message = N_("There is no terminal to ask on: give --password-stdin.")
        raise _refused(message, "password")
    return NewSecret(SecretKind.PASSWORD, Secret(text)) if text else None


def _with(server: DraftServer | None, secret: NewSecret | None) -> DraftServer | None:
    return replace(server, secret=secret) if server is not None else None


def _valid(draft: Draft, rows: Catalogue, settings: Settings, say: Say) -> bool:
    """Print errors and warnings; tell whether the test may run."""
    report = validate(draft, rows, validation_policy(settings), utc_now().date())
    for issue in report.issues:
        if issue.severity is not Severity.INFO:
            style = "red" if issue.severity is Severity.ERROR else "yellow"
            _complain(f"{'.'.join(issue.path)}: {say(issue.message)}", style)
    return not any(issue.severity is Severity.ERROR for issue in report.issues)


def _targets(
    draft: Draft, address: str, provider: Provider | None, secret: NewSecret | None
) -> tuple[ProbeTarget, ...]:
    targets = []
    for server in (draft.incoming, draft.outgoing):
        if server is not None:
            sender = address if server.protocol is MailProtocol.SMTP else None
            targets.append(ProbeTarget(checked(server, address, provider), secret, sender))
    return tuple(targets)


class _StepLines:
    """A line for each step: on a terminal all of them, changing in place; else one as each ends."""

    def __init__(self, console: Console, request: ProbeRequest) -> None:
        self._console = console
        servers = [target.settings for target in request.targets]
        self._titles = {server.protocol: f"{server.host}:{server.port}" for server in servers}
        self._steps = {
            (server.protocol, kind): ProbeStep(server.protocol, kind, StepStatus.PENDING)
            for server in servers
            for kind in planned_steps(server.protocol, server.security)
        }
        self._live = Live(self._all(), console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def report(self, step: ProbeStep) -> None:
        """Show a step that begins or ends."""
        self._steps[step.protocol, step.kind] = step
        if self._console.is_terminal:
            self._live.update(self._all(), refresh=True)
        elif step.status is not StepStatus.RUNNING:
            self._console.print(_line(step))

    def _all(self) -> Text:
        lines: list[Text] = []
        for protocol, title in self._titles.items():
            lines.append(Text(f"{protocol} {title}", style="bold"))
            lines += [_line(step) for step in self._steps.values() if step.protocol is protocol]
        return Text("\n").join(lines)


def _line(step: ProbeStep) -> Text:
    mark, style = _MARKS[step.status]
    line = Text(f"{mark} {step.protocol:<4} {step.kind.replace('_', ' ').lower():<14}", style=style)
    line.append(f" {step.duration_ms:>6} ms" if step.duration_ms is not None else " " * 10)
    detail = step.detail
    address = detail.address if step.kind is StepKind.CONNECT else None
    facts = (address, detail.tls_version, detail.cipher, detail.mechanism)
    line.append("".join(f"  {fact}" for fact in facts if fact), style="dim")
    if step.code is not None:
        line.append(f"  {step.code}", style=style)
    return line


def _print_outcomes(
    console: Console, outcomes: Sequence[ProtocolOutcome], provider: Provider | None, say: Say
) -> int:
    failed = [outcome for outcome in outcomes if outcome.code is not DiagnosticCode.OK]
    for outcome in failed:
        found = describe(outcome.code, outcome.protocol, provider, outcome.server_reply)
        console.print(Text(f"\n{outcome.protocol}: {say(found.title)}", style="bold red"))
        console.print(Text(say(found.advice)))
        if found.help_url:
            console.print(Text(say(phrase("Help: {url}", url=found.help_url))))
        if found.server_reply:
            said = say(phrase("The server said: {reply}", reply=found.server_reply))
            console.print(Text(said, style="dim"))
    if not failed:
        console.print(Text(f"\n{say(N_('All is well.'))}", style="bold green"))
    return 1 if failed else 0
