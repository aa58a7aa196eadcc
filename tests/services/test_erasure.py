"""Whoever erases a workspace or an account gives its mailbox grants back to their providers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from kit.certs import CertificateKit
from kit.database import KEY_TEXT
from kit.oauthserver import CLIENT_ID, CLIENT_SECRET, GOOGLE, PAGE_503, OAuthServer
from kit.records import Tenant, imap, make_config, make_tenant
from kit.rowdump import all_rows
from kit.web import WebServer
from mailconfig.bootstrap import open_instance
from mailconfig.bootstrap.instance import Instance
from mailconfig.bootstrap.network import Network
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault
from mailconfig.domain.identity import Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.mailboxes import GrantStatus, MailboxGrant, pointer_id
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import Secret, SecretKind
from mailconfig.services import grants as grants_module
from mailconfig.settings import Settings
from mailconfig.storage.erasure import ErasureRepository
from mailconfig.storage.tables import secrets

SIGNING_KEY = "q0m3fIh8v0aV2w3aJwEo3nXc5uJYlqk1yYzR7m5lq2E="
BY_GOOGLE = (GOOGLE.host, GOOGLE.revoke or "")


@dataclass
class Scene:
    """An instance with a workspace, and the provider's endpoints."""

    instance: Instance
    url: str
    server: OAuthServer
    tenant: Tenant

    async def grant(self, number: int, user_id: UUID | None = None) -> UUID:
        """Store a grant with the refresh token `refresh-N`; return its id."""
        grant = MailboxGrant(
            id=new_id(),
            user_id=user_id or self.tenant.user_id,
            provider_id="gmail",
            client_id=CLIENT_ID,
            address=f"ann{number}@gmail.com",
            scopes=(GOOGLE.scopes,),
            status=GrantStatus.ACTIVE,
            failure=None,
            failed_at=None,
            created_at=utc_now(),
            refreshed_at=None,
            refresh_secret_id=None,
            access_secret_id=None,
            access_expires_at=None,
        )
        answer = TokenAnswer(Secret(f"access-{number}"), 3600, Secret(f"refresh-{number}"))
        async with self.instance.database.work(self.tenant.workspace_id) as work:
            await work.grants.insert(grant, answer)
        return grant.id

    async def erase(self) -> None:
        """Erase the workspace."""
        await self.instance.services.erasure.erase(self.tenant.workspace_id)

    async def workspaces(self) -> int:
        """Count the workspaces that others see."""
        return len((await all_rows(self.url))["workspaces"])

    @property
    def returned(self) -> list[str]:
        """The tokens that the provider has got back, in the order of their numbers."""
        return sorted(form["token"] for form in self.server.revocations)


