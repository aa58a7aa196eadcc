"""The rows that all servers of the benchmark read, and the file that tells the rivals of them.

Everything lies in mailconfig's own tables; rivals find providers in a table beside them, because
mailconfig itself answers those from memory.
"""

import asyncio
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from mailconfig.domain.ids import new_id
from mailconfig.storage.tables.configs import configs
from mailconfig.storage.tables.identity import sessions, users, workspaces
from mailconfig.storage.tables.secrets import secrets as secret_rows

START = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 2000
PROVIDERS = ("gmail", "icloud", "fastmail", "gmx", "yahoo")

PLAIN = {
    "name": "name",
    "kind": "kind",
    "status": "status",
    "helpUrl": "help_url",
    "usernameForm": "username_form",
    "passwordFormat": "password_format",
    "appPasswordUrl": "app_password_url",
    "notes": "notes",
    "closed": "closed",
    "confidence": "confidence",
}
"""Columns of a provider's texts, by field."""
LISTS = ("regions", "domains", "auth", "requires", "incoming", "outgoing")
"""Fields that are lists, kept as JSON."""

rival_providers = Table(
    "rival_providers",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("position", Integer),
    *(Column(name, Text) for name in PLAIN.values()),
    *(Column(name, Text) for name in LISTS),
)


@dataclass(frozen=True, slots=True)
class Rival:
    """What a rival has to know; written as JSON."""

    database: str
    """SQLAlchemy URL."""
    public_key: str
    """PEM of the Ed25519 key that signs the rivals' tokens."""
    secret_key: str
    """AES-256 key in hex."""
    providers: str
    """Path of the providers as mailconfig shows them, in JSON."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made."""

    keys: list[UUID]
    """Ids of configurations, oldest first."""
    token: str
    """Access token for the rivals."""


def seed(url: str, rival_file: Path, providers: list[dict[str, Any]], rows: int) -> Seeded:
    """Fill a migrated database that has one user; returns what requests need."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    shown = rival_file.with_name("providers.json")
    shown.write_text(json.dumps(providers))
    rival = Rival(url, public.decode(), secrets.token_hex(32), str(shown))
    rival_file.write_text(json.dumps(asdict(rival)))
    keys, claims = asyncio.run(_filled(url, providers, rows))
    return Seeded(keys, jwt.encode(claims, key, algorithm="EdDSA"))


async def _filled(
    url: str, providers: list[dict[str, Any]], rows: int
) -> tuple[list[UUID], dict[str, Any]]:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_fill, providers, rows)
    finally:
        await engine.dispose()


def _fill(
    connection: Connection, providers: list[dict[str, Any]], rows: int
) -> tuple[list[UUID], dict[str, Any]]:
    rival_providers.create(connection)
    connection.execute(insert(rival_providers), [_provider(*pair) for pair in enumerate(providers)])
    workspace_id = connection.execute(select(workspaces.c.id)).scalar_one()
    user_id = connection.execute(select(users.c.id)).scalar_one()
    keys: list[UUID] = []
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        made = [_config(workspace_id, user_id, number) for number in numbers]
        kept = [
            _secret(workspace_id, row[f"{side}_secret_id"], row["created_at"])
            for row in made
            for side in ("incoming", "outgoing")
        ]
        connection.execute(insert(secret_rows), kept)
        connection.execute(insert(configs), made)
        keys += [row["id"] for row in made]
    session_id = uuid4()
    session = {
        "id": session_id,
        "user_id": user_id,
        "workspace_id": workspace_id,
        "token_sha256": secrets.token_hex(32),
        "created_at": datetime.now(UTC),
        "expires_at": datetime.now(UTC) + timedelta(days=1),
        "revoked_at": None,
    }
    connection.execute(insert(sessions), [session])
    claims = {
        "aud": "rival",
        "sub": str(user_id),
        "wid": str(workspace_id),
        "sid": str(session_id),
        "exp": datetime.now(UTC) + timedelta(days=1),
    }
    return keys, claims


def _provider(position: int, shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": shown["catalogueId"],
        "position": position,
        **{column: shown[field] for field, column in PLAIN.items()},
        **{name: json.dumps(shown[name]) for name in LISTS},
    }


def _secret(workspace_id: UUID, id: UUID, moment: datetime) -> dict[str, Any]:
    return {
        "id": id,
        "workspace_id": workspace_id,
        "purpose": "config.password",
        "kind": "password",
        "key_id": "bench",
        "ciphertext": bytes(60),
        "created_at": moment,
    }


def _config(workspace_id: UUID, user_id: UUID, number: int) -> dict[str, Any]:
    address = f"user{number:07}@example.org"
    return {
        "id": new_id(),
        "workspace_id": workspace_id,
        "owner_id": user_id,
        "revision": 1,
        "name": f"Mailbox {number:07}",
        "name_key": f"mailbox {number:07}",
        "email_address": address,
        "address_key": address,
        "display_name": f"User {number}" if number % 3 else None,
        "provider_id": PROVIDERS[number % len(PROVIDERS)] if number % 4 else None,
        "external_id": f"crm-{number}" if number % 2 else None,
        "metadata_json": None,
        "enabled": True,
        "status": "WORKING" if number % 5 else "UNVERIFIED",
        "created_at": START + timedelta(seconds=number),
        "updated_at": START + timedelta(seconds=number),
        "last_test_id": None,
        **_server("incoming", "imap", 993, "TLS", address),
        **_server("outgoing", "smtp", 587, "STARTTLS", address),
    }


def _server(side: str, name: str, port: int, security: str, username: str) -> dict[str, Any]:
    return {
        f"{side}_host": f"{name}.example.org",
        f"{side}_port": port,
        f"{side}_security": security,
        f"{side}_authentication": "AUTO",
        f"{side}_username": username,
        f"{side}_secret_id": uuid4(),
    }
