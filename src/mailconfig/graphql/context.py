"""What every resolver can reach: services, caller, language, and the loaders of one operation.

Holds no database session. The caller is looked up when first asked for, once an operation.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol

import strawberry
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from mailconfig.domain.errors import Forbidden, Refusal, Unauthenticated
from mailconfig.domain.identity import Principal, Scope
from mailconfig.domain.languages import Language
from mailconfig.domain.phrases import phrase
from mailconfig.domain.secrets import Secret
from mailconfig.graphql.loaders import Loaders
from mailconfig.graphql.shared import SharedData
from mailconfig.services.registry import Services

CSRF_HEADER = "X-CSRF-Token"
"""Header in which a browser session sends the token of the `csrfToken` query back."""

guarded: Final[ContextVar[bool]] = ContextVar("guarded", default=False)
"""Whether this is the resolver of a mutation, whose guard has let the caller in."""


class Sessions(Protocol):
    """How the HTTP edge carries sessions; implemented by `http.sessions`."""

    async def caller(
        self, connection: HTTPConnection, authorization: str | None = None
    ) -> Principal | None:
        """Return who is calling, None for nobody; raises Unauthenticated for a bad token.

        `authorization` replaces the header of the same name, for sockets.
        """
        ...

    def seconds_left(
        self, connection: HTTPConnection, authorization: str | None = None
    ) -> float | None:
        """Return when what the caller showed ends by itself; None where only its row ends it.

        Raises Unauthenticated for a bad token.
        """
        ...

    def open(self, response: Response, token: Secret, expires_at: datetime) -> None:
        """Let the browser keep the session."""
        ...

    def close(self, response: Response) -> None:
        """Let the browser forget the session."""
        ...

    def shown(self, connection: HTTPConnection) -> Secret | None:
        """Return the session cookie that came along, whatever it is good for."""
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
    """Payload of connection_init on sockets; may hold `Authorization` and `acceptLanguage`."""
    connection_init_payload: Any = None
    writing: bool = False
    """Whether a mutation has begun, which nothing may cancel any more."""
    takes_bytes: bool = False
    """Whether the answer is written as it is and read by nobody before."""
    shared: SharedData | None = None
    """The answer's `data` where it is the same for everyone."""
    subscribed: str = "unknown"
    """Root field of a subscription, whose errors do not tell it."""
    _caller: Principal | None = field(default=None)
    _loaders: Loaders | None = field(default=None)
    _language: Language | None = field(default=None)
    _spoken: dict[Language, None] = field(default_factory=dict)
    """Languages of the answer so far, in their order."""

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
        self.shared = None

    def another(self) -> "Context":
        """Return the surroundings of another operation of the same caller."""
        return replace(self, writing=False, shared=None, _caller=None, _loaders=None, _spoken={})

    def seconds_left(self) -> float | None:
        """Return when the caller's token ends by itself; raises Unauthenticated for a bad one."""
        return self.sessions.seconds_left(self.request, self._socket_authorization())

    async def caller_or_none(self) -> Principal | None:
        """Return who is calling, None for nobody; raises Unauthenticated for a bad token."""
        if self._caller is None:
            self._caller = await self.sessions.caller(self.request, self._socket_authorization())
        return self._caller

    async def identified(self) -> Principal:
        """Return who is calling, whatever they may do; raises Unauthenticated."""
        principal = await self.caller_or_none()
        if principal is None:
            raise Unauthenticated
        return principal

    async def caller(self, scope: Scope | None = None) -> Principal:
        """Return who is calling, who has that scope; raises Unauthenticated or Forbidden.

        Without a scope only people are let in; in a mutation its guard has asked already.
        """
        principal = await self.identified()
        if scope is not None:
            principal.permit(scope)
        elif not guarded.get():
            principal.require_person()
        return principal

    def check_csrf(self, principal: Principal) -> None:
        """Raise Forbidden when a browser session writes without its CSRF token."""
        token = self.request.headers.get(CSRF_HEADER)
        if not self.services.identity.csrf_valid(principal, token):
            raise Forbidden(
                phrase("Send the csrfToken of this session in {header}.", header=CSRF_HEADER),
                needs="csrf",
            )

    def denied(self, refusal: Refusal, field: str) -> None:
        """Let the log have what a caller may not do; `field` is a name of the schema, no alias."""
        if isinstance(refusal, Forbidden) and self._caller is not None:
            self.services.denials.tell(self._caller, field, refusal)

    @property
    def language(self) -> Language:
        """What the caller likes to read; on a socket its connection_init wins over its headers."""
        if self._language is None:
            wish = self._socket_parameter("acceptLanguage")
            wish = wish or self.request.headers.get("Accept-Language")
            self._language = self.services.languages.best(wish)
        return self._language

    def say(self, text: str, tag: str | None = None) -> str:
        """Return a text of ours in the language of a BCP 47 tag, else in the caller's."""
        language = (tag and self.services.languages.named(tag)) or self.language
        if isinstance(self.response, Response):
            self._spoken[language] = None
            # RFC 9110, sections 8.5 and 12.5.5: readers and caches are told.
            self.response.headers["Content-Language"] = ", ".join(self._spoken)
            self.response.headers["Vary"] = "Accept-Language"
        return self.services.languages.say(language, text)

    def _socket_authorization(self) -> str | None:
        return self._socket_parameter("Authorization") or self._socket_parameter("authorization")

    def _socket_parameter(self, name: str) -> str | None:
        """Return a member of connection_init's payload, which has the form that strangers chose."""
        params = self.connection_params
        value = params.get(name) if isinstance(params, dict) else None
        return value if isinstance(value, str) else None


Info = strawberry.Info[Context, None]
"""What resolvers receive."""
