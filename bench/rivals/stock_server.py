"""A stock Strawberry and SQLModel server: what the documentation of both shows, nothing tuned.

    uvicorn --factory stock_server:create_app      (RIVAL names the JSON file of `rows.Rival`)

Strawberry's own ASGI view, async resolvers, SQLModel's ORM with eager loading of the provider, one
session a request, tokens verified by PyJWT and their session row looked up.
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import strawberry
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import DateTime
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from strawberry.asgi import GraphQL

RIVAL = json.loads(Path(os.environ["RIVAL"]).read_text())
ZONED = DateTime(timezone=RIVAL["database"].startswith("postgresql"))
engine = create_async_engine(RIVAL["database"])
cipher = AESGCM(bytes.fromhex(RIVAL["secret_key"]))


class ProviderRow(SQLModel, table=True):
    """A provider."""

    __tablename__ = "rival_providers"
    id: str = Field(primary_key=True)
    position: int
    name: str
    kind: str
    status: str
    help_url: str | None
    username_form: str
    password_format: str | None
    app_password_url: str | None
    notes: str | None
    closed: str | None
    confidence: str
    regions: str
    domains: str
    auth: str
    requires: str
    incoming: str
    outgoing: str


class SecretRow(SQLModel, table=True):
    """An encrypted secret."""

    __tablename__ = "secrets"
    id: UUID = Field(primary_key=True)
    workspace_id: UUID
    purpose: str
    kind: str
    key_id: str
    ciphertext: bytes
    created_at: datetime = Field(sa_type=ZONED)


class VersionRow(SQLModel, table=True):
    """The settings of the first revision."""

    __tablename__ = "config_versions"
    config_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    workspace_id: UUID
    name: str
    email_address: str
    display_name: str | None = None
    provider_id: str | None = None
    created_at: datetime = Field(sa_type=ZONED)
    created_by: UUID | None
    verified: bool
    incoming_host: str | None
    incoming_port: int | None
    incoming_security: str | None
    incoming_authentication: str | None
    incoming_username: str | None
    incoming_secret_id: UUID | None
    outgoing_host: str | None
    outgoing_port: int | None
    outgoing_security: str | None
    outgoing_authentication: str | None
    outgoing_username: str | None
    outgoing_secret_id: UUID | None


class EventRow(SQLModel, table=True):
    """An event of the audit trail."""

    __tablename__ = "audit_events"
    id: UUID = Field(primary_key=True)
    workspace_id: UUID
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: UUID | None
    details: str
    request_id: str
    created_at: datetime = Field(sa_type=ZONED)


class SessionRow(SQLModel, table=True):
    """A sign-in."""

    __tablename__ = "sessions"
    id: UUID = Field(primary_key=True)
    user_id: UUID
    workspace_id: UUID
    expires_at: datetime = Field(sa_type=ZONED)
    revoked_at: datetime | None = Field(sa_type=ZONED)


class ConfigRow(SQLModel, table=True):
    """A configuration."""

    __tablename__ = "configs"
    id: UUID = Field(primary_key=True)
    workspace_id: UUID
    owner_id: UUID | None
    revision: int
    name: str
    name_key: str
    email_address: str
    address_key: str
    display_name: str | None = None
    provider_id: str | None = Field(default=None, foreign_key="rival_providers.id")
    external_id: str | None = None
    enabled: bool
    status: str
    created_at: datetime = Field(sa_type=ZONED)
    updated_at: datetime = Field(sa_type=ZONED)
    incoming_host: str | None
    incoming_port: int | None
    incoming_security: str | None
    incoming_authentication: str | None
    incoming_username: str | None
    incoming_secret_id: UUID | None
    outgoing_host: str | None
    outgoing_port: int | None
    outgoing_security: str | None
    outgoing_authentication: str | None
    outgoing_username: str | None
    outgoing_secret_id: UUID | None
    provider: ProviderRow | None = Relationship()


def global_id(kind: str, key: object) -> strawberry.ID:
    """Return the id that mailconfig gives, too."""
    return strawberry.ID(urlsafe_b64encode(f"{kind}:{key}".encode()).rstrip(b"=").decode())


@strawberry.type
class ProviderServer:
    """A server of a provider."""

    protocol: str
    host_template: str
    port: int
    security: str


@strawberry.type
class Provider:
    """A provider."""

    id: strawberry.ID
    catalogue_id: str
    name: str
    kind: str
    status: str
    help_url: str | None
    username_form: str
    password_format: str | None
    app_password_url: str | None
    notes: str | None
    closed: str | None
    confidence: str
    regions: list[str]
    domains: list[str]
    auth: list[str]
    requires: list[str]
    incoming: list[ProviderServer]
    outgoing: list[ProviderServer]


@strawberry.type
class ServerSettings:
    """A server of a configuration."""

    host: str
    port: int
    security: str
    username: str | None


@strawberry.type
class EmailConfig:
    """A configuration."""

    id: strawberry.ID
    revision: int
    name: str
    email_address: str
    display_name: str | None
    shared: bool
    owner_id: strawberry.ID | None
    external_id: str | None
    enabled: bool
    status: str
    created_at: datetime
    updated_at: datetime
    incoming: ServerSettings | None
    outgoing: ServerSettings | None
    provider: Provider | None


@strawberry.type
class PageInfo:
    """Where a page ends."""

    has_next_page: bool


@strawberry.type
class EmailConfigConnection:
    """A page of configurations."""

    nodes: list[EmailConfig]
    page_info: PageInfo


@strawberry.type
class ProviderConnection:
    """A page of providers."""

    nodes: list[Provider]


@strawberry.type
class UserError:
    """Why something was refused."""

    message: str


@strawberry.type
class SubmitPayload:
    """What submit answers."""

    config: EmailConfig | None
    errors: list[UserError]


@strawberry.input
class SecretInput:
    """A secret."""

    password: str


@strawberry.input
class ServerSettingsInput:
    """A server."""

    host: str
    port: int
    security: str
    username: str | None = None
    secret: SecretInput | None = None


@strawberry.input
class SubmitInput:
    """A form."""

    name: str
    email_address: str
    incoming: ServerSettingsInput
    outgoing: ServerSettingsInput


def shown_provider(row: ProviderRow | None) -> Provider | None:
    """Map a provider."""
    if row is None:
        return None
    return Provider(
        id=global_id("Provider", row.id),
        catalogue_id=row.id,
        name=row.name,
        kind=row.kind,
        status=row.status,
        help_url=row.help_url,
        username_form=row.username_form,
        password_format=row.password_format,
        app_password_url=row.app_password_url,
        notes=row.notes,
        closed=row.closed,
        confidence=row.confidence,
        regions=json.loads(row.regions),
        domains=json.loads(row.domains),
        auth=json.loads(row.auth),
        requires=json.loads(row.requires),
        incoming=provider_servers(row.incoming),
        outgoing=provider_servers(row.outgoing),
    )


def provider_servers(text: str) -> list[ProviderServer]:
    """Map the servers of a provider."""
    return [
        ProviderServer(
            protocol=server["protocol"],
            host_template=server["hostTemplate"],
            port=server["port"],
            security=server["security"],
        )
        for server in json.loads(text)
    ]


def shown_server(row: ConfigRow, side: str) -> ServerSettings | None:
    """Map a server."""
    host = getattr(row, f"{side}_host")
    if host is None:
        return None
    return ServerSettings(
        host=host,
        port=getattr(row, f"{side}_port"),
        security=getattr(row, f"{side}_security"),
        username=getattr(row, f"{side}_username"),
    )


def aware(moment: datetime) -> datetime:
    """Give SQLite's moments their zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def shown(row: ConfigRow, provider: ProviderRow | None) -> EmailConfig:
    """Map a configuration."""
    return EmailConfig(
        id=global_id("EmailConfig", row.id),
        revision=row.revision,
        name=row.name,
        email_address=row.email_address,
        display_name=row.display_name,
        shared=row.owner_id is None,
        owner_id=global_id("User", row.owner_id) if row.owner_id else None,
        external_id=row.external_id,
        enabled=row.enabled,
        status=row.status,
        created_at=aware(row.created_at),
        updated_at=aware(row.updated_at),
        incoming=shown_server(row, "incoming"),
        outgoing=shown_server(row, "outgoing"),
        provider=shown_provider(provider),
    )


