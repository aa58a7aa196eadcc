"""Reading of failure texts: unwraps logs, exceptions and transcripts, and finds their codes.

It must not decide what a failure means: it only tells which codes and words are there. Texts come
from strangers: they are cut before they are looked at, and no pattern here can backtrack far.
"""

import html
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final, TypeVar
from urllib.parse import unquote_plus

Code = TypeVar("Code", int, str)

MAX_CHARS: Final = 4_000
"""How much of a text is read: five times the longest reply seen."""

MAX_CODES: Final = 8
"""How many codes of a kind are looked at: the longest honest bounce held five."""

SMTP_CODES: Final = (
    frozenset(range(421, 423))
    | {430, 431, 432, 435, 441, 442, 446, 447, 449, 450, 451, 452, 453, 454, 455, 458, 459, 471}
    | frozenset(range(500, 506))
    | {510, 511, 512, 513, 515, 517, 521, 522, 523, 524, 525, 530, 531, 534, 535, 538, 541, 542}
    | frozenset(range(550, 558))
    | {571, 572, 573, 574, 577}
)
"""Reply codes of refusals, registered or met; ports such as 465 and 587 are not among them."""

IMAP_CODES: Final = frozenset(
    {
        "ALERT",
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "CANNOT",
        "CLIENTBUG",
        "CONTACTADMIN",
        "CORRUPTION",
        "EXPIRED",
        "IN-USE",
        "INUSE",
        "LIMIT",
        "LOGIN-DELAY",
        "NONEXISTENT",
        "NOPERM",
        "OVERQUOTA",
        "PRIVACYREQUIRED",
        "SERVERBUG",
        "SYS/PERM",
        "SYS/TEMP",
        "THROTTLED",
        "TOOBIG",
        "TRYCREATE",
        "UNAVAILABLE",
        "UNKNOWN-CTE",
        "WEBALERT",
    }
)
"""Response codes of refusals: RFC 5530, RFC 9051, RFC 4469, POP3's (RFC 3206), and Google's."""

_UNMISTAKABLE = (
    "AUTHENTICATIONFAILED",
    "AUTHORIZATIONFAILED",
    "OVERQUOTA",
    "PRIVACYREQUIRED",
    "WEBALERT",
)
"""Response codes that no sentence holds by chance, so that they need no brackets."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One refusal, or a whole text, as far as it can be read."""

    words: str
    """Unescaped, on one line, single spaces; the names of symbols follow, a line each, as words."""
    reply_codes: tuple[int, ...] = ()
    """SMTP reply codes (RFC 5321, section 4.2), in order."""
    enhanced_codes: tuple[str, ...] = ()
    """Enhanced status codes (RFC 3463), in order."""
    response_codes: tuple[str, ...] = ()
    """IMAP response codes (RFC 9051, section 7.1), upper case, in order."""


def read(text: str) -> tuple[Reply, ...]:
    """Read a text: the first refusal in it (if it can be told apart), then the whole.

    The first refusal comes first because later ones are often only its consequence.
    """
    plain = unescape(ends(text, MAX_CHARS))
    first = _first_refusal(plain)
    whole = _reply(plain)
    if first is None:
        return (whole,)
    return (_reply(first), whole)


def ends(text: str, most: int) -> str:
    """Cut the middle out of a long text: the cause stands at the head, or ends a trace."""
    if len(text) <= most:
        return text
    tail = most // 4
    return f"{text[: most - tail - 1]}\n{text[-tail:]}"


def unescape(text: str) -> str:
    r"""Undo what logs and exceptions do to a reply: \n, \", \xe9, \u00e9, &lt;, base64 of JSON."""
    for _ in range(3):  # an escape inside an escape inside a log line is the most that was met
        plainer = _ESCAPE.sub(_unescaped, text)
        if plainer == text:
            break
        text = plainer
    text = _BYTES.sub(_decoded, text)
    text = html.unescape(text).translate(_PLAIN_CHARACTERS)
    text = _QUERY.sub(lambda found: unquote_plus(found[0]), text)
    return _BASE64.sub(_with_challenge, text)


