"""The simulated IMAP server by wire: sign-in, what it refuses, and a mailbox's small life."""

import base64
from collections.abc import AsyncIterator

import pytest

from kit.simulated import Client, Simulated, simulated
from mailconfig.simulator.mailbox import MESSAGE_MAX_BYTES
from mailconfig.simulator.wire import LINE_MAX_BYTES

LETTER = (
    "From: ann@well.localhost",
    "Message-ID: <a@x>",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "",
    "..dots",
)


@pytest.fixture
async def world() -> AsyncIterator[Simulated]:
    """A simulator on free ports."""
    async with simulated() as running:
        yield running


async def signed_in(world: Simulated, address: str = "ann@well.localhost") -> Client:
    """Return a client that has signed in by LOGIN."""
    client = await world.imap(address)
    await client.line()
    assert (await client.ask(f"a LOGIN {address} demo"))[-1] == "a OK LOGIN completed"
    return client


def plain(username: str, password: str) -> str:
    """Return the message of PLAIN in base64."""
    return base64.b64encode(f"\0{username}\0{password}".encode()).decode()


def bearer(username: str, token: str) -> str:
    """Return the message of XOAUTH2 in base64."""
    return base64.b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode()).decode()


async def test_plain_with_and_without_initial_response(world: Simulated) -> None:
    """AUTHENTICATE PLAIN takes its message in the command or after a continuation."""
    client = await world.imap("ann@well.localhost")
    await client.line()
    message = plain("ann", "demo")
    assert await client.ask(f"a AUTHENTICATE PLAIN {message}") == ["a OK AUTHENTICATE completed"]
    client = await world.imap("ann@well.localhost")
    await client.line()
    assert await client.ask("a AUTHENTICATE PLAIN") == ["+ "]
    assert await client.ask(message) == ["a OK AUTHENTICATE completed"]


async def test_login_takes_literals(world: Simulated) -> None:
    """User name and password may be literals of both kinds (RFC 9051, section 4.3; RFC 7888)."""
    client = await world.imap("ann@well.localhost")
    await client.line()
    assert await client.ask("a LOGIN {18}") == ["+ Ready for literal data"]
    await client.send("ann@well.localhost {4+}")
    assert await client.ask("demo") == ["a OK LOGIN completed"]


async def test_a_refused_token_is_explained_first(world: Simulated) -> None:
    """XOAUTH2 with a wrong token gets a challenge with the error, then the refusal."""
    client = await world.imap("basic-off@microsoft.localhost")
    await client.line()
    wrong = bearer("basic-off@microsoft.localhost", "wrong")
    challenge = (await client.ask(f"a AUTHENTICATE XOAUTH2 {wrong}"))[0]
    assert b'"status": "400"' in base64.b64decode(challenge.removeprefix("+ "))
    assert await client.ask("") == ["a NO AUTHENTICATE failed."]
    right = bearer("basic-off@microsoft.localhost", "demo")
    assert await client.ask(f"b AUTHENTICATE XOAUTH2 {right}") == ["b OK AUTHENTICATE completed"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("a LOGIN ann wrong", "a NO [AUTHENTICATIONFAILED] Authentication failed."),
        ("a LOGIN ann@gmail.localhost demo", "a NO [AUTHENTICATIONFAILED] Authentication failed."),
        ("a LOGIN ann", "a BAD LOGIN takes a user name and a password"),
        ("a AUTHENTICATE CRAM-MD5", "a NO [CANNOT] This mechanism is not offered"),
        ("a AUTHENTICATE PLAIN *", "a BAD The exchange cannot be read"),
        ("a AUTHENTICATE PLAIN AAA=", "a NO [AUTHENTICATIONFAILED] Authentication failed."),
        ("a SELECT INBOX", "a BAD Command not known or not allowed now"),
        ("a STARTTLS", "a BAD TLS is active already"),
        ("a FROBNICATE", "a BAD Command not known or not allowed now"),
        ("a", "* BAD That is no command"),
        ('a LOGIN "ann', "* BAD That is no command"),
    ],
)
async def test_what_is_refused(world: Simulated, command: str, answer: str) -> None:
    """Wrong secrets, other domains, unknown mechanisms and commands at the wrong time."""
    client = await world.imap("ann@well.localhost")
    await client.line()
    assert (await client.ask(command))[-1] == answer


async def test_netease_wants_to_know_the_program(world: Simulated) -> None:
    """The mailbox opens after ID only, and for one account never."""
    refusal = "NO EXAMINE Unsafe Login. Please contact kefu@188.com for help"
    for address, after in [("ann", "b OK [READ-ONLY] EXAMINE completed"), ("unsafe", None)]:
        client = await signed_in(world, f"{address}@netease.localhost")
        assert await client.ask("b EXAMINE INBOX") == [f"b {refusal}"]
        assert (await client.ask('c ID ("name" "x")'))[-1] == "c OK ID completed"
        assert (await client.ask("b EXAMINE INBOX"))[-1] == (after or f"b {refusal}")


