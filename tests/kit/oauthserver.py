"""Sign-in services of providers on the scripted HTTPS server: Google's and Microsoft's families.

    server = OAuthServer(web, GOOGLE)
    answer = server.consent(authorization_url)     # what the user's browser brings back
    server.fail(*GOOGLE_REVOKED)                   # from now on, their real error replies

It checks what real ones check: the client, the redirect address, PKCE, and that a code is used
once. What it was asked is in `exchanges`, `refreshes` and `revocations`.
"""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from kit.web import WebServer

CLIENT_ID, CLIENT_SECRET = "client-1.apps.example", "client-secret-9"


@dataclass(frozen=True)
class Family:
    """Where a family's endpoints are."""

    host: str
    token: str
    revoke: str | None
    scopes: str


GOOGLE: Final = Family("oauth2.googleapis.com", "/token", "/revoke", "https://mail.google.com/")
MICROSOFT: Final = Family(
    "login.microsoftonline.com",
    "/organizations/oauth2/v2.0/token",
    None,
    "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
)


def google_error(error: str, description: str = "", status: int = 400) -> tuple[int, str]:
    """Return an error as Google's token endpoint writes it."""
    return status, json.dumps({"error": error, "error_description": description})


def entra_error(error: str, number: int, words: str, status: int = 400) -> tuple[int, str]:
    """Return an error as Microsoft's token endpoint writes it."""
    trace = "Trace ID: 0f8a Correlation ID: 7c1b Timestamp: 2026-01-01 00:00:00Z"
    return status, json.dumps(
        {
            "error": error,
            "error_description": f"AADSTS{number}: {words} {trace}",
            "error_codes": [number],
            "timestamp": "2026-01-01 00:00:00Z",
            "trace_id": "0f8a",
            "correlation_id": "7c1b",
        }
    )


GOOGLE_REVOKED: Final = google_error("invalid_grant", "Token has been expired or revoked.")
ENTRA_REVOKED: Final = entra_error(
    "invalid_grant", 50173, "The provided grant has expired due to it being revoked."
)
PAGE_503: Final = (503, "<html>Service Unavailable</html>")


@dataclass
class OAuthServer:
    """The token and revocation endpoints of a family."""

    web: WebServer
    family: Family
    exchanges: list[dict[str, str]] = field(default_factory=list)
    refreshes: list[dict[str, str]] = field(default_factory=list)
    revocations: list[dict[str, str]] = field(default_factory=list)
    rotating: bool = False
    """Whether each refresh brings another refresh token, and ends the one before."""
    seconds: int = 3599
    """Life of access tokens."""
    granted: str | None = None
    """Scopes that the user ticks; None: all."""
    slow_seconds: float = 0
    current: str = "refresh-0"
    """The refresh token that is good."""
    _reply: tuple[int, str] | None = None
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.web.answer(self.family.host, self.family.token, self._token)
        if self.family.revoke is not None:
            self.web.answer(self.family.host, self.family.revoke, self._revoke)

    def fail(self, status: int, body: str) -> None:
        """Answer all requests for tokens so."""
        self._reply = (status, body)

    def mend(self) -> None:
        """Answer as usual again."""
        self._reply = None

    def consent(self, url: str) -> dict[str, str]:
        """Play the user at the provider's page, who agrees; return what comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    async def _token(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        form = await self._form(reader)
        if form["grant_type"] == "refresh_token":
            self.refreshes.append(form)
        else:
            self.exchanges.append(form)
        await asyncio.sleep(self.slow_seconds)
        await _say(writer, *(self._reply or self._answer(form)))

    async def _revoke(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.revocations.append(await self._form(reader))
        await _say(writer, 200, "{}")

    async def _form(self, reader: asyncio.StreamReader) -> dict[str, str]:
        request = self.web.requests[-1]
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        body = await reader.readexactly(int(request.headers["content-length"]))
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}

    def _answer(self, form: dict[str, str]) -> tuple[int, str]:
        if (form["client_id"], form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return google_error("invalid_client", "The OAuth client was not found.", 401)
        tokens: dict[str, Any] = {"token_type": "Bearer", "expires_in": self.seconds}
        if form["grant_type"] == "authorization_code":
            asked = self._codes.pop(form["code"], None)
            if asked is None or not _proven(asked, form):
                return google_error("invalid_grant", "Malformed auth code.")
            self.current = f"refresh-{len(self.exchanges)}"
            tokens |= {"refresh_token": self.current, "scope": self.granted or self.family.scopes}
        elif form["refresh_token"] != self.current:
            return GOOGLE_REVOKED
        elif self.rotating:
            self.current = f"rotated-{len(self.refreshes)}"
            tokens["refresh_token"] = self.current
        number = len(self.exchanges) + len(self.refreshes)
        return 200, json.dumps({"access_token": f"access-{number}"} | tokens)


def _proven(asked: dict[str, str], form: dict[str, str]) -> bool:
    digest = sha256(form["code_verifier"].encode()).digest()
    made = urlsafe_b64encode(digest).rstrip(b"=").decode()
    same = asked["redirect_uri"] == form["redirect_uri"]
    return same and hmac.compare_digest(made, asked["code_challenge"])


async def _say(writer: asyncio.StreamWriter, status: int, body: str) -> None:
    data = body.encode()
    head = (
        f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data)
    await writer.drain()
