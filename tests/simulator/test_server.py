"""The simulator as a whole: ports, certificates, limits and its end."""

import asyncio
import socket
import ssl
from contextlib import ExitStack, suppress

import pytest

from kit.simulated import simulated
from mailconfig.domain.clock import utc_now
from mailconfig.domain.servers import TransportSecurity
from mailconfig.simulator import server as servers
from mailconfig.simulator.certificates import Authority
from mailconfig.simulator.scenarios import SERVICES, WELL
from mailconfig.simulator.server import Simulator
from mailconfig.simulator.services import Credential


def free_range(count: int) -> int:
    """Return the first of some consecutive ports that are free now."""
    for first in range(20000, 30000, count):
        with ExitStack() as taken, suppress(OSError):
            for port in range(first, first + count):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("no free ports")


def ports(simulator: Simulator) -> list[int]:
    """Return the ports of all servers in their order."""
    return [
        server.port for row in simulator.demo.providers for server in (row.incoming, row.outgoing)
    ]


def test_ports_are_consecutive_from_the_first() -> None:
    """From a given port on each server has the next one."""
    first = free_range(2 * len(SERVICES))
    simulator = Simulator.bind(SERVICES, first)
    try:
        assert ports(simulator) == list(range(first, first + 2 * len(SERVICES)))
        addresses = {str(address) for address, _ in simulator.demo.endpoints}
        assert {"127.0.0.1"} <= addresses <= {"127.0.0.1", "::1"}
        assert {port for _, port in simulator.demo.endpoints} == set(ports(simulator))
    finally:
        simulator.close()


@pytest.mark.parametrize("first", [0, 65535])
def test_free_ports_where_the_wanted_ones_cannot_be_had(first: int) -> None:
    """A port that is taken, or a range beyond the last port, leads to free ones."""
    simulator = Simulator.bind((WELL,), first)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = Simulator.bind((WELL,), port)
        assert port not in ports(other)
        assert len({*ports(simulator), *ports(other)}) == 4
    simulator.close()
    other.close()


async def test_the_end_frees_ports_and_cuts_connections() -> None:
    """After the block nobody is connected and nothing listens."""
    async with simulated() as world:
        client = await world.imap("ann@well.localhost")
        assert await client.line() == "* OK IMAP server ready"
        port = world.provider("ann@well.localhost").incoming.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_what_ends_the_block_comes_out_as_it_is() -> None:
    """An error inside of the block is not wrapped, and the ports are free after it."""
    simulator = Simulator.bind((WELL,))
    with pytest.raises(SystemExit):
        async with simulator.running():
            raise SystemExit(0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports(simulator)[0]))


async def test_more_connections_than_the_limit_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the limit a connection ends at once; one that ends makes room."""
    monkeypatch.setattr(servers, "CONNECTIONS_MAX", 1)
    async with simulated() as world:
        row = world.provider("ann@well.localhost")
        first = await world.connect(row.outgoing)
        assert (await first.line()).startswith("220 ")
        second = await world.connect(row.outgoing)
        assert await second.ended()
        assert await first.ask("QUIT") == ["221 2.0.0 Closing connection"]
        assert await first.ended()
        third = await world.connect(row.outgoing)
        assert (await third.line()).startswith("220 ")


async def test_a_tarpit_greets_and_then_drips() -> None:
    """The greeting comes at once, the answer to a command is not complete a moment later."""
    async with simulated() as world:
        client = await world.imap("ann@tarpit.localhost")
        assert await client.line() == "* OK IMAP server ready"
        await client.send("a CAPABILITY")
        assert await client.reader.read(1000) == b"*"


def handshake(context: ssl.SSLContext, trust: str, host: str) -> int:
    """Do a handshake in memory and return OpenSSL's verify code, 0 for a good one."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=trust)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        context.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_code
    return 0


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        (Credential.GOOD, 0),
        (Credential.EXPIRED, 10),  # CERT_HAS_EXPIRED
        (Credential.SELF_SIGNED, 18),  # DEPTH_ZERO_SELF_SIGNED_CERT
    ],
)
def test_certificates_are_what_they_say(credential: Credential, code: int) -> None:
    """Each credential ends a verifying handshake with its own code."""
    authority = Authority(utc_now())
    context = authority.context(credential, ["imap.well.localhost"])
    assert handshake(context, authority.pem, "imap.well.localhost") == code
    if credential is Credential.GOOD:
        assert handshake(context, authority.pem, "smtp.well.localhost") == 62  # HOSTNAME_MISMATCH


@pytest.mark.parametrize("host", ["imap.gmail.com", "localhost.example.com", "xlocalhost"])
def test_the_authority_vouches_for_localhost_only(host: str) -> None:
    """Whoever trusts it does not trust it for a name outside of .localhost."""
    authority = Authority(utc_now())
    context = authority.context(Credential.GOOD, [host])
    assert handshake(context, authority.pem, host) == 47  # PERMITTED_VIOLATION


def test_every_simulated_name_stays_on_this_machine() -> None:
    """Hosts and domains of all services end in .localhost, and no two share one."""
    hosts = [server.host for service in SERVICES for server in service.servers]
    assert len(set(hosts)) == len(hosts)
    assert all(
        host.endswith(f".{service.domain}")
        for service in SERVICES
        for host in (service.imap.host, service.smtp.host)
    )
    assert all(service.domain.endswith(".localhost") for service in SERVICES)
    assert all(
        server.security is not TransportSecurity.NONE
        for service in SERVICES
        for server in service.servers
    )


async def test_conversations_at_once_do_not_wait_for_each_other() -> None:
    """While one client is silent, others are served."""
    async with simulated() as world:
        await world.imap("ann@silent.localhost")
        clients = await asyncio.gather(*(world.imap("ann@well.localhost") for _ in range(5)))
        lines = await asyncio.gather(*(client.line() for client in clients))
        assert set(lines) == {"* OK IMAP server ready"}
