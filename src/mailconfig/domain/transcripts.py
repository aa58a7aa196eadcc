"""Pasted texts of mail conversations, made fit to be shown again: what signs in is hidden.

Threat: people paste a whole transcript to learn what a reply means, and the answer, a log of it or
a screenshot would carry their password on. So the forms in which protocols, programs, programming
languages and configuration files write a secret are looked for, and in doubt a word too much is
hidden. Limit: a password alone in a sentence, or beside a name that nobody uses for it, stays.

Texts come from strangers: every repetition is bounded or cannot be entered at two places, so that
the time grows with the length of the text and nothing more.
"""

import base64
import re
from collections.abc import Iterator
from typing import Final

from mailconfig.domain.text import REDACTED

_QUOTE: Final = r"\\*(?:\"\"\"|'''|[\"'])"
"""Opens a text; with backslashes where the whole was quoted once more, as in logs in JSON."""
_QUOTED: Final = rf"(?P<quote>{_QUOTE})(?P<secret>(?:(?!(?P=quote))(?:\\.|[^\n]))*)"
"""A quoted text up to its closing quote, or to the end of the line where that is missing."""
_MECHANISM: Final = r"(?:PLAIN|LOGIN|CRAM-MD5|DIGEST-MD5|XOAUTH2|OAUTHBEARER|NTLM|SCRAM-[\w-]+)"
_BLOB: Final = r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{4,}+={0,2}"
"""What may be base64 (RFC 4648); words are told from it by `_is_encoded`."""
_KEY: Final = (
    r"(?:pass(?:word|wd|phrase|wort|code)?|pwd?|secret|token|api[_-]?key|kennwort|mot[ ]de[ ]passe"
    r"|contrase[ñn]a|wachtwoord|senha|пароль|密码|パスワード)"
)
"""What a secret is called; other words may stand around it, as in SMTP_PASSWORD."""
_EQUALS: Final = r"(?:=>|[:=\N{FULLWIDTH COLON}])"
_NO_VALUE: Final = r"(?!(?:null|none|nil|undefined|true|false)\b)"
_SPACED: Final = r"[a-z]{4}(?:[ ][a-z]{4}){3}"
"""An app password as Google shows it."""

