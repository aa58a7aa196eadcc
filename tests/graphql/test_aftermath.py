"""What follows the steps of a test may break, take long or be stopped: the verdict holds."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from kit.api import MEMBER, Api, FakeProber, serving
from kit.held import HeldProber
from kit.outcomes import passed
from kit.trips import FakeTripper, lost
from mailconfig.domain.diagnostics import DiagnosticCode, Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeRequest, ProtocolOutcome, Report
from mailconfig.domain.reachability import PortReach
from mailconfig.domain.roundtrips import RoundTrip, RoundTripRequest
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.settings import Settings

TEST = """
mutation ($input: TestConnectionInput!) {
  testConnection(input: $input) {
    test {
      id status config { status } diagnosis { code fix { id } } ports { port } roundTrip { folder }
    }
    errors { __typename }
  }
}
"""
CANCEL = """
mutation ($input: CancelTestInput!) {
  cancelTest(input: $input) { test { status diagnosis { code } } errors { __typename } }
}
"""
READ = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { status } } }"
IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
NOBODY_LISTENS = Observation(
    protocol=IMAP,
    phase=Phase.CONNECT,
    host="imap.example.net",
    port=993,
    security=TransportSecurity.TLS,
    failure=Failure.REFUSED,
)


def refused() -> tuple[ProtocolOutcome, ...]:
    """Nothing listens at imap.example.net:993."""
    return (ProtocolOutcome(IMAP, DiagnosticCode.TCP_REFUSED, NOBODY_LISTENS), passed(SMTP))


class BrokenScout:
    """A machine that has no descriptors left."""

    async def scout(self, _host: str, _seconds: float) -> tuple[PortReach, ...]:
        """Fail as a fault of our own does."""
        raise OSError(24, "Too many open files")


@dataclass
class HangingScout:
    """Looks for ever."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def scout(self, _host: str, _seconds: float) -> tuple[PortReach, ...]:
        """Wait until somebody stops it."""
        self.begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ()


@dataclass
class HangingProofs(FakeProber):
    """Tests at once, and never ends a proof."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Hang where nobody signs in."""
        if any(target.secret for target in request.targets):
            return await super().probe(request, report)
        self.begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ()


class BrokenTripper(FakeTripper):
    """A fault of our own on the way."""

    async def travel(self, request: RoundTripRequest, report: Report) -> RoundTrip:
        """Fail after the steps have begun."""
        await super().travel(request, report)
        raise OSError(24, "Too many open files")


async def ended(
    api: Api, outcomes: tuple[ProtocolOutcome, ...] | None = None, **more: object
) -> dict[str, Any]:
    """Store an account and test it."""
    config_id = await api.stored(MEMBER)
    api.prober.outcomes = outcomes
    given = {"target": {"configId": config_id}, "waitSeconds": 20, **more}
    return (await api.data(MEMBER, TEST, {"input": given}))["testConnection"]["test"]


async def stopped(api: Api, test_id: str) -> dict[str, Any]:
    """Cancel a test and return it."""
    given = {"input": {"testId": test_id}}
    return (await api.data(MEMBER, CANCEL, given))["cancelTest"]["test"]


async def test_a_search_for_a_fix_that_breaks_leaves_the_verdict(app_settings: Settings) -> None:
    """The servers' own failure is told; it is worth more than the fix that was not found."""
    async with serving(app_settings, port_scout=BrokenScout()) as api:
        test = await ended(api, refused())
    assert (test["status"], test["config"]["status"]) == ("FAILED", "FAILING")
    assert test["diagnosis"] == {"code": "TCP_REFUSED", "fix": None}
    assert test["ports"] == []


async def test_a_round_trip_that_breaks_is_no_pass(app_settings: Settings) -> None:
    """Nobody knows whether mail arrives; the configuration is not judged."""
    async with serving(app_settings, round_tripper=BrokenTripper()) as api:
        test = await ended(api, roundTrip=True)
    assert (test["status"], test["config"]["status"]) == ("TIMED_OUT", "UNVERIFIED")


async def test_a_round_trip_that_never_began_does_not_blame_the_account(
    app_settings: Settings,
) -> None:
    """Without a free place nothing was sent: the test ran out of time, the account did not fail."""
    waited = replace(lost(), code=DiagnosticCode.STEP_TIMEOUT)
    async with serving(app_settings, round_tripper=FakeTripper(waited)) as api:
        test = await ended(api, roundTrip=True)
    assert (test["status"], test["config"]["status"]) == ("TIMED_OUT", "UNVERIFIED")


async def test_a_step_that_took_too_long_still_fails(app_settings: Settings) -> None:
    """A server that kept silent on the round trip is the server's failure."""
    seen = Observation(protocol=SMTP, phase=Phase.MAIL, failure=Failure.TIMEOUT)
    silent = replace(lost(), code=DiagnosticCode.STEP_TIMEOUT, observation=seen)
    async with serving(app_settings, round_tripper=FakeTripper(silent)) as api:
        test = await ended(api, roundTrip=True)
    assert (test["status"], test["config"]["status"]) == ("FAILED", "FAILING")


async def test_the_look_at_the_ports_can_be_cancelled(app_settings: Settings) -> None:
    """The dials end at once, and the configuration is not judged."""
    scout = HangingScout()
    async with serving(app_settings, port_scout=scout) as api:
        test = await ended(api, refused(), waitSeconds=0)
        async with asyncio.timeout(5):
            await scout.begun.wait()
        found = await stopped(api, test["id"])
    assert (found["status"], scout.cancelled) == ("CANCELLED", 1)


async def test_a_proof_can_be_cancelled(app_settings: Settings) -> None:
    """Every probe of it ends at once."""
    prober = HangingProofs()
    async with serving(app_settings, prober) as api:
        seen = replace(
            NOBODY_LISTENS,
            phase=Phase.TLS,
            port=143,
            failure=Failure.TLS_PLAINTEXT,
        )
        mismatch = ProtocolOutcome(IMAP, DiagnosticCode.TLS_MODE_MISMATCH_TLS_ON_PLAIN, seen)
        test = await ended(api, (mismatch, passed(SMTP)), waitSeconds=0)
        async with asyncio.timeout(5):
            await prober.begun.wait()
        found = await stopped(api, test["id"])
    assert found["status"] == "CANCELLED"
    assert prober.cancelled == 2


async def test_a_test_that_waited_too_long_signs_in_nowhere(app_settings: Settings) -> None:
    """Past the time that its row counts with, nobody would learn what it found."""
    prober = HeldProber()
    settings = app_settings.model_copy(update={"test_concurrency": 1, "test_queue_seconds": 0.3})
    async with serving(settings, prober) as api:
        config_id = await api.stored(MEMBER)
        given = {"target": {"configId": config_id}, "waitSeconds": 0}
        first = (await api.data(MEMBER, TEST, {"input": given}))["testConnection"]["test"]
        second = await api.data(MEMBER, TEST, {"input": given | {"waitSeconds": 5}})
        assert second["testConnection"]["test"]["status"] == "TIMED_OUT"
        prober.release(30)
        assert await passed_in_the_end(api, first["id"])
        assert len(prober.requests) == 1


async def passed_in_the_end(api: Api, test_id: str) -> bool:
    """Wait for a test's end, a few seconds at most."""
    for _ in range(100):
        if (await api.data(MEMBER, READ, {"id": test_id}))["node"]["status"] == "PASSED":
            return True
        await asyncio.sleep(0.05)
    return False
