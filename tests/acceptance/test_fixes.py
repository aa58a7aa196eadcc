"""Wrong settings against a real Dovecot and a real Postfix, mended by the fix that is offered.

The servers stand at the usual ports of an address of the test's own, and `mailconfig serve` runs
with the ports that it allows by default. Discovery finds them there by their usual names.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.connections import LOG_SECONDS, fresh_name
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import GOOD_HOST, Certificates
from kit.serving import Client, dns_server, make_owner, serving, signed_in
from kit.usualports import servers_ports, usual_ports

pytestmark = pytest.mark.servers

SECRET = "kept horse battery"
SECONDS = 6
"""What the product promises for a wrong TLS mode."""
OTHER_NAME_HOST = f"imap.{GOOD_HOST}"
"""Served with the certificate of GOOD_HOST."""
ELSEWHERE_HOST = f"old.{GOOD_HOST}"
"""Leads to a machine where nothing listens."""
TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status
      ports { port version state durationMs }
      roundTrip { folder removed }
      warnings { code }
      steps { protocol kind status diagnosis { code } }
      diagnosis {
        code fixableBy
        fix {
          id title proven
          incoming { host port security username } outgoing { host port security username }
        }
      }
    }
    errors { __typename message path }
  }
}
"""
SUBMIT = """
mutation ($input: SubmitInput!) {
  submit(input: $input) { config { id } errors { __typename message path } }
}
"""
APPLY_FIX = """
mutation ($input: ApplyFixInput!) {
  applyFix(input: $input) { config { revision } test { id } errors { __typename message path } }
}
"""
DISCOVER = """
mutation ($input: DiscoverInput!) {
  discover(input: $input) {
    candidates {
      trust needsConsent probed
      incoming { host port security username } outgoing { host port security username }
      evidence { source status }
    }
    errors { message path }
  }
}
"""
STATUS = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { status } } }"
Server = dict[str, Any]
PLAIN_ON_TLS = "TLS_MODE_MISMATCH_PLAIN_ON_TLS"
TLS_ON_PLAIN = "TLS_MODE_MISMATCH_TLS_ON_PLAIN"
WRONG = [
    ("incoming", 143, "TLS", TLS_ON_PLAIN, "STARTTLS"),
    ("incoming", 993, "STARTTLS", PLAIN_ON_TLS, "TLS"),
    ("incoming", 993, "NONE", PLAIN_ON_TLS, "TLS"),
    ("outgoing", 587, "TLS", TLS_ON_PLAIN, "STARTTLS"),
    ("outgoing", 465, "STARTTLS", PLAIN_ON_TLS, "TLS"),
    ("outgoing", 465, "NONE", PLAIN_ON_TLS, "TLS"),
    ("outgoing", 587, "NONE", "AUTH_NOT_OFFERED_BEFORE_TLS", "STARTTLS"),
]
"""Side, port, wrong TLS mode, diagnosis, right TLS mode.

Without TLS on port 143 Dovecot takes SCRAM, which tells nobody the password: that is no failure.
"""