_FORMS: Final = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        # members of JSON, YAML, ini files, arrays, keyword arguments, definitions
        (
            rf"{_KEY}[\w-]{{0,20}}(?:\\*[\"']\s{{0,3}},|\\*[\"']?\s{{0,3}}{_EQUALS})[ \t]{{0,9}}"
            rf"{_NO_VALUE}{_QUOTED}"
        ),
        # the same without quotes, alone in its line: an ini file, an environment, YAML
        (
            rf"(?m:^)[ \t]{{0,20}}(?:(?:export|set)[ ])?[\w.$>:-]{{0,60}}?{_KEY}"
            rf"[\w-]{{0,20}}[ \t]{{0,9}}{_EQUALS}[ \t]{{0,9}}{_NO_VALUE}"
            r"(?P<secret>[^\s\"'][^\n]*?)[ \t\r]*(?m:$)"
        ),
        # and in the middle of one: a query, a form, a connection string
        (
            rf"{_KEY}[\w-]{{0,20}}\\*[\"']?[ ]?{_EQUALS}[ ]?{_NO_VALUE}"
            rf"(?P<secret>(?-i:{_SPACED})|[^\s\"'&]+)"
        ),
        # words of .netrc, .msmtprc and .fetchmailrc, and POP3's PASS (RFC 1939)
        rf"\bpass(?:word|wd)?[ \t]+{_QUOTED}",
        r"\blogin[ ]+\S{1,320}[ ]+password[ ]+(?P<secret>\S+)",
        (
            r"(?:(?m:^)|(?<=[C>][: ])[ ]?)[ \t]{0,9}PASS(?:word)?[ \t]+"
            r"(?!(?:incorrect|expired|required|wrong|invalid|failed|rejected|command)\b)"
            r"(?P<secret>[^\s\"']\S*(?:[ ]\S+)*?)[ \t\r]*(?m:$)"
        ),
        r"\bpassword[ ](?:is|was)[:]?[ ](?=[a-z]*[^\sa-z.,;])(?P<secret>\S+)",
        # XML, and the property lists of Apple
        rf"<[\w:]{{0,40}}{_KEY}\w{{0,20}}>(?:</key>\s{{0,20}}<string>)?(?P<secret>[^<\n]+)",
        rf"{_KEY}</key>\s{{0,20}}<string>(?P<secret>[^<\n]+)",
        # IMAP's LOGIN with a quoted name, and with an atom where the line ends behind two words
        # (RFC 9051, section 6.2.3): replies speak of LOGIN, too
        (
            rf"\bLOGIN[ ]+(?P<mark>\\*\")(?:(?!(?P=mark))(?:\\.|[^\n]))*(?P=mark)[ ]+(?:{_QUOTED}"
            r"|(?P<bare>[^\s\"'\\]+))"
        ),
        (
            rf"(?<!AUTH )(?<!AUTH=)(?<!\bNO )(?<!\bBAD )(?<!\bOK )(?<!\] )(?<!\b\d\d\d )\bLOGIN[ ]+"
            rf"(?![-{{]|{_MECHANISM}\b)[^\s\"']{{1,320}}[ ]+(?:{_QUOTED}"
            r"|(?P<bare>[^\s\"'\\]+)(?=(?:\\r|\\n|[\"'\s])*(?m:$)))"
        ),
        # the user part of URLs (RFC 3986, section 3.2.1)
        r"://[^\s/:]{0,320}:(?P<secret>[^\s\"'<>]{1,200})(?=@)",
        # maps of Postfix
        r"(?m:(?<=\s)|^)[^\s@<>/:]{1,64}@[\w.-]{1,253}:(?!\d+\b)(?P<secret>[^\s:]+)",
        # options of curl and swaks
        r"(?<!\S)(?:-u|--user|--proxy-user)[ =][\"']?[^\s:]{1,320}:(?P<secret>[^\s\"']+)",
        r"(?<!\S)(?:-ap|--auth-password|--password)[ =][ ]*(?P<secret>\S+)",
        # HTTP, OAuth and the messages of XOAUTH2 and OAUTHBEARER (RFC 7628)
        r"\bAuthorization[\"']?:[ ]*[\"']?(?:\w+[ ]+)?(?P<secret>[^\s\"'][^\n\"']*)",
        r"\bCookie:[ ]*(?P<secret>[^\n]+)",
        r"\bBearer[ ]+(?=[a-z]*[A-Z0-9_/+=.-])(?P<secret>[^\s\"'\x01^\\]+)",
        r"[?&]code=(?P<secret>[^\s&]+)",
        # SASL PLAIN (RFC 4616) as programs print it
        r"(?P<nul>\\u0000|\\x00|\\0|\^@|\0)[^\s\\\0]{0,320}(?P=nul)(?P<secret>\S+)",
        # keys and tokens whose form is known by itself
        (
            r"(?-i:\b(?P<secret>eyJ[\w-]{8,}+\.[\w.-]+|ya29\.[\w.-]+|SG\.[\w-]{16,}+\.[\w-]+"
            r"|xs?mtpsib-[\w-]+|xkeysib-[\w-]+|GOCSPX-[\w-]+))"
        ),
        r"-----BEGIN[ ][A-Z ]{0,20}PRIVATE[ ]KEY-----(?P<secret>[^-]+)",
        r"ConvertTo-SecureString[ ]+(?:-String[ ]+)?" + _QUOTED,
    )
)
_CALL: Final = re.compile(
    r"\b(?:login|authenticate|connect|\w*PlainAuth|\w*Dialer|\w*Credentials?|imap_open"
    r"|PasswordAuthentication)\(([^\n,]{0,300}),([^\n]*)",
    re.IGNORECASE,
)
"""Calls of mail libraries, which take a password behind other texts."""
_TEXT: Final = re.compile(rf"{_QUOTED}(?P=quote)?")
_INITIAL: Final = re.compile(
    rf"\bAUTH(?:ENTICATE)?[ \t]+{_MECHANISM}[ \t]+(?P<blob>{_BLOB})", re.IGNORECASE
)
"""SASL's initial response (RFC 4954, RFC 9051); a list of mechanisms in the same words stays."""
_SENT: Final = re.compile(
    r"(?:^|[ \t:\]])(?:C|(?:-|--|=|~|>>)?>|CLIENT[ ]->[ ]SERVER|send|SendData)[: \t]+"
    rf"(?:\[\w+\][ ])?(?:b?[\"'])?(?P<blob>{_BLOB})(?:\\r|\\n|[\"']|<br>|\s)*$",
    re.IGNORECASE,
)
"""A client's line that is base64 and nothing else: a SASL response."""
_ANYWHERE: Final = re.compile(rf"(?P<blob>{_BLOB})")
_MESSAGES: Final = ("user=", "n,a=", "n,,", "c=")
"""How messages of XOAUTH2, OAUTHBEARER and SCRAM begin; PLAIN's holds a NUL."""
_CHALLENGE: Final = re.compile(r"(?:^|[ \t:'])(?:334(?:[ ]|$)|\+(?:[ ]|$))")
_ANSWER: Final = re.compile(rf"(?P<blob>{_BLOB})(?:\\r|\\n|[\"']|<br>|\s)*$")
_REPLY: Final = re.compile(r"(?:^|[ \t:'])(?:[2-5]\d\d[ -]|\+(?:[ ]|$)|(?:OK|NO|BAD)[ ])")
_TAIL: Final = re.compile(r"(?:[ ]\{\d{1,9}\+?\})?\s*$")
_LITERAL: Final = re.compile(r"\{\d{1,9}\+?\}\s*$")
"""Announces a literal (RFC 9051, section 4.3): the next line of the client is text as it is."""


