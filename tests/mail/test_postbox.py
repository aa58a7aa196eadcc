"""A sender's mailbox: copies into Sent, reports out of INBOX, and servers that do as they like."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from kit.postboxserver import SETTINGS, PostboxServer, Twist, access, postbox, saying
from kit.reports import complaint, exim_old, postfix
from kit.scripted import Peer
from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.postbox import Bookmark, PostboxFailed, Reading, SentCopy, with_blind_copies
from mailconfig.mail.postbox import PostboxSettings

ID = "<0123456789abcdef@example.com>"
CONTENT = f"Message-ID: {ID}\r\nSubject: hello\r\n\r\nhi\r\n".encode()
COPY = SentCopy(ID, CONTENT, datetime(2026, 3, 1, 9, 5, 7, tzinfo=UTC))
SINCE = date(2026, 11, 15)
REPORT = postfix("<1@example.com>", "bob@example.org")
LETTER = b"From: bob@example.org\r\nSubject: lunch\r\n\r\nAt noon?\r\n"


async def saved(server: PostboxServer, copy: SentCopy = COPY) -> bool:
    """Save a copy."""
    async with server.listening() as port, postbox(port).opened(access(port)) as mailbox:
        return await mailbox.save(copy)


async def read(
    server: PostboxServer, bookmark: Bookmark | None = None, settings: PostboxSettings = SETTINGS
) -> Reading:
    """Read once."""
    async with (
        server.listening() as port,
        postbox(port, settings).opened(access(port)) as mailbox,
    ):
        return await mailbox.reports(bookmark, SINCE)


async def test_copy_goes_into_the_folder_that_the_server_names() -> None:
    """The folder with the attribute for it gets the bytes as they are, read, with their time."""
    server = PostboxServer(folders={"INBOX": [], "Sent": [], "Gesendete": []})
    server.attributes["Gesendete"] = "\\HasNoChildren \\Sent"
    assert await saved(server)
    (appended,) = server.appended
    size = len(CONTENT)
    assert appended == (f'"Gesendete" (\\Seen) "01-Mar-2026 09:05:07 +0000" {{{size}}}', CONTENT)
    assert [each.split()[0] for each in server.commands if each != "LOGOUT"] == [
        "CAPABILITY", "LIST", "EXAMINE", "UID", "APPEND",
    ]  # fmt: skip


async def test_copy_goes_into_the_folder_by_name() -> None:
    """Without attributes the name tells."""
    server = PostboxServer(folders={"INBOX": [], "INBOX.Sent Items": []})
    assert await saved(server)
    assert server.folders["INBOX.Sent Items"] == [CONTENT]


async def test_name_that_is_a_literal() -> None:
    """A folder whose name the server sends as a literal is found as well."""
    server = PostboxServer(folders={"INBOX": [], "Sent": []})
    server.says["LIST"] = saying('* LIST (\\Sent) "." {4}\nSent\n{tag} OK done\n')
    assert await saved(server)
    assert server.folders["Sent"] == [CONTENT]


async def test_folder_is_made() -> None:
    """Where there is none it is made below the server's prefix, marked and subscribed."""
    server = PostboxServer(folders={"INBOX": []}, namespace="INBOX.")
    server.capabilities += " NAMESPACE CREATE-SPECIAL-USE"
    assert await saved(server)
    assert server.folders["INBOX.Sent"] == [CONTENT]
    assert 'CREATE "INBOX.Sent" (USE (\\Sent))' in server.commands
    assert 'SUBSCRIBE "INBOX.Sent"' in server.commands


async def test_copy_that_is_there_already() -> None:
    """What an earlier try or the server itself has put there is not put there again."""
    server = PostboxServer(folders={"INBOX": [], "Sent": [CONTENT]})
    assert not await saved(server)
    assert server.appended == []


