"""Builds what sends mail of this service itself."""

from typing import Final
from uuid import UUID

from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault, NotFound
from mailconfig.domain.languages import Languages
from mailconfig.domain.outbox import Queue
from mailconfig.domain.throttling import Limiter
from mailconfig.graphql.ids import key_of
from mailconfig.services.accounts import AccountService
from mailconfig.services.resetmail import TOKEN, ResetMail
from mailconfig.services.systemmail import SystemMail, SystemMailSettings
from mailconfig.settings import Settings
from mailconfig.storage.database import Database, Work

RESET_PAGE: Final = "/reset-password#token="
"""Of the front end. Browsers send to no server what is behind the # (RFC 9110, section 7.1)."""


def reset_page(settings: Settings) -> str | None:
    """Return the address of the page that sets passwords, with {token} in it; None: unknown."""
    if settings.password_reset_page is not None:
        return settings.password_reset_page
    if settings.public_url is None:
        return None
    return f"{settings.public_url.rstrip('/')}{RESET_PAGE}{TOKEN}"


def build_reset_mail(
    settings: Settings,
    database: Database,
    queue: Queue[Work],
    accounts: AccountService,
    limiter: Limiter,
    texts: Languages,
) -> ResetMail:
    """Return what mails tokens for passwords; it refuses where no account is set for it.

    Raises Fault for a setting that is no id, or that lacks the page which the mail has to name.
    """
    page = reset_page(settings)
    mail = None
    if settings.system_account is not None:
        if page is None:
            raise Fault(
                "MAILCONFIG_SYSTEM_ACCOUNT needs MAILCONFIG_PUBLIC_URL or"
                " MAILCONFIG_PASSWORD_RESET_PAGE."
            )
        chosen = SystemMailSettings(_config_id(settings.system_account))
        mail = SystemMail(database, queue, chosen, utc_now)
    seconds = settings.password_reset_seconds
    return ResetMail(accounts, mail, limiter, texts, page or TOKEN, seconds)


def _config_id(text: str) -> UUID:
    """Return the key of an id as the API shows it."""
    try:
        return key_of("EmailConfig", text)
    except NotFound as error:
        raise Fault("MAILCONFIG_SYSTEM_ACCOUNT is not the id of a configuration.") from error
