"""The mutation `testConnection`."""

import asyncio
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from kit.api import (
    ADMIN,
    COLLEAGUE,
    MEMBER,
    STRANGER,
    VIEWER,
    Api,
    FakeProber,
    form,
    server,
    serving,
)
from kit.held import HeldProber
from kit.outcomes import passed, plain_on_tls_port, wrong_password
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.servers import MailProtocol
from mailconfig.settings import Settings

TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status startedAt finishedAt
      config { id status }
      steps { id protocol kind status durationMs diagnosis { code } }
      diagnosis {
        code severity title advice fixableBy retryable paths serverReply
        fix { id title incoming { port } outgoing { host port security username } }
      }
    }
    errors {
      __typename message path
      ... on ValidationIssue { code } ... on RateLimitedError { retryAfterSeconds }
    }
  }
}
"""
READ = """
query ($id: ID!) {
  config(id: $id) {
    status revision lastTest { id status } tests { totalCount nodes { id } }
    versions { nodes { verified } }
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { id status } } }"
IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
TLS_STEPS = ["RESOLVE", "CONNECT", "TLS_HANDSHAKE", "GREETING", "CAPABILITIES", "AUTHENTICATE"]
PLAN = [
    *(("IMAP", kind) for kind in [*TLS_STEPS, "OPEN_MAILBOX"]),
    *(("SMTP", kind) for kind in [*TLS_STEPS, "SENDER_CHECK"]),
]
"""Steps of a test of two servers with TLS, in their order."""


async def start(api: Api, who: str, target: dict[str, object], **more: object) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    return (await api.data(who, TEST, {"input": {"target": target, **more}}))["testConnection"]


async def tested(api: Api, config_id: str, **more: object) -> dict[str, Any]:
    """Test a stored configuration to the end and return the test."""
    payload = await start(api, MEMBER, {"configId": config_id}, waitSeconds=20, **more)
    assert payload["errors"] == []
    return payload["test"]


async def read(api: Api, config_id: str) -> dict[str, Any]:
    """Return a configuration of MEMBER."""
    return (await api.data(MEMBER, READ, {"id": config_id}))["config"]


# pytest would take it for a test by its name.
tested.__test__ = False  # type: ignore[attr-defined]


async def test_a_stored_configuration_passes(api: Api) -> None:
    """All steps passed, in plan order, no diagnosis; the configuration is WORKING from then on."""
    config_id = await api.stored(MEMBER)
    test = await tested(api, config_id)
    assert test["status"] == "PASSED"
    assert test["diagnosis"] is None
    assert test["finishedAt"] >= test["startedAt"]
    assert [(step["protocol"], step["kind"]) for step in test["steps"]] == PLAN
    assert {step["status"] for step in test["steps"]} == {"PASSED"}
    assert {step["durationMs"] for step in test["steps"]} == {1}
    assert len({step["id"] for step in test["steps"]}) == len(PLAN)
    config = await read(api, config_id)
    assert (config["status"], config["revision"]) == ("WORKING", 1)
    assert config["lastTest"] == {"id": test["id"], "status": "PASSED"}
    assert config["versions"]["nodes"] == [{"verified": True}]


async def test_the_prober_is_asked_for_what_is_stored(api: Api) -> None:
    """Both servers, their secrets, the sender for SMTP only, under the operator's deadline."""
    await tested(api, await api.stored(MEMBER))
    (request,) = api.prober.requests
    assert api.prober.hosts == ["imap.example.net", "smtp.example.net"]
    assert api.prober.secrets == ["kept-for-later-9", "kept-for-later-9"]
    assert [target.sender for target in request.targets] == [None, "ann@example.net"]
    assert request.deadline_seconds == 20
    assert request.trust_anchors == ()


