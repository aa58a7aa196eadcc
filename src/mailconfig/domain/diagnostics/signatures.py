"""What a signature is: the signs of a failure on one side, its code on the other.

The tables stand in `signatures_*.py`, one a family of failures. A row holds only if all of its
signs are there. A table must not hold rules in code, and no row may need one version's sentence
where a code or a structural sign exists.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode, FixableBy
from mailconfig.domain.diagnostics.families import Family
from mailconfig.domain.diagnostics.stems import Words, joined
from mailconfig.domain.diagnostics.values import Phase
from mailconfig.domain.servers import MailProtocol

OPENING: Final = frozenset({Phase.DNS, Phase.CONNECT, Phase.TLS, Phase.GREETING, Phase.DISCOVERY})
"""Before anything was said."""
LOGIN: Final = frozenset({Phase.AUTH})
"""Signing in."""
MAILBOX: Final = frozenset({Phase.SELECT, Phase.APPEND, Phase.FETCH, Phase.IDLE})
"""Signed in at IMAP."""
TRANSACTION: Final = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA})
"""Handing over a message."""
SESSION: Final = TRANSACTION | {Phase.CONNECT, Phase.GREETING, Phase.EHLO}
"""Where an SMTP server judges the client or the message."""
OAUTH: Final = frozenset({Phase.AUTHORIZE, Phase.TOKEN})
"""The sign-in service's endpoints."""
IMAP: Final = MailProtocol.IMAP
SMTP: Final = MailProtocol.SMTP
METHODS: Final = ("PLAIN", "CRAM-MD5", "XOAUTH2")
"""Ways to sign in whose names are no words of other sentences (RFC 4616, RFC 2195)."""
TLS_PORTS: Final = frozenset({465, 993, 995})
"""Ports whose first byte is TLS (RFC 8314)."""


def words(*alternatives: str) -> Words:
    """Put alternatives (regular expressions) into one search, whatever the case."""
    return joined(alternatives)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the signatures look at: one reply in its circumstances."""

    words: str
    letters: frozenset[str]
    """The words' groups of letters, noted once for all rows (`stems.grams`)."""
    protocol: MailProtocol | None
    phase: Phase | None
    host: str
    """As configured; empty if not known."""
    port: int | None
    families: frozenset[Family]
    reply_codes: frozenset[int]
    """With their classes: 5 stands beside 550."""
    enhanced_codes: frozenset[str]
    """With the class replaced: "x.7.8" stands beside "5.7.8"."""
    response_codes: frozenset[str]
    offers: frozenset[str]
    """Capability words, upper case; AUTH=PLAIN as well as AUTH."""
    protected: bool | None
    """Whether TLS was active; None: not known."""
    receiving: bool
    """Whether the host is an MX, which judges mail and lets nobody sign in."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A row: signs that must all be there (empty ones are not asked for), and what they mean."""

    code: DiagnosticCode
    words: Words | None = None
    without: Words | None = None
    """Words that must not be there."""
    protocol: MailProtocol | None = None
    phases: frozenset[Phase] = frozenset()
    """Where it holds; an unknown phase passes if the row has a sign besides reply codes."""
    needs_phase: bool = False
    """Whether an unknown phase does not pass, because the other signs are weak."""
    families: frozenset[Family] = frozenset()
    reply_codes: frozenset[int] = frozenset()
    enhanced_codes: frozenset[str] = frozenset()
    """"5.7.8", or "x.7.8" for any class."""
    response_codes: frozenset[str] = frozenset()
    hosts: re.Pattern[str] | None = None
    """What the host's name must hold."""
    offers: frozenset[str] = frozenset()
    """Capabilities that must all be offered."""
    ports: frozenset[int] = frozenset()
    protected: bool | None = None
    """Whether TLS must have been active."""
    receiving: bool | None = None
    """Whether the host must be an MX."""
    retryable: bool | None = None
    """Overrides the taxonomy."""
    fixable_by: FixableBy | None = None
    """Overrides the taxonomy."""
    final: bool = False
    """Whether the code stays as it is whoever the provider is."""

    def holds(self, evidence: Evidence) -> bool:
        """Tell whether all signs are there; the cheap ones are looked at first."""
        return (
            self._fits_circumstances(evidence)
            and self._fits_codes(evidence)
            and (self.words is None or self.words.found(evidence.words, evidence.letters))
            and (self.without is None or not self.without.found(evidence.words, evidence.letters))
        )

    def _fits_circumstances(self, evidence: Evidence) -> bool:
        return (
            (self.protocol is None or evidence.protocol in {None, self.protocol})
            and self._fits_phase(evidence.phase)
            and (not self.families or bool(self.families & evidence.families))
            and (self.hosts is None or self.hosts.search(evidence.host) is not None)
            and (not self.ports or evidence.port in self.ports)
            and (self.protected is None or evidence.protected is self.protected)
            and (self.receiving is None or evidence.receiving is self.receiving)
            and self.offers <= evidence.offers
        )

    def _fits_phase(self, phase: Phase | None) -> bool:
        if not self.phases or phase in self.phases:
            return True
        return phase is None and not self.needs_phase and self._has_sign()

    def _has_sign(self) -> bool:
        return bool(self.words or self.enhanced_codes or self.response_codes)

    def _fits_codes(self, evidence: Evidence) -> bool:
        return (
            (not self.reply_codes or bool(self.reply_codes & evidence.reply_codes))
            and (not self.enhanced_codes or bool(self.enhanced_codes & evidence.enhanced_codes))
            and (not self.response_codes or bool(self.response_codes & evidence.response_codes))
        )


def codes(*numbers: int) -> frozenset[int]:
    """Name SMTP reply codes."""
    return frozenset(numbers)


def enhanced(*names: str) -> frozenset[str]:
    """Name enhanced status codes, "5.7.8" or "x.7.8"."""
    return frozenset(names)


def phases(*members: Phase) -> frozenset[Phase]:
    """Name phases."""
    return frozenset(members)


def families(*members: Family) -> frozenset[Family]:
    """Name families."""
    return frozenset(members)


def responses(*names: str) -> frozenset[str]:
    """Name IMAP response codes."""
    return frozenset(names)
