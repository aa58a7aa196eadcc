"""The mutation `cancelTest`."""

from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, form, serving
from kit.held import HeldProber
from mailconfig.settings import Settings

START = """
mutation ($target: ConnectionTestTarget!, $wait: Int! = 0) {
  testConnection(input: { target: $target, waitSeconds: $wait }) { test { id status } }
}
"""
CANCEL = """
mutation ($id: ID!) {
  cancelTest(input: { testId: $id }) {
    test { id status finishedAt diagnosis { code } steps { kind status } config { status } }
    errors { __typename path }
  }
}
"""


async def started(api: Api, who: str = MEMBER, **target: object) -> str:
    """Start a test and return its id."""
    data = await api.data(who, START, {"target": target})
    return data["testConnection"]["test"]["id"]


async def cancel(api: Api, who: str, test_id: str) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    return (await api.data(who, CANCEL, {"id": test_id}))["cancelTest"]


async def test_a_running_test_stops_at_once(app_settings: Settings) -> None:
    """The prober is cancelled, no step is left running, and the configuration is not judged."""
    prober = HeldProber()
    async with serving(app_settings, prober) as api:
        test_id = await started(api, configId=await api.stored(MEMBER))
        payload = await cancel(api, MEMBER, test_id)
        test = payload["test"]
        assert (payload["errors"], test["id"], test["status"]) == ([], test_id, "CANCELLED")
        assert test["finishedAt"] is not None
        assert test["diagnosis"] == {"code": "CANCELLED"}
        assert {step["status"] for step in test["steps"]} == {"SKIPPED"}
        assert test["config"] == {"status": "UNVERIFIED"}
        assert prober.cancelled <= 1


async def test_what_had_passed_stays_passed(app_settings: Settings) -> None:
    """A person sees how far it came."""
    prober = HeldProber()
    async with serving(app_settings, prober) as api:
        test_id = await started(api, configId=await api.stored(MEMBER, incoming=None))
        prober.release(2)
        while sum(step["status"] == "PASSED" for step in await _steps(api, test_id)) < 2:
            pass
        steps = (await cancel(api, MEMBER, test_id))["test"]["steps"]
        assert [step["status"] for step in steps] == ["PASSED"] * 2 + ["SKIPPED"] * 5
        assert prober.cancelled == 1


async def _steps(api: Api, test_id: str) -> list[dict[str, str]]:
    query = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { steps { status } } } }"
    return (await api.data(MEMBER, query, {"id": test_id}))["node"]["steps"]


async def test_a_waiting_test_never_starts(app_settings: Settings) -> None:
    """Its place goes to the next."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1})
    async with serving(settings, prober) as api:
        config_id = await api.stored(MEMBER)
        first = await started(api, configId=config_id)
        second = await started(api, configId=config_id)
        assert (await cancel(api, MEMBER, second))["test"]["status"] == "CANCELLED"
        assert (await cancel(api, MEMBER, first))["test"]["status"] == "CANCELLED"
        assert len(prober.requests) == 1


async def test_a_finished_test_stays_as_it_is(api: Api) -> None:
    """Cancelling it is no error and changes nothing."""
    target = {"target": {"configId": await api.stored(MEMBER)}, "wait": 20}
    test = (await api.data(MEMBER, START, target))["testConnection"]["test"]
    assert test["status"] == "PASSED"
    payload = await cancel(api, MEMBER, test["id"])
    assert (payload["errors"], payload["test"]["status"]) == ([], "PASSED")


async def test_who_may_stop_a_test(app_settings: Settings) -> None:
    """Whoever started it, and admins; to others a member's test does not exist."""
    prober = HeldProber()
    async with serving(app_settings, prober) as api:
        config_id = await api.stored(MEMBER)
        test_id = await started(api, configId=config_id)
        refusals = {
            COLLEAGUE: "NotFoundError",
            STRANGER: "NotFoundError",
            VIEWER: "ForbiddenError",
        }
        for who, name in refusals.items():
            payload = await cancel(api, who, test_id)
            assert [error["__typename"] for error in payload["errors"]] == [name], who
        assert prober.cancelled == 0
        assert (await cancel(api, OWNER, test_id))["test"]["status"] == "CANCELLED"


async def test_a_colleague_does_not_stop_the_test_of_a_shared_one(app_settings: Settings) -> None:
    """They see it run; the admin who shares it may stop it."""
    async with serving(app_settings, HeldProber()) as api:
        config_id = await api.stored(ADMIN, shared=True)
        test_id = await started(api, MEMBER, configId=config_id)
        (error,) = (await cancel(api, COLLEAGUE, test_id))["errors"]
        assert error["__typename"] == "ForbiddenError"
        assert (await cancel(api, ADMIN, test_id))["test"]["status"] == "CANCELLED"


async def test_a_draft_is_stopped_by_its_own_person_only(app_settings: Settings) -> None:
    """Not even an admin knows of it."""
    async with serving(app_settings, HeldProber()) as api:
        test_id = await started(api, MEMBER, draft=form())
        (error,) = (await cancel(api, ADMIN, test_id))["errors"]
        assert error["__typename"] == "NotFoundError"
        assert (await cancel(api, MEMBER, test_id))["test"]["status"] == "CANCELLED"


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("test_id", ["", "nonsense", "Q29ubmVjdGlvblRlc3Q6MQ"])
async def test_an_id_of_nothing_is_not_found(api: Api, test_id: str) -> None:
    """All read the same."""
    (error,) = (await cancel(api, MEMBER, test_id))["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["testId"])
