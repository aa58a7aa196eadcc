"""Kept connections: for whom, how long, how many; and what becomes of those that die."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from kit.scripted import Peer, Step
from kit.sendserver import (
    CONTENT,
    SETTINGS,
    Commits,
    Outgoing,
    Twist,
    ended,
    hanging_up,
    sending,
    silent,
    transport,
)
from mailconfig.domain.delivery import Sending
from mailconfig.domain.diagnostics import Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.mail.sending import SendingSettings, SmtpTransport

OTHER = UUID(int=8)


async def sent(out: SmtpTransport, message: Sending) -> None:
    """Send a message, which must be taken."""
    delivery = await out.send(message, Commits())
    assert delivery.observation is None


async def connections(
    server: Outgoing, *messages: dict[str, object], settings: SendingSettings = SETTINGS
) -> int:
    """Send messages one after the other and return over how many connections they went."""
    async with server.listening() as port:
        out = transport(port, settings)
        for message in messages:
            await sent(out, sending(port, **message))  # type: ignore[arg-type]
        await out.close()
        await server.deserted()
    assert len(server.messages) == len(messages)
    return server.connections


async def test_messages_of_an_account_share_a_connection() -> None:
    """Five messages one after the other: one connection, one sign-in, one QUIT at the end."""
    server = Outgoing()
    assert await connections(server, *[{}] * 5) == 1
    assert server.commands == [*["MAIL", "RCPT", "DATA", "."] * 5, "QUIT"]


@pytest.mark.parametrize(
    "other", [{"revision": 2}, {"account": OTHER}, {"secret": "another horse"}, {"secret": None}],
    ids=["revision", "account", "secret", "none"],
)  # fmt: skip
async def test_nobody_else_gets_the_connection(other: dict[str, object]) -> None:
    """Another revision, account or secret opens its own."""
    assert await connections(Outgoing(), {}, other, other) == 2


async def test_trusted_certificates_are_part_of_the_key() -> None:
    """Who trusts others does not go over a connection that was verified by these."""
    server = Outgoing()
    async with server.listening() as port:
        out = transport(port)
        message = sending(port)
        keys = {out._key(replace(message, trust_anchors=each)) for each in ((), ("a",), ("b",))}
        assert len(keys) == 3
        assert all(b"correct horse" not in key.fingerprint for key in keys)
        assert transport(port)._key(message) != out._key(message)


async def test_what_was_kept_for_an_older_revision_is_closed() -> None:
    """As soon as the newer one sends, although its idle time is not over."""
    server = Outgoing()
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        await sent(out, sending(port, revision=2))
        assert out._pool.idle == 1
        await asyncio.sleep(0.05)
        assert server.open == 1
        await out.close()


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (replace(SETTINGS, messages_per_connection=2), 3),
        (replace(SETTINGS, messages_per_connection=1), 5),
        (replace(SETTINGS, age_seconds=0), 5),
        (replace(SETTINGS, idle_seconds=0), 5),
    ],
    ids=["two-messages", "one-message", "age", "idle"],
)
async def test_connections_have_bounds(settings: SendingSettings, wanted: int) -> None:
    """Five messages, and as many connections as messages, age and rest allow."""
    assert await connections(Outgoing(), *[{}] * 5, settings=settings) == wanted


async def test_idle_connections_are_closed_by_their_timer() -> None:
    """With QUIT, without anybody waiting for it or for its answer."""
    server = Outgoing(says={"QUIT": silent})
    async with server.listening() as port:
        out = transport(port, replace(SETTINGS, idle_seconds=0.1))
        await sent(out, sending(port))
        assert out._pool.idle == 1
        await server.deserted()
        assert out._pool.idle == 0
    assert server.commands[-1] == "QUIT"


async def test_account_has_its_number_of_connections() -> None:
    """Of six messages at once two are under way at a time; a kept connection is used again."""
    under_way, most = 0, 0

    async def commit() -> bool:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return True

    server = Outgoing()
    async with server.listening() as port:
        out = transport(port)
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(out.send(sending(port), commit))
        assert (server.connections, most, out._pool.idle) == (2, 2, 2)
        await out.close()
    assert len(server.messages) == 6
    assert out._pool._accounts == {}


async def test_process_has_its_number_of_connections() -> None:
    """Where another account needs one, the longest unused is closed for it."""
    server = Outgoing()
    async with server.listening() as port:
        out = transport(port, replace(SETTINGS, connections=2))
        for number in range(4):
            await sent(out, sending(port, account=UUID(int=number)))
            await asyncio.sleep(0.02)
            assert server.open == min(number + 1, 2)
        await sent(out, sending(port, account=UUID(int=3)))
        assert server.connections == 4
        await out.close()


async def test_cancelled_waiter_takes_no_place() -> None:
    """Who gives up waiting for a place leaves none of it behind."""
    server = Outgoing(says={"MAIL": silent})
    async with server.listening() as port:
        out = transport(port, replace(SETTINGS, connections_per_account=1, command_seconds=5))
        first = asyncio.create_task(out.send(sending(port), Commits()))
        second = asyncio.create_task(out.send(sending(port), Commits()))
        await asyncio.sleep(0.1)
        second.cancel()
        first.cancel()
        await asyncio.wait((first, second))
        await server.deserted()
        assert (server.connections, out._pool._accounts) == (1, {})
        server.says.clear()
        await sent(out, sending(port))
        await out.close()


async def quiet_close(peer: Peer) -> None:
    """Answer the message, then close without a word."""
    await peer.send(b"250 queued\r\n")
    await asyncio.sleep(0.02)
    await hanging_up(peer)


async def closing_421(peer: Peer) -> None:
    """Answer the message, then give notice and keep the connection."""
    await peer.send(b"250 queued\r\n")
    await asyncio.sleep(0.02)
    await peer.send(b"421 4.4.2 idle\r\n")
    await peer.hold()


async def chatting(peer: Peer) -> None:
    """Answer the message, then say something that nobody asked for."""
    await peer.send(b"250 queued\r\n")
    await asyncio.sleep(0.02)
    await peer.send(b"250 and how are you\r\n")
    await peer.hold()


async def running_ahead(peer: Peer) -> None:
    """Answer the message and, in the same segment, what comes next."""
    await peer.send(b"250 queued\r\n250 sender fine\r\n250 recipient fine\r\n")
    await peer.hold()


@pytest.mark.parametrize("after", [quiet_close, closing_421, chatting, running_ahead])
async def test_connection_that_is_lost_or_speaks_unasked_is_dropped_at_once(after: Step) -> None:
    """It is not kept, the verdict before it holds, and the next message has a connection of its
    own, where it is answered for itself.
    """
    server = Outgoing(says={".": [after, "554 5.6.0 no"]})
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        await asyncio.sleep(0.1)
        assert (out._pool.idle, server.open) == (0, 0)
        delivery = await out.send(sending(port), Commits())
        assert ended(delivery) == (Phase.DATA, Failure.REPLY, 554, False)
        await out.close()
    assert server.connections == 2


async def test_notice_that_waits_in_the_kernel_is_read_before_use() -> None:
    """A 421 that came just now is not taken for the answer to MAIL."""
    server = Outgoing()
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        assert server.server is not None
        server.server.peers[0].writer.write(b"421 4.4.2 idle\r\n")
        await sent(out, sending(port))
        await out.close()
    assert (server.connections, server.commands.count("MAIL")) == (2, 2)


@pytest.mark.parametrize("dying", [hanging_up, silent])
async def test_kept_connection_that_is_dead_is_replaced_once(dying: Step) -> None:
    """Dead at MAIL without a word: the message goes over a new one, nothing of it was sent."""
    server = Outgoing(says={"MAIL": [None, dying]})
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        commits = Commits()
        delivery = await out.send(sending(port), commits)
        assert (delivery.observation, commits.asked) == (None, 1)
        await out.close()
    assert (server.connections, len(server.messages)) == (2, 2)
    assert server.commands.count("MAIL") == 3


async def test_replacement_is_not_replaced() -> None:
    """Where the new connection dies as well, that is the verdict."""
    server = Outgoing(says={"MAIL": [None, hanging_up, hanging_up]})
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        delivery = await out.send(sending(port), Commits())
    assert ended(delivery) == (Phase.MAIL, Failure.CLOSED, None, False)
    assert (server.connections, len(server.messages)) == (2, 1)


@pytest.mark.parametrize(
    ("command", "twist"),
    [
        ("MAIL", "421 4.4.2 idle"), ("MAIL", "451 later"), ("MAIL", "garbage"),
        ("RCPT", hanging_up), ("DATA", hanging_up), (".", hanging_up), (".", silent),
    ],
    ids=["mail-421", "mail-451", "mail-garbage", "rcpt", "data", "end", "silent-end"],
)  # fmt: skip
async def test_nothing_else_is_tried_again(command: str, twist: Twist) -> None:
    """After a word of the server, or further on, a kept connection's verdict stands; above all
    after the content.
    """
    server = Outgoing(says={command: [None, twist]})
    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port))
        delivery = await out.send(sending(port), Commits())
        assert delivery.observation is not None
        assert delivery.doubtful == (command == ".")
        await out.close()
    assert server.connections == 1
    assert server.commands.count("MAIL") == 2


async def test_refused_message_keeps_the_connection_for_the_next() -> None:
    """A refused recipient costs RSET and no new connection."""
    server = Outgoing(says={"RCPT": ["550 5.1.1 unknown"]})
    async with server.listening() as port:
        out = transport(port)
        first = await out.send(sending(port), Commits())
        await sent(out, sending(port))
        await out.close()
        await server.deserted()
    assert ended(first) == (Phase.RCPT, Failure.REPLY, 550, False)
    assert server.commands == ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", ".", "QUIT"]
    assert (server.connections, server.messages) == (1, [CONTENT.decode()])


async def test_close_closes_what_is_kept_and_keeps_nothing_more() -> None:
    """What is under way comes to its end and is closed then."""
    server, going = Outgoing(), asyncio.Event()

    async def commit() -> bool:
        await going.wait()
        return True

    async with server.listening() as port:
        out = transport(port)
        await sent(out, sending(port, account=OTHER))
        under_way = asyncio.create_task(out.send(sending(port), commit))
        await asyncio.sleep(0.1)
        await out.close()
        assert out._pool.idle == 0
        going.set()
        assert (await under_way).observation is None
        await server.deserted()
    assert server.commands.count("QUIT") == 2
