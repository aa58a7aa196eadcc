"""URLs that may be fetched, parsed once into a value: https, a host, a port, a path.

Threat: libraries disagree on odd URLs, which is how filters are passed by. So all but plain ones
are refused. Must not judge where a host leads: that is egress's part.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mailconfig.domain.hosts import HostInvalid, parse_host

_URL_MAX_CHARACTERS: Final = 2048
"""Longest URL: an address of 254 characters, each escaped, fits twice."""
_PRINTABLE: Final = re.compile(r"[!-~]+")
"""What URLs consist of; blanks and control characters would end a request line."""
_ODD: Final = re.compile(r"[\\<>\"`{}|^]")
"""Characters that no URL has (RFC 3986, appendix A) and that are read in different ways."""
_HTTPS_PORT: Final = 443


class UrlRefused(ValueError):
    """The URL may not be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    host: str
    """Lower-case name or IP literal without brackets."""
    port: int
    path: str
    """Path and query as they are sent."""

    @property
    def authority(self) -> str:
        """Host and port as the Host header and URLs have them (RFC 3986, section 3.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS_PORT else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole, without a fragment."""
        return f"https://{self.authority}{self.path}"


def parse_target(url: str) -> Target:
    """Parse an absolute https URL; its fragment is dropped. Raises UrlRefused."""
    if len(url) > _URL_MAX_CHARACTERS or not _PRINTABLE.fullmatch(url) or _ODD.search(url):
        raise UrlRefused("it is too long or has odd characters")
    try:
        parts = urlsplit(url)
        name = parts.hostname
        port = _HTTPS_PORT if parts.port is None else parts.port
    except ValueError:
        raise UrlRefused("it cannot be parsed") from None
    if parts.scheme != "https" or not name or not port:
        raise UrlRefused("it does not begin with https://, a host and perhaps a port")
    if "@" in parts.netloc:  # RFC 9110, section 4.2.4
        raise UrlRefused("it holds a user name")
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        return Target(parse_host(name), port, path)
    except HostInvalid:
        raise UrlRefused("its host is none") from None