@pytest.fixture
async def scene(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """An instance with a client at Google's family, and a workspace with an owner."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        encryption_keys=KEY_TEXT,
        signing_key=SIGNING_KEY,
        oauth_clients=f"gmail:{CLIENT_ID}:{CLIENT_SECRET}",
    )
    async with WebServer(CertificateKit(tmp_path)) as web:
        monkeypatch.setattr(Network, "poster", web.fetcher())
        async with open_instance(settings) as instance:
            tenant = await make_tenant(instance.database, "one")
            yield Scene(instance, database_url, OAuthServer(web, GOOGLE), tenant)
        await web.quiet()


async def test_each_grant_of_a_workspace_is_given_back(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Used or not, with our client and its secret; no token is in the log, nor another's sent."""
    used = await scene.grant(1)
    await scene.grant(2)
    server = imap(pointer_id(used, "incoming"))
    config = make_config(
        scene.tenant,
        incoming=replace(server, secret_kind=SecretKind.GRANT),
        outgoing=None,
    )
    async with scene.instance.database.work(scene.tenant.workspace_id) as work:
        await work.configs.insert(config, scene.tenant.user_id)
    other = replace(scene, tenant=await make_tenant(scene.instance.database, "two"))
    await other.grant(3)
    with caplog.at_level(logging.DEBUG):
        await scene.erase()
    assert scene.returned == ["refresh-1", "refresh-2"]
    assert [form for form in scene.server.revocations if form["token"] == "refresh-1"] == [
        {
            "token": "refresh-1",
            "token_type_hint": "refresh_token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
    ]
    for secret in ("refresh-1", "refresh-2", CLIENT_SECRET):
        assert secret not in caplog.text
    assert len((await all_rows(scene.url))["oauth_grants"]) == 1


async def test_more_grants_than_are_given_back_at_once(scene: Scene) -> None:
    """Each token goes back once, also where there are more than go at the same time."""
    numbers = range(10, 10 + 2 * grants_module._AT_ONCE + 1)
    for number in numbers:
        await scene.grant(number)
    await scene.erase()
    assert scene.returned == [f"refresh-{number}" for number in numbers]


async def test_the_provider_hears_of_it_when_it_has_happened(scene: Scene) -> None:
    """When the token arrives others see no such workspace any more: nothing is left to commit."""
    seen: list[int] = []
    revoke = scene.server._revoke

    async def looking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await scene.workspaces())
        await revoke(reader, writer)

    scene.server.web.answer(*BY_GOOGLE, looking)
    await scene.grant(1)
    assert await scene.workspaces() == 1
    await scene.erase()
    assert (seen, scene.returned) == ([0], ["refresh-1"])


@pytest.mark.parametrize("how", ["unknown", "hangs up", "is silent", "says 503"])
async def test_a_provider_that_is_down_keeps_nothing_up(
    scene: Scene, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """The workspace is erased within the bound; the log says how many, and no token."""
    web = scene.server.web
    match how:
        case "unknown":
            web._addresses.pop(GOOGLE.host)
        case "hangs up":
            web.raw(*BY_GOOGLE, b"")
        case "is silent":
            web.silent(*BY_GOOGLE)
        case "says 503":
            web.page(*BY_GOOGLE, PAGE_503[1], status=PAGE_503[0])
    scene.instance.services.erasure._grants._farewell_seconds = 1.0
    await scene.grant(1)
    await scene.grant(2)
    with caplog.at_level(logging.DEBUG):
        async with asyncio.timeout(10):
            await scene.erase()
    rows = await all_rows(scene.url)
    assert (rows["workspaces"], rows["oauth_grants"], rows["secrets"]) == ([], [], [])
    told = [
        record.getMessage()
        for record in caplog.records
        if record.name == grants_module.__name__ and record.levelno == logging.WARNING
    ]
    if how == "is silent":
        assert told == ["2 tokens could not be given back in time"]
    else:
        assert len(told) == 2
        assert {line.partition(":")[0] for line in told} == {"a token could not be given back"}
    assert "refresh-" not in caplog.text


async def test_what_goes_wrong_in_giving_back_is_not_raised(
    scene: Scene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw is logged by its kind, and the others are given back."""
    service = scene.instance.services.erasure._grants
    revoke = service._tokens.revoke

    async def failing(url: str, form: dict[str, Secret]) -> None:
        if form["token"].reveal() == "refresh-1":
            raise LookupError("refresh-1")
        await revoke(url, form)

    monkeypatch.setattr(service._tokens, "revoke", failing)
    await scene.grant(1)
    await scene.grant(2)
    await scene.erase()
    assert scene.returned == ["refresh-2"]
    assert "a token could not be given back: LookupError" in caplog.text
    assert "refresh-1" not in caplog.text


async def test_a_token_that_cannot_be_opened(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A sealed token that was changed is left; the workspace is erased and the rest given back."""
    broken = await scene.grant(1)
    await scene.grant(2)
    async with scene.instance.database.reading(scene.tenant.workspace_id) as work:
        grant = await work.grants.get(broken)
    async with scene.instance.database._engines.writing.begin() as connection:
        changed = update(secrets).where(secrets.c.id == grant.refresh_secret_id)
        await connection.execute(changed.values(ciphertext=b"changed"))
    await scene.erase()
    assert scene.returned == ["refresh-2"]
    assert f"the token of grant {broken} cannot be given back" in caplog.text
    assert await scene.workspaces() == 0


async def test_an_erasure_that_fails_at_its_end_has_given_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens whose rows are gone go back even so; again erases the rest and has none."""
    await scene.grant(1)

    async def failing(_: ErasureRepository) -> bool:
        raise Fault("The database does not work.")

    with monkeypatch.context() as broken:
        broken.setattr(ErasureRepository, "finish", failing)
        with pytest.raises(Fault):
            await scene.erase()
    assert (scene.returned, await scene.workspaces()) == (["refresh-1"], 1)
    assert len((await all_rows(scene.url))["oauth_grants"]) == 0
    await scene.erase()
    assert (scene.returned, await scene.workspaces()) == (["refresh-1"], 0)


async def test_the_grants_of_an_account_are_given_back(scene: Scene) -> None:
    """Those of whoever goes, more than ten of them; those of others stay, here and there."""
    await scene.grant(1)
    async with scene.instance.database.identity() as identity:
        leaver = await identity.create_user("leaver@example.com", "hash")
        await identity.add_member(scene.tenant.workspace_id, leaver.id, Role.MEMBER)
    numbers = range(20, 32)
    for number in numbers:
        await scene.grant(number, leaver.id)
    await scene.instance.services.erasure.erase_account(leaver.id)
    assert scene.returned == [f"refresh-{number}" for number in numbers]
    rows = await all_rows(scene.url)
    assert [row["address"] for row in rows["oauth_grants"]] == ["ann1@gmail.com"]


async def test_an_account_goes_whatever_its_provider_says(scene: Scene) -> None:
    """A provider that says nothing holds an account up until the bound, and no longer."""
    async with scene.instance.database.identity() as identity:
        leaver = await identity.create_user("leaver@example.com", "hash")
        await identity.add_member(scene.tenant.workspace_id, leaver.id, Role.MEMBER)
    await scene.grant(1, leaver.id)
    scene.server.web.silent(*BY_GOOGLE)
    scene.instance.services.erasure._grants._farewell_seconds = 0.5
    async with asyncio.timeout(10):
        await scene.instance.services.erasure.erase_account(leaver.id)
    rows = await all_rows(scene.url)
    assert [row["email"] for row in rows["users"]] == ["one@example.com"]
    assert rows["oauth_grants"] == []
