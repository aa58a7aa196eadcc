"""One full connection test against smtplib and imaplib, over a line of 40 ms: time, round trips.

    python bench/connection_test.py

Both sides do the same against the same Dovecot and Postfix: connect, TLS, sign in by AUTH PLAIN,
open INBOX read-only, MAIL FROM and RSET, say goodbye. Round trips count from the connection to the
end of the sign-in; look-up, mailbox, sender check and goodbyes are not counted.
"""

import asyncio
import imaplib
import smtplib
import ssl
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kit.connections import Account, fresh_name, network_prober, probe, target, trips_at_sign_in
from kit.delay import DelayProxy
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import LOOPBACK, Certificates, RunFolder
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import Prober
from mailconfig.domain.servers import MailProtocol, TransportSecurity

ONE_WAY_SECONDS = 0.020
REPEATS = 5
LIMITS = {"587": 7, "465": 5}
"""Round trips that one test may take, by the port of SMTP."""


@dataclass(frozen=True, slots=True)
class Line:
    """The far servers: proxies in front of Postfix and Dovecot."""

    smtp: DelayProxy
    imap: DelayProxy
    security: TransportSecurity
    """Of SMTP; IMAP is always 993."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    seconds: float
    smtp_trips: int
    imap_trips: int
    """Each from the connection to the end of the sign-in."""


Runner = Callable[[Line], Awaitable[Figures]]


class Ours:
    """The product's prober: both servers side by side."""

    def __init__(self, prober: Prober, account: Account) -> None:
        self._prober = prober
        self._account = account

    async def __call__(self, line: Line) -> Figures:
        """Run one test."""
        trips: dict[MailProtocol, int] = {}
        watched = trips_at_sign_in(
            {MailProtocol.SMTP: line.smtp, MailProtocol.IMAP: line.imap}, trips
        )
        started = time.perf_counter()
        run = await probe(
            self._prober,
            target(MailProtocol.IMAP, line.imap.port, TransportSecurity.TLS, self._account),
            target(
                MailProtocol.SMTP,
                line.smtp.port,
                line.security,
                self._account,
                sender=self._account.name,
            ),
            watch=watched,
        )
        seconds = time.perf_counter() - started
        assert run.codes() == (DiagnosticCode.OK, DiagnosticCode.OK), run.outcomes
        return Figures(seconds, trips[MailProtocol.SMTP], trips[MailProtocol.IMAP])


class StandardLibrary:
    """smtplib, then imaplib, as most applications have it; the TLS context is shared."""

    def __init__(self, context: ssl.SSLContext, account: Account) -> None:
        self._context = context
        self._account = account

    async def __call__(self, line: Line) -> Figures:
        """Run one test in a thread."""
        started = time.perf_counter()
        smtp_trips = await asyncio.to_thread(self._smtp, line)
        imap_trips = await asyncio.to_thread(self._imap, line)
        return Figures(time.perf_counter() - started, smtp_trips, imap_trips)

    def _smtp(self, line: Line) -> int:
        name, port = self._account.name, line.smtp.port
        if line.security is TransportSecurity.TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(LOOPBACK, port, "test", context=self._context)
        else:
            smtp = smtplib.SMTP(LOOPBACK, port, "test")
            smtp.starttls(context=self._context)
        with smtp:
            smtp.ehlo_or_helo_if_needed()
            # login() would try CRAM-MD5 first, a round trip more
            smtp.user, smtp.password = name, self._account.secret
            smtp.auth("PLAIN", smtp.auth_plain)
            trips = line.smtp.round_trips
            smtp.mail(name)
            smtp.rset()
        return trips

    def _imap(self, line: Line) -> int:
        with imaplib.IMAP4_SSL(LOOPBACK, line.imap.port, ssl_context=self._context) as imap:
            imap.login(self._account.name, self._account.secret)
            trips = line.imap.round_trips
            imap.select("INBOX", readonly=True)
        return trips


async def measure(
    runner: Runner, smtp_port: int, imap_port: int, security: TransportSecurity
) -> Figures:
    """Return the medians of several runs, each over a new line."""
    figures = []
    for _ in range(REPEATS):
        async with (
            DelayProxy(smtp_port, one_way_seconds=ONE_WAY_SECONDS) as smtp,
            DelayProxy(imap_port, one_way_seconds=ONE_WAY_SECONDS) as imap,
        ):
            figures.append(await runner(Line(smtp, imap, security)))
    return Figures(
        statistics.median(run.seconds for run in figures),
        statistics.median_low([run.smtp_trips for run in figures]),
        statistics.median_low([run.imap_trips for run in figures]),
    )


async def compare(certificates: Certificates, dovecot: Dovecot, postfix: Postfix) -> bool:
    """Measure both, print the table and return whether the limits are kept."""
    account = Account(fresh_name(), "correct horse")
    dovecot.add_user(account.name, account.secret)
    ours = Ours(network_prober(certificates), account)
    theirs = StandardLibrary(ssl.create_default_context(cafile=certificates.ca), account)
    print(f"round trip {2000 * ONE_WAY_SECONDS:.0f} ms, median of {REPEATS}, IMAP on 993")
    print(
        f"{'SMTP':>4}  {'client':<20} {'ms':>6} {'SMTP trips':>10} {'IMAP trips':>10} {'in all':>6}"
    )
    kept = True
    for name, port, security in (
        ("587", postfix.submission_port, TransportSecurity.STARTTLS),
        ("465", postfix.submissions_port, TransportSecurity.TLS),
    ):
        mine = await measure(ours, port, dovecot.imaps_port, security)
        other = await measure(theirs, port, dovecot.imaps_port, security)
        path = max(mine.smtp_trips, mine.imap_trips)
        show(name, "mailconfig", mine, path)
        show(name, "smtplib + imaplib", other, other.smtp_trips + other.imap_trips)
        ratio = mine.seconds / other.seconds
        print(f"{name:>4}  {'ratio':<20} {ratio:>6.2f}   limit of round trips: {LIMITS[name]}")
        kept = kept and path <= LIMITS[name]
    return kept


def show(name: str, client: str, figures: Figures, path: int) -> None:
    """Print a row; `path` is what the user waits for: the longest of two, or their sum."""
    print(
        f"{name:>4}  {client:<20} {1000 * figures.seconds:>6.0f} {figures.smtp_trips:>10}"
        f" {figures.imap_trips:>10} {path:>6}"
    )


def main() -> int:
    """Return 0 if the round trips stay within the limits."""
    with RunFolder.create() as folder:
        certificates = folder.certificates()
        dovecot = folder.share("dovecot", Dovecot, lambda path: Dovecot.start(path, certificates))
        postfix = folder.share(
            "postfix", Postfix, lambda path: Postfix.start(path, certificates, dovecot)
        )
        kept = asyncio.run(compare(certificates, dovecot, postfix))
    print("within the limits" if kept else "TOO MANY ROUND TRIPS")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
