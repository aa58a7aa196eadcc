"""Proofs: proposals are tried without a secret, and what does not work is not offered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailconfig.domain.diagnostics import DiagnosticCode, SettingsFix
from mailconfig.domain.diagnostics.values import ServerPatch
from mailconfig.domain.probes import (
    ProbeRequest,
    ProbeStep,
    ProbeTarget,
    ProtocolOutcome,
    Report,
    StepDetail,
    StepKind,
    StepStatus,
)
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.domain.servers import (
    AuthenticationMethod,
    MailProtocol,
    ServerSettings,
    TransportSecurity,
)
from mailconfig.services.proofs import Proofs, ProofSettings, Scene

IMAP, SMTP = MailProtocol.IMAP, MailProtocol.SMTP
TLS, STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS
PASSWORD = NewSecret(SecretKind.PASSWORD, Secret("hunter2-Xq9"))
Place = tuple[str, int]


@dataclass
class FakeServers:
    """A prober of a small world: host and port -> the capabilities there; all else fails."""

    there: Mapping[Place, tuple[str, ...]]
    address: str = "192.0.2.1"
    slow: Mapping[Place, float] = field(default_factory=dict)
    requests: list[ProbeRequest] = field(default_factory=list)
    cancelled: list[Place] = field(default_factory=list)

    async def probe(self, request: ProbeRequest, report: Report) -> tuple[ProtocolOutcome, ...]:
        """Connect where something is."""
        self.requests.append(request)
        return tuple([await self._one(target, report) for target in request.targets])

    async def _one(self, target: ProbeTarget, report: Report) -> ProtocolOutcome:
        protocol, place = target.settings.protocol, (target.settings.host, target.settings.port)
        try:
            await asyncio.sleep(self.slow.get(place, 0))
        except asyncio.CancelledError:
            self.cancelled.append(place)
            raise
        if place not in self.there:
            return ProtocolOutcome(protocol, DiagnosticCode.TCP_REFUSED)
        connected, listed = (
            StepDetail(address=self.address),
            StepDetail(capabilities=self.there[place]),
        )
        report(ProbeStep(protocol, StepKind.CONNECT, StepStatus.PASSED, 1, connected))
        report(ProbeStep(protocol, StepKind.CAPABILITIES, StepStatus.PASSED, 1, listed))
        return ProtocolOutcome(protocol, DiagnosticCode.OK)

    @property
    def places(self) -> list[Place]:
        """Where somebody tried."""
        targets = [target for request in self.requests for target in request.targets]
        return [(target.settings.host, target.settings.port) for target in targets]


def target(
    protocol: MailProtocol, port: int = 1, secret: NewSecret | None = PASSWORD
) -> ProbeTarget:
    """A server at mail.example.org as it was tested."""
    settings = ServerSettings(protocol, "mail.example.org", port, TLS, username="ann")
    return ProbeTarget(settings, secret, "ann@example.org", "example")


def at_port(port: int, **more: object) -> SettingsFix:
    """A proposal of another port for receiving."""
    return SettingsFix(f"Use port {port}.", ServerPatch(port=port), **more)  # type: ignore[arg-type]


BOTH = Scene((target(IMAP), target(SMTP)), ("anchor",), "192.0.2.1")


async def best(
    world: FakeServers, *proposals: SettingsFix, scene: Scene = BOTH, seconds: float = 4
) -> SettingsFix | None:
    """Try proposals."""
    return await Proofs(world, ProofSettings(seconds)).best(proposals, scene)


def here(*ports: int, capabilities: tuple[str, ...] = ()) -> FakeServers:
    """Servers at these ports of mail.example.org."""
    return FakeServers({("mail.example.org", port): capabilities for port in ports})


async def test_the_first_that_works_is_offered_as_proven() -> None:
    """In the order of preference, not of arrival; those before it that fail are left out."""
    world = here(143, 993)
    world.slow = {("mail.example.org", 143): 0.05}
    found = await best(world, at_port(1), at_port(143), at_port(993))
    assert found == at_port(143, proven=True)


async def test_what_fails_is_not_offered() -> None:
    """No proposal is better than one that does not work."""
    assert await best(here(), at_port(143), at_port(993)) is None
    assert await best(here()) is None


async def test_no_secret_and_no_sender_leave() -> None:
    """A proof signs nobody in and names nobody; it trusts what the test trusted."""
    world = here(993)
    await best(world, at_port(993))
    (request,) = world.requests
    (tried,) = request.targets
    assert (tried.secret, tried.sender, tried.provider_id) == (None, None, "example")
    assert tried.settings == ServerSettings(IMAP, "mail.example.org", 993, TLS, username="ann")
    assert (request.trust_anchors, request.deadline_seconds) == (("anchor",), 4)


async def test_only_four_are_tried() -> None:
    """The fifth would have worked; it is not even dialled."""
    world = here(5)
    assert await best(world, *map(at_port, range(1, 6))) is None
    assert [port for _, port in world.places] == [1, 2, 3, 4]


async def test_the_rest_is_cancelled_once_the_best_is_known() -> None:
    """Nobody waits for a slow one that comes after it."""
    world = here(143)
    world.slow = {("mail.example.org", 993): 60}
    assert await best(world, at_port(143), at_port(993)) == at_port(143, proven=True)
    assert world.cancelled == [("mail.example.org", 993)]


async def test_a_prober_that_does_not_end_is_left() -> None:
    """Its proposal is not offered; the next one is."""
    world = here(143, 993)
    world.slow = {("mail.example.org", 143): 60}
    found = await best(world, at_port(143), at_port(993), seconds=-0.9)
    assert found == at_port(993, proven=True)


async def test_what_cannot_be_tried_is_offered_unproven() -> None:
    """User name and method need the secret: nothing is dialled."""
    world = here()
    name = SettingsFix("Use the address.", ServerPatch(username="ann@example.org"))
    method = SettingsFix(
        "Use PLAIN.", None, ServerPatch(authentication=AuthenticationMethod.PLAIN), proven=True
    )
    assert await best(world, name) == name
    assert await best(world, method, name) == method
    assert world.requests == []


async def test_both_sides_have_to_pass() -> None:
    """A fix of two servers is one proof of two targets."""
    swap = SettingsFix("Swap.", ServerPatch(port=993), ServerPatch(port=465))
    world = here(993, 465)
    found = await best(world, swap)
    assert found is not None
    assert found.proven
    (request,) = world.requests
    assert [each.settings.protocol for each in request.targets] == [IMAP, SMTP]
    assert await best(here(993), swap) is None


async def test_a_name_of_a_certificate_must_be_the_same_machine() -> None:
    """A proposal that asks for the same address fails at any other, and where none is known."""
    named = SettingsFix("Name.", ServerPatch(host="imap.example.org"), same_address=True)
    there = {("imap.example.org", 1): ()}
    assert await best(FakeServers(there), named) == SettingsFix(
        "Name.", ServerPatch(host="imap.example.org"), proven=True
    )
    assert await best(FakeServers(there, address="192.0.2.2"), named) is None
    unknown = Scene((target(IMAP),))
    assert await best(FakeServers(there), named, scene=unknown) is None


async def test_a_server_that_takes_no_logins_is_no_fix() -> None:
    """Connect, TLS and greeting are not enough where somebody wants to sign in."""
    sending = SettingsFix("Use port 25.", None, ServerPatch(port=25))
    assert await best(here(25, capabilities=("8BITMIME",)), sending) is None
    found = await best(here(25, capabilities=("8BITMIME", "AUTH PLAIN")), sending)
    assert found is not None
    closed = here(143, capabilities=("IMAP4rev1", "LOGINDISABLED"))
    assert await best(closed, at_port(143)) is None
    opened = here(143, capabilities=("IMAP4rev1", "LOGINDISABLED", "AUTH=PLAIN"))
    assert await best(opened, at_port(143)) == at_port(143, proven=True)
    nobody = Scene((target(IMAP, secret=None),), (), None)
    assert await best(closed, at_port(143), scene=nobody) == at_port(143, proven=True)
