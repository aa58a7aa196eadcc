"""A connection test that sends the account a message: what is asked for, run and shown."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kit.api import MEMBER, VIEWER, Api, form, server, serving
from kit.outcomes import passed, wrong_password
from kit.trips import MESSAGE_ID, FakeTripper, lost, spam
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.servers import MailProtocol
from mailconfig.settings import Settings

TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status
      config { status }
      steps { protocol kind status }
      warnings { code severity title advice }
      diagnosis { code serverReply fix { id } }
      roundTrip { folder folderName seconds authenticationResults removed messageId }
    }
    errors { __typename message path ... on ValidationIssue { code } }
  }
}
"""
CANCEL = """
mutation ($input: CancelTestInput!) {
  cancelTest(input: $input) { test { status } errors { __typename } }
}
"""
IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP


async def start(api: Api, target: dict[str, object], **more: object) -> Any:  # noqa: ANN401 - JSON
    """Ask for a test with a round trip and return the payload."""
    given = {"target": target, "roundTrip": True, "waitSeconds": 20, **more}
    return (await api.data(MEMBER, TEST, {"input": given}))["testConnection"]


async def ended(api: Api, **more: object) -> dict[str, Any]:
    """Store an account and test it with a round trip to the end."""
    payload = await start(api, {"configId": await api.stored(MEMBER)}, **more)
    assert payload["errors"] == []
    return payload["test"]


async def test_a_message_that_comes_home_passes(app_settings: Settings) -> None:
    """Two more steps, at the end; folder, seconds, results and clean-up are shown."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        test = await ended(api)
    assert (test["status"], test["config"]["status"]) == ("PASSED", "WORKING")
    assert test["roundTrip"] == {
        "folder": "INBOX",
        "folderName": "Inbox",
        "seconds": 1.25,
        "authenticationResults": ["mx.test; spf=pass"],
        "removed": True,
        "messageId": MESSAGE_ID,
    }
    assert (test["warnings"], test["diagnosis"]) == ([], None)
    assert [tuple(step.values()) for step in test["steps"]][-3:] == [
        ("SMTP", "SENDER_CHECK", "PASSED"),
        ("SMTP", "SUBMIT_MESSAGE", "PASSED"),
        ("IMAP", "FIND_MESSAGE", "PASSED"),
    ]
    (request,) = tripper.requests
    assert request.address == "ann@example.net"
    assert request.deadline_seconds == app_settings.roundtrip_seconds == 60
    for target, host in ((request.incoming, "imap"), (request.outgoing, "smtp")):
        assert target.settings.host == f"{host}.example.net"
        assert target.secret is not None
        assert target.secret.value.reveal() == "kept-for-later-9"


async def test_spam_is_a_warning(app_settings: Settings) -> None:
    """The test passes with the finding; the configuration works."""
    async with serving(app_settings, round_tripper=FakeTripper(spam())) as api:
        test = await ended(api)
    assert (test["status"], test["config"]["status"]) == ("PASSED_WITH_WARNINGS", "WORKING")
    assert test["roundTrip"]["folder"] == "JUNK"
    assert test["diagnosis"] is None
    (warning,) = test["warnings"]
    assert (warning["code"], warning["severity"]) == ("ROUNDTRIP_SPAM", "WARNING")
    assert warning["title"] == "A test message arrived in the spam folder."
    assert warning["advice"]


async def test_a_lost_message_fails(app_settings: Settings) -> None:
    """Both servers passed, and yet mail does not arrive: that is the root cause."""
    async with serving(app_settings, round_tripper=FakeTripper(lost())) as api:
        test = await ended(api)
    assert (test["status"], test["config"]["status"]) == ("FAILED", "FAILING")
    assert test["diagnosis"] == {"code": "ROUNDTRIP_LOST", "serverReply": None, "fix": None}
    assert test["roundTrip"]["folder"] is None
    assert test["warnings"] == []


async def test_a_refused_message_is_told_in_the_servers_words(app_settings: Settings) -> None:
    """The failure's own code is the root cause, at the server that refused."""
    reply = "550 5.7.1 quota"
    seen = Observation(protocol=SMTP, phase=Phase.DATA, failure=Failure.REPLY, text=reply)
    refused = replace(lost(), code=DiagnosticCode.SEND_QUOTA, observation=seen, server_reply=reply)
    async with serving(app_settings, round_tripper=FakeTripper(refused)) as api:
        test = await ended(api)
    assert test["status"] == "FAILED"
    assert test["diagnosis"] == {"code": "SEND_QUOTA", "serverReply": reply, "fix": None}


