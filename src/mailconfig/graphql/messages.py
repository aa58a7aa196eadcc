"""The form of graphql-transport-ws messages, since strangers choose them. Holds no connection."""

from collections.abc import Mapping
from typing import Final

from mailconfig.graphql.refusals import Refused
from mailconfig.graphql.requests import request_of

_REASON_MAX_BYTES: Final = 123
"""RFC 6455, section 5.5: a control frame carries 125 bytes, two of which are the close code."""
_KINDS: Final = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})
"""Messages of clients."""
_WITH_ID: Final = frozenset({"subscribe", "complete"})
"""Messages about one operation."""


def malformed(message: object) -> str | None:
    """Return what is wrong with a client's message, None for nothing; never quotes it."""
    if not isinstance(message, dict):
        return "Messages are objects"
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        return "The type is unknown"
    if kind in _WITH_ID and not (isinstance(message.get("id"), str) and message["id"]):
        return "The id is missing or no text"
    if kind == "subscribe":
        return _malformed_request(message.get("payload"))
    if kind != "complete" and not isinstance(message.get("payload"), dict | None):
        return "The payload is no object"
    return _malformed_init(message.get("payload")) if kind == "connection_init" else None


def _malformed_init(payload: Mapping[str, object] | None) -> str | None:
    for name in ("Authorization", "authorization"):
        if not isinstance((payload or {}).get(name), str | None):
            return "Authorization is no text"
    return None


def _malformed_request(payload: object) -> str | None:
    try:
        request = request_of(payload)
    except Refused as refused:
        return refused.message
    if request.query is None and request.document_id is None and request.extensions is None:
        return "The query is missing"
    return None


def close_reason(text: str) -> str:
    """Return as much of a reason as a close frame carries."""
    return text.encode()[:_REASON_MAX_BYTES].decode(errors="ignore")
