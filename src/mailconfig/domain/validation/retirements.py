"""Ways of signing in that providers ended or will end: dated facts, no logic but the calendar.

Facts age. Each row names where it comes from; a row whose date moves is changed here and nowhere
else.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from mailconfig.domain.phrases import phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import MailProtocol

_BOTH: Final = frozenset(MailProtocol)


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of signing in with a password at a provider."""

    provider_ids: frozenset[str]
    protocols: frozenset[MailProtocol]
    since: date
    """First day without it, as exactly as the source tells; `shown` is no more exact."""
    shown: str
    """The date as precisely as it is known, for people."""
    announced: date
    """Day from which users are to be told: the first one on which it is known to be public."""
    app_passwords_stay: bool
    """Whether app passwords go on working."""
    advice: str
    """What to do instead: one sentence."""
    source: str
    """Where the date comes from."""

    def announced_by(self, today: date) -> bool:
        """Tell whether it is known on a day."""
        return self.announced <= today

    def in_force(self, today: date) -> bool:
        """Tell whether it has happened."""
        return self.since <= today


RETIREMENTS: Final = (
    Retirement(
        provider_ids=frozenset({"outlook_com"}),
        protocols=_BOTH,
        since=date(2024, 9, 16),
        shown=phrase("2024-09-16"),
        announced=date(2024, 6, 11),
        app_passwords_stay=False,
        advice=phrase("Sign in with Microsoft (OAuth 2.0) instead."),
        source="Microsoft: Modern Authentication for Outlook.com, of June 2024",
    ),
    Retirement(
        provider_ids=frozenset({"microsoft365"}),
        protocols=frozenset({MailProtocol.IMAP}),
        since=date(2022, 10, 1),
        shown=phrase("2022-10"),
        announced=date(2021, 9, 30),
        app_passwords_stay=False,
        advice=phrase("Sign in with Microsoft (OAuth 2.0) instead."),
        source="Microsoft: Deprecation of Basic authentication in Exchange Online",
    ),
    Retirement(
        provider_ids=frozenset({"microsoft365"}),
        protocols=frozenset({MailProtocol.SMTP}),
        since=date(2026, 12, 31),
        shown=phrase("the end of December 2026"),
        announced=date(2026, 1, 27),
        app_passwords_stay=False,
        advice=phrase(
            "Sign in with Microsoft (OAuth 2.0), or ask the administrator to allow it again."
        ),
        source="Microsoft: Exchange Online SMTP AUTH timeline, update of 2026-01-27",
    ),
    Retirement(
        provider_ids=frozenset({"gmail"}),
        protocols=_BOTH,
        since=date(2022, 5, 30),
        shown=phrase("2022-05-30"),
        announced=date(2022, 3, 31),
        app_passwords_stay=True,
        advice=phrase("Use an app password or sign in with Google."),
        source="Google Account Help: less secure apps, 2022-05-30",
    ),
    Retirement(
        provider_ids=frozenset({"google_workspace"}),
        protocols=_BOTH,
        since=date(2025, 5, 1),
        shown=phrase("2025"),
        announced=date(2023, 9, 29),
        app_passwords_stay=True,
        advice=phrase(
            "Use an app password, if the administrator allows it, or sign in with Google."
        ),
        source="Google Workspace Updates: end of less secure apps, in 2025",
    ),
)
"""All known ends of password sign-in."""


def retirement_of(
    provider: Provider | None, protocol: MailProtocol, today: date
) -> Retirement | None:
    """Return what has ended, or is announced to end, at a provider for a protocol."""
    if provider is None:
        return None
    return next(
        (
            row
            for row in RETIREMENTS
            if provider.id in row.provider_ids
            and protocol in row.protocols
            and row.announced_by(today)
        ),
        None,
    )