async def test_nothing_is_sent_unless_both_servers_passed(app_settings: Settings) -> None:
    """A refused sign-in ends the test; the steps of the message are shown as skipped."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        config_id = await api.stored(MEMBER)
        api.prober.outcomes = (passed(IMAP), wrong_password(SMTP))
        test = (await start(api, {"configId": config_id}))["test"]
    assert test["status"] == "FAILED"
    assert test["diagnosis"]["code"] == "AUTH_BAD_CREDENTIALS"
    assert test["roundTrip"] is None
    assert [tuple(step.values()) for step in test["steps"]][-2:] == [
        ("SMTP", "SUBMIT_MESSAGE", "SKIPPED"),
        ("IMAP", "FIND_MESSAGE", "SKIPPED"),
    ]
    assert tripper.requests == []


async def test_nothing_is_sent_unless_it_is_asked_for(app_settings: Settings) -> None:
    """By default there is neither a message nor its steps."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        given = {"target": {"configId": await api.stored(MEMBER)}, "waitSeconds": 20}
        test = (await api.data(MEMBER, TEST, {"input": given}))["testConnection"]["test"]
    assert (test["status"], test["roundTrip"]) == ("PASSED", None)
    assert len(test["steps"]) == 14
    assert tripper.requests == []


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"incoming": None}, {}),
        ({"outgoing": None}, {}),
        ({}, {"protocols": ["SMTP"]}),
        ({"outgoing": server("smtp.example.net", secret=None)}, {}),
        (
            {"outgoing": server("smtp.example.net", secret=None, authentication="NONE")},
            {},
        ),
    ],
)
async def test_it_needs_both_servers_and_their_secrets(
    app_settings: Settings, changes: dict[str, object], more: dict[str, object]
) -> None:
    """A typed issue at the field, for stored accounts and for drafts; nothing is dialled."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        target = {"configId": await api.stored(MEMBER, **changes)}
        for asked in (target, {"draft": form(**changes)}):
            payload = await start(api, asked, **more)
            (error,) = payload["errors"]
            assert (error["__typename"], error["code"]) == ("ValidationIssue", "NOT_ALLOWED")
            assert error["path"] == ["roundTrip"]
        assert api.prober.requests == []
    assert tripper.requests == []


async def test_a_draft_can_be_sent_round(app_settings: Settings) -> None:
    """With the secrets that were typed."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        test = (await start(api, {"draft": form()}))["test"]
    assert (test["status"], test["config"]) == ("PASSED", None)
    assert test["roundTrip"]["removed"] is True
    assert len(tripper.requests) == 1


async def test_viewers_send_nothing(app_settings: Settings) -> None:
    """As they test nothing."""
    tripper = FakeTripper()
    async with serving(app_settings, round_tripper=tripper) as api:
        given = {"target": {"draft": form()}, "roundTrip": True}
        payload = (await api.data(VIEWER, TEST, {"input": given}))["testConnection"]
    assert [error["__typename"] for error in payload["errors"]] == ["ForbiddenError"]
    assert tripper.requests == []


async def test_a_message_on_its_way_can_be_cancelled(app_settings: Settings) -> None:
    """The test ends at once, and the tripper is told to clean up."""
    tripper = FakeTripper(hanging=True)
    async with serving(app_settings, round_tripper=tripper) as api:
        target = {"configId": await api.stored(MEMBER)}
        test = (await start(api, target, waitSeconds=0))["test"]
        while not tripper.requests:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.01)
        payload = await api.data(MEMBER, CANCEL, {"input": {"testId": test["id"]}})
        assert payload["cancelTest"]["test"]["status"] == "CANCELLED"
    assert tripper.cancelled == 1
