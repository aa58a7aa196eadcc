"""What of an error reaches the client and the log.

Threat: graphql-core quotes input values in its messages, so a `submit` with one wrong field would
answer, and log, the password beside it; and unexpected exceptions carry whatever they carry.
Request errors therefore lose everything that may quote a value, refusals keep their sentence, and
all else is masked with the request id under which the log has the exception.

Names are told, since whoever writes a client needs them: those of the schema and of the document,
whose grammar says what a name is, up to 64 characters. A key of variables and an operationName are
any text, so a client's mistake may put a password there: they are told in development only, and
there only where they look like a name.

Hints ("Did you mean ...?") tell strangers the schema; they stay in development only, and there only
in messages that quote nothing.
"""

import logging
import re
from typing import Any, Final

from graphql import FieldNode, GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from mailconfig.domain.errors import InvalidInput, RateLimited, Refusal
from mailconfig.domain.phrases import Say
from mailconfig.domain.request import request_id

_log = logging.getLogger(__name__)

_QUOTES_A_VALUE: Final = re.compile(
    r"(?s)(,? ?[;.]? ?\bfound\b"  # "..., found: {...}", "; found", ". Found"
    r"|\bgot invalid value\b"
    r"|(?<!has invalid )\bvalue: "  # "Int cannot represent non-integer value: 'x'"
    r"|, but encountered error"
    r"|(?<= escape sequence): "  # "Invalid Unicode escape sequence: '\\uhunt'"
    r"|\bbut got: "
    r"|\bUnexpected (?:String|BlockString|Int|Float|Name|character)\b).*",
    re.IGNORECASE,
)
"""Where the words of graphql-core begin to quote what the client sent."""
_HINT: Final = re.compile(r"(?s)\s*\bDid you mean\b.*", re.IGNORECASE)
"""Where it begins to propose names of the schema."""
_NO_MEMBER: Final = re.compile(r"(?s)\bValue '.*' does not exist in '(\w+)' enum\b.*")
"""The one message that begins with the value."""
_GIVEN_NAMES: Final = {
    "not to include unknown field ": "not to include an unknown field",
    "Unknown operation named ": "Unknown operation",
}
"""Where it begins to name what the client named in JSON, and what is said instead."""
_NAME: Final = re.compile(r"(['\"])[_A-Za-z][_0-9A-Za-z]{0,63}\1(?=[.,])")
"""A Name (GraphQL, section 2.1.8) in the quotes of graphql-core or of Strawberry."""
_LONG_NAME: Final = re.compile(r"\w{65,}")
"""No name of ours is longer than 30 characters, no generated one longer than 64."""

_REQUEST_ERRORS: Final = (
    GraphQLError,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
    MissingQueryError,
)
"""What a client's request is wrong in, before anything is carried out."""


class ShownError(GraphQLError):
    """An error that was made for the client; it is not masked again."""


def masked(error: GraphQLError, say: Say = str, *, hints: bool = False) -> ShownError:
    """Return what the client may see of an error; logs what it may not.

    Refusals are for people and go through `say`; all else stays English.
    """
    if isinstance(error, ShownError):
        return error
    original = _original(error)
    if original is None or isinstance(original, _REQUEST_ERRORS):
        message = _without_values(error.message, hints=hints)
        return _shown(error, message, {"code": "BAD_REQUEST"})
    if isinstance(original, Refusal):
        return _shown(error, say(original.message), _details(original, say))
    if isinstance(original, TimeoutError) and error.path is None:  # the deadline of operations
        _log.warning("an operation took longer than it may")
        extensions = {"code": "TIMEOUT", "requestId": request_id.get()}
        return _shown(error, "This takes too long on our side.", extensions)
    _log.error("an operation failed at %s", error.path, exc_info=original)
    extensions = {"code": "INTERNAL", "requestId": request_id.get()}
    return _shown(error, "Something went wrong on our side.", extensions)


def refused_field(error: GraphQLError) -> tuple[Refusal, str | None] | None:
    """Return a refusal with the field of the schema that it ended; None where it is another error.

    The path of an error has aliases, which are the client's words; a node that was validated has
    the schema's. Errors of a subscription's source have no node.
    """
    refusal = _original(error)
    if not isinstance(refusal, Refusal):
        return None
    node = error.nodes[0] if error.nodes else None
    return refusal, node.name.value if isinstance(node, FieldNode) else None


def _original(error: GraphQLError) -> Exception | None:
    """Return what was raised, however often GraphQL wrapped it."""
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    return original


def _shown(error: GraphQLError, message: str, extensions: dict[str, Any]) -> ShownError:
    return ShownError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _without_values(message: str, *, hints: bool) -> str:
    named = _NO_MEMBER.sub(r"This value does not exist in '\1' enum.", message)
    named = _LONG_NAME.sub("...", _without_given_names(named, told=hints))
    cut = _QUOTES_A_VALUE.sub("", named)
    if hints and cut == message:
        return message
    told = _HINT.sub("", cut).rstrip(" ;,:.")
    return f"{told}." if told else "The request is not valid."


def _without_given_names(message: str, *, told: bool) -> str:
    """Cut at a name that JSON had; what looks like a Name is told where names may be."""
    for beginning, instead in _GIVEN_NAMES.items():
        head, found, rest = message.partition(beginning)
        if found:
            name = _NAME.match(rest) if told else None
            return f"{head}{beginning}{name[0]}" if name else f"{head}{instead}"
    return message


def _details(refusal: Refusal, say: Say) -> dict[str, Any]:
    if isinstance(refusal, RateLimited):
        return {"code": refusal.code, "retryAfterSeconds": refusal.retry_after_seconds}
    if not isinstance(refusal, InvalidInput):
        return {"code": refusal.code}
    issues = [
        {"code": issue.code, "message": say(issue.message), "path": list(issue.path)}
        for issue in refusal.issues
    ]
    return {"code": refusal.code, "issues": issues}
