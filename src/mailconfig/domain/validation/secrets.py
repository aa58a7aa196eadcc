"""Rules for secrets. No message and no suggestion may hold a secret or a part of one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, joined, phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import (
    PASSWORD_MAX_BYTES,
    TOKEN_MAX_BYTES,
    NewSecret,
    SecretKind,
)
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.validation.case import (
    PASSWORD_METHODS,
    TOKEN_METHODS,
    Case,
    Path,
    ServerCase,
    error,
    info,
    warning,
)


@dataclass(frozen=True, slots=True)
class AppPasswordShape:
    """What the app passwords of a provider look like."""

    pattern: re.Pattern[str]
    words: str
    """For people."""
    spaces_shown: bool
    """Whether the provider shows spaces that are not part of it."""


_GOOGLE: Final = AppPasswordShape(
    re.compile(r"[a-z]{16}", re.IGNORECASE),
    phrase("16 letters without spaces"),
    spaces_shown=True,
)
SHAPES: Final = {
    "gmail": _GOOGLE,
    "google_workspace": _GOOGLE,
    "yahoo": AppPasswordShape(
        re.compile(r"[a-z]{16}"), phrase("16 small letters"), spaces_shown=True
    ),
    "icloud": AppPasswordShape(
        re.compile(r"[a-z]{4}(-[a-z]{4}){3}"),
        phrase("four groups of four small letters with dashes"),
        spaces_shown=False,
    ),
}
"""By row of the catalogue; only shapes that the provider itself documents."""

_WORDS: Final = {
    SecretKind.PASSWORD: phrase("password"),
    SecretKind.ACCESS_TOKEN: phrase("access token"),
    SecretKind.GRANT: phrase("permission"),
}
_FIELDS: Final = {
    SecretKind.PASSWORD: "password",
    SecretKind.ACCESS_TOKEN: "accessToken",
    SecretKind.GRANT: "grant",
}
"""Names in the form."""
_LINE_ENDS: Final = re.compile("[\0\r\n\ud800-\udfff]")
"""What no dialogue can carry (RFC 4616), and lone surrogates, which have no UTF-8 form."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
"""Bearer tokens are visible ASCII (RFC 6750, section 2.1)."""


def shape_of(provider: Provider | None) -> AppPasswordShape | None:
    """Return the shape that a provider demands; None where it takes ordinary passwords too."""
    if provider is None or "password" in provider.auth:
        return None
    return SHAPES.get(provider.id)


def looks_like_app_password(shape: AppPasswordShape, secret: NewSecret) -> bool:
    """Tell whether a secret has the shape; spaces that the provider shows do not count."""
    text = secret.value.reveal()
    bare = "".join(text.split()) if shape.spaces_shown else text.strip()
    return shape.pattern.fullmatch(bare) is not None


def secret_is_given(case: Case) -> Iterator[ValidationIssue]:
    """A secret that is sent is not empty; one that is needed is there."""
    for server in case.servers:
        if server.new_secret is not None and not server.new_secret.value:
            message: str = phrase("Enter the {secret}.", secret=_word(server.new_secret))
            yield error(ValidationCode.REQUIRED, _path(server, server.new_secret), message)
        elif server.draft.secret is None and _needs_secret(server):
            message = N_("Enter the password, or sign in with the provider.")
            yield warning(ValidationCode.REQUIRED, server.path("secret"), message)


def secret_is_clean(case: Case) -> Iterator[ValidationIssue]:
    """A secret can be sent: no NUL or line break in it, a token is visible ASCII."""
    for server, secret in _secrets(case):
        text = secret.value.reveal()
        token = secret.kind is SecretKind.ACCESS_TOKEN
        if _LINE_ENDS.search(text) or (token and not _TOKEN.fullmatch(text.strip())):
            message = phrase(
                "The {secret} contains a character that cannot be sent.", secret=_word(secret)
            )
            yield error(ValidationCode.INVALID_FORMAT, _path(server, secret), message)


def secret_is_short(case: Case) -> Iterator[ValidationIssue]:
    """A secret keeps to its length."""
    for server, secret in _secrets(case):
        token = secret.kind is SecretKind.ACCESS_TOKEN
        limit = TOKEN_MAX_BYTES if token else PASSWORD_MAX_BYTES
        if len(secret.value.reveal().encode(errors="surrogatepass")) > limit:
            message = phrase(
                "The {secret} is longer than {limit} bytes.", secret=_word(secret), limit=limit
            )
            yield error(ValidationCode.TOO_LONG, _path(server, secret), message)


def secret_has_no_space_around(case: Case) -> Iterator[ValidationIssue]:
    """A secret does not begin or end with white space, as pasted ones do."""
    for server, secret in _secrets(case):
        text = secret.value.reveal()
        if text != text.strip():
            message = phrase(
                "The {secret} begins or ends with a space; was it pasted with one?",
                secret=_word(secret),
            )
            yield warning(ValidationCode.SECRET_WHITESPACE, _path(server, secret), message)


def secret_has_the_shape(case: Case) -> Iterator[ValidationIssue]:
    """Where a provider takes app passwords only, the password looks like one of them."""
    for server, secret in _secrets(case):
        shape = shape_of(server.provider)
        if shape is None or server.provider is None or secret.kind is not SecretKind.PASSWORD:
            continue
        path = _path(server, secret)
        if not looks_like_app_password(shape, secret):
            message = _shape_wanted(server.provider, shape)
            yield warning(ValidationCode.APP_PASSWORD_SHAPE, path, message)
        elif any(sign.isspace() for sign in secret.value.reveal().strip()):
            message = N_(
                "The spaces are shown for reading only; they are not part of the password."
            )
            yield info(ValidationCode.SECRET_WHITESPACE, path, message)


def _secrets(case: Case) -> Iterator[tuple[ServerCase, NewSecret]]:
    """Yield each secret that was typed and is not empty."""
    for server in case.servers:
        if server.new_secret is not None and server.new_secret.value:
            yield server, server.new_secret


def _needs_secret(server: ServerCase) -> bool:
    method = server.draft.authentication
    if method in PASSWORD_METHODS or method in TOKEN_METHODS:
        return True
    named = bool((server.draft.username or "").strip())
    return named and method is not AuthenticationMethod.NONE


def _path(server: ServerCase, secret: NewSecret) -> Path:
    return server.path("secret", _FIELDS.get(secret.kind, "password"))


def _word(secret: NewSecret) -> str:
    # Kinds that no form has are called passwords: a rule never raises.
    return _WORDS.get(secret.kind, _WORDS[SecretKind.PASSWORD])


def _shape_wanted(provider: Provider, shape: AppPasswordShape) -> str:
    """Tell what app passwords look like, with the page for them where the catalogue has one."""
    sentence = phrase(
        "{name} takes only app passwords here: {shape}.", name=provider.name, shape=shape.words
    )
    if not provider.app_password_url:
        return sentence
    return joined(sentence, phrase("Make one at {url}", url=provider.app_password_url))
