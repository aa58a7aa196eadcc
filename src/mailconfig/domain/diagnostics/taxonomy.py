"""The taxonomy: what every code says to people, who can mend it, and whether waiting helps.

Texts are English and marked for gettext; they are computed at read time from stored codes, so
that a better wording reaches old tests too. Nothing here looks at a reply.
"""

from types import MappingProxyType
from typing import Final

from mailconfig.domain.diagnostics import (
    taxonomy_connection,
    taxonomy_delivery,
    taxonomy_login,
    taxonomy_providers,
)
from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.diagnostics.texts import N_, Entry
from mailconfig.domain.phrases import joined, phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.servers import MailProtocol

TAXONOMY: Final = MappingProxyType(
    {
        **taxonomy_connection.SERVICE,
        **taxonomy_connection.NETWORK,
        **taxonomy_connection.TLS,
        **taxonomy_login.LOGIN,
        **taxonomy_login.GOOGLE,
        **taxonomy_login.MICROSOFT,
        **taxonomy_providers.MAILBOXES,
        **taxonomy_providers.OAUTH,
        **taxonomy_providers.SENDERS,
        **taxonomy_delivery.DELIVERY,
        **taxonomy_delivery.AFTERWARDS,
    }
)
"""One entry for each code."""

SIDES: Final = {MailProtocol.IMAP: "incoming", MailProtocol.SMTP: "outgoing"}
"""Which server of the form speaks which protocol."""

ACCOUNT_FIELDS: Final = frozenset({"emailAddress"})
"""Fields of the account, which stand beside the servers in the form."""


PASSWORD_CODES: Final = frozenset(
    {
        DiagnosticCode.AUTH_BAD_CREDENTIALS,
        DiagnosticCode.AUTH_SECRET_SUSPECT,
        DiagnosticCode.AUTH_NON_ASCII,
        DiagnosticCode.SEPARATE_PASSWORD,
        DiagnosticCode.GMAIL_APP_PASSWORD,
        DiagnosticCode.GMAIL_BAD,
        DiagnosticCode.YAHOO_AOL,
        DiagnosticCode.ICLOUD,
        DiagnosticCode.GMX_WEBDE,
        DiagnosticCode.YANDEX,
        DiagnosticCode.MAILRU,
        DiagnosticCode.QQ,
        DiagnosticCode.NETEASE,
        DiagnosticCode.ZOHO,
    }
)
"""Codes that an app password often mends."""

WITHOUT_HELP: Final = frozenset(
    {
        DiagnosticCode.OK,
        DiagnosticCode.CANCELLED,
        # All refusals of egress look the same: rows of the catalogue that name 127.0.0.1, for
        # programs beside the mail program, must not make that one different.
        DiagnosticCode.EGRESS_BLOCKED,
    }
)
"""Codes to which no provider's page has anything to say."""

APP_PASSWORD_PAGE: Final = N_("The page for app passwords of {name}: {url}")
"""Added to the advice where the catalogue knows the page."""


def entry(code: DiagnosticCode) -> Entry:
    """Return what is always true of a code."""
    return TAXONOMY[code]


def advice(code: DiagnosticCode, provider: Provider | None) -> str:
    """Return the steps to take; with the page for app passwords where the catalogue knows it."""
    meaning = entry(code)
    if code in PASSWORD_CODES and provider is not None and provider.app_password_url:
        url = provider.app_password_url
        return joined(meaning.advice, phrase(APP_PASSWORD_PAGE, name=provider.name, url=url))
    return meaning.advice


def help_url(code: DiagnosticCode, provider: Provider | None) -> str | None:
    """Return the provider's own help page; the page for app passwords where one is wanted."""
    if provider is None or code in WITHOUT_HELP:
        return None
    if code in PASSWORD_CODES and provider.app_password_url:
        return provider.app_password_url
    return provider.help_url


def paths(code: DiagnosticCode, protocol: MailProtocol | None) -> tuple[tuple[str, ...], ...]:
    """Name the inputs to look at, such as ("incoming", "port"); without a protocol of both."""
    sides = [SIDES[protocol]] if protocol else list(SIDES.values())
    fields = entry(code).fields
    account = tuple((name,) for name in fields if name in ACCOUNT_FIELDS)
    servers = tuple((side, name) for side in sides for name in fields if name not in ACCOUNT_FIELDS)
    return account + servers
