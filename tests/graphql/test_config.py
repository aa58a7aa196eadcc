"""The query `config`, with the lists below it."""

from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, server

READ = "query ($id: ID!) { config(id: $id) { __typename id ownerId shared } }"
BELOW = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  config(id: $id) {
    lastTest { id status }
    tests(first: $first, after: $after, last: $last, before: $before) {
      totalCount nodes { id } edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
VERSIONS = """
query ($id: ID!, $first: Int, $after: String) {
  config(id: $id) {
    versions(first: $first, after: $after) {
      nodes { revision name emailAddress displayName verified createdAt
              incoming { host secretSetAt } outgoing { host } }
      edges { cursor node { revision } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
TEST = """
mutation ($id: ID!) {
  testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) { test { id status } }
}
"""
UPDATE = "mutation ($input: UpdateInput!) { update(input: $input) { config { revision } } }"


async def probed(api: Api, config_id: str, times: int) -> list[str]:
    """Test a configuration that many times; return the tests' ids, newest first."""
    ids = []
    for _ in range(times):
        data = await api.data(MEMBER, TEST, {"id": config_id})
        ids.append(data["testConnection"]["test"]["id"])
    return ids[::-1]


async def below(api: Api, config_id: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Return the configuration with its tests."""
    return (await api.data(MEMBER, BELOW, {"id": config_id, **arguments}))["config"]


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (MEMBER, True),
        (ADMIN, True),
        (OWNER, True),
        (COLLEAGUE, False),
        (VIEWER, False),
        (STRANGER, False),
    ],
)
async def test_who_sees_a_members_configuration(api: Api, who: str, seen: bool) -> None:
    """Its owner and the admins of the workspace; to all others it does not exist."""
    config_id = await api.stored(MEMBER)
    config = (await api.data(who, READ, {"id": config_id}))["config"]
    assert (config is not None) is seen


async def test_a_shared_one_has_no_owner(api: Api) -> None:
    """It belongs to the workspace, and everybody in it sees it."""
    config_id = await api.stored(ADMIN, shared=True)
    for who in (MEMBER, COLLEAGUE, VIEWER, OWNER):
        assert (await api.data(who, READ, {"id": config_id}))["config"] == {
            "__typename": "EmailConfig",
            "id": config_id,
            "ownerId": None,
            "shared": True,
        }
    assert (await api.data(STRANGER, READ, {"id": config_id}))["config"] is None


@pytest.mark.parametrize("config_id", ["", "nonsense", "VXNlcjox", "\N{SNOWMAN}", "a" * 5000])
async def test_what_is_no_id_is_nothing(api: Api, config_id: str) -> None:
    """Null, not an error."""
    assert await api.data(MEMBER, READ, {"id": config_id}) == {"config": None}


async def test_tests_are_paged_newest_first(api: Api) -> None:
    """Forward and backward, with a count of all and the latest by itself."""
    config_id = await api.stored(MEMBER)
    empty = await below(api, config_id)
    assert (empty["lastTest"], empty["tests"]["totalCount"]) == (None, 0)
    ids = await probed(api, config_id, 5)
    whole = await below(api, config_id)
    assert whole["lastTest"] == {"id": ids[0], "status": "PASSED"}
    assert [node["id"] for node in whole["tests"]["nodes"]] == ids
    assert whole["tests"]["totalCount"] == 5
    first = (await below(api, config_id, first=2))["tests"]
    assert [node["id"] for node in first["nodes"]] == ids[:2]
    second = (await below(api, config_id, first=2, after=first["pageInfo"]["endCursor"]))["tests"]
    assert [node["id"] for node in second["nodes"]] == ids[2:4]
    assert second["pageInfo"]["hasNextPage"]
    last = (await below(api, config_id, last=3))["tests"]
    assert [node["id"] for node in last["nodes"]] == ids[2:]
    before = await below(api, config_id, last=3, before=last["pageInfo"]["startCursor"])
    assert [node["id"] for node in before["tests"]["nodes"]] == ids[:2]


async def test_a_cursor_of_another_configurations_tests_is_refused(api: Api) -> None:
    """Lists of the same kind do not share their places."""
    one = await api.stored(MEMBER)
    other = await api.stored(MEMBER, emailAddress="bob@example.net")
    await probed(api, one, 1)
    cursor = (await below(api, one))["tests"]["edges"][0]["cursor"]
    answer = await api.call(MEMBER, BELOW, {"id": other, "after": cursor})
    assert answer["data"]["config"]["tests"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["config", "tests"]
    assert error["extensions"]["issues"][0]["path"] == ["after"]


async def test_versions_show_the_settings_of_then(api: Api) -> None:
    """Newest first, paged, without secrets."""
    config_id = await api.stored(MEMBER, displayName="Ann")
    await probed(api, config_id, 1)
    for name in ("Two", "Three"):
        moved = server(port=143, security="STARTTLS")
        given = {"id": config_id, "name": name, "incoming": moved}
        await api.data(MEMBER, UPDATE, {"input": given})
    first = (await api.data(MEMBER, VERSIONS, {"id": config_id, "first": 2}))["config"]["versions"]
    assert [(node["revision"], node["name"]) for node in first["nodes"]] == [
        (3, "Three"),
        (2, "Two"),
    ]
    assert [edge["node"]["revision"] for edge in first["edges"]] == [3, 2]
    assert first["edges"][-1]["cursor"] == first["pageInfo"]["endCursor"]
    after = {"id": config_id, "first": 2, "after": first["pageInfo"]["endCursor"]}
    rest = (await api.data(MEMBER, VERSIONS, after))["config"]["versions"]
    (oldest,) = rest["nodes"]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert oldest.pop("createdAt") is not None
    assert oldest["incoming"].pop("secretSetAt") is not None
    assert oldest == {
        "revision": 1,
        "name": "Work",
        "emailAddress": "ann@example.net",
        "displayName": "Ann",
        "verified": True,
        "incoming": {"host": "imap.example.net"},
        "outgoing": {"host": "smtp.example.net"},
    }


async def test_nobody_gets_nothing(api: Api) -> None:
    """Without a session even a right id is refused."""
    config_id = await api.stored(MEMBER)
    answer = await api.call(None, READ, {"id": config_id})
    assert answer["data"] == {"config": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
