"""Forbidden targets through the API: all refused by the same steps, with the same answer.

The prober and egress are the real ones; clock, sleep, resolver and sockets are the test's. Odd
numeric hosts do not come that far: the form's rules refuse them without any look-up.
"""

import errno
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, NoReturn

import pytest

from kit.api import MEMBER, Api, serving
from mailconfig.domain.diagnostics.engine import diagnose_code
from mailconfig.domain.resolution import IPAddress
from mailconfig.egress import Egress, EgressPolicy
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.prober import NetworkProber
from mailconfig.mail.tls import TlsContexts, TlsSettings
from mailconfig.settings import Settings

PACE = 0.5
"""Seconds that a refusal takes, or a multiple of it."""
LOOK_UP = 0.3
"""Seconds that the resolver takes on the test's clock."""
PUBLIC = "93.184.216.34"
NAMES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # Name -> its addresses at the first look-up, at the second, and so on.
    "private.example.net": (("10.0.0.5",),),
    "loopback.example.net": (("127.0.0.1",),),
    "metadata.example.net": (("169.254.169.254",),),
    "mapped.example.net": (("::ffff:10.0.0.5",),),
    # One forbidden address among allowed ones.
    "mixed.example.net": ((PUBLIC, "192.168.1.1"),),
    # DNS rebinding, in both directions.
    "turns-public.example.net": (("10.0.0.5",), (PUBLIC,)),
    "turns-private.example.net": ((PUBLIC,), ("10.0.0.5",)),
    "public.example.net": ((PUBLIC,),),
}
REFUSED = [
    # Loopback, the name that is never looked up, IPv6.
    "127.0.0.1",
    "127.8.8.8",
    # In full-width digits, which the form reads as plain ones.
    "\uff11\uff12\uff17.0.0.1.",
    "localhost",
    "::1",
    "[::1]",
    # Unspecified.
    "0.0.0.0",
    "::",
    # Private, unique local.
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "fd00::1",
    # Link-local and metadata.
    "169.254.1.1",
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    # Azure's platform service on a public address.
    "168.63.129.16",
    # Carrier-grade NAT.
    "100.64.0.1",
    # Multicast, broadcast.
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    # IPv4 inside of IPv6: mapped, compatible, NAT64, local NAT64, 6to4, Teredo.
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "2002:a00:1::1",
    "2001:0:a00:1::",
    # Names, whatever the look-up takes.
    "private.example.net",
    "PRIVATE.Example.NET.",
    "loopback.example.net",
    "metadata.example.net",
    "mapped.example.net",
    "mixed.example.net",
    "turns-public.example.net",
]
FORBIDDEN_PORTS = [1, 22, 80, 3306, 6379, 65535]
NUMERIC = [
    # Decimal, octal, hexadecimal, short forms of 127.0.0.1, 10.0.0.1 and 169.254.169.254.
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "127.1",
    "127.0.1",
    "10.1",
    "2852039166",
    # The same in characters that become dots.
    "127\u30020\u30020\u30021.5",
    # An address with a zone.
    "fe80::1%eth0",
]
START = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status startedAt finishedAt config { id }
      steps {
        id protocol kind status durationMs address tlsVersion cipher capabilities mechanism
        serverReply certificate { subject }
        diagnosis { ...all }
      }
      diagnosis { ...all }
    }
    errors { __typename message path ... on ValidationIssue { code severity suggestion } }
  }
}
fragment all on Diagnosis {
  code severity title advice helpUrl fixableBy retryable paths serverReply
  fix { id title incoming { host port security username } }
}
"""


@dataclass
class Surroundings:
    """Clock, sleep, resolver and sockets of egress, and what was done with them."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    opened: list[socket.AddressFamily] = field(default_factory=list)

    def clock(self) -> float:
        """Return the test's time in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the test's time pass."""
        self.slept.append(seconds)
        self.now += seconds

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Answer a look-up; a name may change from one to the next."""
        answers = NAMES[host]
        position = min(self.looked_up.count(host), len(answers) - 1)
        self.looked_up.append(host)
        self.now += LOOK_UP
        return tuple(map(ip_address, answers[position]))

    def open_socket(self, family: socket.AddressFamily) -> NoReturn:
        """Count a socket; nothing leaves this machine."""
        self.opened.append(family)
        raise OSError(errno.ENETUNREACH, "no network in this test")


@asynccontextmanager
async def surrounded(settings: Settings) -> AsyncIterator[tuple[Api, Surroundings]]:
    """Run the application with a real prober in surroundings of the test."""
    around = Surroundings()
    egress = Egress(
        EgressPolicy(refusal_seconds=PACE),
        around,
        clock=around.clock,
        sleep=around.sleep,
        open_socket=around.open_socket,
    )
    prober = NetworkProber(egress, TlsContexts(TlsSettings()), diagnose_code, ProbeSettings())
    async with serving(settings, prober) as api:  # type: ignore[arg-type]
        yield api, around


async def payload_of(api: Api, host: str, port: int = 993) -> dict[str, Any]:
    """Test a draft with this host for receiving and return the payload."""
    secret = {"password": "never-sent-1"}
    incoming = {"host": host, "port": port, "security": "TLS", "username": "ann", "secret": secret}
    draft = {"emailAddress": "ann@example.net", "incoming": incoming}
    variables = {"input": {"target": {"draft": draft}, "waitSeconds": 20}}
    return (await api.data(MEMBER, START, variables))["testConnection"]


def without_ids_and_times(payload: dict[str, Any]) -> str:
    """Return a payload as text without what differs between any two tests."""
    kept = json.loads(json.dumps(payload))
    for name in ("id", "startedAt", "finishedAt"):
        assert kept["test"].pop(name)
    for step in kept["test"]["steps"]:
        step.pop("id")
        step.pop("durationMs")
    return json.dumps(kept, sort_keys=True)


async def test_all_refusals_are_alike(app_settings: Settings) -> None:
    """Each host and port: one answer, one sleep to a whole multiple of the pace, no socket."""
    targets = [(host, 993) for host in REFUSED] + [(PUBLIC, port) for port in FORBIDDEN_PORTS]
    answers: dict[str, list[object]] = {}
    async with surrounded(app_settings) as (api, around):
        for host, port in targets:
            around.slept.clear()
            started = around.now
            payload = await payload_of(api, host, port)
            assert len(around.slept) == 1, host
            assert around.now - started == pytest.approx(PACE), host
            answers.setdefault(without_ids_and_times(payload), []).append((host, port))
        assert around.opened == []
    ((answer, alike),) = answers.items()
    assert alike == targets
    payload = json.loads(answer)
    assert payload["errors"] == []
    assert payload["test"]["status"] == "FAILED"
    assert payload["test"]["diagnosis"]["code"] == "EGRESS_BLOCKED"
    assert payload["test"]["diagnosis"]["fix"] is None
    assert [(step["kind"], step["status"]) for step in payload["test"]["steps"]] == [
        ("RESOLVE", "FAILED"),
        ("CONNECT", "SKIPPED"),
        ("TLS_HANDSHAKE", "SKIPPED"),
        ("GREETING", "SKIPPED"),
        ("CAPABILITIES", "SKIPPED"),
        ("AUTHENTICATE", "SKIPPED"),
        ("OPEN_MAILBOX", "SKIPPED"),
    ]


async def test_odd_numeric_hosts_are_refused_by_the_form(app_settings: Settings) -> None:
    """No test begins: one issue about the host's syntax, no look-up, no sleep, no socket."""
    async with surrounded(app_settings) as (api, around):
        for host in NUMERIC:
            payload = await payload_of(api, host)
            assert payload["test"] is None, host
            (error,) = payload["errors"]
            assert (error["__typename"], error["code"]) == ("ValidationIssue", "HOST_SYNTAX"), host
            assert error["path"] == ["incoming", "host"]
    assert (around.looked_up, around.slept, around.opened) == ([], [], [])


async def test_a_name_is_looked_up_once_and_the_checked_address_is_dialled(
    app_settings: Settings,
) -> None:
    """A name that turns private after its check is still dialled at the public address only.

    Asked for again it is refused, so that the first answer buys nothing.
    """
    async with surrounded(app_settings) as (api, around):
        first = await payload_of(api, "turns-private.example.net")
        assert around.looked_up == ["turns-private.example.net"]
        assert around.opened == [socket.AF_INET]
        again = await payload_of(api, "turns-private.example.net")
        refused = await payload_of(api, "private.example.net")
    assert len(around.opened) == 1
    kinds = [step["kind"] for step in first["test"]["steps"] if step["status"] == "FAILED"]
    assert kinds == ["CONNECT"]
    assert without_ids_and_times(again) == without_ids_and_times(refused)


async def test_an_allowed_target_gets_further(app_settings: Settings) -> None:
    """The test of the tests: with a public address a socket is asked for, without any sleep."""
    async with surrounded(app_settings) as (api, around):
        payload = await payload_of(api, "public.example.net")
    assert payload["test"]["diagnosis"]["code"] != "EGRESS_BLOCKED"
    assert (around.opened, around.slept) == ([socket.AF_INET], [])
