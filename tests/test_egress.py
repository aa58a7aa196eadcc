"""Egress: what is refused, that refusals are alike, that only checked addresses are dialled."""

import errno
import logging
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconfig.domain.resolution import (
    IPAddress,
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    ResolutionError,
)
from mailconfig.egress import (
    ConnectUnreachable,
    Egress,
    EgressPolicy,
    EgressRefused,
    Route,
)

PUBLIC = "9.9.9.9"
PUBLIC_V6 = "2620:fe::fe"


class World:
    """A resolver with scripted answers, a clock that only sleep and look-ups move, and a count of
    the sockets that were opened.
    """

    def __init__(self, *answers: tuple[str, ...] | ResolutionError) -> None:
        self.answers = list(answers)
        self.lookups: list[str] = []
        self.lookup_seconds = 0.0
        self.now = 1000.0
        self.sleeps: list[float] = []
        self.dials = 0

    def egress(self, policy: EgressPolicy | None = None) -> Egress:
        """Return an egress that lives in this world."""
        return Egress(
            policy or EgressPolicy(refusal_seconds=0.5),
            self,
            clock=lambda: self.now,
            sleep=self.sleep,
            open_socket=self.open_socket,
        )

    async def addresses(self, host: str) -> tuple[IPAddress, ...]:
        """Give the next answer; the last one is given for ever."""
        self.lookups.append(host)
        self.now += self.lookup_seconds
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ResolutionError):
            raise answer
        return tuple(ip_address(each) for each in answer)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps.append(seconds)
        self.now += seconds

    def open_socket(self, family: socket.AddressFamily) -> socket.socket:
        """Count the attempt to dial and refuse it as a machine without network would."""
        self.dials += 1
        raise OSError(errno.ENETUNREACH, f"no route for {family.name}")


