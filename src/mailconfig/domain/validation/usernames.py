"""Rules for the user names of the servers."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.addresses import AddressInvalid, EmailAddress, address_key, parse_address
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.providers import Provider, ProviderKind
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.validation.case import Case, ServerCase, error, warning
from mailconfig.domain.validation.texts import has_unfit_characters

USERNAME_MAX_CHARS: Final = 512
"""Longest user name: an address has at most 254, project ids of senders stay below that."""

_WORDS: Final = {
    "email": phrase("the whole e-mail address"),
    "local": phrase("the part of the address before the @"),
    "local.domain": phrase("name and domain with a dot instead of the @"),
}
_OWN_ADDRESS_KINDS: Final = frozenset({ProviderKind.MAILBOX, ProviderKind.HOSTING})


def username_is_given(case: Case) -> Iterator[ValidationIssue]:
    """Whoever signs in has a user name; left out, it comes from the address where that is safe."""
    for server in case.servers:
        signs_in = server.draft.authentication is not AuthenticationMethod.NONE
        if server.draft.secret is None or not signs_in or (server.draft.username or "").strip():
            continue
        if server.provider is None or _form(server) is not None:
            continue  # `domain.submission.default_username` knows it
        message = N_("Enter the user name that belongs to the password.")
        suggestion = _suggested(case, server)
        yield warning(ValidationCode.REQUIRED, server.path("username"), message, suggestion)


def username_is_clean(case: Case) -> Iterator[ValidationIssue]:
    """A user name is one line of limited length without space around."""
    for server in case.servers:
        text, path = server.draft.username or "", server.path("username")
        if len(text) > USERNAME_MAX_CHARS:
            message: str = phrase(
                "The user name is longer than {limit} characters.", limit=USERNAME_MAX_CHARS
            )
            yield error(ValidationCode.TOO_LONG, path, message)
        if has_unfit_characters(text):
            message = N_("The user name contains a line break or another control character.")
            yield error(ValidationCode.INVALID_FORMAT, path, message)
        elif text != text.strip() and text.strip():
            message = N_("The user name begins or ends with a space.")
            yield warning(ValidationCode.USERNAME_FORM, path, message, text.strip())


def username_has_the_form(case: Case) -> Iterator[ValidationIssue]:
    """The user name has the form that the provider expects."""
    for server in case.servers:
        typed = (server.draft.username or "").strip()
        form = _form(server)
        if not typed or form is None or _fits(typed, form, case.address):
            continue
        name = server.provider.name if server.provider else ""
        word = form.removeprefix("literal:")
        words = _WORDS.get(form) or phrase("the word {word}", word=word)
        message = phrase("{name} expects {words} as user name.", name=name, words=words)
        suggestion = _suggested(case, server)
        yield warning(ValidationCode.USERNAME_FORM, server.path("username"), message, suggestion)


def _form(server: ServerCase) -> str | None:
    """Return the expected form if it is one that can be checked."""
    if server.provider is None:
        return None
    form = server.provider.username_form_for(server.protocol)
    return form if form in _WORDS or form.startswith("literal:") else None


def _fits(typed: str, form: str, address: EmailAddress | None) -> bool:
    if form.startswith("literal:"):
        return typed == form.removeprefix("literal:")
    if form == "email":
        return _is_address(typed)
    if form == "local.domain" and address is not None:
        return typed.casefold() == _dotted(address).casefold()
    return "@" not in typed


def _suggested(case: Case, server: ServerCase) -> str | None:
    """Return the right user name, where the address tells it for sure."""
    form, address = _form(server), case.address
    if form is not None and form.startswith("literal:"):
        return form.removeprefix("literal:")
    if address is None or case.doubtful or server.provider is None:
        return None
    if not _lives_at(case, address, server.provider):
        return None
    expected = {"email": address.text, "local": address.local, "local.domain": _dotted(address)}
    return expected.get(form or "")


def _lives_at(case: Case, address: EmailAddress, provider: Provider) -> bool:
    """Tell whether the address can be the sign-in at a provider: it sends for strangers too."""
    if provider.kind not in _OWN_ADDRESS_KINDS:
        return False
    owner = case.catalogue.by_address(address)
    return owner == provider or (owner is None and provider.kind is ProviderKind.HOSTING)


def _is_address(text: str) -> bool:
    try:
        return bool(address_key(parse_address(text)))
    except AddressInvalid:
        return False


def _dotted(address: EmailAddress) -> str:
    return f"{address.local}.{address.domain}"
