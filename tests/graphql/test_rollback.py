"""The mutation `rollback`."""

from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, VIEWER, Api, server

ROLLBACK = """
mutation ($input: RollbackInput!) {
  rollback(input: $input) {
    config {
      id revision name status incoming { host port secretSetAt } outgoing { host }
      versions { nodes { revision name verified } }
    }
    errors { __typename path ... on RevisionConflictError { current { revision } } }
  }
}
"""
UPDATE = """
mutation ($input: UpdateInput!) {
  update(input: $input) { config { revision } errors { __typename message } }
}
"""
TEST = """
mutation ($id: ID!) {
  testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) { test { status } }
}
"""
READ = "query ($id: ID!) { config(id: $id) { revision name } }"


async def rollback(api: Api, who: str, config_id: str, revision: int, **more: object) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    given = {"id": config_id, "revision": revision, **more}
    return (await api.data(who, ROLLBACK, {"input": given}))["rollback"]


async def update(api: Api, config_id: str, **changes: object) -> None:
    """Change a configuration of MEMBER."""
    data = await api.data(MEMBER, UPDATE, {"input": {"id": config_id, **changes}})
    assert data["update"]["errors"] == []


async def test_an_earlier_revision_becomes_a_new_one(api: Api) -> None:
    """Going back is a change like any other: nothing of the history is lost."""
    config_id = await api.stored(MEMBER)
    await update(api, config_id, name="Home", outgoing=server("smtp.example.net", port=2525))
    payload = await rollback(api, MEMBER, config_id, 1)
    assert payload["errors"] == []
    config = payload["config"]
    assert (config["revision"], config["name"], config["status"]) == (3, "Work", "UNVERIFIED")
    assert config["versions"]["nodes"] == [
        {"revision": 3, "name": "Work", "verified": False},
        {"revision": 2, "name": "Home", "verified": False},
        {"revision": 1, "name": "Work", "verified": False},
    ]


async def test_a_server_that_was_removed_needs_its_secret_again(api: Api) -> None:
    """The secret went with the server; a rollback brings the server back with a new one only."""
    config_id = await api.stored(MEMBER)
    await update(api, config_id, incoming=None)
    (error,) = (await rollback(api, MEMBER, config_id, 1))["errors"]
    assert (error["__typename"], error["path"]) == ("SecretRequiredError", ["incomingSecret"])
    payload = await rollback(
        api, MEMBER, config_id, 1, incomingSecret={"password": "typed-again-3"}
    )
    assert payload["errors"] == []
    await api.data(MEMBER, TEST, {"id": config_id})
    assert api.prober.secrets == ["typed-again-3", "kept-for-later-9"]


async def test_the_present_secret_serves_on_the_same_site(api: Api) -> None:
    """Not the secret of then, which may be the reason for the change."""
    config_id = await api.stored(MEMBER)
    newer = server(port=143, security="STARTTLS", secret={"password": "newer-one-5"})
    await update(api, config_id, incoming=newer)
    payload = await rollback(api, MEMBER, config_id, 1)
    assert payload["config"]["incoming"]["port"] == 993
    await api.data(MEMBER, TEST, {"id": config_id})
    assert api.prober.secrets == ["newer-one-5", "kept-for-later-9"]


async def test_the_present_secret_does_not_follow_to_another_site(api: Api) -> None:
    """Whoever may edit must not learn a password by going back to a server of their own."""
    config_id = await api.stored(MEMBER, incoming=server("imap.evil.example"))
    await update(api, config_id, incoming=server(secret={"password": "precious-8"}))
    (error,) = (await rollback(api, MEMBER, config_id, 1))["errors"]
    assert (error["__typename"], error["path"]) == ("SecretRequiredError", ["incomingSecret"])
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["revision"] == 2
    assert api.prober.requests == []


async def test_a_passed_test_marks_its_revision_as_verified(api: Api) -> None:
    """The last known good state can be told from the others."""
    config_id = await api.stored(MEMBER)
    await api.data(MEMBER, TEST, {"id": config_id})
    await update(api, config_id, incoming=server(port=143, security="STARTTLS"))
    config = (await rollback(api, MEMBER, config_id, 1))["config"]
    assert [version["verified"] for version in config["versions"]["nodes"]] == [False, False, True]


async def test_a_revision_that_is_not_there_is_not_found(api: Api) -> None:
    """Neither a future one nor one before the first."""
    config_id = await api.stored(MEMBER)
    for revision in (0, 2, -1):
        (error,) = (await rollback(api, MEMBER, config_id, revision))["errors"]
        assert error["__typename"] == "NotFoundError"


async def test_the_expected_revision_counts(api: Api) -> None:
    """A change in between is not undone by accident."""
    config_id = await api.stored(MEMBER)
    await update(api, config_id, name="Home")
    (error,) = (await rollback(api, MEMBER, config_id, 1, expectedRevision=1))["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert error["current"] == {"revision": 2}
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["name"] == "Home"


@pytest.mark.parametrize(
    ("who", "error"),
    [(COLLEAGUE, "NotFoundError"), (ADMIN, "ForbiddenError"), (VIEWER, "ForbiddenError")],
)
async def test_only_its_owner_goes_back(api: Api, who: str, error: str) -> None:
    """As with update."""
    config_id = await api.stored(MEMBER)
    payload = await rollback(api, who, config_id, 1)
    assert [found["__typename"] for found in payload["errors"]] == [error]
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["revision"] == 1
