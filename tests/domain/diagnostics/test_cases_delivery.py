"""Texts of submission and delivery, and of open mailboxes."""

import pytest

from kit.failures import seen
from mailconfig.domain.diagnostics import DiagnosticCode as Code
from mailconfig.domain.diagnostics import diagnose_code

CASES = [
    # Postfix
    ("smtp/rcpt", "554 5.7.1 <b@other.example>: Relay access denied", Code.RELAY_DENIED),
    # Exim
    ("smtp/rcpt", "550 relay not permitted", Code.RELAY_DENIED),
    # qmail
    (
        "smtp/rcpt",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        Code.RELAY_DENIED,
    ),
    # Postfix, sender of somebody else
    (
        "smtp/mail",
        "553 5.7.1 <c@example.org>: Sender address rejected: not owned by user anna@example.org",
        Code.SENDER_NOT_OWNED,
    ),
    # 1&1 style
    ("smtp/mail smtp.example.de:587", "550 Sender address is not allowed.", Code.SENDER_NOT_OWNED),
    # iCloud
    (
        "smtp/mail smtp.mail.me.com:587/starttls",
        "550 5.7.0 From address is not one of your addresses.",
        Code.SENDER_NOT_OWNED,
    ),
    # Microsoft's exception outlives its sentences
    (
        "smtp/data smtp.office365.com:587/starttls",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        Code.MS_SEND_AS,
    ),
    # Postfix, greeting name
    (
        "smtp/rcpt",
        "504 5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname",
        Code.HELO_REJECTED,
    ),
    # Exim
    ("smtp/ehlo", "550 Rejected: HELO localhost is not accepted here", Code.HELO_REJECTED),
    # a 450 that never heals
    (
        "smtp/rcpt",
        "450 4.7.1 Client host rejected: cannot find your reverse hostname, [203.0.113.9]",
        Code.REVERSE_DNS,
    ),
    # the code of RFC 7372
    ("smtp/data", "550 5.7.25 The sending address has nothing that points to it", Code.REVERSE_DNS),
    # Postgrey
    (
        "smtp/rcpt",
        "450 4.2.0 <b@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example/help",
        Code.GREYLISTED,
    ),
    # French
    ("smtp/rcpt", "451 4.7.1 Liste grise en action, merci de revenir plus tard", Code.GREYLISTED),
    # Spamhaus
    (
        "smtp/greeting :25",
        "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org",
        Code.CONNECT_BLOCKED_IP,
    ),
    # a greeting that refuses without a reason
    ("smtp/greeting :25", "554 mx3.example.net", Code.CONNECT_BLOCKED_IP),
    # Microsoft's list
    (
        "smtp/mail",
        (
            "550 5.7.1 Unfortunately, messages from [203.0.113.9] weren't sent. Please "
            "contact your ISP since part of their network is on our block list (S3140)."
        ),
        Code.CONNECT_BLOCKED_IP,
    ),
    # Postfix' anvil
    (
        "smtp/greeting",
        "421 4.7.0 mx.example.org Error: too many connections from 203.0.113.9",
        Code.CONNECT_TOO_MANY,
    ),
    # Dovecot
    (
        "imap/auth",
        (
            "a1 NO [LIMIT] Maximum number of connections from user+IP exceeded "
            "(mail_max_userip_connections=10)"
        ),
        Code.CONNECT_TOO_MANY,
    ),
    # Exchange Online, submission
    (
        "smtp/data smtp.office365.com:587/starttls",
        "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        Code.MS_THROTTLE,
    ),
    # cPanel
    (
        "smtp/data",
        (
            "550 Domain example.org has exceeded the max emails per hour (150/150 "
            "(100%)) allowed. Message discarded."
        ),
        Code.SEND_QUOTA,
    ),
    # a 552 that is a sending quota
    ("smtp/rcpt mail.example.fr:587", "552 5.2.2 Daily sending limit exceeded", Code.SEND_QUOTA),
    # Gmail's daily limit by code and host
    (
        "smtp/data smtp.gmail.com:587/starttls",
        "550-5.4.5 Limite quotidienne\n550 5.4.5 x - gsmtp",
        Code.GMAIL_SEND_LIMIT,
    ),
    # Gmail's relay
    (
        "smtp/mail smtp-relay.gmail.com:587/starttls",
        "550-5.7.1 Invalid credentials for relay [203.0.113.9].",
        Code.GMAIL_RELAY,
    ),
    # a rate per second heals at once
    ("smtp/data smtp.service.example:587", "421 4.7.0 Too many messages per second", Code.ESP_RATE),
    # SES: the region shows it
    (
        "smtp/data email-smtp.eu-central-1.amazonaws.com:587",
        "554 Message rejected: Email address is not verified.",
        Code.SES,
    ),
    # SendGrid's identity
    (
        "smtp/data smtp.sendgrid.net:587",
        "550 The from address does not match a verified Sender Identity.",
        Code.SENDGRID,
    ),
    # Mailjet
    (
        "smtp/data in-v3.mailjet.com:587",
        "550 5.7.1 Sender address has not been validated yet",
        Code.ESP_SENDER_UNVERIFIED,
    ),
    # another service
    (
        "smtp/data smtp.service.example:587",
        "550 5.7.1 The domain example.org is not verified",
        Code.ESP_SENDER_UNVERIFIED,
    ),
    # RFC 3463
    ("smtp/rcpt", "550 5.1.1 no way", Code.RECIPIENT_UNKNOWN),
    # Postfix
    (
        "smtp/rcpt",
        (
            "550 5.1.1 <x@example.org>: Recipient address rejected: User unknown in "
            "local recipient table"
        ),
        Code.RECIPIENT_UNKNOWN,
    ),
    # German
    ("smtp/rcpt", "550 Empfänger unbekannt", Code.RECIPIENT_UNKNOWN),
    # Yahoo's recipient
    (
        "smtp/data mta6.am0.yahoodns.net:25",
        "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com)",
        Code.RECIPIENT_UNKNOWN,
    ),
    # full, by code
    ("smtp/rcpt", "552 5.2.2 nope", Code.MAILBOX_QUOTA),
    # full, in Spanish
    ("smtp/rcpt", "550 El buzón del destinatario está lleno", Code.MAILBOX_QUOTA),
    # one's own full store at Microsoft
    (
        "smtp/data smtp.office365.com:587",
        "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
        Code.MS_MAILBOX_FULL,
    ),
    # own domain without MX
    (
        "smtp/mail",
        "450 4.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found",
        Code.SENDER_DOMAIN_INVALID,
    ),
    # RFC 7505
    ("smtp/mail", "550 5.7.27 Sender address has null MX", Code.SENDER_DOMAIN_INVALID),
    # SIZE
    ("smtp/mail", "552 5.3.4 Message size exceeds fixed limit", Code.TOO_BIG),
    # in words
    ("smtp/data", "554 Nachricht ist zu groß", Code.TOO_BIG),
    # spam
    (
        "smtp/data",
        "554 5.7.1 Message rejected as spam by Content Filtering.",
        Code.CONTENT_REJECTED,
    ),
    # attachments
    (
        "smtp/data",
        (
            "552 5.7.0 This message was blocked because its content presents a potential "
            "security issue. Executable attachment"
        ),
        Code.CONTENT_REJECTED,
    ),
    # Yahoo's 5.7.9 is a policy, neither mechanism nor app password
    (
        "smtp/data mta7.am0.yahoodns.net:25",
        "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        Code.CONTENT_REJECTED,
    ),
    # SPF at a receiver
    (
        "smtp/rcpt",
        (
            "550 5.7.23 <x@example.org>: Recipient address rejected: Message rejected "
            "due to: SPF fail - not authorized"
        ),
        Code.UNAUTHENTICATED_MAIL,
    ),
    # DMARC
    (
        "smtp/data",
        "550 5.7.1 Email rejected per DMARC policy for example.org",
        Code.UNAUTHENTICATED_MAIL,
    ),
    # Microsoft's number for bulk senders
    (
        "smtp/data",
        (
            "550 5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the "
            "required authentication level. [x.prod.outlook.com]"
        ),
        Code.UNAUTHENTICATED_MAIL,
    ),
    # headers
    ("smtp/data", "550 5.6.0 Message contains two From headers", Code.MESSAGE_FORMAT),
    # SMTPUTF8
    ("smtp/rcpt", "553 5.6.7 Address requires SMTPUTF8", Code.UTF8_ADDRESS),
    # a disk
    ("smtp/mail", "452 4.3.1 Insufficient system storage", Code.SERVER_TEMPORARY),
    # maintenance
    ("smtp/greeting", "421 4.3.2 Service shutting down for maintenance", Code.SERVER_TEMPORARY),
    # nothing but class and phase
    ("smtp/data", "451 please wait", Code.SERVER_TEMPORARY),
    # out of step
    ("smtp/rcpt", "503 5.5.1 Error: need MAIL command", Code.CLIENT_PROTOCOL),
    # RFC 5530
    ("imap/select", "a5 NO [NONEXISTENT] Mailbox doesn't exist: Gesendet", Code.FOLDER_MISSING),
    # APPEND to nowhere
    ("imap/append", "a6 NO [TRYCREATE] no such folder", Code.FOLDER_MISSING),
    # no right
    ("imap/select", "a5 NO [NOPERM] shared/sales", Code.AUTH_NOT_AUTHORISED),
    # own mailbox
    ("imap/append", "a6 NO [OVERQUOTA] nope", Code.MAILBOX_QUOTA),
    # a client's fault
    ("imap/select", "a5 BAD Missing argument", Code.CLIENT_PROTOCOL),
    # nothing is known at all
    ("smtp", "Something happened.", Code.UNKNOWN_REPLY),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_refused_message_has_its_code(case: tuple[str, str, Code]) -> None:
    """A refused sender, recipient, message or folder is named by its meaning."""
    where, text, code = case
    assert diagnose_code(seen(where, text)) is code