async def test_several_copies_over_one_connection() -> None:
    """Folders are asked for once."""
    server = PostboxServer()
    other = SentCopy(
        "<2@example.com>", CONTENT.replace(ID.encode(), b"<2@example.com>"), COPY.sent_at
    )
    async with server.listening() as port, postbox(port).opened(access(port)) as mailbox:
        assert await mailbox.save(COPY)
        assert await mailbox.save(other)
    assert len(server.folders["Sent"]) == 2
    assert [command for command in server.commands if command.startswith("LIST")] == ['LIST "" "*"']


async def test_refused_copy_leaves_the_mailbox_usable() -> None:
    """A refusal is told with the server's words, and the next one is tried all the same."""
    server = PostboxServer(says={"APPEND": saying("{tag} NO [OVERQUOTA] Mailbox is full\n")})
    async with server.listening() as port, postbox(port).opened(access(port)) as mailbox:
        with pytest.raises(PostboxFailed) as failed:
            await mailbox.save(COPY)
        assert await mailbox.save(COPY)
    assert failed.value.reply == "NO [OVERQUOTA] Mailbox is full"
    seen = failed.value.observation
    assert (seen.failure, seen.phase, seen.response_code) == (
        Failure.REPLY, Phase.APPEND, "OVERQUOTA",
    )  # fmt: skip


async def test_reports_and_nothing_else_are_fetched() -> None:
    """Of four mails the three that look like reports come, whole, and INBOX is opened to read."""
    complaint_ = complaint("<1@example.com>", "bob@example.org")
    old = exim_old("<1@example.com>", "bob@example.org")
    server = PostboxServer(folders={"INBOX": [LETTER, REPORT, complaint_, old]})
    assert await read(server) == Reading((REPORT, complaint_, old), Bookmark(7, 4), has_more=False)
    fetched = [command for command in server.commands if command.startswith("UID FETCH")]
    assert fetched == [f"UID FETCH {uid} (UID BODY.PEEK[]<0.262144>)" for uid in (2, 3, 4)]
    (search,) = [command for command in server.commands if command.startswith("UID SEARCH")]
    assert search.startswith("UID SEARCH UID 1:* SINCE 15-Nov-2026 (OR OR ")
    assert 'EXAMINE "INBOX"' in server.commands


async def test_reading_goes_on_where_it_ended() -> None:
    """What was looked at is not fetched again, although "5:*" finds the last mail."""
    server = PostboxServer(folders={"INBOX": [REPORT, LETTER]})
    first = await read(server)
    assert first.bookmark == Bookmark(7, 2)
    server.folders["INBOX"].append(REPORT)
    assert (await read(server, first.bookmark)).mails == (REPORT,)
    assert (await read(server, Bookmark(7, 3))) == Reading((), Bookmark(7, 3), has_more=False)


async def test_new_numbers_begin_anew() -> None:
    """Under another UIDVALIDITY the bookmark means nothing."""
    server = PostboxServer(folders={"INBOX": [REPORT]}, uid_validity=8)
    assert await read(server, Bookmark(7, 1000)) == Reading(
        (REPORT,), Bookmark(8, 1), has_more=False
    )


async def test_reading_is_bounded() -> None:
    """After so many mails or bytes the rest is left to the next reading; a long mail is cut."""
    server = PostboxServer(folders={"INBOX": [REPORT] * 5})
    few = PostboxSettings(command_seconds=0.4, mails=2)
    assert await read(server, None, few) == Reading((REPORT,) * 2, Bookmark(7, 2), has_more=True)
    small = PostboxSettings(command_seconds=0.4, mail_bytes=1000, reading_bytes=1500)
    found = await read(server, None, small)
    assert found == Reading((REPORT[:1000],) * 2, Bookmark(7, 2), has_more=True)


async def test_server_that_does_not_search_headers() -> None:
    """Where the search is refused, it is asked for by sender only."""
    server = PostboxServer(folders={"INBOX": [REPORT]})
    server.says["UID SEARCH"] = saying("{tag} BAD no such key\n")
    assert (await read(server)).mails == (REPORT,)
    searches = [command for command in server.commands if command.startswith("UID SEARCH")]
    assert searches[1] == (
        'UID SEARCH UID 1:* SINCE 15-Nov-2026 (OR FROM "mailer-daemon" FROM "postmaster")'
    )


