"""Addresses that somebody typed, as they are compared and stored."""

from mailconfig.domain.addresses import AddressInvalid, parse_address
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_


def canonical_address(text: str, *path: str) -> str:
    """Return an address in lower case; raises InvalidInput at `path` for what is none."""
    try:
        return parse_address(text).folded
    except AddressInvalid as error:
        message = N_("This is no e-mail address.")
        raise InvalidInput.of(ValidationCode.INVALID_FORMAT, message, *path) from error
