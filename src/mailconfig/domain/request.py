"""The id of the request that is being served: one context variable for logs and error masks."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the current request, "-" outside of one."""
