"""Quotas as clients meet them: what is refused stores nothing, and what is deleted makes room."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.api import MEMBER, OWNER, STRANGER, Api, form, server, serving
from kit.rowdump import Rows, all_rows
from mailconfig.settings import Settings

REFUSED = (
    "errors { __typename path message ... on QuotaExceededError { quota limit } "
    "... on ValidationIssue { code } }"
)
UPLOAD = (
    "mutation ($input: UploadFileInput!) { uploadFile(input: $input) "
    f"{{ file {{ id }} {REFUSED} }} }}"
)
SUBMIT = (
    "mutation ($input: SubmitInput!) { submit(input: $input) "
    f"{{ config {{ id files {{ id }} }} {REFUSED} }} }}"
)
DELETE = f"mutation ($input: DeleteInput!) {{ delete(input: $input) {{ deletedId {REFUSED} }} }}"
DELETE_FILE = (
    f"mutation ($input: DeleteFileInput!) {{ deleteFile(input: $input) {{ deletedId {REFUSED} }} }}"
)
TEST = (
    "mutation ($input: TestConnectionInput!) { testConnection(input: $input) "
    f"{{ test {{ id }} {REFUSED} }} }}"
)
USED = "{ workspace { quotas { quota used } } }"


@asynccontextmanager
async def limited(settings: Settings, **quotas: int) -> AsyncIterator[Api]:
    """Serve with quotas."""
    changes = {f"quota_{name}": limit for name, limit in quotas.items()}
    async with serving(settings.model_copy(update=changes)) as api:
        yield api


def refusal(quota: str, limit: int) -> list[dict[str, Any]]:
    """Return the errors of a payload."""
    message = SENTENCES[quota].format(limit)
    return [
        {
            "__typename": "QuotaExceededError",
            "path": [],
            "message": message,
            "quota": quota,
            "limit": float(limit),
        }
    ]


SENTENCES = {
    "CONFIGS": "This workspace has room for {} configurations.",
    "FILE_BYTES": "This workspace has room for {} bytes of files.",
    "TESTS_PER_DAY": "This workspace may run {} connection tests a day.",
}


def blobs(api: Api) -> set[Path]:
    """Return the files of the store."""
    folder = api.settings.data_dir / "blobs"
    return {path for path in folder.rglob("*") if path.is_file()}


async def rows(api: Api) -> Rows:
    """Return all that is stored, but for when sessions were used."""
    found = dict(await all_rows(api.settings.effective_database_url))
    found.pop("sessions")
    return found


async def used(api: Api, quota: str, who: str = OWNER) -> float:
    """Return how much of a quota is used."""
    shown = (await api.data(who, USED))["workspace"]["quotas"]
    return {each["quota"]: each["used"] for each in shown}[quota]


async def upload(api: Api, size: int, who: str = MEMBER) -> dict[str, Any]:
    """Upload a text of that size and return the payload."""
    given = {"input": {"file": None, "kind": "ATTACHMENT"}}
    place = {"variables.input.file": ("a.txt", b"x" * size, "text/plain")}
    return (await api.upload(who, UPLOAD, given, place))["data"]["uploadFile"]


async def run(api: Api, query: str, given: Mapping[str, Any], who: str = MEMBER) -> dict[str, Any]:
    """Run a mutation and return the payload."""
    (payload,) = (await api.data(who, query, {"input": given})).values()
    return payload


async def test_files_are_refused_to_the_byte(app_settings: Settings) -> None:
    """Nothing of a file that is too much stays, in no table and in no folder; the rest fits."""
    async with limited(app_settings, file_bytes=10) as api:
        kept = (await upload(api, 6))["file"]["id"]
        before, files = await rows(api), blobs(api)
        assert await upload(api, 5) == {"file": None, "errors": refusal("FILE_BYTES", 10)}
        assert (await rows(api), blobs(api)) == (before, files)
        assert await used(api, "FILE_BYTES") == 6
        assert (await upload(api, 4))["errors"] == []
        assert (await upload(api, 10, STRANGER))["errors"] == []  # another workspace has its own
        assert (await run(api, DELETE_FILE, {"id": kept}))["errors"] == []
        assert await used(api, "FILE_BYTES") == 4
        assert (await upload(api, 7))["errors"] == refusal("FILE_BYTES", 10)
        assert (await upload(api, 6))["errors"] == []


async def test_files_of_a_form_are_counted_with_it(app_settings: Settings) -> None:
    """Two of a form of which the second is too much: neither, and no configuration."""
    async with limited(app_settings, file_bytes=10) as api:
        before, files = await rows(api), blobs(api)
        given = form(files=[{"upload": {"file": None, "kind": "ATTACHMENT"}} for _ in range(2)])
        places = {
            f"variables.input.files.{number}.upload.file": ("a.txt", b"x" * 6, "text/plain")
            for number in range(2)
        }
        answer = await api.upload(MEMBER, SUBMIT, {"input": given}, places)
        assert answer["data"]["submit"]["config"] is None
        (error,) = answer["data"]["submit"]["errors"]
        assert (error["__typename"], error["quota"]) == ("QuotaExceededError", "FILE_BYTES")
        assert blobs(api) == files
        after = await rows(api)
        # The trail tells of the first one, which came and went.
        assert [table for table in after if after[table] != before[table]] == ["audit_events"]
        assert await used(api, "FILE_BYTES") == 0


async def test_configurations_make_room_when_they_go(app_settings: Settings) -> None:
    """The second of one is refused and stores nothing, until the first is deleted."""
    async with limited(app_settings, configs=1) as api:
        first = await api.stored(MEMBER)
        before = await rows(api)
        second = form(emailAddress="bo@example.net")
        payload = await run(api, SUBMIT, second)
        assert payload == {"config": None, "errors": refusal("CONFIGS", 1)}
        assert await rows(api) == before
        assert (await run(api, DELETE, {"id": first}))["errors"] == []
        assert (await run(api, SUBMIT, second))["errors"] == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_tests_beyond_a_day_s_dial_nobody(app_settings: Settings) -> None:
    """The third of two, of a configuration or a draft: no test, nothing dialled."""
    draft = {"draft": {"emailAddress": "bo@example.net", "incoming": server()}}
    async with limited(app_settings, tests_per_day=2) as api:
        target = {"configId": await api.stored(MEMBER)}
        for each in (target, draft):
            tested = await run(api, TEST, {"target": each, "waitSeconds": 20})
            assert tested["errors"] == []
        before, dialled = await rows(api), len(api.prober.requests)
        assert dialled == 2
        for each in (target, draft):
            payload = await run(api, TEST, {"target": each, "waitSeconds": 20})
            assert payload == {"test": None, "errors": refusal("TESTS_PER_DAY", 2)}
        assert await rows(api) == before
        assert len(api.prober.requests) == dialled
        assert (await run(api, TEST, {"target": draft}, STRANGER))["errors"] == []
