"""Workspaces: members, roles, transfer and leaving."""

from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, serving
from mailconfig.settings import Settings

ERRORS = "errors { __typename message path ... on ConfigurationsRemainError { count } }"
ROLE = (
    "mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) {"
    f" member {{ email role }} {ERRORS} }} }}"
)
REMOVE = (
    "mutation ($input: RemoveMemberInput!) { removeMember(input: $input) {"
    f" removedId {ERRORS} }} }}"
)
LEAVE = (
    f"mutation ($input: LeaveWorkspaceInput!) {{ leaveWorkspace(input: $input) {{ ok {ERRORS} }} }}"
)
TRANSFER = (
    "mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) {"
    f" owner {{ email role }} {ERRORS} }} }}"
)
RENAME = (
    "mutation ($input: RenameWorkspaceInput!) { renameWorkspace(input: $input) {"
    f" workspace {{ slug name }} {ERRORS} }} }}"
)
MEMBERS = "{ workspace { slug name members(first: 100) { nodes { id email role } } } }"
VIEWED = "{ viewer { role } }"
MINE = "{ workspaces { slug role } }"


async def ids(api: Api) -> dict[str, str]:
    """Return the global id of each member, by the name before the @."""
    found = (await api.data(OWNER, MEMBERS))["workspace"]["members"]["nodes"]
    return {node["email"].partition("@")[0]: node["id"] for node in found}


async def run(api: Api, who: str, query: str, **given: object) -> dict[str, Any]:
    """Run a mutation with its input and return the payload."""
    (payload,) = (await api.data(who, query, {"input": given})).values()
    return payload


def kinds(payload: dict[str, Any]) -> list[str]:
    """Return the types of the errors."""
    return [error["__typename"] for error in payload["errors"]]


async def test_members_and_workspaces_are_shown(api: Api) -> None:
    """Administrators see who is in their workspace, members only that they are."""
    found = (await api.data(ADMIN, MEMBERS))["workspace"]
    assert found["slug"] == "default"
    assert {
        node["email"].partition("@")[0]: node["role"] for node in found["members"]["nodes"]
    } == {
        OWNER: "OWNER",
        ADMIN: "ADMIN",
        MEMBER: "MEMBER",
        COLLEAGUE: "MEMBER",
        VIEWER: "VIEWER",
    }
    refused = await api.call(MEMBER, MEMBERS)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await api.data(STRANGER, MINE))["workspaces"] == [{"slug": "other", "role": "OWNER"}]


async def test_a_workspace_is_renamed_by_administrators(api: Api) -> None:
    """The name changes, the slug stays; an empty name is refused."""
    payload = await run(api, ADMIN, RENAME, name="  Acme \n Mail ")
    assert payload == {"workspace": {"slug": "default", "name": "Acme Mail"}, "errors": []}
    assert kinds(await run(api, ADMIN, RENAME, name=" ")) == ["ValidationIssue"]
    assert kinds(await run(api, MEMBER, RENAME, name="Mine")) == ["ForbiddenError"]


async def test_a_role_counts_at_once(api: Api) -> None:
    """The member's session, which was used a moment ago, has the new role with the next request."""
    known = await ids(api)
    assert (await api.data(MEMBER, VIEWED))["viewer"]["role"] == "MEMBER"
    payload = await run(api, ADMIN, ROLE, userId=known[MEMBER], role="VIEWER")
    assert payload["member"] == {"email": "member@example.org", "role": "VIEWER"}
    assert (await api.data(MEMBER, VIEWED))["viewer"]["role"] == "VIEWER"


async def test_nobody_touches_or_gives_a_higher_role(api: Api) -> None:
    """An administrator cannot demote or remove an owner, nor make one."""
    known = await ids(api)
    for payload in (
        await run(api, ADMIN, ROLE, userId=known[OWNER], role="MEMBER"),
        await run(api, ADMIN, ROLE, userId=known[MEMBER], role="OWNER"),
        await run(api, ADMIN, REMOVE, userId=known[OWNER], configurations={"delete": True}),
        await run(api, MEMBER, ROLE, userId=known[VIEWER], role="MEMBER"),
    ):
        assert kinds(payload) == ["ForbiddenError"]
    assert (await api.data(OWNER, VIEWED))["viewer"]["role"] == "OWNER"


async def test_members_of_other_workspaces_are_not_found(api: Api) -> None:
    """A stranger's owner cannot change, remove or make an owner of anybody here."""
    known = await ids(api)
    for payload in (
        await run(api, STRANGER, ROLE, userId=known[MEMBER], role="VIEWER"),
        await run(api, STRANGER, REMOVE, userId=known[MEMBER]),
        await run(api, STRANGER, TRANSFER, to=known[MEMBER]),
    ):
        assert kinds(payload) == ["NotFoundError"]
    assert (await api.data(MEMBER, VIEWED))["viewer"]["role"] == "MEMBER"


