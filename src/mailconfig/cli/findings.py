"""How `mailconfig discover` shows what it found; prints, and knows nothing about sources."""

import sys
from typing import Final

from rich.console import Console
from rich.text import Text

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.discovery import (
    Candidate,
    Discovery,
    Finding,
    FindingStatus,
    FoundServer,
    Trust,
)
from mailconfig.domain.discovery.offline import OfflineAnswer, OfflineServer
from mailconfig.domain.discovery.wording import reason
from mailconfig.domain.phrases import N_, Say, phrase

_PIPE_COLUMNS: Final = 200
"""Width where no terminal tells one: nothing is cut, so that lines can be searched."""
_MARKS: Final = {
    FindingStatus.FOUND: ("✓", "green"),
    FindingStatus.NOTHING: ("·", "dim"),
    FindingStatus.UNAVAILABLE: ("-", "yellow"),
    FindingStatus.TIMED_OUT: ("-", "yellow"),
    FindingStatus.INVALID: ("✗", "red"),
    FindingStatus.REFUSED: ("✗", "red"),
}
_TRUSTS: Final = {
    Trust.CATALOGUE: N_("known and checked"),
    Trust.SECURE: N_("named by the operator, and protected against forgery on the way"),
    Trust.INSECURE: N_("could have been forged on the way: check the names of the servers"),
    Trust.GUESSED: N_("only guessed, but the servers answered"),
}


def finding_console() -> Console:
    """Return the console of standard output."""
    width = None if sys.stdout.isatty() else _PIPE_COLUMNS
    return Console(highlight=False, width=width)


def show_finding(console: Console, found: Finding, say: Say) -> None:
    """Print one line about a source that has ended."""
    mark, style = _MARKS[found.status]
    source = found.source.value.replace("_", " ").lower()
    line = Text(f"{mark} {source:<11}", style=style)
    line.append(f" {say(found.detail)}", style="")
    console.print(line)


def show_answer(console: Console, answer: Discovery, catalogue: Catalogue, say: Say) -> int:
    """Print the candidates, or why there are none; return the exit status, 1 for none."""
    for number, candidate in enumerate(answer.candidates, start=1):
        _show_candidate(console, number, candidate, say)
    found = reason(answer, catalogue.by_id(answer.provider_id or ""))
    if found is not None:
        console.print(Text(f"\n{say(found.title)}", style="bold red"))
        console.print(Text(say(found.advice)))
    elif not answer.candidates:
        console.print(Text(f"\n{say(N_('No servers were found.'))}", style="bold red"))
    if answer.suggested_domain is not None:
        hint = phrase("Did you mean {domain}?", domain=answer.suggested_domain)
        console.print(Text(say(hint), style="yellow"))
    return 0 if answer.candidates else 1


def _show_candidate(console: Console, number: int, found: Candidate, say: Say) -> None:
    name = found.display_name or found.provider_id or ""
    console.print(Text(f"\n{number}. {name}".rstrip(), style="bold"))
    for server in (found.incoming, found.outgoing):
        if server is not None:
            console.print(Text(f"   {server.protocol:<4}  {_place(server)}"))
    console.print(Text(f"   {say(_TRUSTS[found.trust])}", style="dim"))
    named = phrase("Named by: {sources}", sources=_sources(found.evidence))
    console.print(Text(f"   {say(named)}", style="dim"))
    if found.disagreements:
        against = phrase("Others named by: {sources}", sources=_sources(found.disagreements))
        console.print(Text(f"   {say(against)}", style="yellow"))


def _place(server: FoundServer) -> str:
    place = f"{server.host}:{server.port}/{server.security.value.lower()}"
    return f"{place}  {server.username}" if server.username else place


def _sources(findings: tuple[Finding, ...]) -> str:
    return ", ".join(found.source.value.replace("_", " ").lower() for found in findings)


def show_offline(console: Console, domain: str, answer: OfflineAnswer) -> int:
    """Print what the catalogue alone says; return the exit status, 1 for no servers."""
    head = f"{domain}: {answer.domain_class.value}"
    console.print(Text(f"{head} {answer.provider_id}" if answer.provider_id else head))
    for label, server in (("IMAP", answer.imap), ("SMTP", answer.smtp)):
        if server is not None:
            console.print(Text(f"{label}  {_offline_place(server)}"))
    return 0 if answer.imap or answer.smtp else 1


def _offline_place(server: OfflineServer) -> str:
    return f"{server.host}:{server.port}/{server.security.value.lower()}"
