"""E-mail addresses, parsed once into a value. Must not look anything up."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import idna
from email_validator import EmailNotValidError, validate_email

from mailconfig.domain.hosts import HostInvalid, HostProblem, is_ip_literal, parse_host

LOCAL_MAX_BYTES: Final = 64
"""Longest part before the @ (RFC 5321, section 4.5.3.1.1), in UTF-8 (RFC 6531)."""
ADDRESS_MAX_BYTES: Final = 254
"""Longest address (RFC 5321, section 4.5.3.1.3: 256 octets with the angle brackets)."""
_TYPED_MAX_CHARS: Final = 1024

_PLAIN: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""A dot-atom (RFC 5322, section 3.2.3) without capitals: nothing of it can be wrong or changed."""
_BRACKETED: Final = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>")


class AddressProblem(StrEnum):
    """Why a text is no address."""

    EMPTY = "empty"
    """Nothing was typed."""
    NO_AT_SIGN = "no_at_sign"
    """There is no @."""
    SPACE = "space"
    """White space in or around the address."""
    DISPLAY_NAME = "display_name"
    """A name beside the address, angle brackets, or mailto:."""
    LOCAL_PART = "local_part"
    """The part before the @ is missing or holds characters that it must not have."""
    DOMAIN = "domain"
    """The part after the @ is no domain name."""
    TOO_LONG = "too_long"
    """Longer than mail can carry."""


class AddressInvalid(ValueError):
    """The text is no address; `suggestion` is the address that was found inside."""

    def __init__(self, reason: AddressProblem, suggestion: str | None = None) -> None:
        super().__init__(f"not an e-mail address: {reason.value}")
        self.reason = reason
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An addr-spec without quoting (RFC 5322, section 3.4.1; RFC 6531 for non-ASCII)."""

    local: str
    """Part before the @, NFC, case kept: only its own server knows whether case counts."""
    domain: str
    """Lower-case A-labels."""

    @property
    def text(self) -> str:
        """The address as it is stored and sent."""
        return f"{self.local}@{self.domain}"

    @property
    def folded(self) -> str:
        """The address in lower case: what addresses are compared by where no server is asked."""
        return self.text.lower()

    @property
    def unicode_domain(self) -> str:
        """The domain as it is shown: U-labels."""
        if "xn--" not in self.domain:
            return self.domain
        try:
            return idna.decode(self.domain)
        except idna.IDNAError:
            return self.domain


def parse_address(text: str) -> EmailAddress:
    """Parse an address. Raises AddressInvalid; never guesses."""
    return _kept(text) if len(text) <= ADDRESS_MAX_BYTES else _parsed(text)


def _parsed(text: str) -> EmailAddress:
    reason = _wrapping(text)
    if reason is not None:
        raise AddressInvalid(reason, _unwrapped(text))
    local, _, domain = text.rpartition("@")
    address = EmailAddress(_local(local), _domain(domain, local))
    longest = max(len(address.text.encode()), len(f"{local}@{address.unicode_domain}".encode()))
    if longest > ADDRESS_MAX_BYTES:
        raise AddressInvalid(AddressProblem.TOO_LONG)
    return address


_kept = lru_cache(maxsize=500)(_parsed)
# One form has the same address in several places, and each is looked at by several rules.


def address_key(address: EmailAddress) -> str:
    """Return the form in which two addresses are compared: case is ignored in both parts."""
    return f"{address.local.casefold()}@{address.domain}"


def _wrapping(text: str) -> AddressProblem | None:
    if not text.strip():
        return AddressProblem.EMPTY
    if len(text) > _TYPED_MAX_CHARS:
        return AddressProblem.TOO_LONG
    if "@" not in text:
        return AddressProblem.NO_AT_SIGN
    if "<" in text or ">" in text or text.lstrip().lower().startswith("mailto:"):
        return AddressProblem.DISPLAY_NAME
    if text.split() != [text]:
        return AddressProblem.SPACE
    return None


def _unwrapped(text: str) -> str | None:
    """Return the one address inside, or None."""
    if len(text) > _TYPED_MAX_CHARS:
        return None
    found = _BRACKETED.findall(text)
    if len(found) > 1:
        return None
    inner = found[0] if found else re.sub(r"^mailto:", "", text.strip(), flags=re.IGNORECASE)
    if _wrapping(inner) is not None:
        return None
    try:
        return parse_address(inner).text
    except AddressInvalid:
        return None


def _local(local: str) -> str:
    """Check the part before the @ with email-validator, under a domain that is always fine."""
    if len(local.encode(errors="surrogatepass")) > LOCAL_MAX_BYTES:
        raise AddressInvalid(AddressProblem.TOO_LONG)
    if _PLAIN.fullmatch(local):
        return local
    try:
        return validate_email(
            f"{local}@example.com", check_deliverability=False, allow_smtputf8=True
        ).local_part
    except EmailNotValidError:
        raise AddressInvalid(AddressProblem.LOCAL_PART) from None


def _domain(domain: str, local: str) -> str:
    """Check the domain as a host name: also .test, .local and other private ones are addresses."""
    try:
        host = parse_host(domain)
    except HostInvalid as error:
        if error.reason is HostProblem.TOO_LONG:
            raise AddressInvalid(AddressProblem.TOO_LONG) from None
        found = f"{local}@{error.suggestion}" if error.suggestion else None
        raise AddressInvalid(AddressProblem.DOMAIN, _checked(found)) from None
    if is_ip_literal(host):
        raise AddressInvalid(AddressProblem.DOMAIN)
    return host


def _checked(found: str | None) -> str | None:
    return None if found is None else _unwrapped(found)
