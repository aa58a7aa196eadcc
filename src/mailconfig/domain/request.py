"""The id of the request that is being served: one context variable for logs and error masks."""

import os
import re
from contextvars import ContextVar
from typing import Final

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the current request, "-" outside of one."""

_TAKEN_OVER: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""Ids of callers that are taken over; anything else could forge lines of the log."""


def id_of_request(given: str) -> str:
    """Return the id that a caller gave, a fresh one where that is none."""
    return given if _TAKEN_OVER.fullmatch(given) else os.urandom(8).hex()
