"""The mutation `update`."""

import asyncio
from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, server

UPDATE = """
mutation ($input: UpdateInput!) {
  update(input: $input) {
    config {
      id revision name emailAddress displayName externalId metadata enabled status
      incoming { host port username secretSetAt } outgoing { host secretSetAt }
      files { filename }
    }
    errors {
      __typename message path
      ... on RevisionConflictError { current { id revision name } }
      ... on DuplicateError { existing { id } }
    }
  }
}
"""
READ = "query ($id: ID!) { config(id: $id) { revision name incoming { host } status } }"
TEST = """
mutation ($id: ID!) {
  testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) {
    test { status } errors { message }
  }
}
"""


async def update(api: Api, who: str, config_id: str, **changes: object) -> dict[str, Any]:
    """Run the mutation and return its payload."""
    data = await api.data(who, UPDATE, {"input": {"id": config_id, **changes}})
    return data["update"]


async def changed(api: Api, config_id: str, **changes: object) -> dict[str, Any]:
    """Run the mutation, which must succeed, and return the configuration."""
    payload = await update(api, MEMBER, config_id, **changes)
    assert payload["errors"] == []
    return payload["config"]


async def test_what_is_not_named_stays(api: Api) -> None:
    """A change of one field leaves all others, secrets included, and counts the revision."""
    config_id = await api.stored(
        MEMBER, displayName="Ann", externalId="crm-7", metadata={"team": "blue"}
    )
    before = await changed(api, config_id)
    after = await changed(api, config_id, name="Home")
    assert before["revision"] == 2
    assert after == before | {"revision": 3, "name": "Home"}
    assert after["incoming"]["secretSetAt"] is not None


@pytest.mark.parametrize(
    ("field", "cleared"),
    [
        ("displayName", None),
        ("externalId", None),
        ("metadata", None),
        # The server goes with its secret.
        ("incoming", None),
        ("outgoing", None),
    ],
)
async def test_null_clears(api: Api, field: str, cleared: object) -> None:
    """Null is not absence: the field is empty afterwards, the others are as they were."""
    config_id = await api.stored(
        MEMBER, displayName="Ann", externalId="crm-7", metadata={"team": "blue"}
    )
    before = await changed(api, config_id)
    after = await changed(api, config_id, **{field: None})
    assert after == before | {"revision": 3, field: cleared}


