"""Invitations: making, replacing, withdrawing and accepting them."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.api import ADMIN, LOGIN, MEMBER, OWNER, PASSWORD, STRANGER, Api
from mailconfig.domain.clock import utc_now
from mailconfig.log import mask_text
from mailconfig.storage.settings import StorageSettings, database_url

ERRORS = "errors { __typename message path }"
INVITE = (
    "mutation ($input: InviteMemberInput!) { inviteMember(input: $input) {"
    f" invitation {{ id email role }} token {ERRORS} }} }}"
)
WITHDRAW = (
    "mutation ($input: WithdrawInvitationInput!) { withdrawInvitation(input: $input) {"
    f" withdrawnId {ERRORS} }} }}"
)
ACCEPT = (
    "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {"
    f" workspace {{ slug role }} {ERRORS} }} }}"
)
OPEN = "{ workspace { invitations { nodes { id email role } } } }"
NEW = "new@example.org"


async def run(api: Api, who: str | None, query: str, **given: object) -> dict[str, Any]:
    """Run a mutation with its input and return the payload."""
    (payload,) = (await api.data(who, query, {"input": given})).values()
    return payload


def kinds(payload: dict[str, Any]) -> list[str]:
    """Return the types of the errors."""
    return [error["__typename"] for error in payload["errors"]]


async def invited(api: Api, email: str = NEW, role: str = "MEMBER") -> str:
    """Invite an address as an administrator and return the token."""
    payload = await run(api, ADMIN, INVITE, email=email, role=role)
    assert payload["errors"] == []
    return payload["token"]


async def test_an_unknown_address_makes_its_account(api: Api) -> None:
    """By token and password; then it signs in, with the role of the invitation; used once."""
    token = await invited(api)
    assert token.startswith("mci_")
    assert len(token) == len("mci_") + 43
    payload = await run(api, None, ACCEPT, token=token, password=PASSWORD)
    assert payload == {"workspace": {"slug": "default", "role": "MEMBER"}, "errors": []}
    given = {"input": {"email": NEW, "password": PASSWORD}}
    session = (await api.data(None, LOGIN, given))["login"]["session"]
    assert session["viewer"] == {"email": NEW, "role": "MEMBER"}
    api.client.cookies.clear()
    again = await run(api, None, ACCEPT, token=token, password=PASSWORD)
    assert kinds(again) == ["InvitationInvalidError"]


async def test_whoever_is_signed_in_with_the_address_joins(api: Api) -> None:
    """A user of another workspace is in both afterwards; nobody else can use the token."""
    token = await invited(api, "stranger@example.org", "VIEWER")
    assert kinds(await run(api, MEMBER, ACCEPT, token=token)) == ["InvitationInvalidError"]
    nobody = await run(api, None, ACCEPT, token=token, password=PASSWORD)
    assert kinds(nobody) == ["UnauthenticatedError"]
    payload = await run(api, STRANGER, ACCEPT, token=token)
    assert payload == {"workspace": {"slug": "default", "role": "VIEWER"}, "errors": []}
    query = "{ workspaces { slug role } }"
    assert (await api.data(STRANGER, query))["workspaces"] == [
        {"slug": "default", "role": "VIEWER"},
        {"slug": "other", "role": "OWNER"},
    ]


async def test_wrong_used_withdrawn_and_expired_tokens_read_alike(api: Api) -> None:
    """Four reasons, one answer."""
    used, withdrawn = await invited(api, "a@example.org"), await invited(api, "b@example.org")
    await run(api, None, ACCEPT, token=used, password=PASSWORD)
    (shown,) = (await api.data(ADMIN, OPEN))["workspace"]["invitations"]["nodes"]
    ended = await run(api, ADMIN, WITHDRAW, id=shown["id"])
    assert ended == {"withdrawnId": shown["id"], "errors": []}
    expired = await invited(api, "c@example.org")
    await _age(api)
    answers = [
        await run(api, None, ACCEPT, token=token, password=PASSWORD)
        for token in (used, withdrawn, expired, "mci_" + "x" * 43, "")
    ]
    assert answers == [answers[0]] * 5
    assert kinds(answers[0]) == ["InvitationInvalidError"]
    assert (await api.data(ADMIN, OPEN))["workspace"]["invitations"]["nodes"] == []


async def test_inviting_again_replaces_the_token(api: Api) -> None:
    """The first token is of no use any more; there is one open invitation."""
    first = await invited(api)
    second = await invited(api, NEW.upper(), "VIEWER")
    nodes = (await api.data(ADMIN, OPEN))["workspace"]["invitations"]["nodes"]
    assert [(node["email"], node["role"]) for node in nodes] == [(NEW, "VIEWER")]
    refused = await run(api, None, ACCEPT, token=first, password=PASSWORD)
    assert kinds(refused) == ["InvitationInvalidError"]
    payload = await run(api, None, ACCEPT, token=second, password=PASSWORD)
    assert payload["workspace"] == {"slug": "default", "role": "VIEWER"}


async def test_nobody_invites_above_their_role(api: Api) -> None:
    """Nor does an administrator replace or withdraw the invitation of an owner-to-be."""
    refused = await run(api, ADMIN, INVITE, email=NEW, role="OWNER")
    assert kinds(refused) == ["ForbiddenError"]
    assert refused["token"] is None
    made = await run(api, OWNER, INVITE, email=NEW, role="OWNER")
    assert kinds(await run(api, ADMIN, INVITE, email=NEW, role="VIEWER")) == ["ForbiddenError"]
    taken_back = await run(api, ADMIN, WITHDRAW, id=made["invitation"]["id"])
    assert kinds(taken_back) == ["ForbiddenError"]
    assert kinds(await run(api, MEMBER, INVITE, email=NEW, role="VIEWER")) == ["ForbiddenError"]


async def test_members_are_not_invited(api: Api) -> None:
    """Whoever is in the workspace is a duplicate; of a stranger's workspace nothing is told."""
    payload = await run(api, ADMIN, INVITE, email="Member@Example.org", role="VIEWER")
    assert kinds(payload) == ["DuplicateError"]
    assert kinds(await run(api, ADMIN, INVITE, email="no address", role="VIEWER")) == [
        "ValidationIssue"
    ]
    made = await run(api, STRANGER, INVITE, email="member@example.org", role="VIEWER")
    assert made["errors"] == []
    hidden = await run(api, ADMIN, WITHDRAW, id=made["invitation"]["id"])
    assert kinds(hidden) == ["NotFoundError"]


