"""What every resolver can reach: the services, the caller, the loaders of one operation.

Holds no database session. The caller is looked up when first asked for, once an operation.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import strawberry
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from mailconfig.domain.errors import Forbidden, Unauthenticated
from mailconfig.domain.identity import Principal
from mailconfig.domain.secrets import Secret
from mailconfig.graphql.loaders import Loaders
from mailconfig.services.registry import Services

CSRF_HEADER = "X-CSRF-Token"
"""Header in which a browser session sends the token of the `csrfToken` query back."""


class Sessions(Protocol):
    """How the HTTP edge carries sessions; implemented by `http.sessions`."""

    async def caller(
        self, connection: HTTPConnection, authorization: str | None = None
    ) -> Principal | None:
        """Return who is calling, None for nobody; raises Unauthenticated for a bad token.

        `authorization` replaces the header of the same name, for sockets.
        """
        ...

    def open(self, response: Response, token: Secret, expires_at: datetime) -> None:
        """Let the browser keep the session."""
        ...

    def close(self, response: Response) -> None:
        """Let the browser forget the session."""
        ...

    def client(self, connection: HTTPConnection) -> str:
        """Return the address of the caller, for throttles."""
        ...


@dataclass(slots=True)
class Context:
    """The surroundings of one operation."""

    services: Services
    sessions: Sessions
    request: Request | WebSocket
    response: Response | WebSocket
    connection_params: dict[str, Any] | None = None
    """Payload of connection_init on sockets; may hold `Authorization`."""
    connection_init_payload: Any = None
    _caller: Principal | None = field(default=None)
    _loaders: Loaders | None = field(default=None)

    @property
    def loaders(self) -> Loaders:
        """Loaders of this operation."""
        if self._loaders is None:
            self._loaders = Loaders(self.services, self.caller)
        return self._loaders

    def begin_operation(self) -> None:
        """Forget the caller and the loaders: a socket runs many operations in one context."""
        self._caller = None
        self._loaders = None

    async def caller_or_none(self) -> Principal | None:
        """Return who is calling, None for nobody; raises Unauthenticated for a bad token."""
        if self._caller is None:
            self._caller = await self.sessions.caller(self.request, self._socket_authorization())
        return self._caller

    async def caller(self) -> Principal:
        """Return who is calling; raises Unauthenticated."""
        principal = await self.caller_or_none()
        if principal is None:
            raise Unauthenticated
        return principal

    def check_csrf(self, principal: Principal) -> None:
        """Raise Forbidden when a browser session writes without its CSRF token."""
        token = self.request.headers.get(CSRF_HEADER)
        if not self.services.identity.csrf_valid(principal, token):
            raise Forbidden(f"Send the csrfToken of this session in {CSRF_HEADER}.")

    def _socket_authorization(self) -> str | None:
        params = self.connection_params
        if not isinstance(params, dict):
            return None
        value = params.get("Authorization") or params.get("authorization")
        return value if isinstance(value, str) else None


Info = strawberry.Info[Context, None]
"""What resolvers receive."""
