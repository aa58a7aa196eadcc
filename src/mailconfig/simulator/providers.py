"""The big providers, played in their own words: greetings, capabilities and refusals as seen there.

Session ids are made up. Each account is one way in which sign-ins fail there.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.probes import StepKind
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.simulator.services import Account, Server, Service

_IMAP, _SMTP = MailProtocol.IMAP, MailProtocol.SMTP
_TLS, _STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS

GMAIL: Final = Service(
    id="gmail",
    name="Gmail",
    like="gmail",
    imap=Server(
        protocol=_IMAP,
        host="imap.gmail.localhost",
        security=_TLS,
        greeting="* OK Gimap ready for requests from 127.0.0.1 a1mb2345678abc",
        capabilities=(
            "IMAP4rev1",
            "UNSELECT",
            "IDLE",
            "NAMESPACE",
            "QUOTA",
            "ID",
            "XLIST",
            "CHILDREN",
            "X-GM-EXT-1",
            "UIDPLUS",
            "SPECIAL-USE",
            "SASL-IR",
            "AUTH=XOAUTH2",
            "AUTH=PLAIN",
        ),
        refusal=("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",),
    ),
    smtp=Server(
        protocol=_SMTP,
        host="smtp.gmail.localhost",
        security=_STARTTLS,
        greeting="220 smtp.gmail.localhost ESMTP 5b1f17b1804b1-47a0f1c2d3e4 - gsmtp",
        capabilities=(
            "SIZE 35882577",
            "8BITMIME",
            "AUTH LOGIN PLAIN XOAUTH2",
            "ENHANCEDSTATUSCODES",
            "PIPELINING",
        ),
        refusal=(
            "535-5.7.8 Username and Password not accepted. For more information, go to",
            "535 5.7.8  https://support.google.com/mail/?p=BadCredentials 47a0f1c2d3e4 - gsmtp",
        ),
    ),
    accounts=(
        Account(
            "app-password",
            "Google wants an app password instead of the account's password.",
            Code.GMAIL_APP_PASSWORD,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=(
                (
                    "NO [ALERT] Application-specific password required: "
                    "https://support.google.com/accounts/answer/185833 (Failure)"
                ),
            ),
            smtp_login=(
                "534-5.7.9 Application-specific password required. For more information, go to",
                (
                    "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor "
                    "47a0f1c2d3e4 - gsmtp"
                ),
            ),
        ),
        Account(
            "web-login",
            "Google wants a sign-in through the browser first.",
            Code.GMAIL_WEB_LOGIN,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=(
                (
                    "* NO [WEBALERT https://accounts.google.com/signin/continue?sarp=1&scc=1] "
                    "Web login required."
                ),
                (
                    "NO [ALERT] Please log in via your web browser: "
                    "https://support.google.com/mail/accounts/answer/78754 (Failure)"
                ),
            ),
            smtp_login=(
                "534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1&scc=1> Please log",
                "534-5.7.14 in via your web browser and then try again.",
                "534-5.7.14  Learn more at",
                "534 5.7.14  https://support.google.com/mail/answer/78754 47a0f1c2d3e4 - gsmtp",
            ),
        ),
        Account(
            "imap-off",
            "The administrator of the domain has switched IMAP off. Sending works.",
            Code.GMAIL_IMAP_OFF,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=(
                (
                    "NO [ALERT] IMAP access is disabled for your domain. Please contact your "
                    "domain administrator for questions about this feature. (Failure)"
                ),
            ),
        ),
        Account(
            "too-many",
            "More than 15 IMAP connections to the account. Sending works.",
            Code.GMAIL_CONNECTIONS,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [ALERT] Too many simultaneous connections. (Failure)",),
        ),
        Account(
            "wrong-password",
            "Google refuses user name and password, whatever they are.",
            Code.GMAIL_BAD,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",),
            smtp_login=(
                "535-5.7.8 Username and Password not accepted. For more information, go to",
                "535 5.7.8  https://support.google.com/mail/?p=BadCredentials 47a0f1c2d3e4 - gsmtp",
            ),
        ),
    ),
)

_SITE: Final = "[AM0PR02CA0134.eurprd02.prod.outlook.com 2026-01-05T11:46:49.042Z 08DCA18218166FB4]"
_UNSUCCESSFUL: Final = "535 5.7.139 Authentication unsuccessful, "

MICROSOFT: Final = Service(
    id="microsoft365",
    name="Microsoft 365",
    like="microsoft365",
    imap=Server(
        protocol=_IMAP,
        host="outlook.microsoft.localhost",
        security=_TLS,
        greeting="* OK The Microsoft Exchange IMAP4 service is ready. [QQBNADAAUABSADAAMgA=]",
        capabilities=(
            "IMAP4",
            "IMAP4rev1",
            "AUTH=PLAIN",
            "AUTH=XOAUTH2",
            "SASL-IR",
            "UIDPLUS",
            "ID",
            "UNSELECT",
            "CHILDREN",
            "IDLE",
            "NAMESPACE",
            "LITERAL+",
        ),
        refusal=("NO {verb} failed.",),
    ),
    smtp=Server(
        protocol=_SMTP,
        host="smtp.microsoft.localhost",
        security=_STARTTLS,
        greeting="220 AM0PR02CA0134.outlook.office365.com Microsoft ESMTP MAIL Service ready",
        capabilities=(
            "SIZE 157286400",
            "PIPELINING",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "AUTH LOGIN PLAIN XOAUTH2",
            "8BITMIME",
            "CHUNKING",
        ),
        refusal=(f"535 5.7.3 Authentication unsuccessful {_SITE}",),
    ),
    accounts=(
        Account(
            "basic-off",
            "Microsoft takes no passwords any more. The access token demo passes.",
            Code.MS_BASIC_OFF,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO Basic authentication is disabled.",),
            smtp_login=(f"{_UNSUCCESSFUL}basic authentication is disabled. {_SITE}",),
            tokens_only=True,
        ),
        Account(
            "tenant-off",
            "Receiving works. SMTP sign-in is switched off for the whole organisation.",
            Code.MS_SMTP_TENANT_OFF,
            _SMTP,
            StepKind.AUTHENTICATE,
            smtp_login=(
                (
                    f"{_UNSUCCESSFUL}SmtpClientAuthentication is disabled for the Tenant. "
                    f"Visit https://aka.ms/smtp_auth_disabled for more information. {_SITE}"
                ),
            ),
        ),
        Account(
            "mailbox-off",
            "Receiving works. SMTP sign-in is switched off for this mailbox.",
            Code.MS_SMTP_MAILBOX_OFF,
            _SMTP,
            StepKind.AUTHENTICATE,
            smtp_login=(
                (
                    f"{_UNSUCCESSFUL}SmtpClientAuthentication is disabled for the Mailbox. "
                    f"Visit https://aka.ms/smtp_auth_disabled for more information. {_SITE}"
                ),
            ),
        ),
        Account(
            "policy",
            "Receiving works. The organisation's security defaults refuse the sign-in for sending.",
            Code.MS_POLICY,
            _SMTP,
            StepKind.AUTHENTICATE,
            smtp_login=(
                (
                    f"{_UNSUCCESSFUL}user is locked by your organization's security defaults "
                    f"policy. Contact your administrator. {_SITE}"
                ),
            ),
        ),
        Account(
            "not-connected",
            "The sign-in is accepted, but no mailbox can be opened. Sending works.",
            Code.MS_NOT_CONNECTED,
            _IMAP,
            StepKind.OPEN_MAILBOX,
            imap_open=("BAD User is authenticated but not connected.",),
        ),
    ),
)

ICLOUD: Final = Service(
    id="icloud",
    name="iCloud Mail",
    like="icloud",
    imap=Server(
        protocol=_IMAP,
        host="imap.icloud.localhost",
        security=_TLS,
        greeting="* OK [CAPABILITY XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN "
        "AUTH=PTOKEN AUTH=PLAIN] iCloud IMAP server ready",
        capabilities=(
            "XAPPLEPUSHSERVICE",
            "IMAP4",
            "IMAP4rev1",
            "SASL-IR",
            "AUTH=ATOKEN",
            "AUTH=PTOKEN",
            "AUTH=PLAIN",
        ),
        refusal=("NO [AUTHENTICATIONFAILED] Authentication Failed",),
    ),
    smtp=Server(
        protocol=_SMTP,
        host="smtp.icloud.localhost",
        security=_STARTTLS,
        greeting="220 smtp.icloud.localhost ESMTP",
        capabilities=("PIPELINING", "SIZE 28311552", "AUTH LOGIN PLAIN", "8BITMIME"),
        refusal=("535 5.7.8 Error: authentication failed: authentication failed",),
    ),
    accounts=(
        Account(
            "ann",
            "Apple refuses the password: it takes app-specific ones only.",
            Code.ICLOUD,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [AUTHENTICATIONFAILED] Authentication Failed",),
            smtp_login=("535 5.7.8 Error: authentication failed: authentication failed",),
        ),
    ),
)

YAHOO: Final = Service(
    id="yahoo",
    name="Yahoo Mail",
    like="yahoo",
    imap=Server(
        protocol=_IMAP,
        host="imap.yahoo.localhost",
        security=_TLS,
        greeting="* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID "
        "MOVE NAMESPACE UIDPLUS LITERAL+ CHILDREN UNSELECT SPECIAL-USE] IMAP4rev1 Hello",
        capabilities=(
            "IMAP4rev1",
            "SASL-IR",
            "AUTH=PLAIN",
            "AUTH=XOAUTH2",
            "ID",
            "UIDPLUS",
            "LITERAL+",
            "CHILDREN",
            "UNSELECT",
            "SPECIAL-USE",
        ),
        refusal=("NO [AUTHENTICATIONFAILED] {verb} Invalid credentials",),
    ),
    smtp=Server(
        protocol=_SMTP,
        host="smtp.yahoo.localhost",
        security=_TLS,
        greeting="220 smtp.yahoo.localhost ESMTP ready",
        capabilities=("PIPELINING", "SIZE 41697280", "8BITMIME", "AUTH PLAIN LOGIN XOAUTH2"),
        refusal=("535 5.7.0 (#AUTH005) Too many bad auth attempts.",),
    ),
    accounts=(
        Account(
            "ann",
            "Yahoo refuses the password: it takes app passwords only.",
            Code.YAHOO_AOL,
            _IMAP,
            StepKind.AUTHENTICATE,
            imap_login=("NO [AUTHENTICATIONFAILED] {verb} Invalid credentials",),
            smtp_login=("535 5.7.0 (#AUTH005) Too many bad auth attempts.",),
        ),
    ),
)

NETEASE: Final = Service(
    id="netease_163",
    name="163 Mail",
    like="netease_163",
    imap=Server(
        protocol=_IMAP,
        host="imap.netease.localhost",
        security=_TLS,
        greeting="* OK Coremail System IMap Server Ready(163com[10774b260cc7a37d26d71b52404dcf5c])",
        capabilities=(
            "IMAP4rev1",
            "XLIST",
            "SPECIAL-USE",
            "ID",
            "LITERAL+",
            "XAPPLEPUSHSERVICE",
            "UIDPLUS",
            "X-CM-EXT-1",
        ),
        refusal=("NO {verb} Login error or password error",),
    ),
    smtp=Server(
        protocol=_SMTP,
        host="smtp.netease.localhost",
        security=_TLS,
        greeting="220 163.com Anti-spam GT for Coremail System",
        capabilities=("PIPELINING", "AUTH LOGIN PLAIN", "8BITMIME", "ID"),
        refusal=("535 Error: authentication failed",),
    ),
    accounts=(
        Account(
            "ann",
            "The mailbox opens because this service tells its name first, as NetEase demands.",
            imap_open=("NO {verb} Unsafe Login. Please contact kefu@188.com for help",),
            wants_id=True,
        ),
        Account(
            "unsafe",
            "NetEase signs in and then refuses to open the mailbox: Unsafe Login.",
            Code.NETEASE,
            _IMAP,
            StepKind.OPEN_MAILBOX,
            imap_open=("NO {verb} Unsafe Login. Please contact kefu@188.com for help",),
        ),
    ),
)