_QUERY: Final = re.compile(r"(?<=\berror_description=)[^\s&\"'<>]{1,800}")
"""What a redirect to the client says in its query (RFC 6749, section 4.1.2.1)."""
_ESCAPE: Final = re.compile(r"\\(?:(r\\n|n|r|t)|u([0-9a-fA-F]{4})|([\"'\\]))")
_WHITE: Final = {"r\\n": "\n", "n": "\n", "r": "\n", "t": " "}
_BYTES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/])eyJ[A-Za-z0-9+/]{9,600}={0,2}")
_PLAIN_CHARACTERS: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\xa0": " ", "\u2011": "-"}
)


def _unescaped(found: re.Match[str]) -> str:
    white, code_point, quote = found.groups()
    if white:
        return _WHITE[white]
    if code_point:
        return chr(int(code_point, 16))
    return quote if isinstance(quote, str) else ""


def _decoded(found: re.Match[str]) -> str:
    raw = bytes.fromhex(found[0].replace("\\x", ""))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _with_challenge(found: re.Match[str]) -> str:
    """Show the JSON of a refused bearer token (RFC 7628, section 3.2.2) instead of its base64."""
    token = found[0].rstrip("=")
    try:
        return b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
    except Base64Error:
        return found[0]


_REFUSAL: Final = re.compile(
    r"""^[^\n]{0,160}?(?:
        (?:(?<![\w.:@/\[(])(?<!\bcode:[ ])(?<!\bcode=)(?<!\bof[ ])(?<!\bthan[ ])
        |(?<=(?i:server):)|(?<=(?i:response):)
        |(?<=(?i:reply):)|(?<=(?i:said):)|(?<=(?i:error):))
        (?P<code>[45]\d\d)(?P<more>[ \n-])(?=\#?\d\.\d{1,3}\.\d|\D)
      | (?-i:\b(?P<word>NO|BAD|BYE)\b)[ ]
      | (?P<pop>-ERR)[ ]
    )""",
    re.VERBOSE | re.MULTILINE,
)


_FOLLOWER: Final = re.compile(
    r"\n[ \t]{0,8}(?=\[(?:ERROR|WARN\w*|INFO|DEBUG)\]|(?:ERROR|WARN\w*|INFO|DEBUG)[ :]|[CS]: "
    r"|<[-=] |[-=]> |CLIENT -> |SMTP -> (?:ERROR|NOTICE)|send: |>>> |[ ]?~> "
    r"|={2,}|\*{3} |(?:Error|Oops|Fatal|Exception|Failed|Warning)\b"
    r"|[A-Za-z_]\w{0,40}(?:\.\w{1,40}){0,8}(?:Error|Exception|abort)\b:"
    r"|\d{4}-\d\d-\d\d[ T]|[A-Za-z]{0,4}\d{1,6} (?:OK|NO|BAD)\b|\* [A-Z]+ |Traceback |Caused by: )"
)
"""A line that is no part of the reply before it: of a dialogue, a log or a trace."""


def _first_refusal(text: str) -> str | None:
    """Cut the first refusal out of a dialogue; None if there is at most one."""
    starts = [found for found in _REFUSAL.finditer(text) if _is_refusal(found)]
    if not starts:
        return None
    end = len(text)
    for earlier, later in pairwise(starts):
        if not _continues(earlier, later) and not _amid_sentence(text, later.start()):
            end = later.start()
            break
    if (follower := _FOLLOWER.search(text, starts[0].end(), end)) is not None:
        end = follower.start()
    start = starts[0]
    return text[min(s for s in map(start.start, ("code", "word", "pop")) if s >= 0) : end]


def _is_refusal(found: re.Match[str]) -> bool:
    code = found["code"]
    return code is None or int(code) in SMTP_CODES


