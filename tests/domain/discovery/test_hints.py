"""Hints of the DNS: which are asked for, which are enough, and which cancel each other."""

import pytest

from kit.drafts import shipped
from mailconfig.domain.discovery.hints import HintQuestion, pointed_at, questions
from mailconfig.domain.resolution import Answer

DOMAIN = "example.test"
CNAME = HintQuestion("CNAME", f"autodiscover.{DOMAIN}")
TXT = HintQuestion("TXT", DOMAIN)

CASES = [
    pytest.param({CNAME: ["autodiscover.outlook.com"]}, "microsoft365", id="strong"),
    pytest.param({CNAME: ["autodiscover.outlook.com.evil.test"]}, None, id="only the start"),
    pytest.param({CNAME: ["xautodiscover.outlook.com"]}, None, id="not at a label"),
    pytest.param({TXT: ["v=spf1 include:_spf.google.com ~all"]}, "google_workspace", id="SPF"),
    pytest.param({TXT: ["V=SPF1 INCLUDE:_SPF.GOOGLE.COM -all"]}, "google_workspace", id="any case"),
    pytest.param({TXT: ["v=spf1 include:_spf.google.com.evil.test -all"]}, None, id="longer name"),
    pytest.param({TXT: ["v=spf1 include:zoho.com.au -all"]}, None, id="another top level"),
    pytest.param({TXT: ["see include:_spf.google.com"]}, None, id="no SPF record"),
    pytest.param({TXT: ["MS=ms123456"]}, None, id="weak alone is not enough"),
    pytest.param({TXT: ["apple-domain=abc"]}, "icloud", id="verification"),
    pytest.param(
        {TXT: ["v=spf1 include:_spf.google.com include:spf.protection.outlook.com -all"]},
        None,
        id="two of one weight",
    ),
    pytest.param(
        {CNAME: ["autodiscover.outlook.com"], TXT: ["v=spf1 include:_spf.google.com -all"]},
        "microsoft365",
        id="strong beats medium",
    ),
    pytest.param({}, None, id="nothing"),
]


@pytest.mark.parametrize(("texts", "row"), CASES)
def test_where_hints_point(texts: dict[HintQuestion, list[str]], row: str | None) -> None:
    """The provider that the strongest hints agree on."""
    answers = {question: Answer(tuple(found), 300) for question, found in texts.items()}
    pointed = pointed_at(shipped().dns_hints, DOMAIN, answers)
    assert (pointed.provider_id if pointed else None) == row


def test_each_look_up_is_made_once() -> None:
    """All texts of a domain are one question, and weak hints and SRV ask nothing."""
    assert questions(shipped().dns_hints, DOMAIN) == (CNAME, TXT)
