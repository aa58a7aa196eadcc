"""The simulated submission server by wire."""

import base64
from collections.abc import AsyncIterator

import pytest

from kit.simulated import Client, Simulated, simulated
from mailconfig.simulator.mailbox import MESSAGE_MAX_BYTES

ANN = "ann@well.localhost"
PLAIN = base64.b64encode(b"\0ann@well.localhost\0demo").decode()


@pytest.fixture
async def world() -> AsyncIterator[Simulated]:
    """A simulator on free ports."""
    async with simulated() as running:
        yield running


async def signed_in(world: Simulated, address: str = ANN) -> Client:
    """Return a client that has signed in."""
    client = await world.smtp(address)
    await client.ask("EHLO [127.0.0.1]")
    message = base64.b64encode(f"\0{address}\0demo".encode()).decode()
    assert await client.ask(f"AUTH PLAIN {message}") == ["235 2.7.0 Accepted"]
    return client


async def test_logins_are_offered_inside_of_tls_only(world: Simulated) -> None:
    """Before STARTTLS there is no AUTH and no mail; after it STARTTLS is gone."""
    client = await world.smtp(ANN, secure=False)
    before = await client.ask("EHLO [127.0.0.1]")
    assert before[-1] == "250 STARTTLS"
    assert not any("AUTH" in line for line in before)
    refused = "530 5.7.0 Must issue a STARTTLS command first"
    assert await client.ask(f"AUTH PLAIN {PLAIN}") == [refused]
    assert await client.ask(f"MAIL FROM:<{ANN}>") == ["530 5.7.0 Authentication Required"]
    assert await client.ask("STARTTLS") == ["220 2.0.0 Ready to start TLS"]
    await client.start_tls()
    after = await client.ask("EHLO [127.0.0.1]")
    assert after[-1] == "250 AUTH PLAIN LOGIN"
    assert await client.ask("STARTTLS") == ["503 5.5.1 TLS is active already"]


async def test_clear_text_before_the_handshake_ends_the_connection(world: Simulated) -> None:
    """What follows STARTTLS in clear text is not taken over into TLS (RFC 3207, section 6)."""
    client = await world.smtp(ANN, secure=False)
    await client.send_bytes(b"STARTTLS\r\nEHLO inside\r\n")
    assert await client.line() == "220 2.0.0 Ready to start TLS"
    assert await client.ended()


async def test_the_login_mechanism(world: Simulated) -> None:
    """LOGIN asks for name and password, or takes the name in the command."""
    name, password = base64.b64encode(b"ann").decode(), base64.b64encode(b"demo").decode()
    client = await world.smtp(ANN)
    assert await client.ask("AUTH LOGIN") == ["334 VXNlcm5hbWU6"]
    assert await client.ask(name) == ["334 UGFzc3dvcmQ6"]
    assert await client.ask(password) == ["235 2.7.0 Accepted"]
    client = await world.smtp(ANN)
    assert await client.ask(f"AUTH LOGIN {name}") == ["334 UGFzc3dvcmQ6"]
    assert await client.ask("*") == ["501 5.5.2 Cannot decode the response"]


async def test_gmail_refuses_in_two_lines(world: Simulated) -> None:
    """The real reply goes out line by line."""
    client = await world.smtp("app-password@gmail.localhost")
    message = base64.b64encode(b"\0app-password\0demo").decode()
    assert await client.ask(f"AUTH PLAIN {message}") == [
        "534-5.7.9 Application-specific password required. For more information, go to",
        "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor 47a0f1c2d3e4 - gsmtp",
    ]


async def test_mail_goes_to_oneself_only(world: Simulated) -> None:
    """Other senders and recipients are refused, and the order of commands is kept."""
    client = await signed_in(world)
    for command, answer in [
        ("DATA", "503 5.5.1 RCPT first"),
        (f"RCPT TO:<{ANN}>", "503 5.5.1 MAIL first"),
        (f"MAIL FROM {ANN}", "501 5.5.4 Write MAIL FROM:<address>"),
        ("MAIL FROM:<b@well.localhost>", "553 5.7.1 Sender address rejected: not owned by user"),
        (f"MAIL FROM:<{ANN}> SIZE=10", "250 2.1.0 OK"),
        (
            "RCPT TO:<b@example.com>",
            "550 5.7.1 Relaying denied: write to your own address only",
        ),
        ("RSET", "250 2.0.0 Flushed"),
        (f"RCPT TO:<{ANN}>", "503 5.5.1 MAIL first"),
        ("NOOP", "250 2.0.0 OK"),
        ("VRFY x", "500 5.5.1 Command not recognised"),
        ("QUIT", "221 2.0.0 Closing connection"),
    ]:
        assert (command, await client.ask(command)) == (command, [answer])
    assert await client.ended()


async def test_a_large_message_is_refused(world: Simulated) -> None:
    """A message beyond the limit is read, refused and not delivered."""
    client = await signed_in(world)
    await client.ask(f"MAIL FROM:<{ANN}>")
    await client.ask(f"RCPT TO:<{ANN}>")
    assert await client.ask("DATA") == ["354 Go ahead"]
    line = b"x" * 998 + b"\r\n"
    await client.send_bytes(line * (MESSAGE_MAX_BYTES // len(line) + 1))
    assert await client.ask(".") == ["552 5.3.4 Message too big"]
    imap = await world.imap(ANN)
    await imap.line()
    await imap.ask(f"a LOGIN {ANN} demo")
    assert "* 0 EXISTS" in await imap.ask("b EXAMINE INBOX")