def _continues(earlier: re.Match[str], later: re.Match[str]) -> bool:
    """Tell whether two lines belong to one reply (RFC 5321, section 4.2.1: 550-, then 550)."""
    return earlier["code"] is not None and earlier["code"] == later["code"]


_FOLDED_LINE: Final = 50
"""A line broken by a mail program is at least this long: 72 columns less a long word."""


def _amid_sentence(text: str, start: int) -> bool:
    """Tell whether a line goes on with the sentence of a long line before it."""
    before = text.rfind("\n", 0, max(start - 1, 0)) + 1
    return text[start : start + 1].islower() and start - 1 - before >= _FOLDED_LINE


_REPLY_CODE: Final = re.compile(
    r"(?:(?<![\w.:@/+#-])(?<!\bof )(?<!\bthan )|(?<=(?i:server):)"
    r"|(?<=(?i:response):)|(?<=(?i:reply):)|(?<=(?i:said):)"
    r"|(?<=(?i:error):))\(?(?<!#)([45]\d\d)(?=[\s,:;\"')}-]|$)"
    r"(?!-?\d(?!\.\d{1,3}\.\d))"
)
_ENHANCED: Final = re.compile(r"(?<![\w./])#?([245]\.\d{1,3}\.\d{1,3})(?![\w]|\.\d)")
_RESPONSE: Final = re.compile(r"\[\s?([A-Z][A-Z/-]{3,24})(?:\s[^\]]{0,200})?\]")
_OBJECT_CODE: Final = re.compile(r"code\W{1,4}(?:some\()?\W?([a-z]{4,24})", re.IGNORECASE)
_PORT: Final = re.compile(r"\bport\W{0,3}\d+", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
_SCRIPTS: Final = re.compile(
    r"(?<=[A-Za-z])(?=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])"
    r"|(?<=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])(?=[A-Za-z])"
)
"""Where scripts meet: those without spaces would hide the word's end ("SPF验证失败")."""


def _reply(text: str) -> Reply:
    enhanced = _unique(_ENHANCED.findall(text))
    codes = (int(code) for code in _REPLY_CODE.findall(_PORT.sub(" ", text)))
    responses = [code for code in _RESPONSE.findall(text) if code in IMAP_CODES]
    responses += [code.upper() for code in _OBJECT_CODE.findall(text) if code.upper() in IMAP_CODES]
    upper = text.upper()
    responses += [code for code in _UNMISTAKABLE if code in upper]
    return Reply(
        words=_SPACES.sub(" ", _SCRIPTS.sub(" ", _bare(_without_repeats(text, enhanced)))).strip()
        + _spelled_out(text),
        reply_codes=_unique([code for code in codes if code in SMTP_CODES]),
        enhanced_codes=enhanced,
        response_codes=_unique(responses),
    )


_PACKAGE: Final = re.compile(
    r"(?<![\w./@-])(?!\w{1,40}\.fernet\b)(?:[a-z_][a-z0-9_]{0,40}\.){1,8}"
    r"(?=[A-Z]\w{0,60}(?:Error|Exception|Fault)\b)"
)
"""Where a class of exceptions lives ("backend.errors.SyncError"): the program's words only."""
_KEY: Final = re.compile(
    r"""(["'])(?:message|msg|error|errors|detail|details|reason|text|log|description|output)\1"""
    r"""\s{0,3}[:=]>?\s{0,3}"""
)
"""A key that announces the words of somebody else; "status" and "code" are signs themselves."""


_HEADLINE: Final = re.compile(
    r"\b(?:failed to|unable to|could not|cannot|can't|error while|error) (?:send|sending|deliver"
    r"|delivering|submit|fetch|fetching|sync|syncing) (?:the |an? |your )?(?:test )?"
    r"(?:e-?mails?|mails?|messages?)\s{0,3}:",
    re.IGNORECASE,
)
"""What a program was about when it failed; the reason stands behind the colon."""


_LOGGED: Final = re.compile(
    r";\s{1,4}from=<[^>\n]{0,320}>(?:\s{1,4}to=<[^>\n]{0,320}>)?(?:\s{1,4}proto=\w{1,12})?"
    r"(?:\s{1,4}helo=<[^>\n]{0,255}>)?"
    r"|\b(?:imap|pop3|submission|lmtp|managesieve)-login: "
    r"|(?<=\n)[^\n]{0,120}\b(?:waiting (?:for )?\d|(?:retrying|reconnecting|sleeping|next (?:try"
    r"|attempt))"
    r"(?: again)? (?:in|for|after) \d)[^\n]*"
    r"|\bR=\w{1,40} T=\w{1,40}(?= )|\b(?:[rl]ip|session|mpid)=[^\s,]{1,80},?|(?<=>) size=\d{1,12}"
    r"|\b(?:One|(?:The )?other|Another) possibility [^.:]{1,300}[.:]|(?<=\s)\d\. The [^.]{1,200}\.",
    re.MULTILINE | re.IGNORECASE,
)
"""What MTAs log beside a reply (Postfix, Dovecot), the SIZE of MAIL (RFC 1870), a program's own
pauses, and what else it thinks possible (MailKit)."""


def _bare(text: str) -> str:
    """Take out what a program or its format says around somebody else's words."""
    spoken = _NAMED.sub("x", _LOGGED.sub("", text))
    return _KEY.sub(" ", _PACKAGE.sub("", _HEADLINE.sub(" ", spoken)))


_NAMED: Final = re.compile(
    r"(?<![\w.+@/-])(?!(?:kefu|postmaster|unblockme)@)[a-z0-9][a-z0-9_.+-]{0,63}"
    r"(?=@(?-i:[\w-]){1,63}\.)"
    r"|(?<![\w@])(?:[\w-]{1,40}[.-])?relay\d{0,4}(?=(?:[.-][\w-]{1,40}){1,4}\.[a-z]{2,12}\b)",
    re.IGNORECASE,
)
"""Words that are only somebody's name: user@example.com, smtp-relay.example.com."""


_SYMBOL: Final = re.compile(
    r"\b(?!(?i:\w{0,60}(?:smtp|imap|mail|auth|sender|recip|config)))"
    r"(?:[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{1,20}){1,8}"
    r"|[A-Za-z]?[a-z0-9]{0,20}(?:[A-Z]{1,6}[a-z0-9]{1,20}){2,8})\b"
)
_HUMPS: Final = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
MAX_SYMBOLS: Final = 24
"""How many names of errors are spelled out: a long trace names fewer before it repeats itself."""


def _spelled_out(text: str) -> str:
    """Write names such as SEC_ERROR_UNKNOWN_ISSUER and RemoteCertificateNameMismatch as words."""
    names = _unique_symbols(found[0] for found in _SYMBOL.finditer(text))
    return "".join(f"\n{_HUMPS.sub(' ', name).lower()}" for name in names)


def _unique_symbols(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(names), MAX_SYMBOLS))


def _without_repeats(text: str, enhanced: tuple[str, ...]) -> str:
    """Take the codes of continuation lines out, so that a wrapped sentence reads on."""
    for code in enhanced:
        pattern = _repeats(code)
        first = pattern.search(text)
        if first is not None:
            text = text[: first.end()] + pattern.sub(" ", text[first.end() :])
    return _CONTINUATION.sub(r"\1 ", text)


@lru_cache(maxsize=512)
def _repeats(code: str) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:[245]\d\d[ -])?#?{re.escape(code)}(?![\w.])[ ]?")


_CONTINUATION: Final = re.compile(r"(?m)(?<=\n)([45]\d\d)-(?=\D)")


def _unique(values: Iterable[Code]) -> tuple[Code, ...]:
    return tuple(islice(dict.fromkeys(values), MAX_CODES))
