"""The product as users run it: `mailconfig serve` in a process of its own, spoken to over HTTP,
against a real Dovecot and a real Postfix.
"""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from kit.connections import LOG_SECONDS, CountsFailures, fresh_name
from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import FAR, GOOD_HOST, UNKNOWN_CA_HOST, Certificates
from kit.serving import (
    Client,
    Names,
    Served,
    dns_server,
    make_owner,
    run,
    serving,
    signed_in,
)

pytestmark = pytest.mark.servers

SECRET = "kept horse € battery"
OTHER_NAME_HOST = f"imap.{GOOD_HOST}"
"""Served with the certificate of GOOD_HOST, a name of the same site."""
TARPIT_HOST = f"tarpit.{GOOD_HOST}"
IMAP_STEPS = [
    ("IMAP", "RESOLVE", "PASSED"),
    ("IMAP", "CONNECT", "PASSED"),
    ("IMAP", "TLS_HANDSHAKE", "PASSED"),
    ("IMAP", "GREETING", "PASSED"),
    ("IMAP", "CAPABILITIES", "PASSED"),
    ("IMAP", "AUTHENTICATE", "PASSED"),
    ("IMAP", "OPEN_MAILBOX", "PASSED"),
]
SMTP_STEPS = [
    ("SMTP", "RESOLVE", "PASSED"),
    ("SMTP", "CONNECT", "PASSED"),
    ("SMTP", "GREETING", "PASSED"),
    ("SMTP", "STARTTLS", "PASSED"),
    ("SMTP", "TLS_HANDSHAKE", "PASSED"),
    ("SMTP", "CAPABILITIES", "PASSED"),
    ("SMTP", "AUTHENTICATE", "PASSED"),
    ("SMTP", "SENDER_CHECK", "PASSED"),
]
UNDER_WAY = {"QUEUED", "RUNNING"}
TEST = """
fragment Tested on ConnectionTest {
  id status
  config { id status revision }
  steps {
    protocol kind status durationMs address port tlsVersion cipher capabilities mechanism
    certificate { subject names sha256 }
    diagnosis { code }
  }
  diagnosis { code fixableBy fix { id incoming { host } } }
}
"""
TEST_CONNECTION = (
    TEST
    + """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) { test { ...Tested } errors { __typename message path } }
}
"""
)
SUBMIT = """
mutation ($input: SubmitInput!) {
  submit(input: $input) { config { id revision status } errors { __typename message path } }
}
"""
UPDATE = """
mutation ($input: UpdateInput!) {
  update(input: $input) { config { id files { kind } } errors { __typename message path } }
}
"""
APPLY_FIX = """
mutation ($input: ApplyFixInput!) {
  applyFix(input: $input) {
    config { revision incoming { host } } test { id } errors { __typename message path }
  }
}
"""
CANCEL = """
mutation ($input: CancelTestInput!) {
  cancelTest(input: $input) { test { status } errors { __typename message path } }
}
"""
Watch = Callable[[Client, str], list[dict[str, Any]]]
PROGRESS = """
subscription ($id: ID!) {
  connectionTestProgress(testId: $id) { test { status } step { protocol kind status } }
}
"""


@dataclass(frozen=True, slots=True)
class World:
    """The mail servers and the settings under which mailconfig reaches them."""

    dovecot: Dovecot
    postfix: Postfix
    names: Names
    settings: dict[str, object]

    def account(self) -> str:
        """Make a mailbox that no other test uses and return its address."""
        name = fresh_name()
        self.dovecot.add_user(name, SECRET)
        return name

    def form(self, address: str, host: str = GOOD_HOST, secret: str = SECRET) -> dict[str, Any]:
        """Return the form of a mailbox: IMAPS, and submission with STARTTLS."""
        given = {"host": host, "username": address, "secret": {"password": secret}}
        return {
            "name": "Work",
            "emailAddress": address,
            "incoming": given | {"port": self.dovecot.imaps_port, "security": "TLS"},
            "outgoing": given | {"port": self.postfix.submission_port, "security": "STARTTLS"},
        }

    def tarpit_form(self, port: int) -> dict[str, Any]:
        """Return the form of a mailbox whose server accepts and says nothing."""
        server = {"host": TARPIT_HOST, "port": port, "security": "TLS", "username": "ann"}
        return {"emailAddress": f"ann@{GOOD_HOST}", "incoming": server}