@pytest.mark.parametrize("field", ["name", "emailAddress", "enabled"])
async def test_null_for_what_cannot_be_empty_is_refused(api: Api, field: str) -> None:
    """The schema says which fields may be cleared; nothing changes otherwise."""
    config_id = await api.stored(MEMBER)
    answer = await api.call(MEMBER, UPDATE, {"input": {"id": config_id, field: None}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["revision"] == 1


async def test_clearing_both_servers_is_refused(api: Api) -> None:
    """A configuration without a server is none."""
    config_id = await api.stored(MEMBER)
    payload = await update(api, MEMBER, config_id, incoming=None, outgoing=None)
    assert payload["config"] is None
    assert {error["__typename"] for error in payload["errors"]} == {"ValidationIssue"}
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["revision"] == 1


async def test_the_expected_revision_lets_the_first_of_two_win(api: Api) -> None:
    """The second learns the present state and has changed nothing."""
    config_id = await api.stored(MEMBER)
    await changed(api, config_id, name="First", expectedRevision=1)
    payload = await update(api, MEMBER, config_id, name="Second", expectedRevision=1)
    assert payload["config"] is None
    (error,) = payload["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert error["path"] == ["expectedRevision"]
    assert error["current"] == {"id": config_id, "revision": 2, "name": "First"}
    assert (await api.data(MEMBER, READ, {"id": config_id}))["config"]["name"] == "First"


async def test_of_many_at_once_one_wins(api: Api) -> None:
    """Five changes of the same revision at the same time: one succeeds, four conflict."""
    config_id = await api.stored(MEMBER)
    names = [f"Name {number}" for number in range(5)]
    payloads = await asyncio.gather(
        *(update(api, MEMBER, config_id, name=name, expectedRevision=1) for name in names)
    )
    (winner,) = [payload["config"]["name"] for payload in payloads if payload["config"]]
    errors = [error["__typename"] for payload in payloads for error in payload["errors"]]
    assert errors == ["RevisionConflictError"] * 4
    config = (await api.data(MEMBER, READ, {"id": config_id}))["config"]
    assert (config["revision"], config["name"]) == (2, winner)


async def test_without_an_expected_revision_whatever_is_there_is_changed(api: Api) -> None:
    """Leaving it out overwrites."""
    config_id = await api.stored(MEMBER)
    await changed(api, config_id, name="First")
    assert (await changed(api, config_id, name="Second"))["revision"] == 3


@pytest.mark.parametrize(
    "secret",
    [
        # Not named: it stays where that is safe.
        {},
        # Asked for.
        {"secret": {"keep": True}},
    ],
)
async def test_the_secret_is_kept_on_the_same_site(api: Api, secret: dict[str, object]) -> None:
    """Another port of the same host keeps the password: the next test signs in with it."""
    config_id = await api.stored(MEMBER)
    given = server() | {"port": 143, "security": "STARTTLS"}
    del given["secret"]
    after = await changed(api, config_id, incoming=given | secret)
    assert after["incoming"]["port"] == 143
    assert after["incoming"]["secretSetAt"] is not None
    await api.data(MEMBER, TEST, {"id": config_id})
    assert api.prober.secrets == ["kept-for-later-9", "kept-for-later-9"]


@pytest.mark.parametrize(
    "change",
    [
        # Another site.
        {"host": "imap.example.org"},
        # Another user.
        {"username": "bob@example.net"},
    ],
)
async def test_the_secret_does_not_follow_elsewhere(api: Api, change: dict[str, str]) -> None:
    """The password must be typed again, and nothing was changed or dialled."""
    config_id = await api.stored(MEMBER)
    given = server() | {"secret": {"keep": True}} | change
    payload = await update(api, MEMBER, config_id, incoming=given)
    (error,) = payload["errors"]
    assert error["__typename"] == "SecretRequiredError"
    assert error["path"] == ["incoming", "secret"]
    config = (await api.data(MEMBER, READ, {"id": config_id}))["config"]
    assert config["incoming"] == {"host": "imap.example.net"}
    assert api.prober.requests == []


async def test_a_new_secret_takes_the_place_of_the_old(api: Api) -> None:
    """The next test signs in with the new password."""
    config_id = await api.stored(MEMBER)
    await changed(api, config_id, incoming=server(secret={"password": "brand-new-7"}))
    await api.data(MEMBER, TEST, {"id": config_id})
    assert api.prober.secrets == ["brand-new-7", "kept-for-later-9"]


async def test_the_status_falls_only_when_servers_change(api: Api) -> None:
    """A tested configuration stays WORKING under another name, not with another port."""
    config_id = await api.stored(MEMBER)
    await api.data(MEMBER, TEST, {"id": config_id})
    renamed = await changed(api, config_id, name="Home", displayName="Ann", enabled=False)
    assert renamed["status"] == "WORKING"
    moved = await changed(api, config_id, outgoing=server("smtp.example.net", port=587))
    assert moved["status"] == "UNVERIFIED"


async def test_a_new_secret_is_untested(api: Api) -> None:
    """The same servers with another password were never seen working."""
    config_id = await api.stored(MEMBER)
    await api.data(MEMBER, TEST, {"id": config_id})
    after = await changed(api, config_id, incoming=server(secret={"password": "brand-new-7"}))
    assert after["status"] == "UNVERIFIED"


async def test_files_are_added(api: Api) -> None:
    """What is uploaded with the change joins what was there."""
    config_id = await api.stored(MEMBER)
    for name in ("one.txt", "two.txt"):
        answer = await api.upload(
            MEMBER,
            UPDATE,
            {
                "input": {
                    "id": config_id,
                    "files": [{"upload": {"file": None, "kind": "ATTACHMENT"}}],
                }
            },
            {"variables.input.files.0.upload.file": (name, b"Be kind.\n", "text/plain")},
        )
        assert answer["data"]["update"]["errors"] == []
    files = (await changed(api, config_id))["files"]
    assert sorted(file["filename"] for file in files) == ["one.txt", "two.txt"]


async def test_a_refused_change_keeps_none_of_its_files(api: Api) -> None:
    """A conflict leaves no file behind, neither in the table nor in the store."""
    config_id = await api.stored(MEMBER)
    answer = await api.upload(
        MEMBER,
        UPDATE,
        {
            "input": {
                "id": config_id,
                "expectedRevision": 9,
                "files": [{"upload": {"file": None, "kind": "ATTACHMENT"}}],
            }
        },
        {"variables.input.files.0.upload.file": ("one.txt", b"Be kind.\n", "text/plain")},
    )
    (error,) = answer["data"]["update"]["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert [path for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file()] == []


async def test_the_address_of_another_is_a_duplicate(api: Api) -> None:
    """The same owner has each address once, in any case; the holder is named."""
    first = await api.stored(MEMBER)
    second = await api.stored(MEMBER, emailAddress="bob@example.net")
    payload = await update(api, MEMBER, second, emailAddress="Ann@EXAMPLE.net")
    (error,) = payload["errors"]
    assert error["__typename"] == "DuplicateError"
    assert error["existing"] == {"id": first}


async def test_its_own_address_is_no_duplicate(api: Api) -> None:
    """A configuration does not stand in its own way."""
    config_id = await api.stored(MEMBER, externalId="crm-7")
    after = await changed(api, config_id, emailAddress="ann@example.net", externalId="crm-7")
    assert after["revision"] == 2


@pytest.mark.parametrize(
    ("who", "error"),
    [
        # Whose existence is hidden.
        (COLLEAGUE, "NotFoundError"),
        (STRANGER, "NotFoundError"),
        # Who may see it, but is not its owner.
        (ADMIN, "ForbiddenError"),
        (OWNER, "ForbiddenError"),
        # Who reads only.
        (VIEWER, "ForbiddenError"),
    ],
)
async def test_only_its_owner_changes_a_configuration(api: Api, who: str, error: str) -> None:
    """Everybody else is refused and changes nothing."""
    config_id = await api.stored(MEMBER)
    payload = await update(api, who, config_id, name="Mine now")
    assert [found["__typename"] for found in payload["errors"]] == [error]
    config = (await api.data(MEMBER, READ, {"id": config_id}))["config"]
    assert config["name"] == "Work"


async def test_shared_configurations_are_changed_by_admins(api: Api) -> None:
    """Members use it as it is."""
    config_id = await api.stored(ADMIN, shared=True)
    (error,) = (await update(api, MEMBER, config_id, name="Ours"))["errors"]
    assert error["__typename"] == "ForbiddenError"
    payload = await update(api, OWNER, config_id, name="Ours")
    assert (payload["errors"], payload["config"]["name"]) == ([], "Ours")


@pytest.mark.parametrize("config_id", ["", "nonsense", "RmlsZTox", "RW1haWxDb25maWc6MQ"])
async def test_an_id_of_nothing_is_not_found(api: Api, config_id: str) -> None:
    """Empty, foreign, of another type, or without a UUID: all read the same."""
    (error,) = (await update(api, MEMBER, config_id, name="x"))["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["id"])
