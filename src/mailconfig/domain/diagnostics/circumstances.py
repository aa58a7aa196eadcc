"""Guessing the circumstances of a pasted text: protocol, step and host; and taking clients off it.

Names of exceptions and lines of traces tell in which step a reply was given, but their words are
no server's words. It must not decide what a failure means; a wrong guess is worse than none.
"""

import re
from dataclasses import replace
from typing import Final

from mailconfig.domain.diagnostics.families import WELL_KNOWN_HOSTS
from mailconfig.domain.diagnostics.replies import ends
from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.diagnostics.vocabulary import RELAY
from mailconfig.domain.servers import MailProtocol

MAX_CHARS: Final = 8_000
"""How much of a text is searched: twice what the engine reads, as traces are taken off here."""

_PORTS: Final = dict.fromkeys((143, 993), MailProtocol.IMAP) | dict.fromkeys(
    (25, 465, 587, 2525), MailProtocol.SMTP
)
"""Ports of one protocol (RFC 8314, section 7; 2525 by custom of sending services)."""

_IMAP: Final = re.compile(
    r"(?m)^[ \t]{0,40}(?:S: |< |<- )?(?:[A-Za-z]{0,8}\d{1,8}|a|\.|\*) (?:NO|BAD)\b|\* BYE\b"
    r"|\bimap4?lib\b|\bimaplib\.|IMAP4(?:_SSL)?\.|imap_tools\.|imapclient\.|aioimaplib|async-imap"
    r"|MailKit\.Net\.Imap|Horde_Imap|imapflow|node-imap|mail\.imap\.|go-imap|Net::IMAP|imapsync"
    r"|\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|NONEXISTENT|OVERQUOTA|PRIVACYREQUIRED"
    r"|TRYCREATE|NOPERM)\]"
)
"""What only an IMAP server (RFC 9051, section 7.1) or client library writes."""

_SMTP: Final = re.compile(
    r"(?m)^[ \t]{0,40}(?:S: |< |<- )?[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}\b|[^\d\s])"
    r"|(?<![\w.])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\w.])"
    r"|\b(?:EHLO|HELO)\b|\bRCPT TO\b|\bMAIL FROM\b|\bin reply to (?:end of )?[A-Z]{4}"
    r"|\bsmtplib\.|\bSMTP(?:Recipients|Sender|Data|Connect|Helo|Auth|Server|Send|Address|Transport)"
    r"\w*(?:Refused|Error|Exception|Disconnected)|aiosmtplib|MailKit\.Net\.Smtp|mail\.smtp\."
    r"|Net::SMTP|Swift_Transport|Horde_Smtp|System\.Net\.Mail\.Smtp|\bEENVELOPE\b"
    r"|\bSMTPConnection\b"
)
"""What only an SMTP server (RFC 5321, section 4.2) or client library writes."""

_OAUTH: Final = re.compile(
    r"AADSTS\d|\binvalid_(?:grant|client|scope|request)\b|error_description|unauthorized_client"
    r"|refresh[_ ]token|oauth2?[./]|login\.microsoftonline|accounts\.google\.com/o/",
    re.IGNORECASE,
)
"""What a sign-in service or its client library writes (RFC 6749, section 5.2)."""

_HOST: Final = re.compile(r"(?<![\w.@-])[a-z0-9-]{2,63}(?:\.[a-z0-9-]{1,63}){1,6}(?![\w-])")

_STEPS: Final = (
    (Phase.RCPT, r"in reply to RCPT|SMTPRecipientsRefused|SMTPAddressFailed|_actionRCPT"),
    (Phase.RCPT, r"RecipientNotAccepted|recipients were rejected|RCPT TO (?:command )?failed"),
    (Phase.MAIL, r"in reply to MAIL|SMTPSenderRefused|SMTPSenderFailed|_actionMAIL"),
    (Phase.MAIL, r"SenderNotAccepted|MAIL FROM (?:command )?failed|Mail command failed"),
    (Phase.DATA, r"in reply to (?:end of )?DATA|SMTPDataError|_actionDATA|_actionSMTPStream"),
    (Phase.DATA, r"MessageNotAccepted|Message failed:|DATA (?:END )?command|data not accepted"),
    (Phase.AUTH, r"in reply to AUTH|SMTPAuthenticationError|AuthenticationFailedException"),
    (Phase.AUTH, r"\bEAUTH\b|_actionAUTH|Invalid login:|AUTH (?:LOGIN|PLAIN) failed"),
    (Phase.EHLO, r"in reply to [EH]{2}LO|SMTPHeloError|_actionEHLO"),
    (Phase.GREETING, r"refused to talk to me|SMTPConnectError|_actionGreeting"),
)
"""How clients and logs name the step; these are sure."""