async def test_the_last_owner_stays(api: Api) -> None:
    """Neither demoting oneself nor leaving is possible for the only owner."""
    known = await ids(api)
    assert kinds(await run(api, OWNER, ROLE, userId=known[OWNER], role="ADMIN")) == [
        "LastOwnerError"
    ]
    assert kinds(await run(api, OWNER, LEAVE)) == ["LastOwnerError"]
    assert (await api.data(OWNER, VIEWED))["viewer"]["role"] == "OWNER"


async def test_ownership_is_transferred(api: Api) -> None:
    """The heir is the owner, the owner an administrator, both at once."""
    known = await ids(api)
    payload = await run(api, OWNER, TRANSFER, to=known[MEMBER])
    assert payload["owner"] == {"email": "member@example.org", "role": "OWNER"}
    assert (await api.data(MEMBER, VIEWED))["viewer"]["role"] == "OWNER"
    assert (await api.data(OWNER, VIEWED))["viewer"]["role"] == "ADMIN"
    assert kinds(await run(api, ADMIN, TRANSFER, to=known[ADMIN])) == ["ForbiddenError"]


async def test_configurations_are_given_to_nobody_silently(api: Api) -> None:
    """Removing a member who has some needs a word; then the heir has them, with their password."""
    known = await ids(api)
    config_id = await api.stored(MEMBER)
    payload = await run(api, ADMIN, REMOVE, userId=known[MEMBER])
    assert kinds(payload) == ["ConfigurationsRemainError"]
    assert payload["errors"][0]["count"] == 1
    unfit = {"transferTo": known[VIEWER]}
    payload = await run(api, ADMIN, REMOVE, userId=known[MEMBER], configurations=unfit)
    assert kinds(payload) == ["ValidationIssue"]
    heir = {"transferTo": known[COLLEAGUE]}
    payload = await run(api, ADMIN, REMOVE, userId=known[MEMBER], configurations=heir)
    assert payload == {"removedId": known[MEMBER], "errors": []}
    query = "query ($id: ID!) { config(id: $id) { ownerId incoming { secretSetAt } } }"
    found = (await api.data(COLLEAGUE, query, {"id": config_id}))["config"]
    assert found["ownerId"] == known[COLLEAGUE]
    assert found["incoming"]["secretSetAt"] is not None
    assert (await api.data(MEMBER, VIEWED))["viewer"] is None


async def test_an_heir_who_has_the_address_keeps_both_as_they_are(api: Api) -> None:
    """Two of one address cannot be one person's: nothing happens, nobody is removed."""
    known = await ids(api)
    await api.stored(MEMBER)
    await api.stored(COLLEAGUE)
    heir = {"transferTo": known[COLLEAGUE]}
    payload = await run(api, ADMIN, REMOVE, userId=known[MEMBER], configurations=heir)
    assert kinds(payload) == ["DuplicateError"]
    assert (await api.data(MEMBER, VIEWED))["viewer"]["role"] == "MEMBER"


async def test_leaving_ends_the_session_and_deletes_what_was_said(api: Api) -> None:
    """Whoever leaves is out at once, and the configuration is gone for administrators, too."""
    config_id = await api.stored(MEMBER)
    payload = await run(api, MEMBER, LEAVE, configurations={"delete": True})
    assert payload == {"ok": True, "errors": []}
    assert (await api.data(MEMBER, VIEWED))["viewer"] is None
    found = await api.call(ADMIN, "query ($id: ID!) { config(id: $id) { id } }", {"id": config_id})
    assert found["data"]["config"] is None


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_quotas_are_shown_with_their_use(app_settings: Settings) -> None:
    """Use and limit of each; null where there is no limit."""
    limited = app_settings.model_copy(update={"quota_configs": 2, "quota_tests_per_day": 1})
    async with serving(limited) as api:
        await api.stored(MEMBER)
        query = "{ workspace { quotas { quota used limit } } }"
        assert (await api.data(VIEWER, query))["workspace"]["quotas"] == [
            {"quota": "CONFIGS", "used": 1, "limit": 2},
            {"quota": "FILE_BYTES", "used": 0, "limit": None},
            {"quota": "TESTS_PER_DAY", "used": 0, "limit": 1},
            {"quota": "MESSAGES_PER_DAY", "used": 0, "limit": None},
        ]
