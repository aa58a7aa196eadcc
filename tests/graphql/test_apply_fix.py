"""The mutation `applyFix`."""

from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, VIEWER, Api, form, server, serving
from kit.held import HeldProber
from kit.outcomes import no_mechanism, passed, plain_on_tls_port, wrong_password
from mailconfig.domain.servers import MailProtocol
from mailconfig.settings import Settings

TEST = """
mutation ($target: ConnectionTestTarget!) {
  testConnection(input: { target: $target, waitSeconds: 20 }) {
    test { id status diagnosis { fix { id } } }
  }
}
"""
APPLY = """
mutation ($input: ApplyFixInput!) {
  applyFix(input: $input) {
    config { id revision status outgoing { host port security username secretSetAt } }
    test { id status config { revision } }
    errors { __typename path ... on RevisionConflictError { current { revision } } }
  }
}
"""
READ = "query ($id: ID!) { config(id: $id) { revision status tests { totalCount } } }"
OTHER_FIX = urlsafe_b64encode(f"SettingsFix:{UUID(int=7)}".encode()).rstrip(b"=").decode()


async def failed(api: Api, **target: object) -> tuple[str, str]:
    """Test what fails for its TLS mode; return the ids of test and fix."""
    incoming = () if "draft" in target else (passed(MailProtocol.IMAP),)
    api.prober.outcomes = (*incoming, plain_on_tls_port())
    test = (await api.data(MEMBER, TEST, {"target": target}))["testConnection"]["test"]
    assert test["status"] == "FAILED"
    api.prober.outcomes = None
    return test["id"], test["diagnosis"]["fix"]["id"]


