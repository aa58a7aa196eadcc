"""Texts of signing in: with any provider, with particular ones, by OAuth."""

import pytest

from kit.failures import seen
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import diagnose_code

CASES = [
    # Postfix with SASL
    (
        "smtp/auth mail.example.org:587/starttls",
        "535 5.7.8 Error: authentication failed: authentication failure",
        Code.AUTH_BAD_CREDENTIALS,
    ),
    # Dovecot
    (
        "imap/auth mail.example.org:993/tls",
        "a1 NO [AUTHENTICATIONFAILED] Authentication failed.",
        Code.AUTH_BAD_CREDENTIALS,
    ),
    # Russian words, no code
    ("imap/auth", "Ошибка авторизации: неверный логин или пароль", Code.AUTH_BAD_CREDENTIALS),
    # Japanese application around a bare code
    ("smtp/auth", "SMTP認証に失敗しました (535)", Code.AUTH_BAD_CREDENTIALS),
    # bytes of Python inside JSON inside a log line
    (
        "smtp/auth",
        (
            r"""{"error": "SMTPAuthenticationError: (535, b'5.7.8 Authentication"
            r" credentials invalid')"}"""
        ),
        Code.AUTH_BAD_CREDENTIALS,
    ),
    # POP3's code for the same
    ("imap/auth", "-ERR [AUTH] Invalid login", Code.AUTH_BAD_CREDENTIALS),
    # RFC 5530 names an old password
    ("imap/auth", "a3 NO [EXPIRED] Please choose a new one", Code.AUTH_EXPIRED),
    # RFC 5248
    ("smtp/auth", "534 5.7.12 A password transition is needed", Code.AUTH_EXPIRED),
    # Dovecot with a lost database
    (
        "imap/auth",
        "a1 NO [UNAVAILABLE] Internal error occurred. Refer to server log for more information.",
        Code.AUTH_TEMPORARY,
    ),
    # saslauthd is gone; the code alone would do
    (
        "smtp/auth",
        "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
        Code.AUTH_TEMPORARY,
    ),
    # a mailbox in use elsewhere
    ("imap/auth", "a1 NO [INUSE] Mailbox is open in another session", Code.AUTH_TEMPORARY),
    # many wrong attempts
    (
        "imap/auth",
        "a1 NO [ALERT] Account temporarily locked after 5 failed attempts",
        Code.AUTH_THROTTLED,
    ),
    # SMTP closes after several
    ("smtp/auth", "421 4.7.0 Error: too many failed login attempts, goodbye", Code.AUTH_THROTTLED),
    # German words
    ("imap/auth", "NO Zu viele fehlgeschlagene Anmeldeversuche, bitte warten", Code.AUTH_THROTTLED),
    # closed by the provider
    ("imap/auth", "a1 NO [CONTACTADMIN] This account has been suspended", Code.ACCOUNT_DISABLED),
    # RFC 5248: 5.7.13
    ("smtp/auth", "525 5.7.13 User Account Disabled", Code.ACCOUNT_DISABLED),
    # French words
    ("imap/auth", "NO Votre compte est bloqué, contactez le support", Code.ACCOUNT_DISABLED),
    # plan without IMAP; the words beat AUTHORIZATIONFAILED
    (
        "imap/auth",
        "a1 NO [AUTHORIZATIONFAILED] Your plan does not include IMAP access; IMAP is not enabled",
        Code.IMAP_DISABLED,
    ),
    # RFC 5530: signed in, but not as that user
    ("imap/auth", "a1 NO [AUTHORIZATIONFAILED] No such authorization-ID", Code.AUTH_NOT_AUTHORISED),
    # nobody of that name
    ("smtp/auth", "535 5.7.8 Error: unknown user: anna", Code.AUTH_USERNAME_FORM),
    # the form of the name
    ("smtp/auth", "535 Please use your full email address as user name", Code.AUTH_USERNAME_FORM),
    # nodemailer with an empty password
    ("smtp/auth", 'Missing credentials for "PLAIN"', Code.AUTH_SECRET_SUSPECT),
    # nothing decodable arrived
    (
        "smtp/auth",
        "501 5.5.2 Cannot decode AUTH response: invalid base64 data",
        Code.AUTH_SECRET_SUSPECT,
    ),
    # the client's own encoding
    (
        "imap/auth",
        "'ascii' codec can't encode characters in position 7-8: ordinal not in range(128)",
        Code.AUTH_NON_ASCII,
    ),
    # no common mechanism, MailKit
    (
        "smtp/auth",
        (
            "The SMTP server does not support any compatible authentication mechanisms: "
            "mechanism not supported"
        ),
        Code.AUTH_MECHANISM,
    ),
    # the code alone
    ("smtp/auth", "504 5.5.4 Nope", Code.AUTH_MECHANISM),
    # RFC 4954: too weak, at a host that is not Google's
    (
        "smtp/auth mail.example.org:587/starttls",
        "534 5.7.9 Authentication mechanism is too weak",
        Code.AUTH_MECHANISM,
    ),
    # Exim without TLS
    (
        "smtp/auth :587/plain",
        "503 AUTH command used when not advertised",
        Code.AUTH_NOT_OFFERED_BEFORE_TLS,
    ),
    # Go
    ("smtp/auth :25/plain", "smtp: server doesn't support AUTH", Code.AUTH_NOT_OFFERED_BEFORE_TLS),
    # mail without a login
    ("smtp/mail mail.example.org:587", "530 5.7.0 Authentication required", Code.AUTH_REQUIRED),
    # Exim in other words
    (
        "smtp/rcpt",
        "550 Please turn on SMTP Authentication in your mail client, or login to the server first",
        Code.AUTH_REQUIRED,
    ),
    # Italian
    ("smtp/mail", "530 Autenticazione richiesta", Code.AUTH_REQUIRED),
    # --- Google
    (
        "imap/auth imap.gmail.com:993/tls",
        (
            "a1 NO [ALERT] Application-specific password required: "
            "https://support.google.com/accounts/answer/185833 (Failure)"
        ),
        Code.GMAIL_APP_PASSWORD,
    ),
    # the SMTP form, known by code and host
    (
        "smtp/auth smtp.gmail.com:587/starttls",
        "534-5.7.9 Mot de passe requis\n534 5.7.9 gsmtp",
        Code.GMAIL_APP_PASSWORD,
    ),
    # the words show Google, the host is not known
    (
        "smtp/auth",
        (
            "535-5.7.8 Username and Password not accepted. For more information, go "
            "to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials ab12 - "
            "gsmtp"
        ),
        Code.GMAIL_BAD,
    ),
    # only the host shows it
    (
        "imap/auth imap.gmail.com:993/tls",
        "NO [AUTHENTICATIONFAILED] Ungültige Anmeldedaten",
        Code.GMAIL_BAD,
    ),
    (
        "smtp/auth smtp.gmail.com:465/tls",
        (
            "534-5.7.14 <https://accounts.google.com/signin/continue?x=1> Please log "
            "in\n534-5.7.14 via your web browser and then try again."
        ),
        Code.GMAIL_WEB_LOGIN,
    ),
    (
        "imap/auth imap.gmail.com:993/tls",
        (
            "a1 NO [ALERT] Your account is not enabled for IMAP use. Please visit your "
            "Gmail settings page (Failure)"
        ),
        Code.GMAIL_IMAP_OFF,
    ),
    (
        "imap/auth imap.gmail.com:993/tls",
        "NO [ALERT] Too many simultaneous connections. (Failure)",
        Code.GMAIL_CONNECTIONS,
    ),
    (
        "imap/auth imap.gmail.com:993/tls",
        "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
        Code.GMAIL_BANDWIDTH,
    ),
    # --- Microsoft
    (
        "smtp/auth smtp.office365.com:587/starttls",
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is "
            "disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled"
        ),
        Code.MS_SMTP_MAILBOX_OFF,
    ),
    (
        "smtp/auth",
        (
            "5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 "
            "Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
            "Tenant."
        ),
        Code.MS_SMTP_TENANT_OFF,
    ),
    (
        "smtp/auth smtp-mail.outlook.com:587/starttls",
        "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        Code.MS_BASIC_OFF,
    ),
    # 5.7.30 at Microsoft's sign-in is about passwords
    (
        "smtp/auth smtp.office365.com:587/starttls",
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        Code.MS_BASIC_OFF,
    ),
    (
        "smtp/auth smtp.office365.com:587/starttls",
        (
            "535 5.7.139 Authentication unsuccessful, user is locked by your "
            "organization's security defaults policy. Contact your administrator."
        ),
        Code.MS_POLICY,
    ),
    # the user's own password, said in the same number
    (
        "smtp/auth smtp.office365.com:587/starttls",
        "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        Code.MS_BAD,
    ),
    ("imap/auth outlook.office365.com:993/tls", "a1 NO LOGIN failed.", Code.MS_BAD),
    (
        "imap/select outlook.office365.com:993/tls",
        "a4 BAD User is authenticated but not connected.",
        Code.MS_NOT_CONNECTED,
    ),
    # --- others: a plain refusal is theirs by host alone
    (
        "imap/auth imap.mail.yahoo.com:993/tls",
        "a1 NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials",
        Code.YAHOO_AOL,
    ),
    (
        "imap/auth imap.mail.me.com:993/tls",
        "a1 NO [AUTHENTICATIONFAILED] Authentication Failed",
        Code.ICLOUD,
    ),
    (
        "smtp/auth mail.gmx.net:587/starttls",
        "535 Authentication credentials invalid",
        Code.GMX_WEBDE,
    ),
    (
        "imap/auth imap.yandex.com:993/tls",
        "A1 NO [AUTHENTICATIONFAILED] LOGIN invalid credentials or IMAP is disabled",
        Code.YANDEX,
    ),
    ("smtp/auth smtp.mail.ru:465/tls", "535 5.7.0 NEOBHODIM parol prilozheniya", Code.MAILRU),
    (
        "imap/auth imap.qq.com:993/tls",
        "NO Login fail. Account is abnormal, service is not open, password is incorrect",
        Code.QQ,
    ),
    ("smtp/auth smtp.163.com:465/tls", "535 Error: authentication failed", Code.NETEASE),
    (
        "imap/select",
        "a3 NO EXAMINE Unsafe Login. Please contact kefu@188.com for help",
        Code.NETEASE,
    ),
    (
        "imap/auth imap.zoho.eu:993/tls",
        (
            "a1 NO [ALERT] You are yet to enable IMAP for your account. Please contact "
            "your administrator"
        ),
        Code.ZOHO,
    ),
    # a server that asks for an app password itself
    (
        "imap/auth imap.fastmail.com:993/tls",
        "a1 NO [AUTHENTICATIONFAILED] You need to use an app password to log in",
        Code.SEPARATE_PASSWORD,
    ),
    # a switch, named by the server
    (
        "imap/auth imap.example.it:993/tls",
        "a1 NO Please enable external access in your webmail settings",
        Code.THIRD_PARTY_OFF,
    ),
    # --- sending services
    ("smtp/auth smtp-relay.brevo.com:587/starttls", "535 5.7.8 Authentication failed", Code.BREVO),
    (
        "smtp/auth email-smtp.eu-west-1.amazonaws.com:587/starttls",
        "535 Authentication Credentials Invalid",
        Code.SES,
    ),
    (
        "smtp/auth smtp.sendgrid.net:587/starttls",
        "535 Authentication failed: Bad username / password",
        Code.SENDGRID,
    ),
    # Exim's sentence from Gmail's name: the hoster answers
    (
        "smtp/auth smtp.gmail.com:587/starttls",
        "535 Incorrect authentication data",
        Code.SMTP_INTERCEPTED,
    ),
    # a day's quota in the clothes of a wrong password
    (
        "smtp/auth live.smtp.example.io:587/starttls",
        "535 5.7.0 You have reached the monthly sending limit of your plan",
        Code.SEND_QUOTA,
    ),
    # --- OAuth
    (
        "x/token login.microsoftonline.com:443/tls",
        (
            '{"error":"invalid_grant","error_description":"AADSTS700082: Das '
            'Aktualisierungstoken ist wegen Inaktivität abgelaufen."}'
        ),
        Code.OAUTH_REAUTH,
    ),
    (
        "x/token login.microsoftonline.com:443/tls",
        "AADSTS65001: El usuario o el administrador no ha dado su consentimiento",
        Code.OAUTH_CONSENT,
    ),
    (
        "x/token login.microsoftonline.com:443/tls",
        "AADSTS700016: Application with identifier '1' was not found in the directory",
        Code.OAUTH_APP,
    ),
    # AADSTS numbers win over the error word
    (
        "x/token login.microsoftonline.com:443/tls",
        (
            "invalid_grant AADSTS50076: Due to a configuration change made by your "
            "administrator, you must use multi-factor authentication"
        ),
        Code.OAUTH_REAUTH,
    ),
    (
        "x/token oauth2.googleapis.com:443/tls",
        '{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}',
        Code.OAUTH_REAUTH,
    ),
    ("x/authorize accounts.google.com:443/tls", "Error 400: redirect_uri_mismatch", Code.OAUTH_APP),
    (
        "x/authorize accounts.google.com:443/tls",
        "Error 400: admin_policy_enforced",
        Code.OAUTH_CONSENT,
    ),
    ("x/token oauth2.googleapis.com:443/tls", "502 Bad Gateway", Code.OAUTH_ENDPOINT_DOWN),
    # the challenge of a refused bearer token is base64 of JSON: {"status":"401", ...}
    (
        "imap/auth outlook.office365.com:993/tls",
        "+ eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiQmVhcmVyIn0=\na1 NO AUTHENTICATE failed.",
        Code.OAUTH_TOKEN_EXPIRED,
    ),
    (
        "imap/fetch outlook.office365.com:993/tls",
        "* BYE Session invalidated - AccessTokenExpired",
        Code.OAUTH_TOKEN_EXPIRED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_refused_login_has_its_code(case: tuple[str, str, Code]) -> None:
    """A refused login is named by its meaning; the provider's own code goes before the general."""
    where, text, code = case
    assert diagnose_code(seen(where, text)) is code
