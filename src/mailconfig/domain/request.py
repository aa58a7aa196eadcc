"""The id of the request that is being served: one context variable for logs and error masks."""

import re
import secrets
from contextvars import ContextVar
from itertools import count
from typing import Final

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the current request, "-" outside of one."""

_TAKEN_OVER: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""Ids of callers that are taken over; anything else could forge lines of the log."""
_PROCESS: Final = secrets.token_hex(4)
_COUNT: Final = count(secrets.randbits(24))


def id_of_request(given: str) -> str:
    """Return the id that a caller gave, a fresh one where that is none.

    Fresh ones tell requests apart and can be guessed: they are no secrets.
    """
    if given and _TAKEN_OVER.fullmatch(given):
        return given
    return f"{_PROCESS}{next(_COUNT) & 0xFFFFFFFF:08x}"
