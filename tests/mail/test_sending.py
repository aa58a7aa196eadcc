"""Sending over a connection: what each reply at each stage means, and what the server saw."""

import asyncio

import pytest

from kit.probing import HOST, USERNAME
from kit.scripted import Peer
from kit.sendserver import (
    BOB,
    CONTENT,
    EVE,
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
from mailconfig.domain.delivery import Delivery, RecipientReply
from mailconfig.domain.diagnostics import DiagnosticCode, Phase, diagnose_code
from mailconfig.domain.diagnostics.values import Failure, Observation
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.mail.sending import SendingSettings

MAIL, RCPT, DATA = Phase.MAIL, Phase.RCPT, Phase.DATA
STAGES = {
    "MAIL": (MAIL, ["MAIL"]),
    "RCPT": (RCPT, ["MAIL", "RCPT"]),
    "DATA": (DATA, ["MAIL", "RCPT", "DATA"]),
    ".": (DATA, ["MAIL", "RCPT", "DATA", "."]),
}
"""What the server stumbles over -> the phase that is told, and the commands up to there."""


async def attempt(
    server: Outgoing, *, settings: SendingSettings = SETTINGS, to: tuple[str, ...] = (BOB,)
) -> tuple[Delivery, int]:
    """Send one message; return what came of it, and how many connections are open afterwards."""
    commits = Commits()
    async with server.listening() as port:
        out = transport(port, settings)
        delivery = await out.send(sending(port, to=to), commits)
        await asyncio.sleep(0.02)
        still_open = server.open
        await out.close()
        await server.deserted()
    assert commits.asked == server.inputs
    return delivery, still_open


async def test_message_is_taken() -> None:
    """The envelope is told with the message's size, the content comes as it is, the server's words
    come back, and the connection is kept.
    """
    server = Outgoing()
    delivery, still_open = await attempt(server)
    assert delivery == Delivery(
        (RecipientReply(BOB, accepted=True, reply="250 2.0.0 fine", reply_code=250,
                        enhanced_code="2.0.0"),),
        reply="250 2.0.0 queued as 4711",
    )  # fmt: skip
    assert server.lines[:3] == [
        f"MAIL FROM:<{USERNAME}> SIZE={len(CONTENT)}", f"RCPT TO:<{BOB}>", "DATA",
    ]  # fmt: skip
    assert server.messages == [CONTENT.decode()]
    assert (server.connections, still_open) == (1, 1)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("code", "enhanced"), [(451, "4.3.0"), (552, "5.2.2")])
async def test_refusal_is_told_and_the_connection_reset(
    stage: str, code: int, enhanced: str
) -> None:
    """A refusal at any stage is a verdict without doubt; RSET follows, the connection is kept."""
    phase, commands = STAGES[stage]
    server = Outgoing(says={stage: f"{code} {enhanced} not for correct horse"})
    delivery, still_open = await attempt(server)
    assert ended(delivery) == (phase, Failure.REPLY, code, False)
    assert delivery.observation is not None
    assert delivery.observation.enhanced_code == enhanced
    assert delivery.reply == f"{code} {enhanced} not for ***"
    assert not delivery.session_refused
    assert server.commands == [*commands, "RSET", "QUIT"]
    assert (server.connections, still_open) == (1, 1)


