"""Rule for what a provider wants to be done before other programs may sign in."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import MailProtocol
from mailconfig.domain.validation.case import Case, ServerCase, info, warning
from mailconfig.domain.validation.secrets import shape_of

_APP_PASSWORD: Final = "needs an app password instead of your own password"
_PAID: Final = "offers this with a paid plan only"

SENTENCES: Final = {
    "enable_imap": "wants IMAP to be switched on in its settings first",
    "enable_imap_in_outlook_settings": "wants IMAP to be switched on in its settings first",
    "enable_authenticated_smtp": "wants sending by other programs to be switched on first",
    "enable_third_party_access": "wants access by other programs to be switched on first",
    "enable_third_party_apps": "wants access by other programs to be switched on first",
    "imap_enabled_for_mailbox": "needs IMAP switched on for the mailbox by the administrator",
    "smtp_auth_enabled_for_tenant_and_mailbox": (
        "needs authenticated SMTP switched on by the administrator"
    ),
    "admin_may_disable_imap": "lets the administrator switch IMAP off; ask if it does not work",
    "admin_may_disable_app_passwords": "lets the administrator switch app passwords off",
    "admin_relay_rule": "needs a rule that the administrator sets up first",
    "two_factor": "wants two-step sign-in to be switched on for app passwords",
    "two_step_verification": "wants two-step sign-in to be switched on for app passwords",
    "app_password": _APP_PASSWORD,
    "app_password_if_not_oauth2": _APP_PASSWORD,
    "app_password_with_2fa": f"{_APP_PASSWORD} while two-step sign-in is on",
    "authorization_code": "needs an authorization code from its settings as password",
    "secure_mail_key": "needs a secure mail key from its settings as password",
    "separate_email_password": "has a separate password for mail programs",
    "imap_password": "has a separate password for mail programs",
    "device_password": "needs a password made for this device",
    "smtp_token": "needs a token from its settings as password",
    "paid_plan": _PAID,
    "paid_plan_above_basic": _PAID,
    "paid_plan_for_clients": _PAID,
    "paid_plan_for_imap": "offers IMAP with a paid plan only",
    "premium_plan": _PAID,
    "business_plan": _PAID,
    "custom_domain_address": "offers this for addresses of your own domain only",
    "verified_identity": "sends only from addresses or domains that were verified there",
    "production_access": "sends to anybody only after leaving its test mode",
    "bridge_running_on_the_same_host": "works only through its own program on the same machine",
}
"""What each word of the catalogue's `requires` means, to follow the provider's name."""
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
            message = f"{row.name} {SENTENCES[key]}.{_link(row, key)}"
            yield info(code, case.provider_path, message)
    if _UNREACHABLE in row.quirks:
        message = f"{row.name} runs on your own machine, which this service cannot reach."
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


def _link(row: Provider, key: str) -> str:
    """Point at the operator's own page, where the catalogue has one."""
    url = row.app_password_url if key in _APP_PASSWORD_KEYS else None
    url = url or row.help_url
    return f" See {url}" if url else ""
