"""Texts of signing in: with any provider, with particular ones, and by OAuth."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.texts import N_, Entry

_USER: Final = FixableBy.USER
_ADMIN: Final = FixableBy.PROVIDER_ADMIN
_OPERATOR: Final = FixableBy.OPERATOR
_NOBODY: Final = FixableBy.NOBODY
_SIGN_IN: Final = ("username", "secret")

LOGIN: Final[dict[Code, Entry]] = {
    Code.AUTH_BAD_CREDENTIALS: Entry(
        N_("The server does not accept user name and password."),
        N_(
            "Check one after the other: does your provider want an app password for mail programs? "
            "Is the user name the full address? Is access for mail programs switched on? Is there "
            "a typing error? We try only once, so that you are not locked out."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.AUTH_USERNAME_FORM: Entry(
        N_("The server does not know this user name."),
        N_(
            "Use the other form: the full e-mail address, or only the part before the @. An alias "
            "often cannot sign in; take the main address."
        ),
        _USER,
        fields=("username",),
    ),
    Code.AUTH_SECRET_SUSPECT: Entry(
        N_("The password seems to have been damaged on its way."),
        N_(
            "Copy it again, without spaces or line ends before or after it. Sending services want "
            "their SMTP password or key, not the one for their web interface."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.AUTH_NON_ASCII: Entry(
        N_("User name or password hold a character that cannot be sent here."),
        N_(
            "Choose a password of plain letters, digits and common signs (no umlauts, no accents), "
            "or create an app password."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.AUTH_MECHANISM: Entry(
        N_("The server does not offer this way of signing in."),
        N_(
            "Set the sign-in method to automatic. If the server offers only OAuth2, sign in with "
            "your provider instead of a password."
        ),
        _USER,
        fields=("authentication", "security"),
    ),
    Code.AUTH_LOGIN_DISABLED_SASL_OK: Entry(
        N_("The server wants the newer sign-in command."),
        N_("Your settings are fine. Please report this to the operator of this service."),
        _OPERATOR,
        fields=("authentication",),
    ),
    Code.AUTH_REQUIRED: Entry(
        N_("The outgoing server wants you to sign in first."),
        N_("Switch sign-in on for the outgoing server, and enter user name and password."),
        _USER,
        fields=("authentication", "username", "secret"),
    ),
    Code.AUTH_THROTTLED: Entry(
        N_("There were too many sign-in attempts; the server takes none for a while."),
        N_(
            "Stop every program that still uses an old password, and wait: half an hour is often "
            "enough. Each further attempt makes the lock longer."
        ),
        _NOBODY,
        retryable=True,
    ),
    Code.AUTH_TEMPORARY: Entry(
        N_("The server cannot check sign-ins just now."),
        N_("This is trouble at the provider. Keep your password and test again in a few minutes."),
        _ADMIN,
        retryable=True,
    ),
    Code.AUTH_EXPIRED: Entry(
        N_("The password has run out."),
        N_("Sign in on the provider's web site, set a new password, and enter it here."),
        _USER,
        fields=("secret",),
    ),
    Code.AUTH_NOT_AUTHORISED: Entry(
        N_("You have no right to open this mailbox."),
        N_("Ask the owner of the mailbox or your administrator to give you access."),
        _ADMIN,
        fields=("username",),
    ),
    Code.IMAP_DISABLED: Entry(
        N_("IMAP is switched off for this account."),
        N_(
            "Switch IMAP on in the settings of your mailbox on the web. In a company or school, "
            "the administrator has to do it; some plans do not include it."
        ),
        _ADMIN,
    ),
    Code.ACCOUNT_DISABLED: Entry(
        N_("The provider has locked this account."),
        N_(
            "Sign in on the provider's web site and follow the notice there, or write to its "
            "support. No setting here can help."
        ),
        _ADMIN,
    ),
}
"""Any provider."""

GOOGLE: Final[dict[Code, Entry]] = {
    Code.GMAIL_APP_PASSWORD: Entry(
        N_("Google wants an app password here."),
        N_(
            "Create an app password in your Google account (it has 16 letters) and enter it here "
            "instead of your usual password, or choose Sign in with Google."
        ),
        _USER,
        fields=("secret", "authentication"),
    ),
    Code.GMAIL_BAD: Entry(
        N_("Google does not accept user name and password."),
        N_(
            "The usual Google password does not work in mail programs. Turn on 2-step "
            "verification, "
            "create an app password and enter it here, or choose Sign in with Google."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.GMAIL_WEB_LOGIN: Entry(
        N_("Google wants to see you in the browser first."),
        N_(
            "Sign in to Google in your browser and confirm that the attempt was yours. Then test "
            "again within a few minutes."
        ),
        _USER,
    ),
    Code.GMAIL_IMAP_OFF: Entry(
        N_("IMAP is switched off for this Google account."),
        N_(
            "In a company or school, the Google Workspace administrator has to allow IMAP. "
            "Personal accounts have it always on."
        ),
        _USER,
    ),
    Code.GMAIL_CONNECTIONS: Entry(
        N_("Too many mail programs are connected to this Google account at once."),
        N_(
            "Google allows 15 connections. Close mail programs on other devices, wait a "
            "few minutes "
            "and test again; the password is fine."
        ),
        _USER,
        retryable=True,
    ),
    Code.GMAIL_BANDWIDTH: Entry(
        N_("Google has paused this account because it moved too much data."),
        N_("Wait up to 24 hours and change nothing; access then comes back by itself."),
        _NOBODY,
        retryable=True,
    ),
    Code.GMAIL_SEND_LIMIT: Entry(
        N_("Google's daily limit for sending is reached."),
        N_(
            "Sending works again after at most 24 hours. For larger numbers of messages use a "
            "sending service."
        ),
        _NOBODY,
        retryable=True,
    ),
    Code.GMAIL_RELAY: Entry(
        N_("Google's relay does not know us."),
        N_(
            "The Google Workspace administrator has to add our address to the SMTP relay settings. "
            "For a single account use smtp.gmail.com with sign-in instead."
        ),
        _ADMIN,
        fields=("host",),
    ),
}
"""Gmail and Google Workspace."""

MICROSOFT: Final[dict[Code, Entry]] = {
    Code.MS_SMTP_TENANT_OFF: Entry(
        N_("Your organisation has switched off sending by SMTP."),
        N_(
            "Ask your Microsoft 365 administrator to allow authenticated SMTP. A new password does "
            "not help, and Sign in with Microsoft is refused as well."
        ),
        _ADMIN,
    ),
    Code.MS_SMTP_MAILBOX_OFF: Entry(
        N_("Sending by SMTP is switched off for this mailbox."),
        N_(
            "Ask your Microsoft 365 administrator to tick Authenticated SMTP for this mailbox. A "
            "personal Outlook.com account has no such switch: send through another account."
        ),
        _ADMIN,
    ),
    Code.MS_BASIC_OFF: Entry(
        N_("Microsoft takes no passwords here any more."),
        N_("App passwords do not help either. Choose Sign in with Microsoft."),
        _USER,
        fields=("authentication",),
    ),
    Code.MS_POLICY: Entry(
        N_("A security rule of your organisation refuses this sign-in."),
        N_(
            "Choose Sign in with Microsoft. If that is refused as well, ask your administrator to "
            "allow this service (security defaults or conditional access)."
        ),
        _ADMIN,
        fields=("authentication",),
    ),
    Code.MS_BAD: Entry(
        N_("Microsoft does not accept this sign-in."),
        N_(
            "For reading (IMAP) Microsoft takes no passwords at all: choose Sign in with "
            "Microsoft. "
            "For sending check user name and password."
        ),
        _USER,
        fields=("username", "secret", "authentication"),
    ),
    Code.MS_NOT_CONNECTED: Entry(
        N_("Microsoft knows you, but opens no mailbox for you."),
        N_(
            "Sign in with the account that owns the mailbox. If it is a shared mailbox, or has no "
            "licence or no IMAP, your administrator has to help."
        ),
        _USER,
        fields=("username",),
    ),
    Code.MS_NOT_AUTHENTICATED: Entry(
        N_("Microsoft got a message without a sign-in before it."),
        N_(
            "Use smtp.office365.com, port 587 and STARTTLS, and switch sign-in on. Port "
            "25 takes no "
            "sign-in."
        ),
        _USER,
        fields=("host", "port", "authentication"),
    ),
    Code.MS_SEND_AS: Entry(
        N_("This account may not send with this sender address."),
        N_(
            "Send from the address that you sign in with, or let your administrator give you the "
            "Send As right for the other one."
        ),
        _USER,
        fields=("emailAddress", "username"),
    ),
    Code.MS_THROTTLE: Entry(
        N_("Microsoft's limit for connections or messages is reached."),
        N_("Wait; nothing is wrong with the settings. The operator should send more slowly."),
        _OPERATOR,
        retryable=True,
    ),
    Code.MS_MAILBOX_FULL: Entry(
        N_("Your own mailbox is full, so Microsoft lets you send nothing."),
        N_("Delete or archive mail, above all in Sent Items, then send again."),
        _USER,
    ),
}
"""Outlook.com and Microsoft 365."""
