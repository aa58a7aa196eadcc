"""Host names and IP literals as people type them, parsed once into one canonical form.

Must not look anything up: whether a name exists or may be dialled is decided elsewhere.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

HOST_MAX_CHARS: Final = 253
"""Longest name in its text form (RFC 1035, section 2.3.4: 255 octets on the wire)."""
TYPED_MAX_CHARS: Final = 2048
"""Longest text that is looked at: beyond it no cleaned value is worth its time."""

_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)
_LABEL: Final = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
_NUMBER: Final = re.compile(r"^(0x[0-9a-f]*|[0-9]+)$")
_PORT: Final = re.compile(r"^(?P<host>[^:]*|\[[^\]]*\]):(?P<port>[0-9]{0,5})$")
_LAST_PORT: Final = 65535


class HostProblem(StrEnum):
    """Why a text is no host."""

    EMPTY = "empty"
    """Nothing was typed."""
    SPACE = "space"
    """White space in or around the name."""
    SCHEME = "scheme"
    """Begins like a URL: https://, imap://."""
    AT_SIGN = "at_sign"
    """Holds an @: an address, or a user name in a URL."""
    PATH = "path"
    """A slash, question mark or hash after the name."""
    PORT = "port"
    """A colon and a port after the name."""
    EMPTY_LABEL = "empty_label"
    """Two dots in a row, or a dot at the start."""
    CHARACTER = "character"
    """A character that host names do not have, such as an underscore (RFC 1123, section 2.1)."""
    TOO_LONG = "too_long"
    """More than 253 characters, or a label of more than 63."""
    NUMERIC = "numeric"
    """Reads as an IPv4 address in decimal, octal, hexadecimal or short form."""
    ADDRESS = "address"
    """Looks like an IP address but is none, or names a zone (fe80::1%eth0)."""


class HostInvalid(ValueError):
    """The text is no host; `suggestion` is the host that was found inside, `port` the port."""

    def __init__(
        self, reason: HostProblem, suggestion: str | None = None, port: int | None = None
    ) -> None:
        super().__init__(f"not a host: {reason.value}")
        self.reason = reason
        self.suggestion = suggestion
        self.port = port


def parse_host(text: str) -> str:
    """Return the canonical form: lower-case A-labels without a last dot, or an IP literal.

    IPv6 literals may be typed in brackets and are returned without. Raises HostInvalid. The forms
    of IPv4 that inet_aton takes beyond four decimal numbers are refused (RFC 6943, section 3.1.1):
    programs read them differently, which is how filters are passed by.
    """
    return _kept(text) if len(text) <= HOST_MAX_CHARS else _parsed(text)


def _parsed(text: str) -> str:
    reason = _wrapping(text)
    if reason is not None:
        host, port = _unwrapped(text)
        raise HostInvalid(reason, host, port)
    return _bare(text)


_kept = lru_cache(maxsize=1000)(_parsed)
# The rules of a form look at its hosts a dozen times, and forms of one organisation share them.


def is_ip_literal(host: str) -> bool:
    """Tell whether a canonical host is an IP address."""
    return literal_address(host) is not None


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a canonical host is, None for a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None  # most are names, for which an exception would be made and thrown away
    try:
        return ip_address(host)
    except ValueError:
        return None


def registrable_domain(host: str) -> str:
    """Return the public suffix and one label of a canonical host, by the bundled list.

    A public suffix, a name of one label and an IP literal are their own registrable domain: what
    different people can register below one suffix never becomes one domain.
    """
    return _kept_registrable(host) if len(host) <= HOST_MAX_CHARS else _registrable(host)


def _registrable(host: str) -> str:
    if is_ip_literal(host):
        return host
    return _public_suffixes(unknown=True).privatesuffix(host) or host


_kept_registrable = lru_cache(maxsize=1000)(_registrable)


def is_public_suffix(domain: str) -> bool:
    """Tell whether the list names exactly this suffix; False for top levels that do not exist."""
    return bool(_public_suffixes(unknown=False).publicsuffix(domain) == domain)


