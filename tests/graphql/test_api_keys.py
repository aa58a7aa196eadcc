"""The mutations `createApiKey` and `revokeApiKey`, the query `apiKeys`, and calling by a key."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kit.api import (
    ADMIN,
    COLLEAGUE,
    MEMBER,
    OWNER,
    STRANGER,
    VIEWER,
    Api,
    FakeProber,
    form,
    serving,
)
from kit.live import listening
from kit.machines import CREATE_KEY, EVERY_SCOPE, REVOKE_KEY, new_key
from kit.rowdump import all_rows
from mailconfig.bootstrap import open_database
from mailconfig.domain.apikeys import digest_of, key_of, well_formed
from mailconfig.domain.clock import utc_now
from mailconfig.settings import Settings

WHO = "{ viewer { email role channel scopes } }"
KEYS = """
query ($first: Int, $after: String) {
  apiKeys(first: $first, after: $after) {
    nodes { id name prefix lastUsedAt revokedAt }
    edges { cursor }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def refused(api: Api, who: str, **changes: object) -> list[dict[str, Any]]:
    """Return the errors of a createApiKey that must fail."""
    wish = {"name": "k", "role": "MEMBER", "scopes": ["CONFIGS_READ"], **changes}
    made = (await api.data(who, CREATE_KEY, {"input": wish}))["createApiKey"]
    assert (made["apiKey"], made["key"]) == (None, None)
    errors: list[dict[str, Any]] = made["errors"]
    return errors


async def changed(api: Api, statement: str) -> None:
    """Change the database behind the application's back."""
    database = await open_database(api.settings)
    async with database.identity() as identity:
        await identity._transaction.run(text(statement))
    await database.close()


async def names(api: Api, who: str) -> list[str]:
    """Return the names of the keys that somebody sees."""
    return [key["name"] for key in (await api.data(who, KEYS))["apiKeys"]["nodes"]]


async def revoke(api: Api, who: str, key_id: str) -> dict[str, Any]:
    """Return the payload of revokeApiKey."""
    payload: dict[str, Any] = (await api.data(who, REVOKE_KEY, {"input": {"id": key_id}}))[
        "revokeApiKey"
    ]
    return payload


async def test_a_key_acts_for_who_made_it(api: Api) -> None:
    """It is shown once; what is stored is its digest."""
    shown = await new_key(api, "billing", role="MEMBER", scopes=["TESTS_RUN", "CONFIGS_READ"])
    key = api.tokens["billing"]
    assert well_formed(key)
    assert (shown["prefix"], shown["scopes"]) == (key[:12], ["CONFIGS_READ", "TESTS_RUN"])
    assert (await api.data("billing", WHO))["viewer"] == {
        "email": "owner@example.org",
        "role": "MEMBER",
        "channel": "API_KEY",
        "scopes": ["CONFIGS_READ", "TESTS_RUN"],
    }
    rows = await all_rows(api.settings.effective_database_url)
    assert key not in str(rows)
    assert key[12:] not in str(rows)


async def test_people_have_no_scopes(api: Api) -> None:
    """Null says that the role decides alone."""
    viewer = (await api.data(MEMBER, WHO))["viewer"]
    assert (viewer["channel"], viewer["scopes"]) == ("BEARER", None)


async def test_a_key_works_with_what_it_may(api: Api) -> None:
    """What it stores is its member's."""
    await new_key(api, "key", role="MEMBER", scopes=["CONFIGS_WRITE", "CONFIGS_READ"])
    config_id = await api.stored("key")
    found = await api.data(
        OWNER, "query ($id: ID!) { config(id: $id) { name } }", {"id": config_id}
    )
    assert found["config"] == {"name": "Work"}


async def test_a_payload_shows_a_writer_nothing_that_is_read(api: Api) -> None:
    """Without configs:read a duplicate does not show what has the address."""
    await new_key(api, "writer", role="MEMBER", scopes=["CONFIGS_WRITE"])
    shown = "config { name } errors { __typename ... on DuplicateError { existing { id } } }"
    document = f"mutation ($input: SubmitInput!) {{ submit(input: $input) {{ {shown} }} }}"
    stored = await api.data("writer", document, {"input": form()})
    assert stored["submit"] == {"config": {"name": "Work"}, "errors": []}
    answer = await api.data("writer", document, {"input": form()})
    assert answer["submit"]["errors"] == [{"__typename": "DuplicateError", "existing": None}]


@pytest.mark.parametrize(
    ("who", "role", "kinds"),
    [
        (ADMIN, "OWNER", ["ForbiddenError"]),
        (MEMBER, "MEMBER", ["ForbiddenError"]),
        (VIEWER, "VIEWER", ["ForbiddenError"]),
    ],
)
async def test_nobody_makes_a_key_above_themselves(
    api: Api, who: str, role: str, kinds: list[str]
) -> None:
    """Administrators make keys, at most of their own role."""
    assert [error["__typename"] for error in await refused(api, who, role=role)] == kinds
    assert await names(api, OWNER) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"name": "a\u202eb"}, ["name"]),
        ({"scopes": []}, ["scopes"]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, ["expiresAt"]),
    ],
    ids=["blank", "long", "lines", "bidi", "no-scope", "past"],
)
async def test_a_wish_is_checked(api: Api, changes: dict[str, object], path: list[str]) -> None:
    """Each problem names its field."""
    assert [error["path"] for error in await refused(api, ADMIN, **changes)] == [path]