async def test_a_weak_password_leaves_the_invitation_as_it_is(api: Api) -> None:
    """The rules are those of every account, and the token can be used after it."""
    token = await invited(api)
    assert kinds(await run(api, None, ACCEPT, token=token)) == ["ValidationIssue"]
    weak = await run(api, None, ACCEPT, token=token, password="short")
    assert [error["path"] for error in weak["errors"]] == [["password"]]
    payload = await run(api, None, ACCEPT, token=token, password=PASSWORD)
    assert payload["errors"] == []


async def test_the_invitations_of_whoever_loses_the_role_end(api: Api) -> None:
    """What somebody promised who may not promise it any more is not kept."""
    token = await invited(api, NEW, "ADMIN")
    members = "{ workspace { members { nodes { id email } } } }"
    nodes = (await api.data(OWNER, members))["workspace"]["members"]["nodes"]
    (admin,) = (node["id"] for node in nodes if node["email"] == "admin@example.org")
    change = (
        "mutation ($input: ChangeMemberRoleInput!)"
        " { changeMemberRole(input: $input) { errors { message } } }"
    )
    await api.data(OWNER, change, {"input": {"userId": admin, "role": "MEMBER"}})
    refused = await run(api, None, ACCEPT, token=token, password=PASSWORD)
    assert kinds(refused) == ["InvitationInvalidError"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_token_is_in_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Nor would it be there in free text."""
    caplog.set_level(logging.DEBUG)
    token = await invited(api)
    assert token not in caplog.text
    assert mask_text(f"joined with {token} today") == "joined with *** today"


async def _age(api: Api) -> None:
    """Let all invitations end a minute ago."""
    url = database_url(StorageSettings(api.settings.effective_database_url))
    engine = create_async_engine(url)
    moment = utc_now() - timedelta(minutes=1)
    if url.get_backend_name() == "sqlite":
        moment = moment.replace(tzinfo=None).isoformat(" ")  # type: ignore[assignment]
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE invitations SET expires_at = :at"), {"at": moment})
    await engine.dispose()
