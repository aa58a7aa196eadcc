"""The mutation `discover`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.api import MEMBER, VIEWER, Api, FakeProber, serving
from kit.discovery import DOMAIN, FakeRecords, FakeSource, finding, pair, server
from mailconfig.domain.discovery import DiscoverySource, Proposal
from mailconfig.services.discovery import Outside
from mailconfig.settings import Settings

DISCOVER = """
mutation ($input: DiscoverInput!) {
  discover(input: $input) {
    domain suggestedDomain ageSeconds checkedAt
    provider { catalogueId }
    diagnosis { code title advice paths fixableBy }
    candidates {
      trust needsConsent probed displayName
      provider { catalogueId }
      incoming { protocol host port security username authentication }
      outgoing { protocol host port security username authentication }
      evidence { source status detail secure ageSeconds }
      disagreements { source }
    }
    evidence {
      source status detail(language: "en") secure checkedAt ageSeconds code
      incoming { host port } outgoing { host port }
    }
    errors {
      __typename message path
      ... on ValidationIssue { code suggestion } ... on RateLimitedError { retryAfterSeconds }
    }
  }
}
"""
ANN = f"ann@{DOMAIN}"
PACC, AUTOCONFIG = DiscoverySource.PACC, DiscoverySource.AUTOCONFIG


@pytest.fixture
def records() -> FakeRecords:
    """A DNS in which the domain of the tests exists."""
    made = FakeRecords()
    made.answer_mx(DOMAIN, f"mx.{DOMAIN}")
    return made


@pytest.fixture
def source() -> FakeSource:
    """A document of the operator with a user name of its own form."""
    named = Proposal(
        (server("imap.example.test", username=ANN),), pair().outgoing, display_name="Example Mail"
    )
    return FakeSource(finding(AUTOCONFIG, named))


@pytest.fixture
async def api(
    app_settings: Settings, records: FakeRecords, source: FakeSource
) -> AsyncIterator[Api]:
    """The application over a fake DNS and one fake document."""
    async with serving(app_settings, FakeProber(), outside=Outside(records, (source,))) as served:
        yield served


async def discover(api: Api, who: str | None = VIEWER, **given: object) -> dict[str, Any]:
    """Run the mutation and return its payload."""
    return (await api.data(who, DISCOVER, {"input": given}))["discover"]


async def test_settings_are_ready_for_the_form(api: Api) -> None:
    """Host, port, security, user name and method of both servers, with what speaks for them."""
    payload = await discover(api, emailAddress=ANN)
    assert payload["errors"] == []
    assert (payload["domain"], payload["diagnosis"]) == (DOMAIN, None)
    (candidate,) = payload["candidates"]
    assert candidate["incoming"] == {
        "protocol": "IMAP",
        "host": "imap.example.test",
        "port": 993,
        "security": "TLS",
        "username": ANN,
        "authentication": "AUTO",
    }
    assert candidate["outgoing"] == {
        "protocol": "SMTP",
        "host": "smtp.example.test",
        "port": 465,
        "security": "TLS",
        "username": None,
        "authentication": "AUTO",
    }
    assert (candidate["trust"], candidate["displayName"]) == ("SECURE", "Example Mail")
    assert (candidate["needsConsent"], candidate["probed"]) == (False, None)
    assert [item["source"] for item in candidate["evidence"]] == ["AUTOCONFIG"]


async def test_every_source_is_evidence(api: Api) -> None:
    """Also those that found nothing, each with what it asked and when."""
    payload = await discover(api, emailAddress=ANN)
    found = {item["source"]: item for item in payload["evidence"]}
    assert set(found) == {"CATALOGUE", "AUTOCONFIG", "SRV", "MX", "DNS_HINT"}
    assert found["MX"]["status"] == "NOTHING"
    assert found["MX"]["detail"] == "The mail exchanger (MX) mx.example.test is not known."
    assert found["AUTOCONFIG"]["incoming"] == [{"host": "imap.example.test", "port": 993}]
    assert all(item["checkedAt"] for item in found.values())
    assert payload["ageSeconds"] >= 0


async def test_a_known_domain_is_answered_from_the_catalogue(
    api: Api, records: FakeRecords, source: FakeSource
) -> None:
    """With its provider; nobody is asked, online or not."""
    for online in (True, False):
        payload = await discover(api, domain="gmail.com", online=online)
        (candidate,) = payload["candidates"]
        assert candidate["trust"] == "CATALOGUE"
        assert candidate["provider"] == {"catalogueId": "gmail"}
        assert candidate["incoming"]["host"] == "imap.gmail.com"
        assert candidate["incoming"]["username"] is None
        assert payload["provider"] == {"catalogueId": "gmail"}
    assert (records.asked, source.queries) == ([], [])


async def test_offline_asks_nobody(api: Api, records: FakeRecords, source: FakeSource) -> None:
    """An unknown domain has no candidates then."""
    payload = await discover(api, emailAddress=ANN, online=False)
    assert payload["candidates"] == []
    assert [item["source"] for item in payload["evidence"]] == ["CATALOGUE"]
    assert (records.asked, source.queries) == ([], [])


DIAGNOSES = [
    ("ann@duck.com", None, "FORWARD_ONLY", None),
    ("ann@tutanota.com", None, "NO_CLIENT_ACCESS", None),
    ("ann@custom.test", "mx1.improvmx.com", "FORWARD_ONLY", None),
    ("ann@custom.test", "", "DNS_NO_ADDRESS", None),
    ("ann@gmial.com", None, "DNS_NXDOMAIN", "gmail.com"),
]
"""Address, its exchanger where it has one, code, suggestion."""


@pytest.mark.parametrize(("address", "exchanger", "code", "suggestion"), DIAGNOSES)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_why_nothing_can_be_set_up(
    api: Api,
    records: FakeRecords,
    address: str,
    exchanger: str | None,
    code: str,
    suggestion: str | None,
) -> None:
    """A diagnosis that points at the address, with the domain that was probably meant."""
    if exchanger is not None:
        records.answer_mx(address.partition("@")[2], exchanger)
    payload = await discover(api, emailAddress=address)
    assert payload["candidates"] == []
    assert payload["diagnosis"]["code"] == code
    assert payload["diagnosis"]["paths"] == [["emailAddress"]]
    assert payload["suggestedDomain"] == suggestion


REFUSED = [
    pytest.param({}, ["emailAddress"], "REQUIRED", id="nothing"),
    pytest.param({"emailAddress": ANN, "domain": DOMAIN}, ["emailAddress"], "REQUIRED", id="both"),
    pytest.param({"emailAddress": "ann"}, None, None, id="a word is a domain of one label"),
    pytest.param({"emailAddress": "ann@"}, ["emailAddress"], "INVALID_FORMAT", id="half"),
    pytest.param({"domain": "http://x"}, ["domain"], "INVALID_FORMAT", id="URL"),
]


@pytest.mark.parametrize(("given", "path", "code"), REFUSED)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_wrong_input_is_an_error_of_the_payload(
    api: Api,
    source: FakeSource,
    given: dict[str, object],
    path: list[str] | None,
    code: str | None,
) -> None:
    """With the path of the field; nothing is asked then."""
    payload = await discover(api, **given)
    if path is None:
        assert payload["errors"] == []
        return
    (error,) = payload["errors"]
    assert (error["__typename"], error["path"], error["code"]) == ("ValidationIssue", path, code)
    assert payload["candidates"] == []
    assert source.queries == []


async def test_only_signed_in_people_discover(api: Api, source: FakeSource) -> None:
    """Any role may; nobody may not, and then nothing is asked."""
    payload = await discover(api, None, emailAddress=ANN)
    assert [error["__typename"] for error in payload["errors"]] == ["UnauthenticatedError"]
    assert source.queries == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_user_discovers_so_many_times_a_minute(
    app_settings: Settings, records: FakeRecords, source: FakeSource
) -> None:
    """The next one is told when to come back; others are not held up."""
    few = app_settings.model_copy(update={"discoveries_per_minute": 1})
    async with serving(few, outside=Outside(records, (source,))) as api:
        assert (await discover(api, emailAddress=ANN))["errors"] == []
        (error,) = (await discover(api, emailAddress=ANN))["errors"]
        assert error["__typename"] == "RateLimitedError"
        assert 0 < error["retryAfterSeconds"] <= 60
        assert (await discover(api, MEMBER, emailAddress=ANN))["errors"] == []


async def test_there_is_no_place_for_a_secret(api: Api) -> None:
    """The input knows an address, a domain and whether to ask the network."""
    query = '{ __type(name: "DiscoverInput") { inputFields { name } } }'
    fields = (await api.data(VIEWER, query))["__type"]["inputFields"]
    assert [item["name"] for item in fields] == ["emailAddress", "domain", "online"]


async def test_unprotected_names_outside_the_domain_need_consent(
    api: Api, records: FakeRecords, source: FakeSource
) -> None:
    """SRV without DNSSEC that leads away must be shown to the person before a password goes."""
    source.answer = finding(AUTOCONFIG)
    records.answer_srv(f"_imaps._tcp.{DOMAIN}", (0, 1, 993, "imap.elsewhere.test"))
    records.answer_srv(f"_submissions._tcp.{DOMAIN}", (0, 1, 465, "smtp.elsewhere.test"))
    (candidate,) = (await discover(api, emailAddress=ANN))["candidates"]
    assert (candidate["trust"], candidate["needsConsent"]) == ("INSECURE", True)