@pytest.mark.parametrize("stage", STAGES)
async def test_421_ends_the_connection(stage: str) -> None:
    """421 is a refusal by its code at any stage; nothing more is said, the connection is gone."""
    phase, commands = STAGES[stage]
    server = Outgoing(says={stage: "421 4.3.2 shutting down"})
    delivery, still_open = await attempt(server)
    assert ended(delivery) == (phase, Failure.REPLY, 421, False)
    assert server.commands == commands
    assert (server.connections, still_open) == (1, 0)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("twist", "failure"),
    [
        (silent, Failure.TIMEOUT),
        (hanging_up, Failure.CLOSED),
        ("whatever", Failure.VIOLATION),  # no code
        ("999 what", Failure.VIOLATION),  # no code of SMTP
        ("334 go on", Failure.VIOLATION),  # no answer to this
        ("250 " + "x" * 40_000, Failure.TOO_LARGE),
    ],
    ids=["silent", "closed", "garbage", "code-999", "code-334", "endless"],
)
async def test_anything_but_a_reply_is_in_doubt_after_the_content_only(
    stage: str, twist: Twist, failure: Failure
) -> None:
    """Before the content went out nothing was sent for sure, after it nobody knows; the connection
    is gone either way, and no second one is tried.
    """
    phase, commands = STAGES[stage]
    server = Outgoing(says={stage: twist})
    delivery, still_open = await attempt(server)
    assert ended(delivery) == (phase, failure, None, stage == ".")
    assert server.commands == commands
    assert (server.connections, still_open) == (1, 0)


@pytest.mark.parametrize(
    ("stage", "phase"), [("", Phase.GREETING), ("EHLO", Phase.EHLO), ("AUTH", Phase.AUTH)]
)
@pytest.mark.parametrize(
    ("twist", "failure", "code"),
    [
        (silent, Failure.TIMEOUT, None),
        (hanging_up, Failure.CLOSED, None),
        ("454 4.7.0 later", Failure.REPLY, 454),
        ("535 5.7.8 no", Failure.REPLY, 535),
        ("421 4.3.2 full", Failure.REPLY, 421),
    ],
    ids=["silent", "closed", "4yz", "5yz", "421"],
)
async def test_what_fails_before_mail_is_no_matter_of_the_message(
    stage: str, phase: Phase, twist: Twist, failure: Failure, code: int | None
) -> None:
    """It is told as such; no MAIL was sent, nothing stays open."""
    server = Outgoing(says={stage: twist})
    delivery, still_open = await attempt(server)
    assert ended(delivery) == (phase, failure, code, False)
    assert delivery.session_refused
    assert (server.commands, still_open) == ([], 0)


async def test_observation_knows_what_a_connection_test_knows() -> None:
    """Server, provider, user, capabilities and the words: the diagnosis gets all of it."""
    server = Outgoing(says={"MAIL": "550 5.7.60 no"})
    delivery, _ = await attempt(server)
    seen = delivery.observation
    assert server.server is not None
    assert seen == Observation(
        MailProtocol.SMTP, MAIL, HOST, server.server.port, TransportSecurity.NONE, Failure.REPLY,
        "550 5.7.60 no", 550, "5.7.60", None, ("SIZE 100000", "8BITMIME", "AUTH CRAM-MD5"),
        tls_active=False, provider_id="example", username=USERNAME,
    )  # fmt: skip


async def test_partial_refusals_are_told_for_each_recipient() -> None:
    """The message goes to those who were accepted; each other one has its own reply."""
    server = Outgoing(says={"RCPT": ["550 5.1.1 unknown", None, "452 4.2.2 full"]})
    delivery, still_open = await attempt(server, to=("a@b.test", BOB, EVE))
    assert delivery.observation is None
    assert [(one.address, one.accepted, one.reply_code, one.enhanced_code)
            for one in delivery.replies] == [
        ("a@b.test", False, 550, "5.1.1"), (BOB, True, 250, "2.0.0"), (EVE, False, 452, "4.2.2"),
    ]  # fmt: skip
    assert delivery.replies[0].reply == "550 5.1.1 unknown"
    assert (len(server.messages), still_open) == (1, 1)


async def test_no_recipient_no_data() -> None:
    """Where all are refused the first one's refusal stands, and the content does not go out."""
    server = Outgoing(says={"RCPT": ["550 5.1.1 unknown", "452 4.2.2 full"]})
    delivery, _ = await attempt(server, to=(BOB, EVE))
    assert ended(delivery) == (RCPT, Failure.REPLY, 550, False)
    assert [one.reply_code for one in delivery.replies] == [550, 452]
    assert server.commands == ["MAIL", "RCPT", "RCPT", "RSET", "QUIT"]