async def test_flood_of_unasked_lines() -> None:
    """Thousands of untagged lines in one packet, over which the library falls, do no harm."""
    flood = "* 1 RECENT\n" * 5000
    server = PostboxServer(folders={"INBOX": [REPORT]})
    server.says["EXAMINE"] = saying(flood + "* OK [UIDVALIDITY 7] x\n{tag} OK done\n")
    assert (await read(server)).mails == (REPORT,)


async def silence(peer: Peer, tag: str) -> None:
    """Say nothing, and keep the connection."""
    await peer.hold()


async def hang_up(peer: Peer, tag: str) -> None:
    """Close the connection."""
    peer.writer.close()
    await asyncio.sleep(0.05)


async def endless_line(peer: Peer, tag: str) -> None:
    """Send a line without end."""
    while True:
        await peer.send(b"x" * 65_536)


async def endless_lines(peer: Peer, tag: str) -> None:
    """Send lines without end."""
    while True:
        await peer.send(b"* 1 EXISTS\r\n" * 1000)


HOSTILE: dict[str, tuple[Twist, Failure]] = {
    "silent": (silence, Failure.TIMEOUT),
    "gone": (hang_up, Failure.CLOSED),
    "line": (endless_line, Failure.TOO_LARGE),
    "lines": (endless_lines, Failure.TOO_LARGE),
    "tag": (saying("A1 OK not yours\n"), Failure.VIOLATION),
    "literal": (saying("* SEARCH {99999999999}\n" + "x" * 300_000), Failure.TOO_LARGE),
    "number": (saying("* SEARCH {" + "9" * 5000 + "}\n"), Failure.VIOLATION),
    "bytes": (saying("* \x80 FETCH\n* 1 FETCH (\n+ go on\n"), Failure.TIMEOUT),
}
"""What a server does when it is asked to search -> how that ends."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_server_ends_in_time(name: str) -> None:
    """Whatever a server does instead of an answer, the command ends with the reason, the socket is
    closed, and no task is left.
    """
    twist, failure = HOSTILE[name]
    server = PostboxServer(folders={"INBOX": [REPORT]}, says={"UID SEARCH": twist})
    with pytest.raises(PostboxFailed) as failed:
        await read(server)
    assert failed.value.observation.failure is failure
    assert failed.value.observation.phase is Phase.FETCH


async def test_broken_connection_stays_broken() -> None:
    """After a failure nothing more is asked over the connection."""
    server = PostboxServer(says={"EXAMINE": silence})
    async with server.listening() as port, postbox(port).opened(access(port)) as mailbox:
        for _ in range(2):
            with pytest.raises(PostboxFailed) as failed:
                await mailbox.reports(None, SINCE)
            assert failed.value.observation.failure is Failure.TIMEOUT
    assert [command.split()[0] for command in server.commands] == ["CAPABILITY", "EXAMINE"]


async def test_cancellation_ends_a_command_at_once() -> None:
    """Whoever stops waiting is not held by the library."""
    asked = asyncio.Event()

    async def silent(peer: Peer, tag: str) -> None:
        asked.set()
        await peer.hold()

    server = PostboxServer(says={"EXAMINE": silent})
    patient = PostboxSettings(command_seconds=60)
    async with server.listening() as port:
        visit = asyncio.create_task(_visit(port, patient))
        await asked.wait()
        visit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await visit


async def _visit(port: int, settings: PostboxSettings) -> None:
    async with postbox(port, settings).opened(access(port)) as mailbox:
        await mailbox.reports(None, SINCE)


def test_blind_copies() -> None:
    """The sender's copy names them, one a line; without any it is the message."""
    assert with_blind_copies(b"X: y\r\n", ["a@b.test", "c@d.test"]) == (
        b"Bcc: a@b.test,\r\n c@d.test\r\nX: y\r\n"
    )
    assert with_blind_copies(b"X: y\r\n", []) == b"X: y\r\n"