_CODES: Final = (
    (Phase.AUTH, r"(?<![\w.])(?:525|534|535|538)[ -]|\b5\.7\.(?:8|3|139)\b"),
    (Phase.RCPT, r"\b[45]\.(?:1\.[1236]|1\.10|2\.[12])\b"),
    (Phase.MAIL, r"\b[45]\.1\.[78]\b|(?<![\w.])530[ -]"),
    (Phase.DATA, r"\b[45]\.(?:6\.\d+|3\.4|2\.3|7\.2[0-6])\b"),
)
"""Codes that belong to one step (RFC 3463, RFC 4954, RFC 7372)."""

_TOPICS: Final = (
    (Phase.EHLO, r"\b[eh]{2}lo\b"),
    (Phase.DATA, r"\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated|message sending"),
    (Phase.RCPT, rf"{RELAY}|gr[ea]y-?list|recipient|rcpt"),
    (
        Phase.MAIL,
        (
            r"auth\w* (?:is )?required|requires? auth|must (?:first )?authent|sender|mail from"
            r"|absender|exp[ée]dit|remitente|mittente|remetente|отправител|nadawc|发件人|autenticarse"
        ),
    ),
    (
        Phase.AUTH,
        (
            r"authenticat|authentif|autentic|аутентиф|авториз|\blog-?in\b|log-?on\b|credential|sasl"
            r"|passw|mot de passe|contraseñ|senha|парол|hasło|密码|登录|認証|\bauth\b"
        ),
    ),
    (
        Phase.GREETING,
        (
            r"client host|your ip|\bip\b|connect|connexion|conexi|verbind|соедин"
            r"|service (?:is )?(?:not |un)available|no (?:smtp )?service|not accepting|busy"
            r"|перегруж|blocked$|denylist"
        ),
    ),
    (
        Phase.RCPT,
        (
            r"user|mailbox|account|address|empfänger|benutzer|postfach|destinat|usu[aá]ri|utent"
            r"|buzón"
            r"|utilisateur|пользоват|получат|ящик|odbior|skrzyn|收件人|用户|使用者|宛先|メールボックス"
        ),
    ),
)
"""What a reply speaks of, where its codes do not tell the step."""


def _patterns(rows: tuple[tuple[Phase, str], ...]) -> tuple[tuple[Phase, re.Pattern[str]], ...]:
    return tuple((phase, re.compile(sign, re.IGNORECASE)) for phase, sign in rows)


_SURE: Final = _patterns(_STEPS)
_LIKELY: Final = _patterns(_CODES + _TOPICS)

_REPLY: Final = re.compile(r"(?<![\w.:@/])[45]\d\d[ ,-]|(?<![\w.])[45]\.\d{1,3}\.\d{1,3}(?![\w.])")
_FRAME: Final = re.compile(
    r"(?m)^[ \t]{0,12}(?:at [\w$.<>\[\] ]{1,200}\(?[^\n]{0,300}:\d+[^\n]{0,20}"
    r"|at [\w$.]{1,200}\([^\n]{0,200}\)|#\d{1,3} (?:[/\[{]|[A-Z]:\\)[^\n]{0,400}"
    r"|File \"[^\n\"]{1,300}\", line \d+[^\n]*|from [^\n]{1,300}:\d+:in [^\n]*"
    r"|;?[ \t]*nested exception is:?)[ \t]*$"
)
"""Lines of traces: JavaScript, Java, PHP, Python, Ruby."""
_LEAD: Final = re.compile(
    r"(?m)^[ \t]{0,40}(?:Uncaught |Unhandled )?(?:Error: )?"
    r"(?:(?:Mail|Data|Rcpt|Recipient) command failed|Message failed"
    r"|Can't send mail - all recipients were rejected): (?=[45]\d\d)"
    r"|Expected response code \W?\d{3}(?:/\d{3})*\W? but got code \W?\d{3}\W?, with message \W?"
)
"""What clients put before a reply."""
_CLASS: Final = re.compile(
    r"\b(?:[\w$]{1,40}(?:\.|::)){0,8}(?:SMTP|Smtp|Send|Message|Messaging|Mail)\w{0,40}"
    r"(?:Exception|Error|Refused)\b(?:\(code: \d+\))?:?[ ]?"
)
"""Names of exceptions that carry a reply; the reply says what happened."""


