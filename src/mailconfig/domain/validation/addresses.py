"""Rules for the e-mail address."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, AddressProblem, parse_address
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.validation.case import Case, error, warning

PATH: Final = ("emailAddress",)

_MESSAGES: Final = {
    AddressProblem.EMPTY: N_("Enter the e-mail address."),
    AddressProblem.NO_AT_SIGN: N_("An e-mail address needs an @, as in name@example.com."),
    AddressProblem.SPACE: N_("The e-mail address must not contain spaces."),
    AddressProblem.DISPLAY_NAME: N_("Enter only the address itself, without a name or brackets."),
    AddressProblem.LOCAL_PART: N_("The part before the @ is not valid."),
    AddressProblem.DOMAIN: N_("The part after the @ is not a valid domain name."),
    AddressProblem.TOO_LONG: N_("The e-mail address is too long."),
}


def address_is_given(case: Case) -> Iterator[ValidationIssue]:
    """There is an address."""
    if not (case.draft.email_address or "").strip():
        yield error(ValidationCode.REQUIRED, PATH, _MESSAGES[AddressProblem.EMPTY])


def address_has_its_form(case: Case) -> Iterator[ValidationIssue]:
    """The address is one address and nothing else (RFC 5321, RFC 6531)."""
    text = case.draft.email_address or ""
    if not text.strip() or case.address is not None:
        return
    try:
        parse_address(text)
    except AddressInvalid as fault:
        too_long = fault.reason is AddressProblem.TOO_LONG
        code = ValidationCode.TOO_LONG if too_long else ValidationCode.INVALID_FORMAT
        yield error(code, PATH, _MESSAGES[fault.reason], fault.suggestion)


def domain_is_spelled_right(case: Case) -> Iterator[ValidationIssue]:
    """The domain is not a typing error away from a known provider's."""
    if case.address is None:
        return
    nearest = case.catalogue.nearest_domain(case.address.domain)
    if nearest is not None:
        message = phrase(
            "Did you mean {domain}? The domain looks like a typing error.", domain=nearest
        )
        suggestion = f"{case.address.local}@{nearest}"
        yield warning(ValidationCode.DOMAIN_TYPO, PATH, message, suggestion)


def domain_has_a_dot(case: Case) -> Iterator[ValidationIssue]:
    """The domain is one of the Internet, not a bare name of a private network."""
    if case.address is not None and "." not in case.address.domain:
        message = N_(
            "The part after the @ has no dot: such a domain works only inside one network."
        )
        yield warning(ValidationCode.INVALID_FORMAT, PATH, message)
