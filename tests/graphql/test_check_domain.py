"""The mutation `checkDomain`: who may ask, and what is answered, with a scripted DNS server."""

from typing import Any

import pytest

from kit.api import ADMIN, VIEWER, serving
from kit.dns import DnsServer
from mailconfig.settings import Settings

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""No database is asked but for the session."""

CHECK = """
mutation ($input: CheckDomainInput!, $language: String) {
  checkDomain(input: $input) {
    report {
      domain checkedAt
      provider { catalogueId }
      checks {
        kind verdict spfLookups
        remarks(language: $language)
        found { type name value }
        publish { type name value }
      }
    }
    errors { __typename message path }
  }
}
"""


def of(answer: Any, kind: str) -> Any:  # noqa: ANN401 - JSON
    """Return the check of a kind."""
    checks = answer["checkDomain"]["report"]["checks"]
    return next(check for check in checks if check["kind"] == kind)


async def test_a_report_with_records_to_publish(app_settings: Settings) -> None:
    """Every role may ask; the provider is recognised, remarks come in the language asked for."""
    async with DnsServer() as dns:
        dns.record("firm.test", "MX", "0 firm-test.mail.protection.outlook.com.")
        dns.answer("firm-test.mail.protection.outlook.com", "192.0.2.1")
        host, port = dns.endpoint
        settings = app_settings.model_copy(update={"dns_servers": (f"{host}:{port}",)})
        async with serving(settings) as api:
            given = {"input": {"domain": "firm.test"}, "language": "de-AT"}
            answer = await api.data(VIEWER, CHECK, given)
            english = await api.data(ADMIN, CHECK, {"input": {"domain": "firm.test"}})
    assert answer["checkDomain"]["errors"] == []
    report = answer["checkDomain"]["report"]
    assert report["domain"] == "firm.test"
    assert report["provider"] == {"catalogueId": "microsoft365"}
    assert of(answer, "MX")["verdict"] == "GOOD"
    assert of(answer, "SPF") == {
        "kind": "SPF",
        "verdict": "MISSING",
        "spfLookups": None,
        "remarks": of(answer, "SPF")["remarks"],
        "found": [],
        "publish": [
            {
                "type": "TXT",
                "name": "firm.test",
                "value": "v=spf1 include:spf.protection.outlook.com ~all",
            }
        ],
    }
    assert of(english, "SPF")["remarks"] == [
        "There is no SPF record: receivers cannot tell which servers may send for you."
    ]
    assert of(answer, "SPF")["remarks"] != of(english, "SPF")["remarks"]


async def test_what_is_no_domain(app_settings: Settings) -> None:
    """A typed issue at the field; nothing is asked."""
    async with DnsServer() as dns:
        host, port = dns.endpoint
        settings = app_settings.model_copy(update={"dns_servers": (f"{host}:{port}",)})
        async with serving(settings) as api:
            answer = await api.data(VIEWER, CHECK, {"input": {"domain": "a b"}})
    assert answer["checkDomain"] == {
        "report": None,
        "errors": [
            {
                "__typename": "ValidationIssue",
                "message": "Enter a domain, such as example.com.",
                "path": ["domain"],
            }
        ],
    }
    assert dns.queries == []


async def test_nobody_is_asked_to_sign_in(app_settings: Settings) -> None:
    """What dials out needs a session."""
    async with DnsServer() as dns:
        host, port = dns.endpoint
        settings = app_settings.model_copy(update={"dns_servers": (f"{host}:{port}",)})
        async with serving(settings) as api:
            answer = await api.data(None, CHECK, {"input": {"domain": "a.test"}})
    (error,) = answer["checkDomain"]["errors"]
    assert error["__typename"] == "UnauthenticatedError"
    assert dns.queries == []