FORBIDDEN_ADDRESSES = {
    "loopback": "127.0.0.1",
    "loopback, other end": "127.255.255.254",
    "loopback 6": "::1",
    "private 10": "10.1.2.3",
    "private 172.16": "172.31.255.255",
    "private 192.168": "192.168.0.1",
    "link-local": "169.254.1.1",
    "link-local 6": "fe80::1",
    "scope id": "fe80::1%eth0",
    "scope id on a public address": "2620:fe::fe%eth0",
    "metadata": "169.254.169.254",
    "metadata 6": "fd00:ec2::254",
    "platform service": "168.63.129.16",
    "carrier-grade NAT": "100.64.0.1",
    "multicast": "224.0.0.251",
    "multicast 6": "ff02::1",
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "unspecified 6": "::",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "protocol assignments": "192.0.0.192",
    "benchmarking": "198.18.0.1",
    "benchmarking 6": "2001:2::1",
    "documentation": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 6": "2001:db8::1",
    "documentation 6, newer": "3fff::1",
    "unique local": "fd12:3456:789a::1",
    "site-local": "fec0::1",
    "discard only": "100::1",
    "IPv4-mapped private": "::ffff:10.0.0.1",
    "IPv4-mapped loopback, hex": "::ffff:7f00:1",
    "IPv4-mapped public": "::ffff:9.9.9.9",
    "IPv4-translated": "::ffff:0:127.0.0.1",
    "IPv4-compatible": "::127.0.0.1",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 public": "64:ff9b::909:909",
    "NAT64, local": "64:ff9b:1::a00:1",
    "6to4": "2002:7f00:1::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "ISATAP": "2620:fe::5efe:10.0.0.1",
    "ISATAP, global": "2620:fe::200:5efe:9.9.9.9",
}
ODD_SPELLINGS = {
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "octal in one": "017700000001",
    "hex": "0x7f.0.0.1",
    "hex, short": "0x7f.1",
    "short": "127.1",
    "public, short": "9.9",
    "numeric end": "mail.example.1",
    "hex end": "mail.example.0x1",
    "localhost": "localhost",
    "localhost, shouted": "LocalHost",
    "name under localhost": "imap.localhost",
    "trailing dot": "mail.example.test.",
    "trailing dot on localhost": "localhost.",
    "trailing dot on an address": "127.0.0.1.",
    "bracketed": "[::1]",
    "with port": "127.0.0.1:25",
    "with user": "user@mail.example.test",
    "URL": "http://mail.example.test",
    "empty": "",
    "dot": ".",
    "blank": "mail example.test",
    "newline": "127.0.0.1\n",
    "null": "mail.example.test\x00",
    "full-width digits": "\uff11\uff12\uff17.0.0.1",
    "Kelvin sign": "\u212aube.test",
    "ideographic dot": "127\u30020\u30020\u30021",
    "empty label": "mail..test",
    "leading hyphen": "-mail.test",
    "label of 64": f"{'a' * 64}.test",
    "name of 254": ".".join(["a" * 49] * 5) + ".test",
    "backslash": "mail\\046test",
    "percent": "%31%32%37.0.0.1",
}


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Keep what goes to the log."""
    caplog.set_level(logging.INFO, logger="mailconfig.egress")
    return caplog


async def refusal(world: World, host: str, port: int = 993) -> tuple[object, ...]:
    """Be refused and return everything that a client could tell refusals apart by."""
    started = world.now
    with pytest.raises(EgressRefused) as caught:
        await world.egress().resolve(host, port)
    error = caught.value
    told = (str(error), error.args, vars(error), error.__cause__, error.__context__)
    return (world.now - started, world.sleeps, world.dials, *told)


ALIKE = (
    0.5,
    [0.5],
    0,
    "This target is not allowed.",
    ("This target is not allowed.",),
    {},
    None,
    None,
)
"""Time passed, sleeps, sockets; then all that the exception carries."""


FORBIDDEN_HOSTS = FORBIDDEN_ADDRESSES | ODD_SPELLINGS


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS.values(), ids=FORBIDDEN_HOSTS.keys())
async def test_forbidden_host_is_refused(host: str) -> None:
    """Each special address and odd spelling is refused by the same steps, with the same words,
    without a look-up and without a socket.
    """
    world = World((PUBLIC,))

    assert await refusal(world, host) == ALIKE
    assert world.lookups == []


FORBIDDEN_ANSWERS = {name: (address,) for name, address in FORBIDDEN_ADDRESSES.items()} | {
    "public, then private": (PUBLIC, "10.0.0.1"),
    "private, then public": ("10.0.0.1", PUBLIC),
    "public 4, loopback 6": (PUBLIC, "::1"),
    "hundreds of public ones, then loopback": (*(f"9.9.{n}.9" for n in range(200)), "127.0.0.1"),
}


@pytest.mark.parametrize("answer", FORBIDDEN_ANSWERS.values(), ids=FORBIDDEN_ANSWERS.keys())
async def test_name_with_a_forbidden_address_is_refused(answer: tuple[str, ...]) -> None:
    """One forbidden address among the answers refuses the name, by the steps of a literal."""
    world = World(answer)

    assert await refusal(world, "mail.example.test") == ALIKE
    assert world.lookups == ["mail.example.test"]


@pytest.mark.parametrize("port", [0, 1, 22, 80, 443, 6379, 65535, 65536, -1])
async def test_port_outside_the_list_is_refused(port: int) -> None:
    """A port that is not listed is refused like an address, whatever the host."""
    world = World((PUBLIC,))

    assert await refusal(world, "mail.example.test", port) == ALIKE
    assert world.lookups == []


@pytest.mark.parametrize(
    ("lookup_seconds", "total"),
    [
        (0.0, 0.5),
        (0.125, 0.5),
        (0.375, 0.5),
        (0.5, 1.0),  # exactly at the step: waits for the next, as a literal waits for its first
        (0.625, 1.0),
        (4.0, 4.5),
    ],
)
async def test_refusal_takes_whole_steps_however_long_the_look_up(
    lookup_seconds: float, total: float
) -> None:
    """The time of a look-up does not show: a refusal ends on a multiple of the refusal time."""
    world = World(("10.0.0.1",))
    world.lookup_seconds = lookup_seconds

    assert await refusal(world, "mail.example.test") == (
        total, [total - lookup_seconds], 0, *ALIKE[3:],
    )  # fmt: skip


async def test_refusals_are_told_to_the_operator(records: pytest.LogCaptureFixture) -> None:
    """The log has host, port and reason, with control characters escaped."""
    await refusal(World(("10.0.0.1",)), "mail.example.test")
    await refusal(World((PUBLIC,)), "mail\n.example.test", 25)
    await refusal(World((PUBLIC,)), "mail.example.test", 22)

    assert [(r.host, r.port, r.reason) for r in records.records] == [  # type: ignore[attr-defined]
        ("'mail.example.test'", 993, "address 10.0.0.1"),
        ("'mail\\n.example.test'", 25, "not a plain host name or address"),
        ("'mail.example.test'", 22, "port"),
    ]


async def test_name_that_turns_private_keeps_its_first_answer() -> None:
    """Public at the first look-up, private later: only the first is asked for and used."""
    world = World((PUBLIC,), ("127.0.0.1",))
    egress = world.egress()

    route = await egress.resolve("mail.example.test", 993)
    with pytest.raises(ConnectUnreachable):
        await egress.connect(route, 5.0)

    assert route == Route("mail.example.test", 993, (IPv4Address(PUBLIC),))
    assert world.lookups == ["mail.example.test"]
    assert world.dials == 1


async def test_name_that_turns_public_is_refused_before() -> None:
    """Private at the first look-up, public later: refused, and not asked for again."""
    world = World(("127.0.0.1",), (PUBLIC,))

    assert await refusal(world, "mail.example.test") == ALIKE
    assert world.lookups == ["mail.example.test"]


@pytest.mark.parametrize("host", [PUBLIC, PUBLIC_V6, "1.1.1.1", "2a00:1450:4001:81b::200e"])
async def test_public_literal_is_its_own_address(host: str) -> None:
    """A public IP literal passes without a look-up."""
    world = World(NameNotFound())

    assert await world.egress().resolve(host, 25) == Route(host, 25, (ip_address(host),))
    assert (world.lookups, world.sleeps) == ([], [])


async def test_spelling_of_a_host_is_made_one() -> None:
    """Names become lower case and IPv6 literals canonical: the form that TLS verifies."""
    egress = World((PUBLIC,)).egress()

    assert (await egress.resolve("Mail.Example.TEST", 993)).host == "mail.example.test"
    assert (await egress.resolve("2620:FE:0:0::FE", 993)).host == PUBLIC_V6


async def test_addresses_alternate_are_unique_and_few() -> None:
    """Families take turns from the preferred one on; at most eight addresses are dialled."""
    sixes, fours = [f"2620:fe::{n}" for n in range(1, 8)], [f"9.9.9.{n}" for n in range(1, 8)]
    world = World((sixes[0], *sixes, *fours))

    route = await world.egress().resolve("mail.example.test", 993)

    expected = [each for pair in zip(sixes[:4], fours[:4], strict=True) for each in pair]
    assert [str(each) for each in route.addresses] == expected


@pytest.mark.parametrize("error", [NameNotFound(), NameWithoutAddress(), NameTemporary()])
async def test_errors_of_the_resolver_pass_through(error: ResolutionError) -> None:
    """A name that gives no address is no refusal."""
    with pytest.raises(type(error)) as caught:
        await World(error).egress().resolve("mail.example.test", 993)

    assert caught.value is error


async def test_empty_answer_is_no_address() -> None:
    """A resolver that returns nothing at all does not make a route."""
    with pytest.raises(NameWithoutAddress):
        await World(()).egress().resolve("mail.example.test", 993)


@pytest.mark.parametrize(
    ("networks", "host", "allowed"),
    [
        (["10.1.0.0/16"], "10.1.2.3", True),
        (["10.1.0.0/16"], "10.2.0.1", False),
        (["127.0.0.0/8"], "127.0.0.1", True),
        (["127.0.0.0/8"], "localhost", True),
        (["::1/128"], "imap.localhost", True),
        (["10.0.0.0/8"], "localhost", False),
        (["127.0.0.0/8"], "2130706433", False),  # the spelling stays forbidden
        (["127.0.0.0/8"], "127.1", False),
        (["127.0.0.0/8"], "::ffff:127.0.0.1", False),  # the other form is not allowed with it
        (["::ffff:0:0/96"], "::ffff:127.0.0.1", False),  # nor the address inside of the form
        (["::ffff:0:0/96"], "::ffff:9.9.9.9", True),
        (["::ffff:0:0/96", "127.0.0.0/8"], "::ffff:127.0.0.1", True),
        (["64:ff9b::/96"], "64:ff9b::909:909", True),  # a network with IPv6 and NAT64 only
        (["64:ff9b::/96"], "64:ff9b::7f00:1", False),
        (["64:ff9b::/96"], "64:ff9b::a9fe:a9fe", False),
        (["2002::/16"], "2002:7f00:1::1", False),
        (["2001::/32"], "2001:0:4136:e378:8000:63bf:3fff:fdd2", False),  # client 192.0.2.45
        (["fd00::/8"], "fd12::1", True),
        (["fd00::/8"], "fd12::5efe:10.0.0.1", False),
        (["fe80::/10"], "fe80::1%eth0", False),
        (["::/0", "0.0.0.0/0"], "fe80::1", True),
        (["::/0", "0.0.0.0/0"], "169.254.169.254", True),
    ],
)  # fmt: skip
async def test_operator_allows_networks(networks: list[str], host: str, allowed: bool) -> None:
    """An allowed network opens its addresses in their own form, and nothing else."""
    policy = EgressPolicy(tuple(ip_network(each) for each in networks), refusal_seconds=0)
    egress = World((PUBLIC,)).egress(policy)

    if allowed:
        assert (await egress.resolve(host, 993)).port == 993
    else:
        with pytest.raises(EgressRefused):
            await egress.resolve(host, 993)


async def test_operator_replaces_ports() -> None:
    """The list of ports is the operator's alone: others, the default ones too, are refused."""
    egress = World((PUBLIC,)).egress(EgressPolicy(allow_ports=frozenset({443})))

    assert (await egress.resolve("mail.example.test", 443)).port == 443
    with pytest.raises(EgressRefused):
        await egress.resolve("mail.example.test", 993)