def without_credentials(text: str) -> str:
    """Return `text` with every credential that its form shows replaced by ***."""
    lines = "".join(_conversation(text.splitlines(keepends=True)))
    for form in _FORMS:
        lines = form.sub(_hide, lines)
    return _CALL.sub(_hide_arguments, lines)


def _conversation(lines: list[str]) -> Iterator[str]:
    """Hide what a client answered to a challenge or sent as a literal, and SASL's messages."""
    challenged = literal = False
    for line in lines:
        is_reply = _REPLY.search(line) is not None
        if literal and not is_reply:
            shown = f"{REDACTED}{_TAIL.findall(line)[0]}"
        elif challenged and not is_reply:
            shown = _ANSWER.sub(_hide_blob, line)
        else:
            shown = _SENT.sub(_hide_blob, line)
        yield _ANYWHERE.sub(_hide_message, _INITIAL.sub(_hide_blob, shown))
        challenged = _CHALLENGE.search(line) is not None
        literal = (literal and is_reply) or _LITERAL.search(line) is not None


def _is_encoded(blob: str) -> bool:
    """Tell base64 from a word: its length is a multiple of four, and it mixes its letters."""
    mixed = any(each.islower() for each in blob) and not blob.islower()
    return len(blob) % 4 == 0 and (mixed or blob.endswith("="))


def _hide_blob(match: re.Match[str]) -> str:
    return _without(match, "blob") if _is_encoded(match["blob"]) else match[0]


def _hide_message(match: re.Match[str]) -> str:
    """Hide base64 that holds a message of SASL, wherever it stands."""
    blob = match["blob"]
    if len(blob) % 4 or not _is_encoded(blob):
        return blob
    try:
        message = base64.b64decode(blob, b"-_" if set(blob) & {"-", "_"} else None).decode()
    except ValueError:  # no base64, or no UTF-8 behind it
        return blob
    return REDACTED if message.startswith(_MESSAGES) or "\0" in message else blob


def _hide(match: re.Match[str]) -> str:
    return _without(match, "secret" if match["secret"] is not None else "bare")


def _hide_arguments(match: re.Match[str]) -> str:
    """Hide all texts behind the first argument."""
    head = match.start(2) - match.start()
    return f"{match[0][:head]}{_TEXT.sub(_hide, match[2])}"


def _without(match: re.Match[str], group: str) -> str:
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    return f"{match[0][:start]}{REDACTED}{match[0][end:]}"
