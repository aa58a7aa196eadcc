"""Token and revocation endpoints over HTTPS, through egress.

Implements `domain.oauth.TokenEndpoint`. Must not log: forms and answers hold tokens. What a
provider says is shown to people, so secrets of the request are taken out of it should it quote
them.
"""

from dataclasses import dataclass
from typing import Final

from mailconfig.domain.fetching import FetchFailed, Poster
from mailconfig.domain.oauth import EndpointDown, Form, TokenAnswer, TokenRefused, read_answer
from mailconfig.domain.secrets import Secret

_MAX_BYTES: Final = 64 * 1024
"""Longest answer: three tokens of 8 KiB, and room."""
_REDACTED: Final = "***"
_REVOKED: Final = 200
_REJECTED: Final = frozenset({400, 401, 403})
"""The token is not known there any more, which is what was asked for (RFC 7009, section 2.2)."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Limits of asking for tokens."""

    seconds: float = 10.0
    """For a whole request; sign-in services answer within one or two."""
    revocation_seconds: float = 5.0
    """For giving a token back, which somebody waits for."""


class HttpsTokenEndpoint:
    """Posts forms; holds nothing between requests."""

    def __init__(self, poster: Poster, settings: EndpointSettings | None = None) -> None:
        self._poster = poster
        self._settings = settings or EndpointSettings()

    async def ask(self, url: str, form: Form) -> TokenAnswer:
        """Post a form to the token endpoint; raises TokenRefused or EndpointDown, in time."""
        seconds = self._settings.seconds
        try:
            answer = await self._poster.post(
                url, _plain(form), seconds=seconds, max_bytes=_MAX_BYTES
            )
        except FetchFailed as error:
            raise EndpointDown(type(error).__name__) from error
        try:
            return read_answer(answer.status, answer.body)
        except TokenRefused as refused:
            raise TokenRefused(
                _without(form, refused.error), _without(form, refused.description)
            ) from None

    async def revoke(self, url: str, form: Form) -> None:
        """Give a token back (RFC 7009); raises EndpointDown where that was not heard."""
        seconds = self._settings.revocation_seconds
        try:
            answer = await self._poster.post(
                url, _plain(form), seconds=seconds, max_bytes=_MAX_BYTES
            )
        except FetchFailed as error:
            raise EndpointDown(type(error).__name__) from error
        if answer.status != _REVOKED and answer.status not in _REJECTED:
            raise EndpointDown(f"status {answer.status}")


def _plain(form: Form) -> dict[str, str]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value for name, value in form.items()
    }


def _without(form: Form, text: str) -> str:
    """Take the secrets of a request out of what was said about it."""
    for value in form.values():
        if isinstance(value, Secret) and value:
            text = text.replace(value.reveal(), _REDACTED)
    return text