@pytest.fixture(scope="module")
def client(
    dovecot: Dovecot,
    postfix: Postfix,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """The signed-in owner of a server that reaches the mail servers at their usual ports."""
    data: Path = tmp_path_factory.mktemp("fixes") / "data"
    make_owner(data)
    with (
        usual_ports(servers_ports(dovecot, postfix)) as address,
        usual_ports({}) as elsewhere,
        dns_server(
            {GOOD_HOST: address, OTHER_NAME_HOST: address, ELSEWHERE_HOST: elsewhere}
        ) as names,
        serving(
            data,
            EGRESS_ALLOW_NETWORKS="127.0.0.0/8",
            CA_FILE=certificates.ca,
            DNS_SERVERS=names.endpoint,
            ALLOW_PLAINTEXT="true",
        ) as served,
        signed_in(served) as client,
    ):
        yield client


@pytest.fixture
def address(dovecot: Dovecot) -> str:
    """A mailbox that no other test uses."""
    name = fresh_name()
    dovecot.add_user(name, SECRET)
    return name


def server(address: str, port: int, security: str, host: str = GOOD_HOST) -> Server:
    """Return the settings of one server."""
    secret = {"password": SECRET}
    return {
        "host": host,
        "port": port,
        "security": security,
        "username": address,
        "secret": secret,
    }


def stored(client: Client, address: str, **servers: Server) -> str:
    """Store an account whose servers are right where nothing else is said; return its id."""
    right = {"incoming": server(address, 993, "TLS"), "outgoing": server(address, 465, "TLS")}
    form = {"name": "Work", "emailAddress": address, **right, **servers}
    payload = client.data(SUBMIT, {"input": form})["submit"]
    assert payload["errors"] == []
    return payload["config"]["id"]


def examined(client: Client, config_id: str, **more: object) -> dict[str, Any]:
    """Test a configuration to the end and return the test."""
    given = {"target": {"configId": config_id}, "waitSeconds": 25, **more}
    payload = client.data(TEST, {"input": given})["testConnection"]
    assert payload["errors"] == []
    return payload["test"]


def applied(client: Client, test: dict[str, Any]) -> str:
    """Apply the fix of a test and return how the test ended that it started."""
    given = {"testId": test["id"], "fixId": test["diagnosis"]["fix"]["id"]}
    payload = client.data(APPLY_FIX, {"input": given})["applyFix"]
    assert payload["errors"] == []
    assert payload["config"] == {"revision": 2}
    deadline = time.monotonic() + 25
    status = "RUNNING"
    while status in {"QUEUED", "RUNNING"} and time.monotonic() < deadline:
        time.sleep(0.1)
        status = client.data(STATUS, {"id": payload["test"]["id"]})["node"]["status"]
    return status


@pytest.mark.parametrize(("side", "port", "wrong", "code", "right"), WRONG)
def test_a_wrong_tls_mode_is_mended_by_one_click(
    client: Client, address: str, side: str, port: int, wrong: str, code: str, right: str
) -> None:
    """Each combination ends within six seconds with its diagnosis and a proven fix that passes."""
    config = stored(client, address, **{side: server(address, port, wrong)})
    before = time.monotonic()
    test = examined(client, config)
    assert time.monotonic() - before < SECONDS
    diagnosis = test["diagnosis"]
    assert (test["status"], diagnosis["code"]) == ("FAILED", code)
    fix = diagnosis["fix"]
    patch = {"host": None, "port": None, "security": right, "username": None}
    assert (fix["proven"], fix[side]) == (True, patch)
    assert applied(client, test) == "PASSED"


@pytest.mark.parametrize(
    ("side", "host_port", "security", "patch"),
    [
        ("outgoing", 2525, "STARTTLS", {"port": 465, "security": "TLS"}),
        ("incoming", 2587, "TLS", {"port": 993}),
    ],
)
def test_another_port_answers(
    client: Client,
    address: str,
    side: str,
    host_port: int,
    security: str,
    patch: dict[str, object],
) -> None:
    """A refused port shows which others answer; one of them is offered, tried, and passes."""
    config = stored(client, address, **{side: server(address, host_port, security)})
    test = examined(client, config)
    assert test["diagnosis"]["code"] == "TCP_REFUSED"
    states = {each["port"]: each["state"] for each in test["ports"] if each["version"] == "IPV4"}
    assert states == {
        25: "OPEN",
        465: "OPEN",
        587: "OPEN",
        2525: "REFUSED",
        143: "OPEN",
        993: "OPEN",
    }
    assert {each["state"] for each in test["ports"] if each["version"] == "IPV6"} == {"NO_ADDRESS"}
    nothing = {"host": None, "port": None, "security": None, "username": None}
    fix = test["diagnosis"]["fix"]
    assert (fix["proven"], fix[side]) == (True, nothing | patch)
    assert applied(client, test) == "PASSED"


def test_swapped_servers_are_swapped_back(client: Client, address: str) -> None:
    """Sending typed where receiving belongs, and the reverse: both sides are one fix."""
    config = stored(
        client,
        address,
        incoming=server(address, 465, "TLS"),
        outgoing=server(address, 993, "TLS"),
    )
    test = examined(client, config)
    assert test["diagnosis"]["code"] == "WRONG_PROTOCOL"
    fix = test["diagnosis"]["fix"]
    nothing = {"host": None, "security": None, "username": None}
    assert fix["proven"] is True
    assert (fix["incoming"], fix["outgoing"]) == (nothing | {"port": 993}, nothing | {"port": 465})
    assert applied(client, test) == "PASSED"


def test_the_name_on_the_certificate_is_the_same_machine(client: Client, address: str) -> None:
    """A name of the certificate is offered where it leads to the machine that showed it."""
    config = stored(client, address, incoming=server(address, 993, "TLS", OTHER_NAME_HOST))
    test = examined(client, config)
    assert test["diagnosis"]["code"] == "CERT_NAME_MISMATCH"
    fix = test["diagnosis"]["fix"]
    assert (fix["proven"], fix["incoming"]["host"]) == (True, GOOD_HOST)
    assert applied(client, test) == "PASSED"


def test_nothing_is_offered_that_does_not_work(client: Client, address: str) -> None:
    """A machine where nothing listens shows closed ports and no fix."""
    config = stored(client, address, incoming=server(address, 993, "TLS", ELSEWHERE_HOST))
    test = examined(client, config)
    assert (test["diagnosis"]["code"], test["diagnosis"]["fix"]) == ("TCP_REFUSED", None)
    states = {each["state"] for each in test["ports"] if each["version"] == "IPV4"}
    assert states == {"REFUSED"}


def test_a_message_comes_round_and_leaves_nothing(
    client: Client, address: str, dovecot: Dovecot
) -> None:
    """Through real servers: the folder and the clean-up are told, and the mailbox is empty."""
    config = stored(client, address)
    test = examined(client, config, roundTrip=True)
    assert (test["status"], test["warnings"]) == ("PASSED", [])
    assert test["roundTrip"] == {"folder": "INBOX", "removed": True}
    assert [step["status"] for step in test["steps"]] == ["PASSED"] * len(test["steps"])
    assert dovecot.holding(address) == []


def test_no_proof_signs_in(
    client: Client, address: str, dovecot: Dovecot, postfix: Postfix
) -> None:
    """After a wrong TLS mode and its proof nobody has tried to sign in at that server."""
    config = stored(client, address, incoming=server(address, 993, "STARTTLS"))
    examined(client, config)
    time.sleep(LOG_SECONDS)
    assert f"user=<{address}>" not in dovecot.log()
    assert postfix.failed_logins(address) == 0


def test_servers_are_found_by_their_usual_names(
    client: Client, address: str, dovecot: Dovecot, postfix: Postfix
) -> None:
    """Nobody names them, so they are guessed: only a valid certificate counts, nobody signs in.

    The name imap.{domain} exists and answers with another name's certificate: it is passed over.
    """
    payload = client.data(DISCOVER, {"input": {"emailAddress": address}})["discover"]
    assert payload["errors"] == []
    assert payload["candidates"] == [
        {
            "trust": "GUESSED",
            "needsConsent": False,
            "probed": True,
            "incoming": {
                "host": GOOD_HOST,
                "port": 993,
                "security": "TLS",
                "username": address,
            },
            "outgoing": {
                "host": GOOD_HOST,
                "port": 465,
                "security": "TLS",
                "username": address,
            },
            "evidence": [{"source": "GUESS", "status": "FOUND"}],
        }
    ]
    time.sleep(LOG_SECONDS)
    assert f"user=<{address}>" not in dovecot.log()
    assert postfix.failed_logins(address) == 0
