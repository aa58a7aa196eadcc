"""OAuth 2.0 as a client speaks it: requests to build and answers to read. Pure, dials nothing.

RFC 6749 (framework), RFC 7636 (PKCE), RFC 7009 (revocation), RFC 9207 (issuer in the answer).
Must not put a token, a code or a verifier into an error.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import urlencode

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.taxonomy import entry
from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.mailboxes import OAuthClient
from mailconfig.domain.providers import OAuth2Endpoints
from mailconfig.domain.secrets import TOKEN_MAX_BYTES, Secret
from mailconfig.domain.text import cut, tidy

Form = Mapping[str, str | Secret]
"""Fields of a request; the secret ones are `Secret`."""

_DEFAULT_TENANT: Final = "common"
"""Microsoft's endpoint for accounts of every kind."""
_SECONDS: Final = 3600
"""Life of an access token whose answer does not tell it (RFC 6749, section 5.1)."""
_SECONDS_MAX: Final = 30 * 24 * 3600
"""Longest life that is believed; real ones last an hour, a few a day."""
_DIGITS_MAX: Final = 9
_TOKEN: Final = re.compile(r"[\x20-\x7e]+")
"""RFC 6749, appendix A.12 and A.17: visible ASCII and space."""
_UNASKED: Final = frozenset({"offline_access", "openid", "profile", "email"})
"""Scopes that providers do not list among what they granted (OpenID Connect, section 11)."""
_LOST: Final = frozenset(
    {
        "invalid_grant",
        "interaction_required",
        "login_required",
        "consent_required",
        "account_selection_required",
    }
)
"""Errors after which only the user can give a new permission (RFC 6749, section 5.2; OpenID
Connect, section 3.1.2.6, which Microsoft sends from its token endpoint as well)."""
_SERVER_TROUBLE: Final = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_CLIENT_ERRORS: Final = 400
_OK: Final = 200


class EndpointDown(Exception):
    """The token endpoint gave no answer that means anything; the text is for logs."""


class TokenRefused(Exception):
    """The token endpoint said no, in words of RFC 6749, section 5.2; they hold no secret."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        """Member "error"."""
        self.description = description
        """What else it said, cleaned and cut."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Tokens that were given (RFC 6749, section 5.1)."""

    access: Secret
    seconds: int
    """Life of the access token from now."""
    refresh: Secret | None = None
    """None: the one that was used stays good."""
    scopes: tuple[str, ...] | None = None
    """What was granted; None: exactly what was asked for."""


class TokenEndpoint(Protocol):
    """Speaks with a provider's token and revocation endpoints through egress."""

    async def ask(self, url: str, form: Form) -> TokenAnswer:
        """Post a form to the token endpoint; raises TokenRefused or EndpointDown, in time."""
        ...

    async def revoke(self, url: str, form: Form) -> None:
        """Give a token back (RFC 7009); raises EndpointDown where that was not heard."""
        ...


@dataclass(frozen=True, slots=True)
class RefusalMeaning:
    """What a refusal of the token endpoint means for a grant."""

    code: DiagnosticCode
    lost: bool
    """Whether only the user can mend it, by authorising anew."""


def endpoint(url: str, endpoints: OAuth2Endpoints, client: OAuthClient) -> str:
    """Return an address of the catalogue with the tenant filled in."""
    return url.replace("{tenant}", client.tenant or endpoints.tenant or _DEFAULT_TENANT)


