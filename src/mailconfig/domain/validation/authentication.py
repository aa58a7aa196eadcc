"""Rules for the way of signing in: method, kind of secret, and what the provider accepts."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, joined, phrase
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import SecretKind
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.validation.case import (
    PASSWORD_METHODS,
    TOKEN_METHODS,
    Case,
    ServerCase,
    error,
    warning,
)
from mailconfig.domain.validation.retirements import Retirement, retirement_of
from mailconfig.domain.validation.secrets import looks_like_app_password, shape_of

_TOKEN_AUTH: Final = "oauth2"
_AUTO: Final = AuthenticationMethod.AUTO.value


def method_fits_the_secret(case: Case) -> Iterator[ValidationIssue]:
    """A token goes with XOAUTH2 or OAUTHBEARER, a password with the other methods."""
    for server in case.servers:
        secret, method = server.new_secret, server.draft.authentication
        if secret is None or method is None:
            continue
        path, code = server.path("authentication"), ValidationCode.NOT_ALLOWED
        if secret.kind is SecretKind.PASSWORD and method in TOKEN_METHODS:
            message = phrase("{method} needs an access token, no password.", method=method.value)
            yield error(code, path, message, _AUTO)
        elif server.secret_kind is SecretKind.ACCESS_TOKEN and method in PASSWORD_METHODS:
            yield error(code, path, N_("An access token needs XOAUTH2 or OAUTHBEARER."), _AUTO)
        elif method is AuthenticationMethod.NONE:
            off = N_("There is a password, but the sign-in is switched off.")
            yield warning(code, path, off, _AUTO)


def method_is_in_service(case: Case) -> Iterator[ValidationIssue]:
    """The provider has not ended this way of signing in, nor announced its end."""
    for server in case.servers:
        ended = _retirement(case, server)
        if ended is None or server.provider is None:
            continue
        name, path = server.provider.name, server.path("authentication")
        if ended.in_force(case.today):
            code = ValidationCode.AUTHENTICATION_RETIRED
            template = N_("{name} has not accepted {what} since {date}.")
        else:
            code = ValidationCode.AUTHENTICATION_RETIRING
            template = N_("{name} will accept {what} only until {date}.")
        fact = phrase(template, name=name, what=_ended(ended, server), date=ended.shown)
        yield warning(code, path, joined(fact, ended.advice))


def _ended(ended: Retirement, server: ServerCase) -> str:
    """Name what is accepted no more."""
    whole = len(ended.protocols) > 1
    if ended.app_passwords_stay:
        template = N_("account passwords") if whole else N_("account passwords for {protocol}")
    else:
        template = N_("passwords") if whole else N_("passwords for {protocol}")
    return phrase(template, protocol=server.protocol.value)


def method_is_of_the_provider(case: Case) -> Iterator[ValidationIssue]:
    """The provider is known to accept this way of signing in."""
    code = ValidationCode.AUTHENTICATION_UNSUPPORTED
    for server in case.servers:
        row, path = server.provider, server.path("authentication")
        if row is None or not row.auth or _retirement(case, server) is not None:
            continue
        if server.secret_kind is SecretKind.ACCESS_TOKEN and _TOKEN_AUTH not in row.auth:
            message = phrase("{name} is not known to accept sign-in with OAuth 2.0.", name=row.name)
            yield warning(code, path, message)
        elif server.secret_kind is SecretKind.PASSWORD and set(row.auth) <= {_TOKEN_AUTH, "none"}:
            message = phrase("{name} is not known to accept passwords.", name=row.name)
            yield warning(code, path, message)
        elif _lacks_mechanism(row, server):
            message = phrase("{name} is not known to accept this method.", name=row.name)
            yield warning(code, path, message, _AUTO)


def _lacks_mechanism(row: Provider, server: ServerCase) -> bool:
    method = server.draft.authentication
    if row.oauth2 is None or not row.oauth2.sasl or method not in TOKEN_METHODS:
        return False
    return method.value not in row.oauth2.sasl


def _retirement(case: Case, server: ServerCase) -> Retirement | None:
    """Return the end that concerns this server: of passwords, unless an app password was typed."""
    if server.secret_kind is not SecretKind.PASSWORD:
        return None
    ended = retirement_of(server.provider, server.protocol, case.today)
    if ended is None or not ended.app_passwords_stay:
        return ended
    shape, secret = shape_of(server.provider), server.new_secret
    typed_other = shape is not None and secret is not None and bool(secret.value)
    if typed_other and shape and secret and not looks_like_app_password(shape, secret):
        return ended
    return None