async def test_a_message_to_oneself_is_found_read_and_removed(world: Simulated) -> None:
    """A message that the account sends to itself is in INBOX until it is expunged."""
    await world.deliver("ann@well.localhost", *LETTER)
    client = await signed_in(world)
    listing = await client.ask('b LIST "" "*" RETURN (SPECIAL-USE)')
    assert '* LIST (\\HasNoChildren \\Junk) "/" Junk' in listing
    assert (await client.ask("b SELECT Nowhere"))[-1].startswith("b NO [NONEXISTENT]")
    assert "* 1 EXISTS" in await client.ask("c SELECT INBOX")
    assert (await client.ask('d UID SEARCH HEADER Message-ID "<a@x>"'))[0] == "* SEARCH 1"
    assert (await client.ask('d UID SEARCH UNSEEN HEADER Subject "grüße"'))[0] == "* SEARCH 1"
    assert (await client.ask('d UID SEARCH HEADER Message-ID "<b@x>"'))[0] == "* SEARCH"
    wanted = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT)]"
    assert await client.ask(f"e UID FETCH 1 (UID {wanted})") == [
        "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID SUBJECT)] {59}",
        "Message-ID: <a@x>",
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        "",
        ")",
        "e OK FETCH completed",
    ]
    assert ".dots" in await client.ask("e UID FETCH 1:* (BODY[])")
    assert await client.ask("f UID STORE 1 +FLAGS.SILENT (\\Deleted)") == ["f OK STORE completed"]
    assert (await client.ask("f UID SEARCH DELETED"))[0] == "* SEARCH 1"
    assert await client.ask("g UID EXPUNGE 1") == ["* 1 EXPUNGE", "g OK EXPUNGE completed"]
    assert await client.ask("h NOOP") == ["* 0 EXISTS", "h OK NOOP completed"]
    assert await client.ask("i LOGOUT") == ["* BYE Logging out", "i OK LOGOUT completed"]
    assert await client.ended()


async def test_a_copy_of_what_was_sent_is_kept(world: Simulated) -> None:
    """APPEND takes a message as a literal, as mailconfig sends it, and no other account has it."""
    client = await signed_in(world)
    content = b"Message-ID: <c@x>\r\nSubject: (a)\r\n\r\n" + b"text\r\n" * 20_000
    command = f'b APPEND Sent (\\Seen) "24-Nov-2026 01:00:00 +0000" {{{len(content)}}}'
    assert await client.ask(command) == ["+ Ready for literal data"]
    await client.send_bytes(content + b"\r\n")
    assert await client.line() == "b OK APPEND completed"
    assert "* 1 EXISTS" in await client.ask("c EXAMINE Sent")
    assert (await client.ask('d UID SEARCH SEEN HEADER Message-ID "<c@x>"'))[0] == "* SEARCH 1"
    part = await client.ask("e UID FETCH 1 (UID RFC822.SIZE BODY.PEEK[]<11.5>)")
    assert part[0] == f"* 1 FETCH (UID 1 RFC822.SIZE {len(content)} BODY[]<11> {{5}}"
    assert part[1] == " <c@x)"
    other = await signed_in(world, "spam@well.localhost")
    assert "* 0 EXISTS" in await other.ask("b EXAMINE Sent")


async def test_what_no_mailbox_keeps(world: Simulated) -> None:
    """A folder that is not there, and a message larger than any that can be sent."""
    client = await signed_in(world)
    await client.send_bytes(b"b APPEND Nowhere {1+}\r\nx\r\n")
    assert await client.line() == "b NO [TRYCREATE] There is no such mailbox"
    large = b"x" * (MESSAGE_MAX_BYTES + 1)
    await client.send_bytes(b"c APPEND Sent {%d+}\r\n%s\r\n" % (len(large), large))
    assert await client.line() == "c NO [LIMIT] The message is too large"
    assert await client.ask("d APPEND Sent") == ["* BAD That is no command"]
    assert "* 0 EXISTS" in await client.ask("e EXAMINE Sent")


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ('(OR OR HEADER Content-Type "multipart/report" HEADER Return-Path "" FROM "eve")', "1 2"),
        ('UID 2:* SINCE 1-Nov-2026 (OR FROM "mailer-daemon" FROM "postmaster")', "2"),
        ('OR (FROM "ann" UNSEEN) UID 2', "1 2"),
        ('(FROM "ann") (FROM "postmaster")', ""),
        ("OR SEEN DELETED", ""),
    ],
)
async def test_searching_by_more_than_one_key(world: Simulated, keys: str, found: str) -> None:
    """Keys in groups and alternatives, as mailconfig looks for reports (RFC 9051, 6.4.4)."""
    await world.deliver("ann@well.localhost", *LETTER)
    daemon = "From: Postmaster <Postmaster@well.localhost>"
    await world.deliver("ann@well.localhost", daemon, "", "It came back")
    client = await signed_in(world)
    await client.ask("b EXAMINE INBOX")
    answer = f"* SEARCH {found}".rstrip()
    assert await client.ask(f"c UID SEARCH {keys}") == [answer, "c OK SEARCH completed"]