_STATUSES: Final = {
    "Service not available, closing transmission channel": 421,
    "Mailbox unavailable": 550,
    "Error in processing": 451,
    "Insufficient system storage": 452,
    "Syntax error, command unrecognized": 500,
    "Syntax error in parameters or arguments": 501,
    "Command not implemented": 502,
    "Bad sequence of commands": 503,
    "Command parameter not implemented": 504,
    "The SMTP server requires a secure connection or the client was not authenticated": 530,
    "User not local; please try alternate path": 551,
    "User not local": 551,
    "Exceeded storage allocation": 552,
    "Mailbox name not allowed": 553,
    "Transaction failed": 554,
}
"""What .NET says in the place of a reply code (System.Net.Mail.SmtpStatusCode)."""
_STATUS: Final = re.compile(
    rf"\b({'|'.join(map(re.escape, _STATUSES))})\. The server response was: "
    r"(?=(?:#?\d\.\d{1,3}\.\d)|[^\W\d])"
)


def _with_code(found: re.Match[str]) -> str:
    """Put the code of a status in the place of its name, which is not the server's word."""
    return f"{_STATUSES[found[1]]} "


def guess_circumstances(observation: Observation) -> Observation:
    """Fill in protocol, phase and host where text or port leave no doubt; take traces off.

    What is known already stays. The text changes only if it holds a server's reply.
    """
    text = _STATUS.sub(_with_code, ends(observation.text, MAX_CHARS))
    protocol = observation.protocol or _protocol(observation.port, text)
    return replace(
        observation,
        protocol=protocol,
        phase=observation.phase or _phase(protocol, text),
        host=observation.host or _well_known_host(text),
        text=without_client(text),
    )


def without_client(text: str) -> str:
    """Take traces and names of exceptions off a text that holds a reply."""
    if _REPLY.search(text) is None:
        return text
    shorter = _LEAD.sub("", _CLASS.sub("", _FRAME.sub("", text)))
    return shorter if _REPLY.search(shorter) else text


def _protocol(port: int | None, text: str) -> MailProtocol | None:
    """A port was chosen by somebody, so it beats what a server says on it."""
    if port in _PORTS:
        return _PORTS[port]
    is_imap, is_smtp = _IMAP.search(text) is not None, _SMTP.search(text) is not None
    if is_imap == is_smtp:
        return None
    return MailProtocol.IMAP if is_imap else MailProtocol.SMTP


def _phase(protocol: MailProtocol | None, text: str) -> Phase | None:
    """Guess the step: of SMTP from signs, codes and topics; of OAuth from its members."""
    if protocol is MailProtocol.SMTP:
        sure = _first(_SURE, text)
        return sure or (_likely(without_client(text)) if _REPLY.search(text) else None)
    return Phase.TOKEN if protocol is None and _OAUTH.search(text) else None


def _likely(reply: str) -> Phase:
    """A refusal that speaks of nothing known is most often about the message."""
    return _first(_LIKELY, reply) or Phase.DATA


def _first(rows: tuple[tuple[Phase, re.Pattern[str]], ...], text: str) -> Phase | None:
    return next((phase for phase, sign in rows if sign.search(text)), None)


def _well_known_host(text: str) -> str | None:
    """Name the one server of a known provider that a text speaks of."""
    named = {name for name in _HOST.findall(text.lower()) if WELL_KNOWN_HOSTS.fullmatch(name)}
    return named.pop() if len(named) == 1 else None