async def test_421_to_the_second_recipient_ends_it() -> None:
    """Both replies are told; the accepted one gets nothing, since DATA was not sent."""
    server = Outgoing(says={"RCPT": [None, "421 4.7.0 too many"]})
    delivery, still_open = await attempt(server, to=(BOB, EVE, "c@d.test"))
    assert ended(delivery) == (RCPT, Failure.REPLY, 421, False)
    assert [(one.address, one.accepted) for one in delivery.replies] == [(BOB, True), (EVE, False)]
    assert (server.commands, still_open) == (["MAIL", "RCPT", "RCPT"], 0)


@pytest.mark.parametrize(
    "twist", [silent, hanging_up, "500 what", "421 bye", "garbage"],
    ids=["silent", "closed", "5yz", "421", "garbage"],
)  # fmt: skip
async def test_verdict_stays_where_rset_fails(twist: Twist) -> None:
    """A permanent refusal is not replaced by what becomes of RSET; the connection is dropped."""
    server = Outgoing(says={".": "554 5.6.0 no", "RSET": twist})
    delivery, still_open = await attempt(server)
    assert ended(delivery) == (DATA, Failure.REPLY, 554, False)
    assert (server.connections, still_open) == (1, 0)


async def closing_after_354(peer: Peer) -> None:
    """Say 354, then close while the client commits."""
    await peer.send(b"354 go on\r\n")
    await asyncio.sleep(0.05)
    await hanging_up(peer)


async def test_server_that_leaves_after_354() -> None:
    """Nothing of the content was sent, so nothing is in doubt, whether or not it was committed."""
    server = Outgoing(says={"DATA": closing_after_354})
    async with server.listening() as port:

        async def slow_commit() -> bool:
            await asyncio.sleep(0.2)
            return True

        delivery = await transport(port).send(sending(port), slow_commit)
    assert ended(delivery) == (DATA, Failure.CLOSED, None, False)
    assert server.messages == []


async def test_421_while_committing_is_a_refusal() -> None:
    """What the server says between 354 and the content is heard before the content goes out."""

    async def leaving(peer: Peer) -> None:
        await peer.send(b"354 go on\r\n")
        await asyncio.sleep(0.05)
        await peer.send(b"421 4.3.2 shutting down\r\n")
        await peer.hold()

    server = Outgoing(says={"DATA": leaving})
    async with server.listening() as port:

        async def slow_commit() -> bool:
            await asyncio.sleep(0.2)
            return True

        delivery = await transport(port).send(sending(port), slow_commit)
        await server.deserted()
        assert server.server is not None
        assert CONTENT not in server.server.clear
    assert ended(delivery) == (DATA, Failure.REPLY, 421, False)


async def test_commit_refused_sends_nothing() -> None:
    """Where somebody else has the message, the connection is closed and no byte of it sent."""
    server, commits = Outgoing(), Commits(answer=False)
    async with server.listening() as port:
        delivery = await transport(port).send(sending(port), commits)
        await server.deserted()
        assert server.server is not None
        assert server.server.clear.endswith(b"DATA\r\n")
    assert ended(delivery) == (DATA, Failure.CLOSED, None, False)
    assert (commits.asked, server.messages) == (1, [])


async def test_commit_that_fails_sends_nothing() -> None:
    """Its error reaches the caller; the connection is closed."""

    async def broken() -> bool:
        raise LookupError("the database is down")

    server = Outgoing()
    async with server.listening() as port:
        with pytest.raises(LookupError):
            await transport(port).send(sending(port), broken)
        await server.deserted()
    assert server.messages == []


