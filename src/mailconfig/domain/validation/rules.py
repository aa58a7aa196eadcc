"""The table of all rules, and the function that applies them."""

from datetime import date
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.issues import Severity, ValidationIssue
from mailconfig.domain.validation import (
    addresses,
    authentication,
    hosts,
    lookalikes,
    ports,
    providers,
    requirements,
    secrets,
    sender,
    texts,
    usernames,
)
from mailconfig.domain.validation.case import Case, Rule, case_of
from mailconfig.domain.validation.values import Draft, ValidationPolicy, ValidationReport

RULES: Final[tuple[Rule, ...]] = (
    texts.name_is_given,
    texts.texts_are_clean,
    texts.texts_are_short,
    texts.metadata_is_an_object,
    addresses.address_is_given,
    addresses.address_has_its_form,
    addresses.domain_is_spelled_right,
    addresses.domain_has_a_dot,
    lookalikes.domains_use_one_alphabet,
    providers.provider_exists,
    providers.provider_gives_access,
    providers.provider_speaks_the_protocol,
    providers.host_is_of_the_provider,
    requirements.requirements_are_told,
    hosts.a_server_is_given,
    hosts.host_is_given,
    hosts.host_has_its_form,
    hosts.host_is_public,
    hosts.host_speaks_the_protocol,
    hosts.host_is_spelled_right,
    ports.port_is_given,
    ports.security_is_given,
    ports.port_is_in_range,
    ports.port_is_of_the_protocol,
    ports.port_fits_the_security,
    ports.connection_is_protected,
    usernames.username_is_given,
    usernames.username_is_clean,
    usernames.username_has_the_form,
    secrets.secret_is_given,
    secrets.secret_is_clean,
    secrets.secret_is_short,
    secrets.secret_has_no_space_around,
    secrets.secret_has_the_shape,
    authentication.method_fits_the_secret,
    authentication.method_is_in_service,
    authentication.method_is_of_the_provider,
    sender.sender_fits_the_sign_in,
)
"""Every rule; each tells in its docstring what it demands. The order does not matter."""

_WORST_FIRST: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_TELLING_CHARS: Final = 8
"""A shorter secret may stand in a suggestion by chance, as part of a host name."""


def validate(
    draft: Draft, catalogue: Catalogue, policy: ValidationPolicy, today: date
) -> ValidationReport:
    """Apply all rules to a draft as typed. Pure: no network, no clock; never raises."""
    case = case_of(draft, catalogue, policy, today)
    found = {_without_secret(issue, case): None for rule in RULES for issue in rule(case)}
    return ValidationReport(tuple(sorted(found, key=_place)), case.provider)


def _place(issue: ValidationIssue) -> tuple[object, ...]:
    return (issue.path, _WORST_FIRST[issue.severity], issue.code, issue.message)


def _without_secret(issue: ValidationIssue, case: Case) -> ValidationIssue:
    """Drop a suggestion that repeats a secret: somebody typed it into another field as well."""
    if issue.suggestion is None or not any(
        _repeats(issue.suggestion, server.new_secret.value.reveal())
        for server in case.servers
        if server.new_secret is not None
    ):
        return issue
    return ValidationIssue(issue.code, issue.severity, issue.message, issue.path)


def _repeats(suggestion: str, secret: str) -> bool:
    kept, shown = secret.strip().casefold(), suggestion.strip().casefold()
    return kept == shown or (len(kept) >= _TELLING_CHARS and kept in shown)