async def test_a_workspace_has_so_many_keys(app_settings: Settings) -> None:
    """Those that may be used count; a revoked one makes room."""
    limits = {"api_keys_per_workspace": 2, "api_key_max_days": 30}
    async with serving(app_settings.model_copy(update=limits)) as api:
        ends = (utc_now() + timedelta(days=29)).isoformat()
        first = await new_key(api, "one", expiresAt=ends)
        await new_key(api, "two", expiresAt=ends)
        (error,) = await refused(api, OWNER, expiresAt=ends)
        assert error["message"] == "A workspace has at most 2 API keys."
        await revoke(api, OWNER, first["id"])
        await new_key(api, "three", expiresAt=ends)
        late = (utc_now() + timedelta(days=31)).isoformat()
        for end in (None, late):
            (error,) = await refused(api, OWNER, expiresAt=end)
            assert error["message"] == "A key lives for at most 30 days."


async def test_who_sees_which_keys(api: Api) -> None:
    """Administrators all of the workspace, others their own, other workspaces none."""
    await new_key(api, "of the owner")
    await new_key(api, "of the admin", who=ADMIN)
    await new_key(api, "of a stranger", who=STRANGER)
    assert await names(api, OWNER) == ["of the admin", "of the owner"]
    assert await names(api, ADMIN) == ["of the admin", "of the owner"]
    assert await names(api, MEMBER) == await names(api, VIEWER) == []
    assert await names(api, STRANGER) == ["of a stranger"]
    page = (await api.data(OWNER, KEYS, {"first": 1}))["apiKeys"]
    assert page["pageInfo"]["hasNextPage"]
    rest = await api.data(OWNER, KEYS, {"first": 5, "after": page["pageInfo"]["endCursor"]})
    assert [key["name"] for key in rest["apiKeys"]["nodes"]] == ["of the owner"]