async def test_a_failure_is_a_result_with_a_diagnosis_and_a_fix(api: Api) -> None:
    """The payload has no errors; the diagnosis names fields and offers what would mend it."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = (passed(IMAP), plain_on_tls_port())
    test = await tested(api, config_id)
    diagnosis = test["diagnosis"]
    fix = diagnosis["fix"]
    assert test["status"] == "FAILED"
    assert diagnosis["code"] == "TLS_MODE_MISMATCH_PLAIN_ON_TLS"
    assert (diagnosis["severity"], diagnosis["fixableBy"]) == ("ERROR", "USER")
    assert diagnosis["paths"] == [["outgoing", "security"], ["outgoing", "port"]]
    assert diagnosis["title"]
    assert diagnosis["advice"]
    assert fix.pop("id")
    assert fix == {
        "title": "Set the encryption that this port expects.",
        "incoming": None,
        "outgoing": {"host": None, "port": None, "security": "TLS", "username": None},
    }
    assert (await read(api, config_id))["status"] == "FAILING"


async def test_the_earliest_failure_is_the_root_cause(api: Api) -> None:
    """Two refused sign-ins have one cause; the server's words come along, and no setting helps."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = (wrong_password(IMAP), wrong_password(SMTP))
    diagnosis = (await tested(api, config_id))["diagnosis"]
    assert diagnosis["code"] == "AUTH_BAD_CREDENTIALS"
    assert diagnosis["paths"] == [["incoming", "username"], ["incoming", "secret"]]
    assert diagnosis["serverReply"] == "535 5.7.8 Error: authentication failed"
    assert diagnosis["fix"] is None


async def test_warnings_do_not_fail(api: Api) -> None:
    """A finding that stops nothing leaves the configuration WORKING."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = (passed(IMAP, DiagnosticCode.UNKNOWN_REPLY), passed(SMTP))
    assert (await tested(api, config_id))["status"] == "PASSED_WITH_WARNINGS"
    assert (await read(api, config_id))["status"] == "WORKING"


async def test_a_pass_of_one_server_of_two_proves_nothing_of_the_other(api: Api) -> None:
    """The test passes, the configuration stays UNVERIFIED and its version unverified."""
    config_id = await api.stored(MEMBER)
    test = await tested(api, config_id, protocols=["IMAP"])
    assert test["status"] == "PASSED"
    assert [(step["protocol"], step["kind"]) for step in test["steps"]] == PLAN[:7]
    assert api.prober.hosts == ["imap.example.net"]
    config = await read(api, config_id)
    assert config["status"] == "UNVERIFIED"
    assert config["versions"]["nodes"] == [{"verified": False}]


async def test_a_failure_of_one_server_fails_the_whole(api: Api) -> None:
    """Half of it is broken; a pass of the other half does not heal that."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = (wrong_password(SMTP),)
    await tested(api, config_id, protocols=["SMTP"])
    assert (await read(api, config_id))["status"] == "FAILING"
    api.prober.outcomes = (passed(IMAP),)
    await tested(api, config_id, protocols=["IMAP"])
    assert (await read(api, config_id))["status"] == "FAILING"


async def test_an_account_with_one_server_is_proved_by_it(api: Api) -> None:
    """There is no other half."""
    config_id = await api.stored(MEMBER, incoming=None)
    await tested(api, config_id)
    assert (await read(api, config_id))["status"] == "WORKING"


async def test_a_draft_needs_no_name_and_stores_nothing(api: Api) -> None:
    """Its secrets go to the test and nowhere else; the test belongs to whoever asked."""
    draft = form()
    del draft["name"]
    payload = await start(api, MEMBER, {"draft": draft}, waitSeconds=20)
    test = payload["test"]
    assert (payload["errors"], test["status"], test["config"]) == ([], "PASSED", None)
    assert api.prober.secrets == ["kept-for-later-9", "kept-for-later-9"]
    count = "{ configs { totalCount } }"
    assert (await api.data(ADMIN, count))["configs"]["totalCount"] == 0
    assert (await api.data(MEMBER, NODE, {"id": test["id"]}))["node"]["status"] == "PASSED"
    for who in (ADMIN, COLLEAGUE, STRANGER):
        assert (await api.data(who, NODE, {"id": test["id"]}))["node"] is None


