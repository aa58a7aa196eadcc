"""Rule for what a provider wants to be done before other programs may sign in."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, joined, phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.validation.case import Case, ServerCase, info, warning
from mailconfig.domain.validation.secrets import shape_of

_APP_PASSWORD: Final = N_("{name} needs an app password instead of your own password.")
_PAID: Final = N_("{name} offers this with a paid plan only.")

SENTENCES: Final = {
    "enable_imap": N_("{name} wants IMAP to be switched on in its settings first."),
    "enable_imap_in_outlook_settings": N_(
        "{name} wants IMAP to be switched on in its settings first."
    ),
    "enable_authenticated_smtp": N_(
        "{name} wants sending by other programs to be switched on first."
    ),
    "enable_third_party_access": N_(
        "{name} wants access by other programs to be switched on first."
    ),
    "enable_third_party_apps": N_("{name} wants access by other programs to be switched on first."),
    "imap_enabled_for_mailbox": N_(
        "{name} needs IMAP switched on for the mailbox by the administrator."
    ),
    "smtp_auth_enabled_for_tenant_and_mailbox": N_(
        "{name} needs authenticated SMTP switched on by the administrator."
    ),
    "admin_may_disable_imap": N_(
        "{name} lets the administrator switch IMAP off; ask if it does not work."
    ),
    "admin_may_disable_app_passwords": N_(
        "{name} lets the administrator switch app passwords off."
    ),
    "admin_relay_rule": N_("{name} needs a rule that the administrator sets up first."),
    "two_factor": N_("{name} wants two-step sign-in to be switched on for app passwords."),
    "two_step_verification": N_(
        "{name} wants two-step sign-in to be switched on for app passwords."
    ),
    "app_password": _APP_PASSWORD,
    "app_password_if_not_oauth2": _APP_PASSWORD,
    "app_password_with_2fa": N_(
        "{name} needs an app password instead of your own password while two-step sign-in is on."
    ),
    "authorization_code": N_("{name} needs an authorization code from its settings as password."),
    "secure_mail_key": N_("{name} needs a secure mail key from its settings as password."),
    "separate_email_password": N_("{name} has a separate password for mail programs."),
    "imap_password": N_("{name} has a separate password for mail programs."),
    "device_password": N_("{name} needs a password made for this device."),
    "smtp_token": N_("{name} needs a token from its settings as password."),
    "paid_plan": _PAID,
    "paid_plan_above_basic": _PAID,
    "paid_plan_for_clients": _PAID,
    "paid_plan_for_imap": N_("{name} offers IMAP with a paid plan only."),
    "premium_plan": _PAID,
    "business_plan": _PAID,
    "custom_domain_address": N_("{name} offers this for addresses of your own domain only."),
    "verified_identity": N_(
        "{name} sends only from addresses or domains that were verified there."
    ),
    "production_access": N_("{name} sends to anybody only after leaving its test mode."),
    "bridge_running_on_the_same_host": N_(
        "{name} works only through its own program on the same machine."
    ),
}
"""What each word of the catalogue's `requires` means."""
_APP_PASSWORD_KEYS: Final = frozenset(
    {
        "app_password",
        "app_password_if_not_oauth2",
        "app_password_with_2fa",
        "two_factor",
        "two_step_verification",
        "admin_may_disable_app_passwords",
        "authorization_code",
        "secure_mail_key",
        "imap_password",
        "device_password",
        "separate_email_password",
    }
)
"""Words that concern passwords: nothing to do with a token, or once an app password is there."""
_IMAP_KEYS: Final = frozenset(
    {
        "enable_imap",
        "enable_imap_in_outlook_settings",
        "imap_enabled_for_mailbox",
        "admin_may_disable_imap",
        "paid_plan_for_imap",
    }
)
"""Words that only matter to those who receive."""
_SMTP_KEYS: Final = frozenset(
    {
        "enable_authenticated_smtp",
        "smtp_auth_enabled_for_tenant_and_mailbox",
        "verified_identity",
        "production_access",
    }
)
"""Words that only matter to those who send."""
_UNREACHABLE: Final = "not_reachable_from_a_cloud_server"


def requirements_are_told(case: Case) -> Iterator[ValidationIssue]:
    """The user knows what has to be done at the provider first."""
    row, code = case.provider, ValidationCode.PROVIDER_REQUIRES
    if row is None or row.silent:
        return
    for key in row.requires:
        if key in SENTENCES and _matters(case, row, key):
            yield info(code, case.provider_path, _sentence(row, key))
    if _UNREACHABLE in row.quirks:
        message = phrase(
            "{name} runs on your own machine, which this service cannot reach.", name=row.name
        )
        yield warning(code, case.provider_path, message)


def _matters(case: Case, row: Provider, key: str) -> bool:
    """Tell whether a requirement concerns a server of the draft, or any that may still come."""
    servers = [server for server in case.servers if _concerns(case, server, row)]
    if not case.servers:
        return True
    if key in _IMAP_KEYS:
        return any(server.protocol is MailProtocol.IMAP for server in servers)
    if key in _SMTP_KEYS:
        return any(server.protocol is MailProtocol.SMTP for server in servers)
    if key in _APP_PASSWORD_KEYS:
        return any(_undone(server, row) for server in servers)
    return bool(servers)


def _concerns(case: Case, server: ServerCase, row: Provider) -> bool:
    """Tell whether a server is the row's: by its host, or by choice where nobody knows the host."""
    return server.provider == row or (server.provider is None and case.chosen == row)


def _undone(server: ServerCase, row: Provider) -> bool:
    """Tell whether a server still waits for the special password of the row."""
    if server.secret_kind is SecretKind.ACCESS_TOKEN:
        return False
    # Of a secret that was typed, its shape is judged by a rule of its own.
    return shape_of(row) is None or server.new_secret is None


def _sentence(row: Provider, key: str) -> str:
    """Tell what a provider wants, with its own page where the catalogue has one."""
    sentence = phrase(SENTENCES[key], name=row.name)
    url = row.app_password_url if key in _APP_PASSWORD_KEYS else None
    url = url or row.help_url
    return joined(sentence, phrase("See {url}", url=url)) if url else sentence
