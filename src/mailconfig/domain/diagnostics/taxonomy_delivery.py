"""Texts of submission, delivery and what comes after signing in."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.texts import N_, Entry
from mailconfig.domain.issues import Severity

_USER: Final = FixableBy.USER
_ADMIN: Final = FixableBy.PROVIDER_ADMIN
_OPERATOR: Final = FixableBy.OPERATOR
_NOBODY: Final = FixableBy.NOBODY

DELIVERY: Final[dict[Code, Entry]] = {
    Code.SENDER_NOT_OWNED: Entry(
        N_("You may not send from this address with this account."),
        N_(
            "Send from the address that you sign in with, or add the other one as an alias at your "
            "provider."
        ),
        _USER,
        fields=("emailAddress", "username"),
    ),
    Code.RELAY_DENIED: Entry(
        N_("The server does not pass on mail for us."),
        N_(
            "Switch sign-in on for the outgoing server, and check that it is your own provider's "
            "server."
        ),
        _USER,
        fields=("host", "authentication"),
    ),
    Code.HELO_REJECTED: Entry(
        N_("The server does not like the name that our machine gave."),
        N_(
            "This is not about your account. The operator has to set a full host name for this "
            "service's greeting."
        ),
        _OPERATOR,
    ),
    Code.REVERSE_DNS: Entry(
        N_("Our network address has no matching name."),
        N_(
            "This is not about your account. The operator has to set a reverse DNS name for the "
            "sending machine, or send through another server."
        ),
        _OPERATOR,
    ),
    Code.GREYLISTED: Entry(
        N_("The receiving server asks us to come back later."),
        N_("Nothing is wrong. It does this with unknown senders; the next attempt goes through."),
        _NOBODY,
        retryable=True,
    ),
    Code.SEND_QUOTA: Entry(
        N_("The number of messages that this account may send is used up."),
        N_(
            "Wait until the limit opens again (an hour or a day), or book a larger plan. The "
            "password is fine."
        ),
        _NOBODY,
        retryable=True,
    ),
    Code.SERVER_TEMPORARY: Entry(
        N_("The server has a passing problem."),
        N_("Wait and try again; your settings are fine."),
        _ADMIN,
        retryable=True,
    ),
    Code.MAILBOX_QUOTA: Entry(
        N_("The mailbox is full."),
        N_("The owner of the full mailbox has to delete mail or get more space."),
        _USER,
    ),
    Code.RECIPIENT_UNKNOWN: Entry(
        N_("The recipient's address does not exist."),
        N_("Check the recipient's address. Your own settings are right."),
        _USER,
    ),
    Code.SENDER_DOMAIN_INVALID: Entry(
        N_("The domain of the sender's address does not exist or takes no mail."),
        N_("Send from an address whose domain can receive mail; look for a typing error in it."),
        _USER,
        fields=("emailAddress",),
    ),
    Code.CONTENT_REJECTED: Entry(
        N_("The message was refused because of what is in it."),
        N_(
            "Your sign-in works. Change the text, the links or the attachments, or ask "
            "the provider "
            "which rule applied."
        ),
        _USER,
    ),
    Code.MESSAGE_FORMAT: Entry(
        N_("The message is not built correctly."),
        N_("Please report this to the operator: a header or line of the message is malformed."),
        _OPERATOR,
    ),
    Code.TOO_BIG: Entry(
        N_("The message is larger than the server allows."),
        N_("Send smaller attachments, or a link. Attachments grow by a third on their way."),
        _USER,
    ),
    Code.UTF8_ADDRESS: Entry(
        N_("An address holds letters that this server cannot handle."),
        N_("Use an address of plain letters before the @; we convert the domain ourselves."),
        _USER,
        fields=("emailAddress",),
    ),
    Code.UNAUTHENTICATED_MAIL: Entry(
        N_("The receiver cannot see that the message really comes from this domain."),
        N_(
            "The owner of the sender's domain has to add or correct its SPF, DKIM and "
            "DMARC records "
            "in the DNS."
        ),
        _ADMIN,
        fields=("emailAddress",),
    ),
}
"""Handing over and delivering messages."""

AFTERWARDS: Final[dict[Code, Entry]] = {
    Code.FOLDER_MISSING: Entry(
        N_("The folder does not exist or cannot be opened."),
        N_("Choose one of the folders that the server lists."),
        _USER,
    ),
    Code.ROUNDTRIP_LOST: Entry(
        N_("A test message was accepted but did not arrive in time."),
        N_("Look into the spam folder, All Mail and your forwarding rules."),
        _USER,
        severity=Severity.WARNING,
    ),
    Code.ROUNDTRIP_SPAM: Entry(
        N_("A test message arrived in the spam folder."),
        N_("Mark it as not spam, and check SPF, DKIM and DMARC of the sender's domain."),
        _USER,
        severity=Severity.WARNING,
    ),
}
"""After signing in."""
