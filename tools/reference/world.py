"""The application in this process with fixed data: one person, a pretended mail world, one domain.

Nothing is dialled. The outgoing server of the examples wants TLS from the first byte on port 465,
where the form says STARTTLS; servers of slow.example.net never answer.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast
from unittest.mock import patch

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import httpx

from mailconfig.app import create_app
from mailconfig.bootstrap import migrate_embedded, open_instance
from mailconfig.bootstrap.network import Network
from mailconfig.domain.diagnostics import DiagnosticCode, Observation
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.fetching import Fetched
from mailconfig.domain.identity import Role
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepDetail,
    StepKind,
    StepStatus,
    planned_steps,
)
from mailconfig.domain.reachability import PortReach
from mailconfig.domain.secrets import Secret
from mailconfig.domain.servers import TransportSecurity
from mailconfig.settings import Settings

EMAIL: Final = "ann@example.com"
PASSWORD: Final = "correct horse battery"
_FORGETFUL: Final = "ed@example.com"
"""Whose password is set anew."""
_PEOPLE: Final = {
    EMAIL: Role.OWNER,
    "cy@example.com": Role.MEMBER,
    "di@example.com": Role.ADMIN,
    _FORGETFUL: Role.MEMBER,
}
"""All members at the beginning."""
_TLS_PORT: Final = 465
_ZONE: Final = {
    ("example.com.", "MX"): ("10 mx.example.com.",),
    ("example.com.", "TXT"): ('"v=spf1 mx ~all"',),
    ("mx.example.com.", "A"): ("192.0.2.1",),
}
"""All that the DNS knows."""


class _Prober:
    """Passes every server but the two of the module's docstring."""

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        if any(target.settings.host.endswith("slow.example.net") for target in request.targets):
            await asyncio.Event().wait()
        return tuple(_outcome(target, report) for target in request.targets)


class _NoPorts:
    """A scout that finds nothing."""

    async def scout(self, _host: str, _seconds: float) -> tuple[PortReach, ...]:
        return ()


class _SignInService:
    """Gives tokens to whoever asks, and takes them back."""

    async def post(self, url: str, *_form: object, **_limits: object) -> Fetched:
        """Answer as a sign-in service does."""
        scope = "https://mail.google.com/ openid email"
        tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "scope": scope}
        return Fetched(url, 200, "application/json", json.dumps(tokens).encode(), {})


def _outcome(target: ProbeTarget, report: Report) -> ProtocolOutcome:
    settings = target.settings
    mistaken = settings.port == _TLS_PORT and settings.security is TransportSecurity.STARTTLS
    seen = Observation(
        protocol=settings.protocol,
        phase=Phase.GREETING,
        host=settings.host,
        port=settings.port,
        security=settings.security,
        failure=Failure.TIMEOUT,
    )
    code = diagnose_code(seen) if mistaken else DiagnosticCode.OK
    for kind in planned_steps(settings.protocol, settings.security):
        report(ProbeStep(settings.protocol, kind, StepStatus.RUNNING))
        if mistaken and kind is StepKind.GREETING:
            report(ProbeStep(settings.protocol, kind, StepStatus.FAILED, 5000, code=code))
            return ProtocolOutcome(settings.protocol, code, seen)
        detail = StepDetail(address="192.0.2.1") if kind is StepKind.CONNECT else StepDetail()
        report(ProbeStep(settings.protocol, kind, StepStatus.PASSED, 12, detail))
    return ProtocolOutcome(settings.protocol, code)


class _Names(asyncio.DatagramProtocol):
    """A DNS server that knows `_ZONE`."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query, recursion_available=True)
        (question,) = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        texts = _ZONE.get((question.name.to_text(), kind))
        if texts:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif all(name != question.name.to_text() for name, _ in _ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def _names() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        _Names, local_addr=("127.0.0.1", 0), family=socket.AF_INET
    )
    try:
        host, port = transport.get_extra_info("sockname")
        yield f"{host}:{port}"
    finally:
        transport.close()
        await asyncio.sleep(0)  # it closes in the next turn of the loop


class World:
    """Runs operations as clients do."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.token: str | None = None
        """Access token of whoever is signed in."""
        self.reset_token = ""
        """Token of the operator that sets a new password."""

    async def ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run a query or mutation and return the whole answer."""
        body = {"query": document, "variables": variables}
        answer = await self._client.post("/graphql", json=body, headers=self._headers())
        self._client.cookies.clear()  # the token alone says who is calling
        return dict(answer.json())

    async def upload(
        self, document: str, variables: Mapping[str, Any], path: str, name: str, content: bytes
    ) -> dict[str, Any]:
        """Run a mutation with a text file at a path of its variables."""
        form = {
            "operations": json.dumps({"query": document, "variables": variables}),
            "map": json.dumps({"0": [path]}),
        }
        headers = {**self._headers(), "GraphQL-Require-Preflight": "1"}
        files = {"0": (name, content, "text/plain")}
        answer = await self._client.post("/graphql", data=form, files=files, headers=headers)
        return dict(answer.json())

    async def watch(self, document: str, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run a subscription to its end and return its events."""
        body = {"query": document, "variables": variables}
        headers = {**self._headers(), "Accept": "text/event-stream"}
        answer = await self._client.post("/graphql", json=body, headers=headers)
        return list(_events(answer.text))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data:
            yield json.loads(data)


@asynccontextmanager
async def opened() -> AsyncIterator[World]:
    """Make the world, and take it away again."""
    with TemporaryDirectory() as folder, patch.object(Network, "poster", _SignInService()):
        async with _names() as names:
            settings = Settings.model_construct(
                **{name: field.default for name, field in Settings.model_fields.items()}
                | {
                    "data_dir": Path(folder),
                    "sending_worker": False,
                    "dns_servers": (names,),
                    "oauth_redirect_uris": ("https://app.example.com/oauth/callback",),
                }
            )
            await migrate_embedded(settings)
            async with open_instance(settings) as instance:
                for email, role in _PEOPLE.items():
                    await instance.services.identity.create_user(email, Secret(PASSWORD), role)
                reset = await instance.services.identity.accounts.start_reset(_FORGETFUL)
            app = create_app(settings, _Prober(), port_scout=_NoPorts())
            transport = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
            ):
                world = World(client)
                world.reset_token = reset.token.reveal()
                yield world
