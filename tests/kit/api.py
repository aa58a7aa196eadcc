"""The whole application in this process, over ASGI, with users of two workspaces and no network.

    answer = await api.data(MEMBER, "query { viewer { role } }")

The prober is a fake that passes every step and records what it was asked to test. People are made
once a run and copied with the database; their sessions are opened without a sign-in, since each
password hash takes a tenth of a second. `serving` runs other settings or another prober.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from kit.database import KEY_TEXT, migrate_now
from kit.discovery import FakeRecords
from kit.drafts import shipped
from kit.postgres import PostgresServer
from kit.sweeping import watched
from mailconfig.app import create_app
from mailconfig.bootstrap import access_tokens, instance, open_database, open_instance
from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.identity import Role, Session
from mailconfig.domain.ids import new_id
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
from mailconfig.domain.reachability import PortReach, PortScout
from mailconfig.domain.roundtrips import RoundTripper
from mailconfig.domain.secrets import Secret
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings
from mailconfig.storage.catalogue import load_catalogue
from mailconfig.storage.signingkeys import signing_ring

PASSWORD = "correct horse battery"
SIGNING_KEY = "q0m3fIh8v0aV2w3aJwEo3nXc5uJYlqk1yYzR7m5lq2E="
OWNER, ADMIN, MEMBER, VIEWER = "owner", "admin", "member", "viewer"
COLLEAGUE = "colleague"
"""Another member of the same workspace."""
STRANGER = "stranger"
"""Owner of another workspace."""
PEOPLE: Mapping[str, tuple[Role, str]] = {
    OWNER: (Role.OWNER, "default"),
    ADMIN: (Role.ADMIN, "default"),
    MEMBER: (Role.MEMBER, "default"),
    COLLEAGUE: (Role.MEMBER, "default"),
    VIEWER: (Role.VIEWER, "default"),
    STRANGER: (Role.OWNER, "other"),
}
LOGIN = """
mutation ($input: LoginInput!) {
  login(input: $input) {
    session { accessToken csrfToken expiresAt viewer { email role } }
    errors { __typename message }
  }
}
"""
SUBMIT = """
mutation ($input: SubmitInput!) {
  submit(input: $input) {
    config { id revision status files { id filename kind } }
    errors { __typename message path }
  }
}
"""


def _is_proof(request: ProbeRequest) -> bool:
    return all(target.secret is None and target.sender is None for target in request.targets)


def _passed(target: ProbeTarget) -> ProtocolOutcome:
    return ProtocolOutcome(target.settings.protocol, DiagnosticCode.OK)


def _connected(protocol: MailProtocol) -> ProbeStep:
    """Every name leads to one machine."""
    detail = StepDetail(address="192.0.2.1")
    return ProbeStep(protocol, StepKind.CONNECT, StepStatus.PASSED, 1, detail)


class NoPorts:
    """A port scout that finds nothing and dials nothing."""

    async def scout(self, _host: str, _seconds: float) -> tuple[PortReach, ...]:
        """Tell nothing."""
        return ()


@dataclass
class FakeProber:
    """Passes everything, or answers with the outcomes that a test puts in; dials nothing."""

    requests: list[ProbeRequest] = field(default_factory=list)
    outcomes: tuple[ProtocolOutcome, ...] | None = None
    proofs: list[ProbeRequest] = field(default_factory=list)
    """Proposals that were tried after a failure, nobody signing in; they all pass."""

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Record the request and report every planned step as passed."""
        if self.outcomes is not None and _is_proof(request):
            self.proofs.append(request)
            for target in request.targets:
                report(_connected(target.settings.protocol))
            return tuple(map(_passed, request.targets))
        self.requests.append(request)
        for target in request.targets:
            settings = target.settings
            for kind in planned_steps(settings.protocol, settings.security):
                report(ProbeStep(settings.protocol, kind, StepStatus.RUNNING))
                report(ProbeStep(settings.protocol, kind, StepStatus.PASSED, 1))
            report(_connected(settings.protocol))
        told = {outcome.protocol: outcome for outcome in self.outcomes or ()}
        protocols = [target.settings.protocol for target in request.targets]
        return tuple(
            told.get(protocol, ProtocolOutcome(protocol, DiagnosticCode.OK))
            for protocol in protocols
        )

    @property
    def secrets(self) -> list[str | None]:
        """Secrets of all targets so far, in order; None where nobody signed in."""
        return [
            target.secret.value.reveal() if target.secret else None
            for request in self.requests
            for target in request.targets
        ]

    @property
    def hosts(self) -> list[str]:
        """Hosts of all targets so far, in order."""
        return [target.settings.host for item in self.requests for target in item.targets]