@pytest.mark.parametrize(
    ("extensions", "kind", "code"),
    [
        (("SIZE 10",), {}, DiagnosticCode.TOO_BIG),
        ((), {"utf8": True}, DiagnosticCode.UTF8_ADDRESS),
        ((), {"to": (BOB, "jörg@example.test")}, DiagnosticCode.UTF8_ADDRESS),
        ((), {"sender": "jörg@example.test"}, DiagnosticCode.UTF8_ADDRESS),
        ((), {"content": "ä\r\n".encode()}, DiagnosticCode.MESSAGE_FORMAT),
    ],
    ids=["size", "header", "recipient", "sender", "8bit"],
)
async def test_what_the_server_cannot_take_is_refused_before_mail(
    extensions: tuple[str, ...], kind: dict[str, object], code: DiagnosticCode
) -> None:
    """The right diagnosis, no command, no commit; the connection is good for the next message."""
    server, commits = Outgoing(extensions=extensions), Commits()
    async with server.listening() as port:
        out = transport(port)
        delivery = await out.send(sending(port, **kind), commits)  # type: ignore[arg-type]
        again = await out.send(sending(port, content=b"\r\n"), commits)
        await out.close()
    assert ended(delivery) == (MAIL, Failure.REPLY, None, False)
    assert delivery.observation is not None
    assert diagnose_code(delivery.observation) is code
    assert (delivery.session_refused, delivery.reply, delivery.replies) == (False, "", ())
    assert again.observation is None
    assert server.commands[:4] == ["MAIL", "RCPT", "DATA", "."]
    assert (commits.asked, server.connections) == (1, 1)


async def test_parameters_follow_what_is_offered() -> None:
    """SMTPUTF8 and 8BITMIME are asked for where needed, SIZE where known; "SIZE 0" has no limit."""
    server = Outgoing(extensions=("SMTPUTF8", "8BITMIME", "SIZE 0"))
    plain = Outgoing(extensions=())
    content = "Subject: ä\r\n\r\n".encode()
    async with server.listening() as port, plain.listening() as plain_port:
        await transport(port).send(
            sending(port, to=("jörg@bücher.test",), content=content, utf8=True), Commits()
        )
        await transport(plain_port).send(sending(plain_port), Commits())
    assert server.lines[:2] == [
        f"MAIL FROM:<{USERNAME}> SMTPUTF8 BODY=8BITMIME SIZE={len(content)}",
        "RCPT TO:<jörg@bücher.test>",
    ]
    assert server.messages == [content.decode()]
    assert plain.lines[0] == f"MAIL FROM:<{USERNAME}>"


async def test_address_that_would_end_its_path_is_never_sent() -> None:
    """An address with a line break or an angle bracket is refused here."""
    server = Outgoing()
    async with server.listening() as port:
        for address in ("a@b.test>\r\nRSET", "a>b@c.test", "nobody"):
            delivery = await transport(port).send(sending(port, to=(address,)), Commits())
            assert ended(delivery) == (MAIL, Failure.REPLY, None, False)
    assert server.commands == []


@pytest.mark.parametrize(
    ("content", "travels"),
    [
        (b".\r\n..\r\na.b\r\n.c\r\n", "..\r\n...\r\na.b\r\n..c\r\n"),
        (b"\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n"),
        (b"x" * 200_000 + b"\r\n" + b".\r\n" * 40_000, None),
        # never composed, and made harmless: other servers would see an end in it
        (b"a\n.\nb\r.\rc", "a\r\n..\r\nb\r\n..\r\nc\r\n"),
    ],
    ids=["dots", "dot-lines", "long", "bare"],
)
async def test_content_is_transparent(content: bytes, travels: str | None) -> None:
    """Dots at the begin of lines are doubled (RFC 5321, section 4.5.2); the end is one dot."""
    server = Outgoing(extensions=())
    async with server.listening() as port:
        delivery = await transport(port).send(sending(port, content=content), Commits())
    assert delivery.observation is None
    expected = travels or content.decode().replace("\r\n.", "\r\n..")
    assert server.messages == [expected]
    assert server.commands[:4] == ["MAIL", "RCPT", "DATA", "."]
