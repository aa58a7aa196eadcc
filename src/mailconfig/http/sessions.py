"""How sessions travel: an opaque cookie for browsers, a bearer token for everybody else.

The cookie is HttpOnly and SameSite=Lax; over https it is Secure and bears the __Host- prefix
(RFC 6265bis, section 4.1.3.2). A request with both is judged by its Authorization header, so that
a page cannot mix its own token with somebody's cookie.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Principal
from mailconfig.domain.networks import caller_network
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import Secret
from mailconfig.services.bearers import Bearers
from mailconfig.services.identity import IdentityService

_NAME: Final = "mailconfig_session"


@dataclass(frozen=True, slots=True)
class HttpSessions:
    """Implements `graphql.context.Sessions`."""

    identity: IdentityService
    https: bool
    """Whether browsers reach us over https."""
    bearers: Bearers | None = None
    """What else than access tokens an Authorization header may hold."""

    @property
    def cookie(self) -> str:
        """Name of the cookie."""
        return f"__Host-{_NAME}" if self.https else _NAME

    async def caller(
        self, connection: HTTPConnection, authorization: str | None = None
    ) -> Principal | None:
        """Return who is calling, None for nobody; raises Unauthenticated for a bad token."""
        token = _bearer(connection, authorization)
        if token is not None:
            return await (
                self.bearers.caller(token) if self.bearers else self.identity.by_bearer(token)
            )
        cookie = connection.cookies.get(self.cookie)
        return await self.identity.by_cookie(Secret(cookie)) if cookie else None

    def seconds_left(
        self, connection: HTTPConnection, authorization: str | None = None
    ) -> float | None:
        """Return when a bearer token ends by itself; None for a cookie, which only its row ends."""
        token = _bearer(connection, authorization)
        if token is None:
            return None
        return (self.bearers or self.identity).seconds_left(token)

    def open(self, response: Response, token: Secret, expires_at: datetime) -> None:
        """Let the browser keep the session."""
        response.set_cookie(
            self.cookie,
            token.reveal(),
            expires=expires_at,
            path="/",
            secure=self.https,
            httponly=True,
            samesite="lax",
        )

    def close(self, response: Response) -> None:
        """Let the browser forget the session."""
        response.delete_cookie(
            self.cookie, path="/", secure=self.https, httponly=True, samesite="lax"
        )

    def shown(self, connection: HTTPConnection) -> Secret | None:
        """Return the session cookie that came along, whatever it is good for."""
        cookie = connection.cookies.get(self.cookie)
        return Secret(cookie) if cookie else None

    def client(self, connection: HTTPConnection) -> str:
        """Return by what the peer is counted: its address, of IPv6 the network of it.

        Behind a trusted proxy it is whoever that says (see uvicorn).
        """
        return caller_network(connection.client.host) if connection.client else "unknown"


def _bearer(connection: HTTPConnection, authorization: str | None) -> str | None:
    """Return the token that was shown, None where there is none; raises Unauthenticated."""
    header = authorization or connection.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(N_("Authorization takes: Bearer TOKEN."))
    return token.strip()
