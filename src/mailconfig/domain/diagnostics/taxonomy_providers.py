"""Texts of particular mailbox providers, of OAuth sign-in, and of sending services."""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.codes import FixableBy
from mailconfig.domain.diagnostics.texts import N_, Entry

_USER: Final = FixableBy.USER
_ADMIN: Final = FixableBy.PROVIDER_ADMIN
_OPERATOR: Final = FixableBy.OPERATOR
_NOBODY: Final = FixableBy.NOBODY
_SIGN_IN: Final = ("username", "secret")

MAILBOXES: Final[dict[Code, Entry]] = {
    Code.YAHOO_AOL: Entry(
        N_("Yahoo or AOL does not accept this sign-in."),
        N_(
            "Create an app password on the account security page and enter it here. If there were "
            "many attempts, wait some hours first."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.ICLOUD: Entry(
        N_("Apple does not accept this sign-in."),
        N_(
            "Create an app-specific password in your Apple account and enter it with its dashes. "
            "Sign in with your icloud.com address, also if your mail has a domain of its own."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.GMX_WEBDE: Entry(
        N_("GMX, WEB.DE or mail.com does not accept this sign-in."),
        N_(
            "Allow access by POP3 and IMAP in the settings of your web mail; it goes off "
            "when it is "
            "not used. With two-factor sign-in create an app password as well."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.YANDEX: Entry(
        N_("Yandex does not accept this sign-in."),
        N_(
            "Allow mail programs in the settings of Yandex Mail, create an app password for mail, "
            "and enter it here."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.MAILRU: Entry(
        N_("Mail.ru wants a password for external applications."),
        N_("Create one in the security settings of your Mail.ru account and enter it here."),
        _USER,
        fields=("secret",),
    ),
    Code.QQ: Entry(
        N_("QQ Mail wants the authorization code instead of the password."),
        N_(
            "Switch on IMAP/SMTP in the settings of QQ Mail, let it show you an "
            "authorization code, "
            "and enter that code as the password."
        ),
        _USER,
        fields=("secret",),
    ),
    Code.NETEASE: Entry(
        N_("NetEase refuses the sign-in or the program."),
        N_(
            "Switch on IMAP/SMTP in the web mail's settings and enter the authorization code from "
            "there as the password. If the answer says Unsafe Login, the program has to introduce "
            "itself: tell the operator."
        ),
        _USER,
        fields=("secret",),
    ),
    Code.ZOHO: Entry(
        N_("Zoho refuses the sign-in or the sender address."),
        N_(
            "Switch IMAP on in the settings of Zoho Mail, use the server of your region (.com, .eu "
            "or .in), and send only from your own address."
        ),
        _USER,
        fields=("host", "username", "secret", "emailAddress"),
    ),
    Code.SEPARATE_PASSWORD: Entry(
        N_("This provider has a separate password for mail programs."),
        N_(
            "Do not use the password of the web site. Create the mail, app or device password in "
            "the provider's customer area and enter it here."
        ),
        _USER,
        fields=("secret",),
    ),
    Code.THIRD_PARTY_OFF: Entry(
        N_("Access by mail programs is switched off."),
        N_(
            "Open your mailbox on the web, allow access by other programs (IMAP and SMTP) in its "
            "settings, wait a moment and test again."
        ),
        _USER,
    ),
    Code.NO_CLIENT_ACCESS: Entry(
        N_("This provider lets no mail program in."),
        N_(
            "The mailbox works only in the provider's own app. Use its bridge program if there is "
            "one, or forward your mail to another mailbox and connect that."
        ),
        _NOBODY,
        fields=("emailAddress",),
    ),
    Code.FORWARD_ONLY: Entry(
        N_("This address only forwards mail; there is no mailbox behind it."),
        N_("Enter the address of the mailbox to which the mail is forwarded."),
        _USER,
        fields=("emailAddress",),
    ),
}
"""Other mailbox providers."""

OAUTH: Final[dict[Code, Entry]] = {
    Code.OAUTH_REAUTH: Entry(
        N_("The permission for this account has ended."),
        N_("Press Reconnect and sign in again. Nothing else is lost."),
        _USER,
        fields=("secret",),
    ),
    Code.OAUTH_TOKEN_EXPIRED: Entry(
        N_("A short-lived access key has run out."),
        N_("There is nothing to do: we fetch a new one and connect again."),
        _OPERATOR,
        retryable=True,
    ),
    Code.OAUTH_SCOPE: Entry(
        N_("The permission does not cover mail for this account."),
        N_(
            "Sign in again, with the account that owns the mailbox, and leave every tick for mail "
            "set. If it stays, the operator has to correct the requested permissions."
        ),
        _OPERATOR,
        fields=("username", "secret"),
    ),
    Code.OAUTH_CONSENT: Entry(
        N_("This application has not been approved yet."),
        N_(
            "An administrator of your organisation has to approve it once. Send them the link that "
            "we show."
        ),
        _ADMIN,
    ),
    Code.OAUTH_APP: Entry(
        N_("The registration of our application at the provider is wrong."),
        N_("Your account is fine. The operator of this service has to correct the registration."),
        _OPERATOR,
    ),
    Code.OAUTH_ENDPOINT_DOWN: Entry(
        N_("The provider's sign-in service does not answer properly."),
        N_("Wait and try again. Your account and its permission stay as they are."),
        _NOBODY,
        retryable=True,
    ),
}
"""Sign-in with the provider."""

SENDERS: Final[dict[Code, Entry]] = {
    Code.BREVO: Entry(
        N_("Brevo refuses the sign-in or the sender."),
        N_(
            "Finish Brevo's account check, allow our address among the authorised IPs, and use the "
            "SMTP key, not the API key."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.SES: Entry(
        N_("Amazon SES refuses the sign-in, the sender or the speed."),
        N_(
            "Create SMTP credentials in the same region as the server (they are not the access "
            "key), and verify the sender. In the sandbox, recipients have to be verified too."
        ),
        _USER,
        fields=("host", "username", "secret", "emailAddress"),
    ),
    Code.SENDGRID: Entry(
        N_("SendGrid refuses the sign-in or the sender."),
        N_(
            "The user name is always the word apikey, the password is an API key. Verify "
            "the sender "
            "and check that your plan has messages left."
        ),
        _USER,
        fields=_SIGN_IN,
    ),
    Code.ESP_RATE: Entry(
        N_("The sending service takes messages more slowly than we sent them."),
        N_("Nothing is wrong with your account. Messages are held and sent more slowly."),
        _OPERATOR,
        retryable=True,
    ),
    Code.ESP_SENDER_UNVERIFIED: Entry(
        N_("The sending service has not verified this sender."),
        N_(
            "Add your domain or address at the sending service, finish its verification, then send "
            "from that address."
        ),
        _USER,
        fields=("emailAddress",),
    ),
}
"""Sending services."""