@cache
def _public_suffixes(*, unknown: bool) -> PublicSuffixList:
    """Load the list on first use: about 50 ms that commands without hosts need not pay."""
    return PublicSuffixList(accept_unknown=unknown)


def _wrapping(text: str) -> HostProblem | None:
    """Name what stands around the host, worst first."""
    inner = text.strip()
    found = (
        (HostProblem.EMPTY, not inner),
        (HostProblem.TOO_LONG, len(text) > TYPED_MAX_CHARS),
        (HostProblem.SCHEME, _SCHEME.match(inner)),
        (HostProblem.AT_SIGN, "@" in text),
        (HostProblem.PATH, any(mark in text for mark in "/\\?#")),
        (HostProblem.PORT, _PORT.match(inner)),
        (HostProblem.SPACE, any(character.isspace() for character in text)),
    )
    return next((problem for problem, holds in found if holds), None)


def _unwrapped(text: str) -> tuple[str | None, int | None]:
    """Find host and port inside a URL, an address or a name with spaces; None where there is none.

    Spaces inside are not closed up: "mail example.com" may mean several hosts.
    """
    if len(text) > TYPED_MAX_CHARS:
        return None, None
    inner = _SCHEME.sub("", text.strip())
    inner = re.split(r"[/\\?#]", inner, maxsplit=1)[0].rpartition("@")[2].strip()
    match = _PORT.match(inner)
    port = None
    if match is not None:
        inner = match["host"].strip()
        port = int(match["port"]) if match["port"] else None
    try:
        return _bare(inner), port if port and port <= _LAST_PORT else None
    except HostInvalid:
        return None, None


def _bare(text: str) -> str:
    """Parse a text without anything around the host."""
    if ":" in text or text.startswith("["):
        return _ipv6(text)
    # The compatibility form first, so that full-width digits and dots are judged as what they mean.
    name = unicodedata.normalize("NFKC", text).replace("\u3002", ".").lower()
    name = name[:-1] if name.endswith(".") and len(name) > 1 else name
    labels = name.split(".")
    if not all(labels):
        raise HostInvalid(HostProblem.EMPTY_LABEL, _closed_up(labels))
    if _NUMBER.match(labels[-1]):
        return _ipv4(name)
    return _name(name)


def _closed_up(labels: list[str]) -> str | None:
    """Return the name without its empty labels, where that is a host."""
    kept = ".".join(filter(None, labels))
    try:
        return _bare(kept) if kept else None
    except HostInvalid:
        return None


def _ipv6(text: str) -> str:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = IPv6Address(inner)
    except ValueError:
        raise HostInvalid(HostProblem.ADDRESS) from None
    if address.scope_id is not None:
        raise HostInvalid(HostProblem.ADDRESS)
    return str(address)


def _ipv4(name: str) -> str:
    try:
        return str(IPv4Address(name))
    except ValueError:
        # A name whose last label is a number is never a DNS name (RFC 3696, section 2).
        raise HostInvalid(HostProblem.NUMERIC) from None


def _name(name: str) -> str:
    ascii_name = name if name.isascii() and "xn--" not in name else _to_ascii(name)
    labels = ascii_name.split(".")
    if len(ascii_name) > HOST_MAX_CHARS or max(map(len, labels)) > 63:  # noqa: PLR2004 - RFC 1035
        raise HostInvalid(HostProblem.TOO_LONG)
    if not all(map(_LABEL.match, labels)):
        raise HostInvalid(HostProblem.CHARACTER)
    return ascii_name


def _to_ascii(name: str) -> str:
    """Encode by IDNA 2008 with the mapping of UTS 46, as browsers do."""
    if len(name) > HOST_MAX_CHARS:
        raise HostInvalid(HostProblem.TOO_LONG)
    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError as error:
        too_long = "too long" in str(error).lower()
        reason = HostProblem.TOO_LONG if too_long else HostProblem.CHARACTER
        raise HostInvalid(reason) from None
