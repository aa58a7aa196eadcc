"""Signatures of programs that failed before they sent anything: a value is missing or of a type.

While signing in that value is the user name or the secret; elsewhere the program is at fault. The
words are those of the languages' own exceptions (Python, JavaScript, Java, Go, PHP, Ruby, C#,
Rust). No row may hold beside a server's reply.
"""

from typing import Final

from mailconfig.domain.diagnostics.codes import DiagnosticCode as Code
from mailconfig.domain.diagnostics.signatures import LOGIN, SMTP, TRANSACTION, Signature, words
from mailconfig.domain.diagnostics.signatures_names import REPLY
from mailconfig.domain.diagnostics.values import Phase

_TEXT_METHOD: Final = (
    r"['\"`]?_?(?:en|de)code|re?place|trans(?:late|code)|l?strip|trim|split|upper|lower|isascii"
    r"|starts_?with|find\b|index_?of|to_?string|length|g?sub!?|unpack|pack|bytes(?:ize)?|chars"
    r"|force_encoding|getBytes|char_?code"
)
"""What programs do with a text; other attributes are those of sockets."""
_SECRET: Final = r"(?:pass|pwd|secret|credential|user|login\b|token|api_?key)"
_OTHER_TYPE: Final = r"['\"]?(?:NoneType|None|null|nil|undefined|int|integer|float|bool|array|dict)"

_MISSING: Final = words(
    # whatever the language
    rf"\b(?:no|missing) (?:\w{{1,10}} )?(?:password|user ?name|credentials?) (?:in|from) (?:the )?"
    rf"\w* ?(?:config|settings|environment|env\b)|{_SECRET}\w{{0,20}} (?:is|was|are|were) "
    rf"(?:None|nil)\b",
    # Python
    rf"'(?:NoneType|int|float|bool|list|dict|tuple)' object has no attribute ['\"]?"
    rf"(?:{_TEXT_METHOD})",
    r"NoneType['\"]? (?:is|has|object) .{0,8}(?:not iterable|no len|not subscriptable)"
    r"|of type 'NoneType' (?:is|has)",
    r"can only concatenate str \(not|must be str, not|bytes-like object is required",
    rf"(?:expected|must be) (?:an? )?(?:str\w*|bytes)\b.{{0,24}}(?:not|got|found|received) "
    rf"{_OTHER_TYPE}",
    rf"KeyError: ['\"]?\w{{0,30}}{_SECRET}",
    rf"environment variable .{{0,4}}\w{{0,30}}{_SECRET}\w{{0,20}}\W{{1,3}}(?:is )?(?:not|missing"
    rf"|un|required)|\b\w{{0,30}}{_SECRET}\w{{0,20}} environment variable .{{0,8}}(?:not|missing"
    rf"|unset)",
    # JavaScript
    r"ERR_INVALID_ARG_TYPE",
    r"cannot read propert(?:y|ies) .{0,40}(?:undefined|null)\b|\b(?:undefined|null) is not an obj"
    rf"|\w{{0,20}}{_SECRET}\w{{0,20}} is (?:undefined|not defined|null)\b"
    rf"|\.(?:{_TEXT_METHOD}) is not a function",
    # Java, C#
    rf"NullPointerException.{{0,200}}(?:getBytes|{_SECRET})|\w*{_SECRET}\w*['\"]? is null\b",
    rf"(?:ArgumentNullException|value cannot be null).{{0,80}}{_SECRET}",
    # PHP
    r"must be of (?:the )?type \??string, (?:null|int|array|bool|float)|passing null to parameter",
    rf"undefined (?:array key|index|variable|constant).{{0,8}}{_SECRET}",
    # Ruby
    rf"undefined method .(?:{_TEXT_METHOD}).{{0,4}} for nil\b",
    r"no implicit conversion of (?:nil|integer|symbol) into string",
    r"requested but missing (?:user|secret|pass)",
    # Rust
    rf"(?:on a `?None`? value|NotPresent).{{0,120}}{_SECRET}|{_SECRET}.{{0,120}}\bNotPresent\b",
)
_EXCEPTION: Final = words(
    r"\b(?:Attribute|Type|Name|Index|NoMethod|Reference)Error\b"
    r"|NullPointerException|NullReferenceException|ArgumentNullException|nil pointer dereference"
    r"|index out of range|ArrayIndexOutOfBounds|called `?(?:Option|Result)::unwrap"
)
"""What no server is to blame for."""
_LETTERS: Final = r"unicode|ascii|codec|ERR_INVALID_CHAR"
"""Letters that cannot be sent have rows of their own."""
_SPOKEN: Final = words(
    REPLY,
    r"(?-i:\b(?:NO|BAD|BYE|OK)\b) |-ERR|AUTHENTICATION ?FAILED|errno|\bsocket|disconnect"
    r"|\bconnection (?:re|clos|lost|abort|fail|unex|error|attempt|to\b)|\btimed? ?out|refused"
    r"|certificate|\bssl\b|invalid credentials",
)
"""A server spoke, or the connection failed first."""

UNSENT: Final = (
    Signature(Code.AUTH_SECRET_SUSPECT, _MISSING, phases=LOGIN | {Phase.CONFIG}, without=_SPOKEN),
    Signature(
        Code.CLIENT_PROTOCOL,
        _EXCEPTION,
        phases=LOGIN,
        needs_phase=True,
        without=words(_SPOKEN.pattern, _LETTERS),
    ),
    Signature(
        Code.CLIENT_PROTOCOL,
        _EXCEPTION,
        protocol=SMTP,
        phases=TRANSACTION,
        needs_phase=True,
        without=words(_SPOKEN.pattern, _LETTERS),
    ),
)
"""Rows in order of precedence."""