async def test_a_revoked_key_is_refused_at_once(api: Api) -> None:
    """Although it was used right before; a second revocation changes nothing."""
    shown = await new_key(api, "key")
    await api.data("key", WHO)
    first = await revoke(api, ADMIN, shown["id"])
    assert first["apiKey"]["revokedAt"]
    answer = await api.call("key", "{ configs { totalCount } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["errors"][0]["message"] == "The API key has expired or was revoked."
    assert (await api.data("key", WHO))["viewer"] is None
    assert await revoke(api, ADMIN, shown["id"]) == first


async def test_who_may_not_revoke_finds_no_key(api: Api) -> None:
    """Members not another's, and nobody one of another workspace; it works on."""
    shown = await new_key(api, "key")
    for who in (MEMBER, COLLEAGUE, STRANGER):
        payload = await revoke(api, who, shown["id"])
        assert [(e["__typename"], e["path"]) for e in payload["errors"]] == [
            ("NotFoundError", ["id"])
        ]
    assert (await api.data("key", WHO))["viewer"]["channel"] == "API_KEY"


async def test_words_that_are_no_key(api: Api) -> None:
    """One sentence, whether the form is wrong or nobody has such a key."""
    await new_key(api, "key")
    key = api.tokens["key"]
    for word in ("mck_", key[:-1], key + "x", key[:-6] + "000000", key_of("A" * 43)):
        api.tokens["guess"] = word
        answer = await api.call("guess", "{ configs { totalCount } }")
        assert [error["message"] for error in answer["errors"]] == ["The API key is not valid."]


async def test_a_wrong_checksum_asks_the_database_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guesses of that kind cost us a sum."""
    asked: list[str] = []

    async def asks(_self: object, digest: str) -> None:
        asked.append(digest)

    monkeypatch.setattr("mailconfig.storage.reads.keys.KeyReads.key_by_digest", asks)
    api.tokens["guess"] = key_of("A" * 43)[:-1] + "_"
    await api.call("guess", "{ configs { totalCount } }")
    assert asked == []
    api.tokens["guess"] = key_of("A" * 43)
    await api.call("guess", "{ configs { totalCount } }")
    assert set(asked) == {digest_of(key_of("A" * 43))}


async def test_the_lower_role_counts_and_the_key_ends_with_the_membership(
    app_settings: Settings,
) -> None:
    """A member who becomes less, or leaves, takes their keys along."""
    settings = app_settings.model_copy(update={"session_cache_seconds": 0})
    async with serving(settings) as api:
        await new_key(api, "key", who=ADMIN, role="ADMIN")
        await changed(api, "UPDATE memberships SET role = 'VIEWER' WHERE role = 'ADMIN'")
        assert (await api.data("key", WHO))["viewer"]["role"] == "VIEWER"
        await changed(
            api,
            "DELETE FROM memberships WHERE user_id IN"
            " (SELECT id FROM users WHERE email = 'admin@example.org')",
        )
        assert (await api.data("key", WHO))["viewer"] is None


async def test_a_key_keeps_no_budget_of_its_member(api: Api) -> None:
    """Points of keys and of people are counted apart."""
    await new_key(api, "key")
    found = []
    for who in (OWNER, "key"):
        headers = {"Authorization": f"Bearer {api.tokens[who]}"}
        body = {"query": "{ configs(first: 100) { nodes { id } } }"}
        answer = await api.client.post("/graphql", json=body, headers=headers)
        found.append(answer.json()["extensions"]["cost"])
    whole = [cost["limit"] - cost["requested"] for cost in found]
    assert found[1]["remaining"] == whole[1]


async def test_the_last_use_is_known(api: Api) -> None:
    """To some minutes: the second use writes nothing."""
    await new_key(api, "key")
    listed = (await api.data(OWNER, KEYS))["apiKeys"]["nodes"]
    assert [key["lastUsedAt"] for key in listed] == [None]
    await api.data("key", WHO)
    (first,) = (await api.data(OWNER, KEYS))["apiKeys"]["nodes"]
    assert first["lastUsedAt"]
    await api.data("key", WHO)
    assert (await api.data(OWNER, KEYS))["apiKeys"]["nodes"] == [first]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_socket_ends_with_its_key(app_settings: Settings) -> None:
    """A revocation in this process closes it at once."""
    async with listening(app_settings, FakeProber()) as live:
        shown = await new_key(live, "key", scopes=EVERY_SCOPE)
        async with live.socket("key") as socket:
            await revoke(live, OWNER, shown["id"])
            assert await socket.end() == (4403, "Forbidden")