async def signed_in(info: strawberry.Info) -> SessionRow:
    """Return the session of the request's token."""
    token = info.context["request"].headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, RIVAL["public_key"], algorithms=["EdDSA"], audience="rival")
    session = await info.context["session"].get(SessionRow, UUID(claims["sid"]))
    if session is None or session.revoked_at or aware(session.expires_at) < datetime.now(UTC):
        raise PermissionError("Sign in first.")
    return session


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    async def configs(self, info: strawberry.Info, first: int = 20) -> EmailConfigConnection:
        """Newest first."""
        me = await signed_in(info)
        statement = (
            select(ConfigRow)
            .where(ConfigRow.workspace_id == me.workspace_id)
            .options(selectinload(ConfigRow.provider))
            .order_by(ConfigRow.created_at.desc(), ConfigRow.id.desc())
            .limit(first + 1)
        )
        rows = (await info.context["session"].exec(statement)).all()
        return EmailConfigConnection(
            nodes=[shown(row, row.provider) for row in rows[:first]],
            page_info=PageInfo(has_next_page=len(rows) > first),
        )

    @strawberry.field
    async def config(self, info: strawberry.Info, id: strawberry.ID) -> EmailConfig | None:
        """One."""
        me = await signed_in(info)
        statement = (
            select(ConfigRow)
            .where(ConfigRow.workspace_id == me.workspace_id, ConfigRow.id == key_of(id))
            .options(selectinload(ConfigRow.provider))
        )
        row = (await info.context["session"].exec(statement)).first()
        return shown(row, row.provider) if row else None

    @strawberry.field
    async def providers(self, info: strawberry.Info, first: int = 20) -> ProviderConnection:
        """By name."""
        await signed_in(info)
        statement = select(ProviderRow).order_by(ProviderRow.position).limit(first)
        rows = (await info.context["session"].exec(statement)).all()
        return ProviderConnection(nodes=[found for row in rows if (found := shown_provider(row))])