@dataclass
class Api:
    """A client of the application and what stands behind it."""

    app: Starlette
    client: httpx.AsyncClient
    settings: Settings
    prober: FakeProber
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, who: str) -> str:
        """Return an access token of that person."""
        return self.tokens[who]

    async def call(
        self, who: str | None, query: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run an operation as that person and return data and errors of the answer."""
        headers = {"Authorization": f"Bearer {await self.token(who)}"} if who else {}
        body = {"query": query, "variables": variables or {}}
        response = await self.client.post("/graphql", json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        answer.pop("extensions", None)  # the cost, which every answer has
        return answer

    async def data(
        self, who: str | None, query: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run an operation that must have no GraphQL errors and return its data."""
        answer = await self.call(who, query, variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def upload(
        self,
        who: str,
        query: str,
        variables: Mapping[str, Any],
        files: Mapping[str, tuple[str, bytes, str]],
    ) -> dict[str, Any]:
        """Run an operation with files: variable path -> (filename, content, media type)."""
        form = {
            "operations": json.dumps({"query": query, "variables": variables}),
            "map": json.dumps({str(n): [path] for n, path in enumerate(files)}),
        }
        parts = {str(n): part for n, part in enumerate(files.values())}
        headers = {
            "Authorization": f"Bearer {await self.token(who)}",
            "GraphQL-Require-Preflight": "1",
        }
        response = await self.client.post("/graphql", data=form, files=parts, headers=headers)
        return response.json()

    async def submit(self, who: str, **changes: object) -> dict[str, Any]:
        """Submit a form that is fine but for the changes and return the payload."""
        data = await self.data(who, SUBMIT, {"input": form(**changes)})
        return data["submit"]

    async def stored(self, who: str, **changes: object) -> str:
        """Submit a form that must be taken and return the configuration's id."""
        payload = await self.submit(who, **changes)
        assert payload["errors"] == []
        return payload["config"]["id"]


def server(host: str = "imap.example.net", **changes: object) -> dict[str, Any]:
    """Return the input of one server, with a password unless it is changed away."""
    protocol = host.partition(".")[0]
    port = {"imap": 993, "smtp": 465}.get(protocol, 993)
    secret = {"password": "kept-for-later-9"}
    return {"host": host, "port": port, "security": "TLS", "secret": secret, **changes}


def form(**changes: object) -> dict[str, Any]:
    """Return the input of submit."""
    base: dict[str, Any] = {
        "name": "Work",
        "emailAddress": "ann@example.net",
        "incoming": server("imap.example.net"),
        "outgoing": server("smtp.example.net"),
    }
    return base | changes


@asynccontextmanager
async def running(app: Starlette) -> AsyncIterator[None]:
    """Run the application's lifespan in one task: a fixture is entered and left by two."""
    started, stopping = asyncio.Event(), asyncio.Event()

    async def life() -> None:
        try:
            async with app.router.lifespan_context(app):
                started.set()
                await stopping.wait()
        finally:
            started.set()

    task = asyncio.create_task(life())
    await started.wait()
    if task.done():
        await task
    try:
        yield
    finally:
        stopping.set()
        await task


PEOPLED = "mailconfig_peopled"
"""Template database with all tables and people."""


def _settings(url: str, folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=url,
        encryption_keys=KEY_TEXT,
        signing_key=SIGNING_KEY,
        egress_refusal_seconds=0,
        sending_worker=False,
        login_attempts_per_minute=100,
        allowed_hosts=("test", "127.0.0.1", "localhost"),
    )


def _make_people(url: str, folder: Path) -> None:
    async def make() -> None:
        async with open_instance(_settings(url, folder)) as instance:
            for name, (role, workspace) in PEOPLE.items():
                await instance.services.identity.create_user(
                    f"{name}@example.org", Secret(PASSWORD), role, workspace
                )

    asyncio.run(make())


async def open_sessions(settings: Settings) -> dict[str, str]:
    """Open a session of everybody and return their access tokens."""
    minting = access_tokens(settings, signing_ring(SIGNING_KEY))
    tokens = {}
    database = await open_database(settings)
    async with database.identity() as identity:
        for name in PEOPLE:
            found = await identity.user_by_email(f"{name}@example.org")
            assert found is not None
            user_id = found[0].id
            ((workspace_id, _, _),) = await identity.memberships(user_id)
            now = utc_now()
            ends = now + timedelta(seconds=settings.session_seconds)
            session = Session(new_id(), user_id, workspace_id, now, ends, None)
            await identity.add_session(session, f"no cookie {session.id}")
            tokens[name] = minting.mint(session.id, user_id).text
    await database.close()
    return tokens


@asynccontextmanager
async def serving(
    settings: Settings,
    prober: FakeProber | None = None,
    *,
    port_scout: PortScout | None = None,
    round_tripper: RoundTripper | None = None,
    outside: Outside | None = None,
) -> AsyncIterator[Api]:
    """Run the application with all people of `PEOPLE`, whose database `settings` must name."""
    fake = prober or FakeProber()
    tokens = await open_sessions(settings)
    app = create_app(
        settings,
        fake,
        port_scout=port_scout or NoPorts(),
        round_tripper=round_tripper,
        outside=outside or Outside(FakeRecords()),
    )
    watched(app)
    async with running(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Api(app, client, settings, fake, tokens)


@pytest.fixture(scope="session")
def peopled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with all people, to copy."""
    folder = tmp_path_factory.mktemp("peopled")
    path = folder / "template.db"
    shutil.copy(migrated_file, path)
    _make_people(f"sqlite:///{path}", folder)
    return path


@pytest.fixture
def peopled_url(
    request: pytest.FixtureRequest,
    engine: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """URL of a fresh migrated database with all people of `PEOPLE`."""
    if engine == "sqlite":
        path = tmp_path / "mailconfig.db"
        shutil.copy(request.getfixturevalue("peopled_file"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")

    def fill(url: str) -> None:
        migrate_now(url)
        _make_people(url, tmp_path_factory.mktemp("peopled"))

    server.ensure_template(PEOPLED, fill)
    with server.database(PEOPLED) as url:
        yield url


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the shipped catalogue once a process: it is immutable and takes a third of a second."""

    def loaded(overlay: Path | None) -> Catalogue:
        return shipped() if overlay is None else load_catalogue(overlay)

    monkeypatch.setattr(instance, "load_catalogue", loaded)


@pytest.fixture
def app_settings(peopled_url: str, tmp_path: Path, read_once: None) -> Settings:
    """Settings of an instance of its own on a fresh database with all people."""
    return _settings(peopled_url, tmp_path / "data")


@pytest.fixture
async def api(app_settings: Settings) -> AsyncIterator[Api]:
    """The application on SQLite and on PostgreSQL, with all people of `PEOPLE`."""
    async with serving(app_settings) as served:
        yield served
