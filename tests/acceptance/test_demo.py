"""The demonstration: each simulated address ends as docs/demo.md says, through the API."""

import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.api import MEMBER, SUBMIT
from kit.demo import VALIDATE, Demonstration, demonstrating
from kit.serving import Client, serving
from mailconfig.domain.probes import StepKind, planned_steps
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.settings import Settings
from mailconfig.simulator.scenarios import SERVICES

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])  # the database plays no part here

CONNECT, TLS, GREETING = StepKind.CONNECT, StepKind.TLS_HANDSHAKE, StepKind.GREETING
STARTTLS, CAPABILITIES = StepKind.STARTTLS, StepKind.CAPABILITIES
AUTH, OPEN, SENDER = StepKind.AUTHENTICATE, StepKind.OPEN_MAILBOX, StepKind.SENDER_CHECK
NAME = "mail.other-name.localhost"
LOGIN = """
mutation ($input: LoginInput!) {
  login(input: $input) { session { accessToken } errors { __typename message } }
}
"""
PROVIDERS = """
{ providers(search: "Demo", first: 100) { nodes { catalogueId name } } }
"""
ROUND_TRIP = """
mutation ($draft: DraftInput!) {
  testConnection(input: { target: { draft: $draft }, waitSeconds: 25, roundTrip: true }) {
    test {
      status
      steps { kind diagnosis { code } }
      roundTrip { folder folderName authenticationResults removed }
    }
    errors { __typename message path }
  }
}
"""
DISCOVER = """
mutation ($address: String!) {
  discover(input: { emailAddress: $address }) {
    candidates {
      trust needsConsent provider { catalogueId }
      incoming { host port security } outgoing { host port security }
    }
    errors { __typename }
  }
}
"""
APPLY = """
mutation ($input: ApplyFixInput!) {
  applyFix(input: $input) { test { id } errors { __typename } }
}
"""


@dataclass(frozen=True)
class Case:
    """What an address must end with; the step that fails at each server, None where none does."""

    address: str
    code: str = "OK"
    imap: StepKind | None = None
    smtp: StepKind | None = None
    fix: dict[str, dict[str, str]] | None = None


CASES = [
    # All is well; where a round trip arrives is another test
    Case("ann@well.localhost"),
    Case("spam@well.localhost"),
    Case("lost@well.localhost"),
    # The big providers, each in its own words
    Case("app-password@gmail.localhost", "GMAIL_APP_PASSWORD", AUTH, AUTH),
    Case("web-login@gmail.localhost", "GMAIL_WEB_LOGIN", AUTH, AUTH),
    Case("imap-off@gmail.localhost", "GMAIL_IMAP_OFF", AUTH),
    Case("too-many@gmail.localhost", "GMAIL_CONNECTIONS", AUTH),
    Case("wrong-password@gmail.localhost", "GMAIL_BAD", AUTH, AUTH),
    Case("basic-off@microsoft.localhost", "MS_BASIC_OFF", AUTH, AUTH),
    # Three kinds of 5.7.139
    Case("tenant-off@microsoft.localhost", "MS_SMTP_TENANT_OFF", smtp=AUTH),
    Case("mailbox-off@microsoft.localhost", "MS_SMTP_MAILBOX_OFF", smtp=AUTH),
    Case("policy@microsoft.localhost", "MS_POLICY", smtp=AUTH),
    Case("not-connected@microsoft.localhost", "MS_NOT_CONNECTED", OPEN),
    Case("ann@icloud.localhost", "ICLOUD", AUTH, AUTH),
    Case("ann@yahoo.localhost", "YAHOO_AOL", AUTH, AUTH),
    Case("ann@netease.localhost"),
    Case("unsafe@netease.localhost", "NETEASE", OPEN),
    # What happens at any provider
    Case("greylisted@hosting.localhost", "GREYLISTED", smtp=SENDER),
    Case("full@hosting.localhost", "MAILBOX_QUOTA", smtp=SENDER),
    Case("used-up@hosting.localhost", "SEND_QUOTA", smtp=SENDER),
    Case("imap-off@hosting.localhost", "IMAP_DISABLED", AUTH),
    Case("throttled@hosting.localhost", "AUTH_THROTTLED", AUTH, AUTH),
    Case("locked@hosting.localhost", "ACCOUNT_DISABLED", AUTH, AUTH),
    Case("ann@busy.localhost", "CONNECT_TOO_MANY", GREETING, GREETING),
    Case("ann@tokens.localhost", "AUTH_MECHANISM", AUTH, AUTH),
    # TLS
    Case(
        "ann@plain-on-tls.localhost",
        "TLS_MODE_MISMATCH_PLAIN_ON_TLS",
        GREETING,
        fix={"incoming": {"security": "TLS"}},
    ),
    Case(
        "ann@tls-on-plain.localhost",
        "TLS_MODE_MISMATCH_TLS_ON_PLAIN",
        smtp=TLS,
        fix={"outgoing": {"security": "STARTTLS"}},
    ),
    Case(
        "ann@other-name.localhost",
        "CERT_NAME_MISMATCH",
        TLS,
        fix={"incoming": {"host": NAME}},
    ),
    Case("ann@expired.localhost", "CERT_EXPIRED", TLS, TLS),
    Case("ann@self-signed.localhost", "CERT_SELF_SIGNED", TLS, TLS),
    # The network
    Case("ann@tarpit.localhost", "STEP_TIMEOUT", CAPABILITIES, STARTTLS),
    Case("ann@silent.localhost", "TCP_TIMEOUT", GREETING, GREETING),
    Case("ann@absent.localhost", "TCP_REFUSED", CONNECT, CONNECT),
]
FIXED = [case for case in CASES if case.fix is not None]