def key_of(text: str) -> UUID:
    """Return the key in a global id."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return UUID(raw.partition(":")[2])


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    async def submit(self, info: strawberry.Info, input: SubmitInput) -> SubmitPayload:
        """Store a configuration with its secrets encrypted."""
        me = await signed_in(info)
        session: AsyncSession = info.context["session"]
        now = datetime.now(UTC)
        stored = now if RIVAL["database"].startswith("postgresql") else now.replace(tzinfo=None)
        secrets = {
            side: sealed(me.workspace_id, server.secret.password, stored)
            for side, server in (("incoming", input.incoming), ("outgoing", input.outgoing))
            if server.secret
        }
        session.add_all(secrets.values())
        await session.flush()
        row = ConfigRow(
            id=uuid4(),
            workspace_id=me.workspace_id,
            owner_id=me.user_id,
            revision=1,
            name=input.name,
            name_key=input.name.lower(),
            email_address=input.email_address,
            address_key=input.email_address.lower(),
            enabled=True,
            status="UNVERIFIED",
            created_at=stored,
            updated_at=stored,
            **columns("incoming", input.incoming, secrets),
            **columns("outgoing", input.outgoing, secrets),
        )
        session.add(row)
        await session.flush()
        session.add_all([version(row, me.user_id), event(row, me.user_id)])
        await session.commit()
        return SubmitPayload(config=shown(row, None), errors=[])


def version(row: ConfigRow, author: UUID) -> VersionRow:
    """Keep the settings of a configuration as its first version."""
    copied = row.model_dump(include=set(VersionRow.model_fields) - {"config_id"})
    return VersionRow(config_id=row.id, created_by=author, verified=False, **copied)


def event(row: ConfigRow, author: UUID) -> EventRow:
    """Say in the audit trail that a configuration was submitted."""
    return EventRow(
        id=uuid4(),
        workspace_id=row.workspace_id,
        actor_id=author,
        action="config.submit",
        object_type="config",
        object_id=row.id,
        details="{}",
        request_id="-",
        created_at=row.created_at,
    )


def sealed(workspace_id: UUID, password: str, now: datetime) -> SecretRow:
    """Encrypt a secret by AES-256-GCM."""
    nonce = os.urandom(12)
    return SecretRow(
        id=uuid4(),
        workspace_id=workspace_id,
        purpose="rival",
        kind="password",
        key_id="rival",
        ciphertext=nonce + cipher.encrypt(nonce, password.encode(), None),
        created_at=now,
    )


def columns(
    side: str, server: ServerSettingsInput, secrets: dict[str, SecretRow]
) -> dict[str, Any]:
    """Return the columns of a server."""
    return {
        f"{side}_host": server.host,
        f"{side}_port": server.port,
        f"{side}_security": server.security,
        f"{side}_authentication": "AUTO",
        f"{side}_username": server.username,
        f"{side}_secret_id": secrets[side].id if side in secrets else None,
    }


class View(GraphQL):
    """The view of the documentation, with a session for each request."""

    async def get_context(self, request: Request, response: object = None) -> dict[str, Any]:
        """Return request and session."""
        return {"request": request, "response": response, "session": request.state.session}


def create_app() -> Starlette:
    """Return the application."""
    view = View(strawberry.Schema(query=Query, mutation=Mutation))

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            scope.setdefault("state", {})["session"] = session
            await view(scope, receive, send)

    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await endpoint(scope, receive, send)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    return Starlette(routes=[Route("/graphql", Endpoint())], lifespan=lifespan)
