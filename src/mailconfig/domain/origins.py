"""Origins and hosts of the web in one spelling, so that they can be compared.

An origin is scheme, host and port (RFC 6454, section 4), as browsers send it: in lower case,
without a default port and without a path. Must not: decide on who is trusted.
"""

import re
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?")
"""Host and port of a Host header (RFC 9110, section 7.2), in lower case."""


def origin_of(url: str) -> str | None:
    """Return the origin of an http or https URL; None for all else, such as "null"."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if _HOST.fullmatch(host) is None:
        return None
    return f"{parts.scheme}://{host}" + ("" if port in {None, default} else f":{port}")


def exact_origin(text: str) -> str:
    """Return the origin that a text is, and nothing more; raises ValueError for all else."""
    origin = origin_of(text)
    if origin is None or origin != text.strip().lower().removesuffix("/"):
        raise ValueError(
            "an origin is a scheme, a host and a port that is not the default, such as"
            " https://app.example.com; neither * nor null is one"
        )
    return origin


def hostname(host: str) -> str | None:
    """Return the name or address of a Host header without its port; None where it is no host."""
    match = _HOST.fullmatch(host.strip().lower())
    return None if match is None else match[1].removesuffix(".")


def is_of_host(origin: str, host: str) -> bool:
    """Tell whether an origin is that of a Host header: same name, same port."""
    scheme, _, _ = origin.partition("://")
    return hostname(host) is not None and origin_of(f"{scheme}://{host}") == origin
