"""The mutation `submit`."""

from secrets import token_hex

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, SUBMIT, VIEWER, Api, form, server

READ = """
query ($id: ID!) {
  config(id: $id) {
    id name emailAddress shared revision status enabled externalId metadata
    provider { catalogueId }
    incoming { protocol host port security authentication username secretSetAt }
    outgoing { protocol host port security username }
    files { filename size kind }
  }
}
"""
PEOPLE_COUNT = "query { configs { totalCount } }"


async def test_a_full_form_is_stored_as_it_was_sent(api: Api) -> None:
    """Everything but the secret comes back, checked and completed."""
    config_id = await api.stored(MEMBER, externalId="crm-7", metadata={"team": "blue"})
    config = (await api.data(MEMBER, READ, {"id": config_id}))["config"]
    secret_set_at = config["incoming"].pop("secretSetAt")
    assert secret_set_at is not None
    assert config == {
        "id": config_id,
        "name": "Work",
        "emailAddress": "ann@example.net",
        "shared": False,
        "revision": 1,
        "status": "UNVERIFIED",
        "enabled": True,
        "externalId": "crm-7",
        "metadata": {"team": "blue"},
        "provider": None,
        "incoming": {
            "protocol": "IMAP",
            "host": "imap.example.net",
            "port": 993,
            "security": "TLS",
            "authentication": "AUTO",
            "username": "ann@example.net",
        },
        "outgoing": {
            "protocol": "SMTP",
            "host": "smtp.example.net",
            "port": 465,
            "security": "TLS",
            "username": "ann@example.net",
        },
        "files": [],
    }


async def test_nothing_is_dialled(api: Api) -> None:
    """It stores and never tests."""
    await api.stored(MEMBER)
    assert api.prober.requests == []


@pytest.mark.parametrize("field", ["incoming", "outgoing"])
async def test_an_account_with_one_server_is_first_class(api: Api, field: str) -> None:
    """Reading only and sending only are both fine; the other server is null."""
    config_id = await api.stored(MEMBER, **{field: None})
    config = (await api.data(MEMBER, READ, {"id": config_id}))["config"]
    assert config[field] is None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        # A URL is no host name.
        ({"incoming": server("https://imap.example.net/")}, ["incoming", "host"]),
        # There is no such port.
        ({"incoming": server(port=70000)}, ["incoming", "port"]),
        # No clear text unless the operator allows it.
        ({"incoming": server(port=143, security="NONE")}, ["incoming", "security"]),
        # Not an address.
        ({"emailAddress": "ann at example.net"}, ["emailAddress"]),
    ],
)
async def test_a_form_with_an_error_is_refused_and_nothing_is_stored(
    api: Api, changes: dict[str, object], path: list[str]
) -> None:
    """The issue names its field; the list stays empty."""
    payload = await api.submit(MEMBER, **changes)
    assert payload["config"] is None
    assert path in [error["path"] for error in payload["errors"]]
    assert {error["__typename"] for error in payload["errors"]} == {"ValidationIssue"}
    assert (await api.data(ADMIN, PEOPLE_COUNT))["configs"]["totalCount"] == 0


async def test_the_same_address_twice_is_a_duplicate(api: Api) -> None:
    """Same workspace, owner and address, in any case; another owner may have it too."""
    first = await api.stored(MEMBER)
    query = SUBMIT.replace("path }", "path ... on DuplicateError { existing { id } } }")
    answer = await api.data(MEMBER, query, {"input": form(emailAddress="Ann@EXAMPLE.net")})
    (error,) = answer["submit"]["errors"]
    assert error["__typename"] == "DuplicateError"
    assert error["path"] == ["emailAddress"]
    assert error["existing"] == {"id": first}
    await api.stored(COLLEAGUE)


async def test_an_external_id_is_unique_in_the_workspace(api: Api) -> None:
    """The holder is shown to nobody who may not see it."""
    await api.stored(MEMBER, externalId="crm-7")
    query = SUBMIT.replace("path }", "path ... on DuplicateError { existing { id } } }")
    answer = await api.data(COLLEAGUE, query, {"input": form(externalId="crm-7")})
    (error,) = answer["submit"]["errors"]
    assert error["path"] == ["externalId"]
    assert error["existing"] is None