@pytest.fixture
async def demo(app_settings: Settings) -> AsyncIterator[Demonstration]:
    """The application with its simulator."""
    async with demonstrating(app_settings) as running:
        yield running


def steps(test: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return protocol, kind and status of each step."""
    return [(each["protocol"], each["kind"], each["status"]) for each in test["steps"]]


def expected_steps(
    protocol: MailProtocol, security: TransportSecurity, failing: StepKind | None
) -> list[tuple[str, str, str]]:
    """Return the steps of one server: passed before the one that fails, skipped after it."""
    plan = planned_steps(protocol, security)
    fails_at = plan.index(failing) if failing is not None else len(plan)
    status = {True: "PASSED", False: "SKIPPED"}
    return [
        (protocol.value, kind.value, "FAILED" if at == fails_at else status[at < fails_at])
        for at, kind in enumerate(plan)
    ]


def patches(test: dict[str, Any]) -> dict[str, dict[str, str]] | None:
    """Return what the fix would change."""
    fix = test["diagnosis"]["fix"] if test["diagnosis"] else None
    if fix is None:
        return None
    found = {side: fix[side] for side in ("incoming", "outgoing") if fix[side] is not None}
    return {
        side: {name: value for name, value in patch.items() if value is not None}
        for side, patch in found.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.address)
async def test_an_address_ends_as_it_should(demo: Demonstration, case: Case) -> None:
    """Steps, code and fix of the address are the expected ones, and its form has no fault."""
    row = demo.provider(case.address)
    test = await demo.tested(case.address)
    imap = expected_steps(MailProtocol.IMAP, row.incoming.security, case.imap)
    smtp = expected_steps(MailProtocol.SMTP, row.outgoing.security, case.smtp)
    assert steps(test) == imap + smtp
    assert test["status"] == ("PASSED" if case.code == "OK" else "FAILED")
    assert (test["diagnosis"]["code"] if test["diagnosis"] else "OK") == case.code
    assert patches(test) == case.fix
    report = await demo.api.data(MEMBER, VALIDATE, {"draft": demo.form(case.address)})
    errors = [issue for issue in report["validate"]["issues"] if issue["severity"] == "ERROR"]
    assert errors == []
    assert "PRIVATE_ADDRESS" not in {issue["code"] for issue in report["validate"]["issues"]}


def test_every_address_is_tested(engine: str) -> None:
    """The cases above and the simulator have the same addresses and the same codes."""
    simulated = [
        (service.address(account), account.code.value)
        for service in SERVICES
        for account in service.accounts
    ]
    assert sorted((case.address, case.code) for case in CASES) == sorted(simulated)


@pytest.mark.parametrize("case", FIXED, ids=lambda case: case.address)
async def test_a_fix_turns_the_test_green(demo: Demonstration, case: Case) -> None:
    """`applyFix` of the stored form of an address that has a fix tests again, and all passes."""
    submit = await demo.api.data(MEMBER, SUBMIT, {"input": demo.form(case.address)})
    config_id = submit["submit"]["config"]["id"]
    test = await demo.test({"configId": config_id})
    given = {"testId": test["id"], "fixId": test["diagnosis"]["fix"]["id"]}
    applied = await demo.api.data(MEMBER, APPLY, {"input": given})
    assert applied["applyFix"]["errors"] == []
    assert (await demo.test({"configId": config_id}))["status"] == "PASSED"


async def test_an_address_is_discovered(app_settings: Settings) -> None:
    """Discovery answers with the servers of the demonstration's row, with nobody to ask."""
    alone = app_settings.model_copy(update={"dns_servers": ("127.0.0.1:9",)})
    async with demonstrating(alone) as demo:
        address = "app-password@gmail.localhost"
        data = await demo.api.data(MEMBER, DISCOVER, {"address": address})
        form = demo.form(address)
    first = data["discover"]["candidates"][0]
    assert data["discover"]["errors"] == []
    assert (first["trust"], first["needsConsent"]) == ("CATALOGUE", False)
    assert first["provider"] == {"catalogueId": "demo_gmail"}
    for side in ("incoming", "outgoing"):
        assert first[side] == {name: form[side][name] for name in ("host", "port", "security")}


async def test_another_password_is_refused_in_the_words_of_the_provider(
    demo: Demonstration,
) -> None:
    """A wrong password, or an unknown name, ends with the provider's plain refusal."""
    found = {}
    for address in (
        "ann@well.localhost",
        "nobody@gmail.localhost",
        "tenant-off@microsoft.localhost",
    ):
        test = await demo.tested(address, {"password": "not the right one"})
        found[address] = test["diagnosis"]["code"]
    assert found == {
        "ann@well.localhost": "AUTH_BAD_CREDENTIALS",
        "nobody@gmail.localhost": "GMAIL_BAD",
        "tenant-off@microsoft.localhost": "MS_BAD",
    }


async def test_an_access_token_opens_what_no_password_opens(demo: Demonstration) -> None:
    """Where basic authentication is off, the right access token passes and a wrong one does not."""
    address = "basic-off@microsoft.localhost"
    right = await demo.tested(address, {"accessToken": "demo"})
    assert (right["status"], right["diagnosis"]) == ("PASSED", None)
    wrong = await demo.tested(address, {"accessToken": "another"})
    assert wrong["status"] == "FAILED"


RESULTS = [
    (
        "smtp.well.localhost; spf=pass smtp.mailfrom=well.localhost; dkim=pass "
        "header.d=well.localhost; dmarc=pass header.from=well.localhost"
    )
]
"""What the simulated server writes about the message."""


@pytest.mark.parametrize(
    ("address", "status", "code", "folder", "name"),
    [
        ("ann@well.localhost", "PASSED", None, "INBOX", "INBOX"),
        ("spam@well.localhost", "PASSED_WITH_WARNINGS", "ROUNDTRIP_SPAM", "JUNK", "Junk"),
        ("lost@well.localhost", "FAILED", "ROUNDTRIP_LOST", None, None),
    ],
)
async def test_a_round_trip(
    app_settings: Settings,
    address: str,
    status: str,
    code: str | None,
    folder: str | None,
    name: str | None,
) -> None:
    """What an account sends to itself arrives in its inbox, among the spam, or never; where it
    arrives it is removed.
    """
    quick = app_settings.model_copy(update={"roundtrip_seconds": 5.0})
    async with demonstrating(quick) as demo:
        data = await demo.api.data(MEMBER, ROUND_TRIP, {"draft": demo.form(address)})
    assert data["testConnection"]["errors"] == []
    test = data["testConnection"]["test"]
    last = test["steps"][-1]
    assert (test["status"], last["kind"]) == (status, "FIND_MESSAGE")
    assert (last["diagnosis"] or {}).get("code") == code
    assert test["roundTrip"] == {
        "folder": folder,
        "folderName": name,
        "authenticationResults": RESULTS if folder else [],
        "removed": folder is not None,
    }


async def test_only_the_ports_of_the_simulator_can_be_reached(demo: Demonstration) -> None:
    """Another listening port of loopback, and the demo's port of another address, are refused as
    everything private is.
    """
    row = demo.provider("ann@well.localhost")
    with socket.create_server(("127.0.0.1", 0)) as other:
        targets = [
            ("imap.well.localhost", other.getsockname()[1]),
            ("127.0.0.1", other.getsockname()[1]),
            ("127.0.0.2", row.incoming.port),
            ("::ffff:127.0.0.1", row.incoming.port),
            ("10.0.0.1", row.incoming.port),
            ("9.9.9.9", row.incoming.port),
        ]
        for host, port in targets:
            form = demo.form("ann@well.localhost")
            del form["outgoing"]
            form["incoming"] |= {"host": host, "port": port}
            test = await demo.test({"draft": form})
            assert steps(test)[0] == ("IMAP", "RESOLVE", "FAILED")
            assert test["diagnosis"]["code"] == "EGRESS_BLOCKED"


def _printed(text: str) -> dict[str, tuple[str, int, str]]:
    """Return host, port and TLS mode of each server that the start has printed."""
    found = re.findall(r"^  (IMAP|SMTP) +(\S+):(\d+)/(\w+)$", text, re.MULTILINE)
    return {protocol: (host, int(port), mode) for protocol, host, port, mode in found}


def test_make_run_demonstrates_without_a_network(engine: str, tmp_path: Path) -> None:
    """`mailconfig serve` in development signs the printed user in, shows the simulated providers,
    and the printed mailbox passes, with no DNS server that answers.
    """
    with serving(tmp_path / "data", MODE="development", DNS_SERVERS="127.0.0.1:9") as served:
        text = served.out.read_text()
        password = re.search(r"^  Password +(\S+) +\(shown only now\)$", text, re.MULTILINE)
        assert password is not None
        anonymous = Client(served.address)
        login = anonymous.data(
            LOGIN, {"input": {"email": "owner@example.com", "password": password[1]}}
        )
        anonymous.close()
        client = Client(served.address, login["login"]["session"]["accessToken"])
        rows = client.data(PROVIDERS)["providers"]["nodes"]
        shown = {row["catalogueId"]: row["name"] for row in rows}
        assert shown == {f"demo_{each.id}": f"Demo: {each.name}" for each in SERVICES}
        servers = {
            side: {"host": host, "port": port, "security": mode.upper()}
            | {"secret": {"password": "demo"}}
            for side, (host, port, mode) in zip(
                ("incoming", "outgoing"), _printed(text).values(), strict=True
            )
        }
        draft = {"emailAddress": "ann@well.localhost", **servers}
        test = client.data(
            "mutation ($draft: DraftInput!) { testConnection("
            "input: { target: { draft: $draft }, waitSeconds: 25 }) "
            "{ test { status } errors { message } } }",
            {"draft": draft},
        )["testConnection"]
        assert test == {"test": {"status": "PASSED"}, "errors": []}
        client.close()
        assert served.stop() == 0


def test_production_has_no_demonstration(engine: str, tmp_path: Path) -> None:
    """In production nothing listens beside the API, and no row of the catalogue is a demo."""
    assert not Settings(mode="production").serves_demo
    assert Settings(mode="development").serves_demo
    assert not Settings(mode="development", demo=False).serves_demo
