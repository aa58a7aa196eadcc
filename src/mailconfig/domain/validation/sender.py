"""Rule for the sender's address against the sign-in."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, EmailAddress, parse_address
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import ProviderKind
from mailconfig.domain.validation.case import Case, ServerCase, warning

_OWN_DOMAIN_QUIRK: Final = "custom_domain_users_log_in_with_their_icloud_address"
_SENDING_KINDS: Final = frozenset(
    {ProviderKind.RELAY, ProviderKind.TRANSACTIONAL, ProviderKind.SANDBOX}
)
"""Services that send for any verified domain: their user names tell nothing."""


def sender_fits_the_sign_in(case: Case) -> Iterator[ValidationIssue]:
    """Mail is sent from a domain of the account that signs in, or many servers refuse it."""
    for server in case.servers:
        login = _login(server)
        if server.side != "outgoing" or case.address is None or login is None or case.doubtful:
            continue
        if _same_account(case, server, login, case.address):
            continue
        message = N_("The sender's address is of another domain than the user name.")
        code = ValidationCode.DOMAIN_MISMATCH
        yield warning(code, server.path("username"), message, case.address.text)


def _login(server: ServerCase) -> EmailAddress | None:
    """Return the user name as an address, None where it is none."""
    try:
        return parse_address((server.draft.username or "").strip())
    except AddressInvalid:
        return None


def _same_account(
    case: Case, server: ServerCase, login: EmailAddress, sender: EmailAddress
) -> bool:
    if login.domain == sender.domain:
        return True
    if server.provider is not None and (
        server.provider.kind in _SENDING_KINDS or _OWN_DOMAIN_QUIRK in server.provider.quirks
    ):
        return True
    row = case.catalogue.by_address(sender)
    return row is not None and row == case.catalogue.by_address(login)