async def test_mailboxes_are_bounded_and_apart(world: Simulated) -> None:
    """A mailbox keeps its newest 20 messages, and no other account sees them."""
    for number in range(22):
        await world.deliver("ann@well.localhost", f"Message-ID: <{number}@x>", "", "text")
    client = await signed_in(world)
    assert "* 20 EXISTS" in await client.ask("b EXAMINE INBOX")
    assert (await client.ask("c UID SEARCH ALL"))[0].split()[2:] == [
        str(uid) for uid in range(3, 23)
    ]
    other = await signed_in(world, "spam@well.localhost")
    assert "* 0 EXISTS" in await other.ask("b EXAMINE INBOX")


@pytest.mark.parametrize("sent", [b"a LOGIN {99999}\r\n", b"x" * (2 * LINE_MAX_BYTES)])
async def test_limits_end_the_connection(world: Simulated, sent: bytes) -> None:
    """A literal or a line that no mail client sends ends the connection."""
    client = await world.imap("ann@well.localhost")
    await client.line()
    await client.send_bytes(sent)
    assert await client.ended()


ODD = [
    b"\xff\xfe\x00 LOGIN \xff \xff\r\n",
    b'a LOGIN "\xff" {1+}\r\n\xff\r\n',
    b"{3+}\r\na\r\n LOGIN\r\n",
    b"a AUTHENTICATE XOAUTH2 /////w==\r\n",
    b"a AUTHENTICATE PLAIN /////w==\r\n",
    b"a UID\r\na UID FETCH\r\na SELECT\r\na LIST\r\n\r\n",
]
SELECTED = [
    b"a UID SEARCH HEADER\r\na UID SEARCH UID x\r\na UID SEARCH\r\n",
    b"a UID FETCH 1:x FLAGS\r\na UID FETCH * BODY[1.2]\r\na UID FETCH 1 (\r\n",
    b"a UID STORE 1\r\na UID STORE 1 FLAGS x\r\na UID EXPUNGE 0\r\na EXPUNGE\r\n",
    b"a UID SEARCH HEADER Subject \xff\r\n",
    b"a UID SEARCH (SEEN\r\na UID SEARCH SEEN)\r\na UID SEARCH OR SEEN\r\na UID SEARCH FROM\r\n",
    b"a UID SEARCH " + b"OR " * 5000 + b"\r\na UID SEARCH " + b"(" * 16_000 + b"\r\n",
    b"a UID FETCH 1 BODY[]<1>\r\na UID FETCH 1 BODY[]<999999999.999999999>\r\n",
]


@pytest.mark.parametrize("sent", [*ODD, *SELECTED])
async def test_odd_commands_are_answered(
    world: Simulated, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a client sends, the server answers or hangs up; it never fails itself."""
    odd = "Subject: =?nonsense?q?=FF?="
    await world.deliver("ann@well.localhost", odd, "", "")
    client = await signed_in(world)
    if sent in SELECTED:
        await client.ask("b SELECT INBOX")
    await client.send_bytes(sent + b"z LOGOUT\r\n")
    assert await client.ended()
    assert [record.message for record in caplog.records] == []


async def test_a_client_that_only_errs_is_cut_off(world: Simulated) -> None:
    """After ten faults the server hangs up."""
    client = await world.imap("ann@well.localhost")
    await client.line()
    for _ in range(11):
        await client.send("a NONSENSE")
    assert await client.ended()


async def test_a_message_is_not_multiplied(world: Simulated) -> None:
    """One command asks for a few parts of each message; a thousand copies are no request."""
    client = await signed_in(world)
    await client.ask("b SELECT INBOX")
    few, many = " ".join(["BODY[]"] * 10), " ".join(["BODY[]"] * 11)
    assert await client.ask(f"c UID FETCH 1 ({few})") == ["c OK FETCH completed"]
    assert await client.ask(f"d UID FETCH 1 ({many})") == ["* BAD That is no command"]


async def test_a_search_is_bounded(world: Simulated) -> None:
    """A hundred words are looked for, with eight levels; more of either are no search."""
    client = await signed_in(world)
    await client.ask("b SELECT INBOX")
    assert await client.ask(f"c UID SEARCH {'SEEN ' * 100}") == [
        "* SEARCH",
        "c OK SEARCH completed",
    ]
    assert await client.ask(f"d UID SEARCH {'SEEN ' * 101}") == ["* BAD That is no command"]
    for levels, answer in ((7, "* SEARCH"), (8, "* BAD That is no command")):
        assert (await client.ask(f"e UID SEARCH {'(' * levels}SEEN{')' * levels}"))[0] == answer