async def test_a_draft_based_on_a_stored_one_uses_its_secret(api: Api) -> None:
    """On the same site; the stored password is not sent along by the form."""
    config_id = await api.stored(MEMBER)
    given = server(port=143, security="STARTTLS", secret={"keep": True})
    draft = form(incoming=given, outgoing=None, basedOn=config_id)
    payload = await start(api, MEMBER, {"draft": draft}, waitSeconds=20)
    assert payload["errors"] == []
    assert api.prober.secrets == ["kept-for-later-9"]


async def test_a_draft_cannot_steer_a_stored_secret(api: Api) -> None:
    """Another host needs the password again, and nothing is dialled."""
    config_id = await api.stored(MEMBER)
    given = server("imap.evil.example", secret={"keep": True})
    draft = form(incoming=given, outgoing=None, basedOn=config_id)
    payload = await start(api, MEMBER, {"draft": draft}, waitSeconds=20)
    (error,) = payload["errors"]
    assert (error["__typename"], error["path"]) == ("SecretRequiredError", ["incoming", "secret"])
    assert api.prober.requests == []


async def test_a_draft_with_errors_is_not_dialled(api: Api) -> None:
    """The issues name the fields."""
    draft = form(incoming=server("https://imap.example.net/"))
    payload = await start(api, MEMBER, {"draft": draft})
    assert payload["test"] is None
    assert ["incoming", "host"] in [error["path"] for error in payload["errors"]]
    assert api.prober.requests == []


async def test_there_must_be_a_server_to_test(api: Api) -> None:
    """Neither an empty list of protocols nor one that the account does not have."""
    config_id = await api.stored(MEMBER, incoming=None)
    for protocols in ([], ["IMAP"]):
        payload = await start(api, MEMBER, {"configId": config_id}, protocols=protocols)
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("REQUIRED", ["protocols"])
    assert api.prober.requests == []


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("seconds", [-1, 26, 2**31 - 1])
async def test_nobody_waits_longer_than_a_proxy(api: Api, seconds: int) -> None:
    """From 0 to 25 seconds; outside of it nothing starts."""
    config_id = await api.stored(MEMBER)
    payload = await start(api, MEMBER, {"configId": config_id}, waitSeconds=seconds)
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("OUT_OF_RANGE", ["waitSeconds"])
    assert api.prober.requests == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_bounds_themselves_are_allowed(api: Api) -> None:
    """0 and 25."""
    config_id = await api.stored(MEMBER)
    for seconds in (0, 25):
        payload = await start(api, MEMBER, {"configId": config_id}, waitSeconds=seconds)
        assert payload["errors"] == []


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (COLLEAGUE, "NotFoundError"),
        (STRANGER, "NotFoundError"),
        # An admin sees a member's configuration and does not use its password.
        (ADMIN, "ForbiddenError"),
        (VIEWER, "ForbiddenError"),
    ],
)
async def test_nobody_tests_with_the_password_of_another(api: Api, who: str, error: str) -> None:
    """Refused, and nothing is dialled."""
    config_id = await api.stored(MEMBER)
    payload = await start(api, who, {"configId": config_id}, waitSeconds=20)
    assert [found["__typename"] for found in payload["errors"]] == [error]
    assert api.prober.requests == []


async def test_members_test_shared_ones(api: Api) -> None:
    """They use them, too."""
    config_id = await api.stored(ADMIN, shared=True)
    assert (await tested(api, config_id))["status"] == "PASSED"