async def apply(api: Api, who: str, test_id: str, fix_id: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    """Run the mutation and return its payload."""
    given = {"testId": test_id, "fixId": fix_id, **more}
    return (await api.data(who, APPLY, {"input": given}))["applyFix"]


async def misconfigured(api: Api) -> str:
    """Store a configuration whose SMTP server has the wrong TLS mode for its port."""
    outgoing = server("smtp.example.net", port=465, security="STARTTLS")
    return await api.stored(MEMBER, outgoing=outgoing)


async def read(api: Api, config_id: str) -> dict[str, Any]:
    """Return a configuration."""
    return (await api.data(MEMBER, READ, {"id": config_id}))["config"]


async def test_the_fix_is_stored_and_tested(api: Api) -> None:
    """A new revision with the setting, the same secret, and a test of it under way."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    payload = await apply(api, MEMBER, test_id, fix_id, expectedRevision=1)
    config = payload["config"]
    assert payload["errors"] == []
    assert (config["id"], config["revision"], config["status"]) == (config_id, 2, "UNVERIFIED")
    assert config["outgoing"].pop("secretSetAt") is not None
    assert config["outgoing"] == {
        "host": "smtp.example.net",
        "port": 465,
        "security": "TLS",
        "username": "ann@example.net",
    }
    assert payload["test"]["id"] != test_id
    assert payload["test"]["config"] == {"revision": 2}
    again = await api.data(MEMBER, TEST, {"target": {"configId": config_id}})
    assert again["testConnection"]["test"]["status"] == "PASSED"
    settings = [target.settings for target in api.prober.requests[1].targets]
    assert [item.security.value for item in settings] == ["TLS", "TLS"]
    assert api.prober.secrets == ["kept-for-later-9"] * 6


async def test_what_is_offered_was_tried(api: Api) -> None:
    """Both ways to mend it, side by side, without the stored secret; the first is offered."""
    config_id = await misconfigured(api)
    await failed(api, configId=config_id)
    targets = [target for proof in api.prober.proofs for target in proof.targets]
    tried = [(target.settings.port, target.settings.security.value) for target in targets]
    assert tried == [(465, "TLS"), (587, "STARTTLS")]
    assert {(target.secret, target.sender) for target in targets} == {(None, None)}


async def test_a_method_can_be_the_fix(api: Api) -> None:
    """What the server lists takes the place of what it does not."""
    outgoing = server("smtp.example.net", port=465, authentication="CRAM_MD5")
    config_id = await api.stored(MEMBER, outgoing=outgoing)
    api.prober.outcomes = (passed(MailProtocol.IMAP), no_mechanism("AUTH PLAIN LOGIN"))
    target = {"target": {"configId": config_id}}
    test = (await api.data(MEMBER, TEST, target))["testConnection"]["test"]
    assert api.prober.proofs == []
    api.prober.outcomes = None
    fix_id = test["diagnosis"]["fix"]["id"]
    assert (await apply(api, MEMBER, test["id"], fix_id))["errors"] == []
    assert (await api.data(MEMBER, TEST, target))["testConnection"]["test"]["status"] == "PASSED"
    methods = [target.settings.authentication.value for target in api.prober.requests[-1].targets]
    assert methods == ["AUTO", "AUTO"]


async def test_another_fix_id_is_not_found(api: Api) -> None:
    """Neither one of nothing nor that of another test; nothing changes."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    _, newer_fix_id = await failed(api, configId=config_id)
    for wrong in (OTHER_FIX, newer_fix_id, "nonsense", ""):
        payload = await apply(api, MEMBER, test_id, wrong)
        (error,) = payload["errors"]
        assert (error["__typename"], error["path"]) == ("NotFoundError", ["fixId"])
        assert (payload["config"], payload["test"]) == (None, None)
    assert (await read(api, config_id))["revision"] == 1
    assert len(api.prober.requests) == 2
    assert (await apply(api, MEMBER, test_id, fix_id))["errors"] == []


async def test_a_test_without_a_fix_offers_none(api: Api) -> None:
    """A wrong password is mended by no setting."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = (wrong_password(MailProtocol.IMAP), wrong_password(MailProtocol.SMTP))
    target = {"target": {"configId": config_id}}
    test = (await api.data(MEMBER, TEST, target))["testConnection"]["test"]
    (error,) = (await apply(api, MEMBER, test["id"], OTHER_FIX))["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["fixId"])


async def test_the_fix_of_a_draft_is_for_the_form(api: Api) -> None:
    """There is no configuration that it could change."""
    outgoing = server("smtp.example.net", port=465, security="STARTTLS")
    test_id, fix_id = await failed(api, draft=form(incoming=None, outgoing=outgoing))
    (error,) = (await apply(api, MEMBER, test_id, fix_id))["errors"]
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["fixId"])
    assert len(api.prober.requests) == 1


async def test_a_change_in_between_stops_it(api: Api) -> None:
    """The present revision is told, and no test starts."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    payload = await apply(api, MEMBER, test_id, fix_id, expectedRevision=9)
    (error,) = payload["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert error["current"] == {"revision": 1}
    assert (await read(api, config_id))["tests"]["totalCount"] == 1


async def test_a_full_queue_changes_nothing(app_settings: Settings) -> None:
    """A fix is stored and tested, or neither."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1, "test_queue_size": 1})
    async with serving(settings) as api:
        config_id = await misconfigured(api)
        test_id, fix_id = await failed(api, configId=config_id)
    async with serving(settings, prober) as api:
        start = TEST.replace("waitSeconds: 20", "waitSeconds: 0")
        for _ in range(2):
            await api.data(MEMBER, start, {"target": {"configId": config_id}})
        (error,) = (await apply(api, MEMBER, test_id, fix_id))["errors"]
        assert error["__typename"] == "RateLimitedError"
        assert (await read(api, config_id))["revision"] == 1


@pytest.mark.parametrize(
    ("who", "error"),
    [(COLLEAGUE, "NotFoundError"), (ADMIN, "ForbiddenError"), (VIEWER, "ForbiddenError")],
)
async def test_only_its_owner_applies(api: Api, who: str, error: str) -> None:
    """Others change nothing and dial nothing."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    payload = await apply(api, who, test_id, fix_id)
    assert [found["__typename"] for found in payload["errors"]] == [error]
    assert (await read(api, config_id))["revision"] == 1
    assert len(api.prober.requests) == 1


RENAME = "mutation ($input: UpdateInput!) { update(input: $input) { errors { __typename } } }"


async def changed(api: Api, config_id: str, **fields: object) -> None:
    """Change a configuration."""
    data = await api.data(MEMBER, RENAME, {"input": {"id": config_id, **fields}})
    assert data["update"]["errors"] == []


async def test_a_fix_for_other_servers_is_refused(api: Api) -> None:
    """It was proven for what was tested; on a server that took its place it proves nothing."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    await changed(
        api, config_id, outgoing=server("smtp.example.net", port=587, security="STARTTLS")
    )
    dialled = len(api.prober.requests)
    (error,) = (await apply(api, MEMBER, test_id, fix_id))["errors"]
    assert (error["__typename"], error["current"]) == ("RevisionConflictError", {"revision": 2})
    (error,) = (await apply(api, MEMBER, test_id, fix_id, expectedRevision=2))["errors"]
    assert error["__typename"] == "RevisionConflictError"
    assert (await read(api, config_id))["revision"] == 2
    assert len(api.prober.requests) == dialled


async def test_a_fix_is_applied_once(api: Api) -> None:
    """A second click finds the servers changed: no revision, no test, no second sign-in."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    assert (await apply(api, MEMBER, test_id, fix_id))["errors"] == []
    (error,) = (await apply(api, MEMBER, test_id, fix_id))["errors"]
    assert (error["__typename"], error["current"]) == ("RevisionConflictError", {"revision": 2})
    found = await read(api, config_id)
    assert (found["revision"], found["tests"]["totalCount"]) == (2, 2)


async def test_another_name_does_not_stop_a_fix(api: Api) -> None:
    """The servers are those that were tested, whatever else has changed."""
    config_id = await misconfigured(api)
    test_id, fix_id = await failed(api, configId=config_id)
    await changed(api, config_id, name="Private")
    payload = await apply(api, MEMBER, test_id, fix_id)
    assert (payload["errors"], payload["config"]["revision"]) == ([], 3)