@given(st.ip_addresses())
def test_no_address_is_permitted_that_python_calls_special(address: IPAddress) -> None:
    """What the standard library knows as not global is never dialled."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not World().egress().permits(address)


@given(st.ip_addresses(network="2600::/8"))
def test_ordinary_addresses_are_permitted(address: IPv6Address) -> None:
    """Addresses that providers use are reachable, but for the ISATAP form among them."""
    is_isatap = address.packed[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
    assert World().egress().permits(address) != is_isatap


@pytest.mark.parametrize(
    "route",
    [Route("x", 993, (IPv4Address("10.0.0.1"),)), Route("x", 22, (IPv4Address(PUBLIC),))],
)
async def test_route_made_by_hand_is_checked_again(route: Route) -> None:
    """A route that resolve would not have made is not dialled."""
    world = World()

    with pytest.raises(EgressRefused):
        await world.egress().connect(route, 5.0)

    assert world.dials == 0


DEMO_PORT = 14300
DEMO = EgressPolicy(
    allow_endpoints=frozenset({(ip_address("127.0.0.1"), DEMO_PORT)}), refusal_seconds=0.5
)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "imap.well.localhost"])
async def test_an_allowed_endpoint_is_reached(host: str) -> None:
    """Exactly the allowed pair of address and port can be dialled, without any look-up; of the two
    loopback addresses only the one of the pair.
    """
    world = World(())
    route = await world.egress(DEMO).resolve(host, DEMO_PORT)
    assert route == Route(host, DEMO_PORT, (IPv4Address("127.0.0.1"),))
    assert (world.lookups, world.sleeps) == ([], [])


@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("127.0.0.1", 993, id="allowed port of another pair"),
        pytest.param("127.0.0.1", DEMO_PORT + 1, id="port of no pair"),
        pytest.param("localhost", 25, id="the name of loopback"),
        pytest.param("127.0.0.2", DEMO_PORT, id="other loopback address"),
        pytest.param("::1", DEMO_PORT, id="other loopback family"),
        pytest.param("::ffff:127.0.0.1", DEMO_PORT, id="the address inside of another"),
        pytest.param("10.0.0.1", DEMO_PORT, id="private address"),
        pytest.param("9.9.9.9", DEMO_PORT, id="public address, a port that is not allowed"),
    ],
)
async def test_an_allowed_endpoint_opens_nothing_else(host: str, port: int) -> None:
    """Beside the pair all is refused as ever: the same error, the same time, no dial."""
    world = World(())
    with pytest.raises(EgressRefused) as refusal:
        await world.egress(DEMO).resolve(host, port)
    assert (str(refusal.value), refusal.value.__context__) == ("This target is not allowed.", None)
    assert (world.sleeps, world.dials) == ([0.5], 0)


async def test_a_name_must_not_mix_an_endpoint_with_others() -> None:
    """A name of an allowed pair and of any other address is refused as a whole."""
    egress = World(("127.0.0.1", PUBLIC)).egress(DEMO)
    with pytest.raises(EgressRefused):
        await egress.resolve("mixed.example", DEMO_PORT)


async def test_a_route_beside_the_endpoint_is_not_connected() -> None:
    """`connect` judges address and port together, too."""
    world = World(())
    for address, port in [("127.0.0.1", 993), (PUBLIC, DEMO_PORT), ("127.0.0.2", DEMO_PORT)]:
        with pytest.raises(EgressRefused):
            await world.egress(DEMO).connect(Route("x.example", port, (ip_address(address),)), 1)
    assert world.dials == 0