async def test_the_first_answer_shows_the_whole_way(app_settings: Settings) -> None:
    """A test that has not begun has all its steps already, PENDING, in the order of the plan."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1})
    async with serving(settings, prober) as api:
        config_id = await api.stored(MEMBER)
        await start(api, MEMBER, {"configId": config_id})
        queued = (await start(api, MEMBER, {"configId": config_id}))["test"]
        assert (queued["status"], queued["finishedAt"]) == ("QUEUED", None)
        assert [(step["protocol"], step["kind"]) for step in queued["steps"]] == PLAN
        assert {step["status"] for step in queued["steps"]} == {"PENDING"}
        prober.release(2 * (len(PLAN) + 1))


async def test_a_full_queue_refuses(app_settings: Settings) -> None:
    """One runs, one waits, the third is told to come again, and so is a draft."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1, "test_queue_size": 1})
    async with serving(settings, prober) as api:
        target = {"configId": await api.stored(MEMBER)}
        for _ in range(2):
            assert (await start(api, MEMBER, target))["errors"] == []
        for full in (target, {"draft": form()}):
            payload = await start(api, MEMBER, full)
            (error,) = payload["errors"]
            assert (payload["test"], error["__typename"]) == (None, "RateLimitedError")
            assert error["retryAfterSeconds"] == 10
        prober.release(2 * (len(PLAN) + 1))
        await _until_finished(api, target["configId"], 2)
        assert (await start(api, MEMBER, target))["errors"] == []
        prober.release(len(PLAN) + 1)


async def test_many_at_once_do_not_overfill_the_queue(app_settings: Settings) -> None:
    """Of six at the same moment two are taken."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1, "test_queue_size": 1})
    async with serving(settings, prober) as api:
        target = {"configId": await api.stored(MEMBER)}
        payloads = await asyncio.gather(*(start(api, MEMBER, target) for _ in range(6)))
        refused = [error["__typename"] for payload in payloads for error in payload["errors"]]
        assert refused == ["RateLimitedError"] * 4
        prober.release(2 * (len(PLAN) + 1))


async def _until_finished(api: Api, config_id: str, count: int) -> None:
    query = "query ($id: ID!) { config(id: $id) { tests { nodes { status } } } }"
    for _ in range(200):
        nodes = (await api.data(MEMBER, query, {"id": config_id}))["config"]["tests"]["nodes"]
        if sum(node["status"] == "PASSED" for node in nodes) == count:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the tests did not end")


async def test_the_history_is_bounded(app_settings: Settings) -> None:
    """The newest stay, as many as the operator keeps."""
    settings = app_settings.model_copy(update={"test_history": 2})
    async with serving(settings) as api:
        config_id = await api.stored(MEMBER)
        ids = [(await tested(api, config_id))["id"] for _ in range(4)]
        tests = (await read(api, config_id))["tests"]
        assert tests["totalCount"] == 2
        assert [node["id"] for node in tests["nodes"]] == [ids[3], ids[2]]
        assert (await api.data(MEMBER, NODE, {"id": ids[0]}))["node"] is None


async def test_a_result_of_older_settings_says_nothing_of_newer_ones(
    app_settings: Settings,
) -> None:
    """A change while the test runs leaves the configuration UNVERIFIED when it passes."""
    prober = HeldProber()
    async with serving(app_settings, prober) as api:
        config_id = await api.stored(MEMBER)
        await start(api, MEMBER, {"configId": config_id})
        update = "mutation ($input: UpdateInput!) { update(input: $input) { config { revision } } }"
        moved = {"id": config_id, "incoming": server(port=143, security="STARTTLS")}
        await api.data(MEMBER, update, {"input": moved})
        prober.release(len(PLAN) + 1)
        await _until_finished(api, config_id, 1)
        config = await read(api, config_id)
        assert (config["revision"], config["status"]) == (2, "UNVERIFIED")


@dataclass
class _BrokenProber(FakeProber):
    """Has a fault of its own."""

    async def probe(self, *_: object) -> NoReturn:
        """Fail as no prober should."""
        raise ZeroDivisionError("hunter2-Xq9")


async def test_a_prober_that_breaks_ends_its_test_and_no_other(app_settings: Settings) -> None:
    """The test ends without a secret in it, no step is left running, and the next one runs."""
    async with serving(app_settings, _BrokenProber()) as api:
        config_id = await api.stored(MEMBER)
        for _ in range(2):
            test = await tested(api, config_id)
            assert test["status"] == "TIMED_OUT"
            assert {step["status"] for step in test["steps"]} == {"SKIPPED"}
            assert "hunter2" not in str(test)
        assert (await read(api, config_id))["status"] == "UNVERIFIED"