@contextmanager
def listening_tarpit() -> Iterator[int]:
    """Yield the port of a server whose kernel accepts connections and that never says a word."""
    with socket.create_server((FAR, 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def tarpit() -> Iterator[int]:
    """Port of a silent server."""
    with listening_tarpit() as port:
        yield port


@pytest.fixture(scope="module")
def world(
    dovecot: Dovecot, postfix: Postfix, certificates: Certificates, tarpit: int
) -> Iterator[World]:
    """The mail servers, their names in a DNS of the tests, and the settings that reach them."""
    ports = (dovecot.imaps_port, postfix.submission_port, postfix.submissions_port, tarpit)
    hosts = (GOOD_HOST, UNKNOWN_CA_HOST, OTHER_NAME_HOST, TARPIT_HOST)
    with dns_server(dict.fromkeys(hosts, FAR)) as names:
        settings: dict[str, object] = {
            "EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
            "EGRESS_ALLOW_PORTS": ",".join(map(str, ports)),
            "CA_FILE": certificates.ca,
            "DNS_SERVERS": names.endpoint,
            "TEST_CONNECT_SECONDS": 15,  # the tarpit must hold until somebody cancels
        }
        yield World(dovecot, postfix, names, settings)


@pytest.fixture(scope="module")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of its own process that all tests of this module share."""
    data = tmp_path_factory.mktemp("served") / "data"
    make_owner(data)
    with serving(data, **world.settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Client]:
    """The signed-in owner."""
    with signed_in(served) as client:
        yield client


def examined(client: Client, target: dict[str, Any], seconds: int = 25) -> dict[str, Any]:
    """Test a configuration or a draft and return the test."""
    variables = {"input": {"target": target, "waitSeconds": seconds}}
    payload = client.data(TEST_CONNECTION, variables)["testConnection"]
    assert payload["errors"] == []
    return payload["test"]


def submitted(client: Client, form: dict[str, Any]) -> str:
    """Store a form and return the configuration's id."""
    payload = client.data(SUBMIT, {"input": form})["submit"]
    assert payload["errors"] == []
    assert payload["config"]["status"] == "UNVERIFIED"
    return payload["config"]["id"]


def steps(test: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return protocol, kind and status of each step."""
    return [(step["protocol"], step["kind"], step["status"]) for step in test["steps"]]


def failures(test: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return protocol, kind and code of each failed step."""
    return [
        (step["protocol"], step["kind"], step["diagnosis"]["code"])
        for step in test["steps"]
        if step["status"] == "FAILED"
    ]


def step(test: dict[str, Any], protocol: str, kind: str) -> dict[str, Any]:
    """Return one step."""
    (found,) = [
        item for item in test["steps"] if (item["protocol"], item["kind"]) == (protocol, kind)
    ]
    return found


def status_of(client: Client, test_id: str) -> str:
    """Return the state of a test."""
    query = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { status } } }"
    return client.data(query, {"id": test_id})["node"]["status"]


def refused(server: CountsFailures, name: str) -> int:
    """Return how many logins of a user the server's log shows as refused."""
    time.sleep(LOG_SECONDS)
    return server.failed_logins(name)


def test_a_draft_passes_and_shows_what_was_seen(client: Client, world: World) -> None:
    """A good draft passes every step, with address, TLS, certificate, capabilities, mechanism."""
    test = examined(client, {"draft": world.form(world.account())})
    assert (test["status"], test["diagnosis"], test["config"]) == ("PASSED", None, None)
    assert steps(test) == IMAP_STEPS + SMTP_STEPS
    for protocol, port in (
        ("IMAP", world.dovecot.imaps_port),
        ("SMTP", world.postfix.submission_port),
    ):
        handshake = step(test, protocol, "TLS_HANDSHAKE")
        assert step(test, protocol, "CONNECT")["address"] == FAR
        assert handshake["port"] == port
        assert handshake["tlsVersion"] == "TLSv1.3"
        assert handshake["cipher"] == "TLS_AES_256_GCM_SHA384"
        assert handshake["certificate"]["names"] == [GOOD_HOST, "localhost", "127.0.0.1", FAR]
        assert len(handshake["certificate"]["sha256"]) == 64
        assert step(test, protocol, "AUTHENTICATE")["mechanism"] == "PLAIN"
    assert "AUTH=SCRAM-SHA-256" in step(test, "IMAP", "CAPABILITIES")["capabilities"]
    assert "8BITMIME" in step(test, "SMTP", "CAPABILITIES")["capabilities"]


def test_a_stored_configuration_becomes_working(client: Client, world: World) -> None:
    """A passed test of a stored configuration says so in its status, and in the list."""
    config = submitted(client, world.form(world.account()))
    test = examined(client, {"configId": config})
    assert test["config"] == {"id": config, "status": "WORKING", "revision": 1}
    query = "query ($id: ID!) { config(id: $id) { status lastTest { id status } } }"
    shown = client.data(query, {"id": config})["config"]
    assert shown == {"status": "WORKING", "lastTest": {"id": test["id"], "status": "PASSED"}}


def test_a_wrong_password_costs_one_login_at_each_server(client: Client, world: World) -> None:
    """A wrong password fails at AUTHENTICATE of both servers, once each, and is the root cause."""
    address = world.account()
    config = submitted(client, world.form(address, secret="wrong horse"))
    test = examined(client, {"configId": config})
    assert failures(test) == [
        ("IMAP", "AUTHENTICATE", "AUTH_BAD_CREDENTIALS"),
        ("SMTP", "AUTHENTICATE", "AUTH_BAD_CREDENTIALS"),
    ]
    assert test["diagnosis"] == {"code": "AUTH_BAD_CREDENTIALS", "fixableBy": "USER", "fix": None}
    assert (test["status"], test["config"]["status"]) == ("FAILED", "FAILING")
    assert refused(world.dovecot, address) == 1
    assert refused(world.postfix, address) == 1


def test_an_uploaded_authority_is_trusted_by_its_configuration(
    client: Client, world: World, certificates: Certificates
) -> None:
    """Servers of an unknown authority are refused until its certificate is a file of the config."""
    config = submitted(client, world.form(world.account(), host=UNKNOWN_CA_HOST))
    test = examined(client, {"configId": config})
    assert failures(test) == [
        ("IMAP", "TLS_HANDSHAKE", "CERT_UNTRUSTED_ROOT"),
        ("SMTP", "TLS_HANDSHAKE", "CERT_UNTRUSTED_ROOT"),
    ]
    shown = step(test, "IMAP", "TLS_HANDSHAKE")["certificate"]
    assert shown["names"] == [UNKNOWN_CA_HOST]
    file = {"upload": {"kind": "CA_CERTIFICATE", "file": None}}
    payload = client.upload(
        UPDATE,
        {"input": {"id": config, "files": [file]}},
        "variables.input.files.0.upload.file",
        "authority.pem",
        certificates.unknown_ca_text().encode(),
    )["update"]
    assert payload == {
        "config": {"id": config, "files": [{"kind": "CA_CERTIFICATE"}]},
        "errors": [],
    }
    test = examined(client, {"configId": config})
    assert (test["status"], failures(test)) == ("PASSED", [])
    other = submitted(client, world.form(world.account(), host=UNKNOWN_CA_HOST))
    assert examined(client, {"configId": other})["diagnosis"]["code"] == "CERT_UNTRUSTED_ROOT"


def test_the_fix_of_a_wrong_name_can_be_applied(client: Client, world: World) -> None:
    """A certificate of another name of the same site is a fix; applied, the test passes."""
    address = world.account()
    form = world.form(address)
    form["incoming"] = form["incoming"] | {"host": OTHER_NAME_HOST}
    config = submitted(client, form)
    test = examined(client, {"configId": config})
    assert failures(test) == [("IMAP", "TLS_HANDSHAKE", "CERT_NAME_MISMATCH")]
    fix = test["diagnosis"]["fix"]
    assert fix["incoming"] == {"host": GOOD_HOST}
    applied = client.data(APPLY_FIX, {"input": {"testId": test["id"], "fixId": fix["id"]}})
    payload = applied["applyFix"]
    assert payload["errors"] == []
    assert payload["config"] == {"revision": 2, "incoming": {"host": GOOD_HOST}}
    assert sse_events(client, payload["test"]["id"])[-1]["test"]["status"] == "PASSED"
    assert refused(world.dovecot, address) == 0


def sse_events(client: Client, test_id: str) -> list[dict[str, Any]]:
    """Watch a test to its end as the README does, by curl, and return what came."""
    body = json.dumps({"query": PROGRESS, "variables": {"id": test_id}})
    words = ["curl", "-sSN", client.url, "-H", f"Authorization: Bearer {client.token}"]
    words += ["-H", "Accept: text/event-stream", "-H", "Content-Type: application/json"]
    done = subprocess.run(
        [*words, "-d", body], capture_output=True, text=True, check=True, timeout=40
    )
    blocks = [block.split("\n") for block in done.stdout.split("\n\n") if block.startswith("event")]
    assert [block[0] for block in blocks] == ["event: next"] * (len(blocks) - 1) + [
        "event: complete"
    ]
    answers = [json.loads(block[1].removeprefix("data: ")) for block in blocks[:-1]]
    assert [answer for answer in answers if "errors" in answer] == []
    return [answer["data"]["connectionTestProgress"] for answer in answers]


def socket_events(client: Client, test_id: str) -> list[dict[str, Any]]:
    """Watch a test to its end by graphql-transport-ws and return what came."""
    url = client.url.replace("http", "ws", 1)
    with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as wire:
        wire.send(json.dumps({"type": "connection_init", "payload": client.headers}))
        assert json.loads(wire.recv(20)) == {"type": "connection_ack"}
        payload = {"query": PROGRESS, "variables": {"id": test_id}}
        wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        events = []
        while (message := json.loads(wire.recv(40)))["type"] == "next":
            events.append(message["payload"]["data"]["connectionTestProgress"])
        assert message == {"id": "1", "type": "complete"}
    return events


@pytest.fixture
def slow_names(world: World) -> Iterator[None]:
    """Look-ups take long enough that a watcher is there before the test has done anything."""
    world.names.slow(GOOD_HOST, 1.5)  # below the time of one attempt
    yield
    world.names.slow(GOOD_HOST, 0)


@pytest.mark.usefixtures("slow_names")
@pytest.mark.parametrize("watch", [sse_events, socket_events])
def test_progress_is_live(client: Client, world: World, watch: Watch) -> None:
    """Both transports begin while the test runs, tell of the end of every step once, and close."""
    started = examined(client, {"draft": world.form(world.account())}, seconds=0)
    events = watch(client, started["id"])
    assert (events[0]["step"], events[0]["test"]["status"] in UNDER_WAY) == (None, True)
    assert events[-1]["test"]["status"] == "PASSED"
    told = [item["step"].values() for item in events if item["step"]]
    passed = [tuple(values) for values in told if "PASSED" in values]
    assert sorted(passed) == sorted(IMAP_STEPS + SMTP_STEPS)


def test_a_running_test_can_be_cancelled(client: Client, world: World, tarpit: int) -> None:
    """A test that hangs in a silent server ends at once by cancelTest, and its watchers see it."""
    test = examined(client, {"draft": world.tarpit_form(tarpit)}, seconds=0)
    seen: list[dict[str, Any]] = []
    watcher = threading.Thread(target=lambda: seen.extend(sse_events(client, test["id"])))
    watcher.start()
    payload = client.data(CANCEL, {"input": {"testId": test["id"]}})["cancelTest"]
    watcher.join()
    assert payload == {"test": {"status": "CANCELLED"}, "errors": []}
    assert seen[-1]["test"]["status"] == "CANCELLED"
    assert status_of(client, test["id"]) == "CANCELLED"


def test_the_server_ends_by_sigterm_with_everything_open(
    world: World, tarpit: int, tmp_path: Path
) -> None:
    """SIGTERM ends serve with status 0 in ten seconds, with a stream, a socket and a test open."""
    make_owner(tmp_path / "data")
    with serving(tmp_path / "data", **world.settings) as served, signed_in(served) as client:
        test = examined(client, {"draft": world.tarpit_form(tarpit)}, seconds=0)
        words = ["curl", "-sN", client.url, "-H", f"Authorization: Bearer {client.token}"]
        words += ["-H", "Accept: text/event-stream", "-H", "Content-Type: application/json"]
        body = json.dumps({"query": PROGRESS, "variables": {"id": test["id"]}})
        url = client.url.replace("http", "ws", 1)
        with (
            subprocess.Popen([*words, "-d", body], stdout=subprocess.PIPE) as curl,
            connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as wire,
        ):
            assert curl.stdout is not None
            assert curl.stdout.readline() == b"event: next\n"
            wire.send(json.dumps({"type": "connection_init"}))
            wire.recv(20)
            before = time.monotonic()
            assert served.stop() == 0
            assert time.monotonic() - before < 10
            curl.stdout.read()
        # Besides what the start thinks of these settings.
        said = [event["event"] for event in served.events() if event["level"] != "warning"]
        assert said == ["serving"]
    with serving(tmp_path / "data", "again") as served, signed_in(served) as client:
        assert status_of(client, test["id"]) == "CANCELLED"


def test_two_processes_share_their_tests(
    database_url: str, world: World, tarpit: int, tmp_path: Path
) -> None:
    """A test that one process runs is watched and cancelled through another one."""
    data = tmp_path / "data"
    settings = world.settings | {"DATABASE_URL": database_url}
    make_owner(data, **settings)
    with (
        serving(data, "one", **settings) as one,
        serving(data, "two", **settings) as two,
        signed_in(one) as here,
        signed_in(two) as there,
    ):
        test = examined(here, {"draft": world.tarpit_form(tarpit)}, seconds=0)
        seen: list[dict[str, Any]] = []
        watcher = threading.Thread(target=lambda: seen.extend(sse_events(there, test["id"])))
        watcher.start()
        payload = there.data(CANCEL, {"input": {"testId": test["id"]}})["cancelTest"]
        watcher.join()
        assert payload["errors"] == []
        assert seen[-1]["test"]["status"] == "CANCELLED"
        assert status_of(here, test["id"]) == "CANCELLED"
        passing = examined(here, {"draft": world.form(world.account())}, seconds=0)
        assert sse_events(there, passing["id"])[-1]["test"]["status"] == "PASSED"


def cli_test(world: World, address: str, password: str) -> "subprocess.CompletedProcess[str]":
    """Run `mailconfig test` for both servers of an account."""
    return run(
        "test",
        address,
        "--imap",
        f"{GOOD_HOST}:{world.dovecot.imaps_port}/tls",
        "--smtp",
        f"{GOOD_HOST}:{world.postfix.submission_port}/starttls",
        "--password-stdin",
        given=f"{password}\n",
        **world.settings,
    )


def test_the_command_passes(world: World) -> None:
    """`mailconfig test` prints a line for each step and ends with status 0 when all is well."""
    done = cli_test(world, world.account(), SECRET)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split()[:3] for line in done.stdout.splitlines() if line.startswith("✓")]
    assert len(lines) == len(IMAP_STEPS + SMTP_STEPS)
    assert "TLSv1.3 TLS_AES_256_GCM_SHA384" in done.stdout.replace("  ", " ")
    assert done.stdout.endswith("\nAll is well.\n")
    assert SECRET not in done.stdout


def test_the_command_explains_and_fails(world: World) -> None:
    """`mailconfig test` with a wrong password explains it, ends with 1, and tries it once."""
    address = world.account()
    done = cli_test(world, address, "wrong horse")
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ IMAP authenticate" in done.stdout
    assert "AUTH_BAD_CREDENTIALS" in done.stdout
    assert "wrong horse" not in done.stdout
    assert refused(world.dovecot, address) == 1
    assert refused(world.postfix, address) == 1


def test_no_log_holds_the_mailbox_password(client: Client, world: World, served: Served) -> None:
    """After a passed and a failed test the server's log holds neither password."""
    examined(client, {"draft": world.form(world.account())})
    examined(client, {"draft": world.form(world.account(), secret="wrong horse")})
    log = served.log.read_text()
    assert SECRET not in log
    assert "wrong horse" not in log
    assert [event["event"] for event in served.events() if event["level"] == "error"] == []