def challenge(verifier: Secret) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    digest = sha256(verifier.reveal().encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization_url(
    endpoints: OAuth2Endpoints,
    client: OAuthClient,
    redirect_uri: str,
    state: str,
    verifier: Secret,
    login_hint: str | None,
) -> str:
    """Return the address that the user is sent to (RFC 6749, section 4.1.1)."""
    parameters = dict(endpoints.parameters) | {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(endpoints.scopes),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    if login_hint:
        parameters["login_hint"] = login_hint
    address = endpoint(endpoints.authorize, endpoints, client)
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def code_form(client: OAuthClient, code: Secret, verifier: Secret, redirect_uri: str) -> Form:
    """Return the exchange of a code for tokens (RFC 6749, section 4.1.3; RFC 7636, 4.5)."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        **_who(client),
    }


def refresh_form(client: OAuthClient, refresh: Secret) -> Form:
    """Return the request for a fresh access token (RFC 6749, section 6)."""
    return {"grant_type": "refresh_token", "refresh_token": refresh, **_who(client)}


def revocation_form(client: OAuthClient, token: Secret, hint: str) -> Form:
    """Return the request that gives a token back (RFC 7009, section 2.1)."""
    return {"token": token, "token_type_hint": hint, **_who(client)}


def _who(client: OAuthClient) -> dict[str, str | Secret]:
    """Name the client in the body: all known providers take it there (RFC 6749, section 2.3.1)."""
    named: dict[str, str | Secret] = {"client_id": client.client_id}
    if client.secret is not None:
        named["client_secret"] = client.secret
    return named


def issuer_fits(issuer: str, endpoints: OAuth2Endpoints) -> bool:
    """Tell whether the issuer in an answer is the provider's (RFC 9207, section 2.4).

    Microsoft's holds the tenant of the user, whatever tenant was asked.
    """
    if endpoints.issuer is None:
        return False
    before, tenant, after = endpoints.issuer.partition("{tenant}")
    if not tenant:
        return issuer == endpoints.issuer
    pattern = f"{re.escape(before)}[0-9A-Za-z.-]{{1,80}}{re.escape(after)}"
    return re.fullmatch(pattern, issuer) is not None


def missing_scopes(wanted: Iterable[str], answer: TokenAnswer) -> tuple[str, ...]:
    """Name what the user did not grant; without a refresh token that is offline access."""
    missing = () if answer.scopes is None else ungranted(wanted, answer.scopes)
    return missing if answer.refresh is not None else (*missing, "offline_access")


def ungranted(wanted: Iterable[str], scopes: Iterable[str]) -> tuple[str, ...]:
    """Name the scopes that are wanted and not among the granted ones, however they are written."""
    granted = {_scope(scope) for scope in scopes}
    return tuple(each for each in wanted if _scope(each) not in granted | _UNASKED)


def _scope(text: str) -> str:
    return text.casefold().rstrip("/")


def read_answer(status: int, body: bytes) -> TokenAnswer:
    """Read what a token endpoint said; raises TokenRefused or EndpointDown.

    A redirect, a page and a broken document are no answers: nobody's permission ends by them.
    """
    members = _members(body)
    if status >= _SERVER_ERRORS or status == _TOO_MANY or members is None:
        raise EndpointDown(f"status {status}")
    error = members.get("error")
    if status >= _CLIENT_ERRORS or error is not None:
        raise _refused(status, members)
    if status != _OK:
        raise EndpointDown(f"status {status}")
    return _tokens(members)


def _members(body: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refused(status: int, members: Mapping[str, object]) -> TokenRefused | EndpointDown:
    error = members.get("error")
    if not isinstance(error, str) or not error:
        return EndpointDown(f"status {status} without an error")
    if error in _SERVER_TROUBLE:
        return EndpointDown(cut(tidy(error)))
    told = (members.get(name) for name in ("suberror", "error_subtype", "error_description"))
    words = " ".join(text for text in told if isinstance(text, str))
    return TokenRefused(cut(tidy(error)), cut(tidy(words)))


def _tokens(members: Mapping[str, object]) -> TokenAnswer:
    kind = members.get("token_type", "Bearer")
    access, refresh = _token(members, "access_token"), _token(members, "refresh_token")
    if access is None or not isinstance(kind, str) or kind.casefold() != "bearer":
        raise EndpointDown("an answer without a bearer token")
    scope = members.get("scope")
    scopes = tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else None
    return TokenAnswer(access, _seconds(members.get("expires_in")), refresh, scopes or None)


def _token(members: Mapping[str, object], name: str) -> Secret | None:
    text = members.get(name)
    if text is None or text == "":
        return None
    if not isinstance(text, str) or len(text) > TOKEN_MAX_BYTES or not _TOKEN.fullmatch(text):
        raise EndpointDown("an answer with a token that is none")
    return Secret(text)


def _seconds(told: object) -> int:
    """Read a life in seconds; some providers send it as text."""
    if isinstance(told, bool) or not isinstance(told, int | str):
        return _SECONDS
    text = str(told)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        return _SECONDS
    return min(max(int(text), 1), _SECONDS_MAX)


def meaning(refused: TokenRefused, provider_id: str) -> RefusalMeaning:
    """Tell what a refusal means: the permission has ended, or our registration is wrong."""
    text = f"{refused.error}: {refused.description}"
    code = diagnose_code(Observation(phase=Phase.TOKEN, text=text, provider_id=provider_id))
    if refused.error in _LOST:
        if code is DiagnosticCode.UNKNOWN_REPLY:
            code = DiagnosticCode.OAUTH_REAUTH
        return RefusalMeaning(code, lost=not entry(code).retryable)
    if code is DiagnosticCode.UNKNOWN_REPLY:
        code = DiagnosticCode.OAUTH_APP
    return RefusalMeaning(code, lost=False)