async def test_the_same_key_answers_with_the_first_result(api: Api) -> None:
    """A repeated request stores nothing twice."""
    first = await api.stored(MEMBER, idempotencyKey="key-1")
    assert await api.stored(MEMBER, idempotencyKey="key-1") == first
    assert (await api.data(MEMBER, PEOPLE_COUNT))["configs"]["totalCount"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        # Another name.
        {"name": "Other"},
        # Another password only: the fingerprint covers secrets.
        {"incoming": server(secret={"password": "another-one-1"})},
    ],
)
async def test_the_same_key_with_another_body_is_refused(
    api: Api, changes: dict[str, object]
) -> None:
    """The client has a fault that must not be hidden by the first answer."""
    await api.stored(MEMBER, idempotencyKey="key-1")
    payload = await api.submit(MEMBER, idempotencyKey="key-1", **changes)
    (error,) = payload["errors"]
    assert error["__typename"] == "IdempotencyConflictError"
    assert error["path"] == ["idempotencyKey"]


async def test_a_key_belongs_to_its_user(api: Api) -> None:
    """Two people may use the same key."""
    first = await api.stored(MEMBER, idempotencyKey="key-1")
    assert await api.stored(COLLEAGUE, idempotencyKey="key-1") != first


@pytest.mark.parametrize(
    ("key", "code"),
    [
        # More than an index of PostgreSQL takes, and one more than we do.
        (token_hex(5000), "TOO_LONG"),
        ("x" * 201, "TOO_LONG"),
        ("x" * 200, None),
    ],
    ids=["10000", "201", "200"],
)
async def test_the_length_of_a_key_is_bounded(api: Api, key: str, code: str | None) -> None:
    """Too long a one is an issue of its field, and nothing is stored."""
    query = SUBMIT.replace("path }", "path ... on ValidationIssue { code } }")
    answer = await api.data(MEMBER, query, {"input": form(idempotencyKey=key)})
    found = [(error["path"], error["code"]) for error in answer["submit"]["errors"]]
    assert found == ([(["idempotencyKey"], code)] if code else [])
    total = (await api.data(ADMIN, PEOPLE_COUNT))["configs"]["totalCount"]
    assert total == (0 if code else 1)


async def test_characters_that_cannot_be_stored_are_no_fault_of_ours(api: Api) -> None:
    """PostgreSQL has no NUL; SQLite does: stored or refused, never an internal error."""
    payload = await api.submit(MEMBER, idempotencyKey="\x00")
    names = [error["__typename"] for error in payload["errors"]]
    assert names == ([] if payload["config"] else ["ValidationIssue"])


async def test_viewers_store_nothing(api: Api) -> None:
    """A viewer reads only."""
    (error,) = (await api.submit(VIEWER))["errors"]
    assert error["__typename"] == "ForbiddenError"


async def test_only_admins_store_shared_configurations(api: Api) -> None:
    """A member asks in vain; an admin's is seen by all."""
    (error,) = (await api.submit(MEMBER, shared=True))["errors"]
    assert error["__typename"] == "ForbiddenError"
    config_id = await api.stored(ADMIN, shared=True)
    config = (await api.data(VIEWER, READ, {"id": config_id}))["config"]
    assert config["shared"] is True


async def test_keeping_a_secret_that_is_not_there_is_refused(api: Api) -> None:
    """A new configuration has no stored secret to keep."""
    payload = await api.submit(MEMBER, incoming=server(secret={"keep": True}))
    (error,) = payload["errors"]
    assert error["__typename"] == "SecretRequiredError"
    assert error["path"] == ["incoming", "secret"]


async def test_a_file_comes_with_the_form(api: Api) -> None:
    """One multipart request stores the form with its file."""
    files = [{"upload": {"file": None, "kind": "ATTACHMENT"}}]
    answer = await api.upload(
        MEMBER,
        SUBMIT,
        {"input": form(files=files)},
        {"variables.input.files.0.upload.file": ("terms.txt", b"Be kind.\n", "text/plain")},
    )
    payload = answer["data"]["submit"]
    assert payload["errors"] == []
    (file,) = payload["config"]["files"]
    assert (file["filename"], file["kind"]) == ("terms.txt", "ATTACHMENT")


async def test_a_refused_form_keeps_none_of_its_files(api: Api) -> None:
    """What came with a duplicate is gone: nothing in the table, nothing in the store."""
    await api.stored(MEMBER)
    files = [{"upload": {"file": None, "kind": "ATTACHMENT"}}]
    answer = await api.upload(
        MEMBER,
        SUBMIT,
        {"input": form(files=files)},
        {"variables.input.files.0.upload.file": ("terms.txt", b"Be kind.\n", "text/plain")},
    )
    (error,) = answer["data"]["submit"]["errors"]
    assert error["__typename"] == "DuplicateError"
    blobs = [path for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file()]
    assert blobs == []
