"""Round trips through servers that keep silent, break off or lie: in time, and nothing is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kit.mailboxes import Store, Twist, hanging_up, replying, silent
from kit.probing import USERNAME, target
from kit.roundtrips import CUT_OFF, FIND, NONE, NOT_FOUND, SUBMIT, Run, failure, travelled
from kit.scripted import Peer, Step
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import StepKind, StepStatus
from mailconfig.domain.roundtrips import RoundTripRequest
from mailconfig.domain.servers import MailProtocol
from mailconfig.mail.roundtrip import RoundTripSettings


async def silent_smtp(peer: Peer) -> None:
    """Say nothing any more."""
    await peer.hold()


@pytest.mark.parametrize(
    ("command", "phase"),
    [
        ("", Phase.GREETING), ("EHLO", Phase.EHLO), ("AUTH", Phase.AUTH), ("MAIL", Phase.MAIL),
        ("RCPT", Phase.RCPT), ("DATA", Phase.DATA),
    ],
)  # fmt: skip
async def test_silent_outgoing_server_ends_within_the_bound(command: str, phase: Phase) -> None:
    """Whatever it keeps silent after, the step fails at the deadline with that phase."""
    trip, run = await travelled(Store(smtp={command: silent_smtp}), seconds=0.8)
    assert failure(trip) == (MailProtocol.SMTP, phase, Failure.TIMEOUT)
    assert run.reports == CUT_OFF


@pytest.mark.parametrize("after", [silent_smtp, hanging_up])
async def test_message_that_may_have_been_accepted_is_removed(after: Step) -> None:
    """No answer after the last dot is a failure, but the message is looked for and removed."""
    store = Store(smtp={".": after})
    trip, run = await travelled(store, seconds=0.8)
    wanted = Failure.TIMEOUT if after is silent_smtp else Failure.CLOSED
    assert failure(trip) == (MailProtocol.SMTP, Phase.DATA, wanted)
    assert run.reports == CUT_OFF
    assert trip.removed
    assert (len(store.sent), store.headers("INBOX")) == (1, [])


@pytest.mark.parametrize(
    ("command", "phase", "reports"),
    [
        ("", Phase.GREETING, None), ("CAPABILITY", Phase.CAPABILITY, None),
        ("AUTHENTICATE", Phase.AUTH, None), ("LIST", Phase.SELECT, None),
        ("UID SEARCH", Phase.FETCH, NOT_FOUND), ("UID FETCH", Phase.FETCH, NOT_FOUND),
    ],
)  # fmt: skip
async def test_silent_mailbox_ends_within_the_bound(
    command: str, phase: Phase, reports: list[tuple[StepKind, StepStatus]] | None
) -> None:
    """A server silent before the message was sent keeps it unsent; later a second connection
    removes it.
    """
    store = Store(imap={command: silent})
    trip, run = await travelled(store, seconds=0.8)
    assert failure(trip) == (MailProtocol.IMAP, phase, Failure.TIMEOUT)
    assert len(store.sent) == (1 if reports else 0)
    assert trip.removed == bool(reports)
    assert store.headers("INBOX") == []
    if reports:
        assert run.reports == reports


async def flood(peer: Peer, _tag: str) -> None:
    """Send untagged lines without end."""
    while True:
        await peer.send(b"* 1 EXISTS\r\n" * 1000)


async def endless_line(peer: Peer, _tag: str) -> None:
    """Send a line without end."""
    while True:
        await peer.send(b"* SEARCH " + b"1 " * 10_000)


@pytest.mark.parametrize(
    ("twist", "wanted"),
    [
        (hanging_up, Failure.CLOSED),
        (replying("* BYE shutting down"), Failure.REPLY),
        (replying("{tag} NO [UNAVAILABLE] try later"), Failure.REPLY),
        # announces more than is taken
        (replying("* 1 FETCH (UID 101 BODY[] {4000000000}"), Failure.TOO_LARGE),
        (replying("* 1 FETCH (UID 101 BODY[] {" + "9" * 20 + "}"), Failure.TOO_LARGE),
        # a literal that is shorter than what follows: its rest is no response
        (replying("* 1 FETCH (UID 9 BODY[] {3}\nMessage-ID: <x>\n)\n{tag} OK"), Failure.VIOLATION),
        # a literal that never comes to its end
        (replying("* 1 FETCH (UID 9 BODY[] {900}\nMessage-ID: <x>\n)\n{tag} OK"), Failure.TIMEOUT),
        # an answer to another command
        (replying("zz9 OK done"), Failure.VIOLATION),
        (flood, Failure.TOO_LARGE),
        (endless_line, Failure.TOO_LARGE),
    ],
)  # fmt: skip
async def test_mailbox_that_breaks_off_is_cleaned_by_a_second_connection(
    twist: Twist, wanted: Failure
) -> None:
    """The failure is told, and the message is removed all the same."""
    store = Store(imap={"UID FETCH": twist})
    trip, run = await travelled(store, seconds=0.8)
    assert failure(trip) == (MailProtocol.IMAP, Phase.FETCH, wanted)
    assert run.reports == NOT_FOUND
    assert trip.removed
    assert store.headers("INBOX") == []


@asynccontextmanager
async def no_leftovers() -> AsyncIterator[None]:
    """Fail if the block leaves a task or a descriptor behind."""

    def count() -> tuple[int, int]:
        return len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    yield
    for _ in range(50):
        if count() == before:
            return
        await asyncio.sleep(0.02)
    assert count() == before


@pytest.mark.parametrize(
    ("smtp", "imap"),
    [
        ({}, {"LIST": silent}),
        ({"MAIL": silent_smtp}, {}),
        ({".": silent_smtp}, {}),
        ({}, {"UID SEARCH": silent}),
        ({}, {"UID EXPUNGE": silent}),
    ],
)
async def test_cancelled_trip_hangs_up_at_once(
    smtp: dict[str, str | Step], imap: dict[str, Twist]
) -> None:
    """Both servers see the end of their connections, and no task or descriptor is left."""
    store = Store(smtp=smtp, imap=imap)
    async with no_leftovers(), store.servers() as ports:
        task = asyncio.create_task(Run().travel(ports, seconds=30))
        await asyncio.sleep(0.5)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(1):
            await ports.imap.finished()
            await ports.smtp.finished()


@pytest.mark.parametrize("imap", [{}, {"UID FETCH": flood}, {"UID SEARCH": hanging_up}])
async def test_nothing_is_left_after_a_trip(imap: dict[str, Twist]) -> None:
    """No task and no descriptor, whether it went well or not."""
    async with no_leftovers():
        await travelled(Store(imap=imap), seconds=0.8)


async def test_trip_that_gets_no_place_in_time_dials_nobody() -> None:
    """With one place, taken, the second trip skips both steps at its deadline."""
    store = Store(imap={"LIST": silent})
    run = Run(settings=RoundTripSettings(concurrent_trips=1, cleanup_seconds=0.1))
    async with store.servers() as ports:
        tripper = run.tripper(ports)
        request = RoundTripRequest(
            target(ports.imap.port, MailProtocol.IMAP, NONE),
            target(ports.smtp.port, MailProtocol.SMTP, NONE),
            USERNAME,
            0.5,
        )
        first = asyncio.create_task(tripper.travel(request, lambda _step: None))
        await asyncio.sleep(0.1)
        late = RoundTripRequest(request.incoming, request.outgoing, USERNAME, 0.1)
        trip = await tripper.travel(late, run.steps.append)
        assert trip.code is DiagnosticCode.STEP_TIMEOUT
        assert run.reports == [(SUBMIT, StepStatus.SKIPPED), (FIND, StepStatus.SKIPPED)]
        await first
        assert len(ports.imap.peers) == 1


@pytest.mark.parametrize("command", ["SELECT", "UID STORE", "UID EXPUNGE"])
@pytest.mark.parametrize("twist", [hanging_up, replying("* BYE idle for too long")])
async def test_a_clean_up_that_breaks_off_goes_on_by_a_second_connection(
    command: str, twist: Twist
) -> None:
    """The message was found; it is removed although the mailbox hung up in between."""
    store = Store(imap={command: twist})
    trip, _ = await travelled(store, seconds=0.8)
    assert trip.code is DiagnosticCode.OK
    assert trip.removed
    assert store.headers("INBOX") == []


async def test_a_message_of_unknown_fate_is_removed_by_a_second_connection() -> None:
    """No answer after the last dot, and the waiting mailbox hung up meanwhile."""
    store = Store(smtp={".": silent_smtp}, imap={'EXAMINE "INBOX"': hanging_up})
    trip, run = await travelled(store, seconds=0.8)
    assert failure(trip) == (MailProtocol.SMTP, Phase.DATA, Failure.TIMEOUT)
    assert run.reports == CUT_OFF
    assert trip.removed
    assert (len(store.sent), store.headers("INBOX")) == (1, [])


async def test_a_mailbox_that_always_breaks_off_is_left_after_two_connections() -> None:
    """Sign-ins are counted by providers: there is no third one."""
    store = Store()

    async def again(peer: Peer, tag: str) -> None:
        store.imap["UID STORE"] = again
        await hanging_up(peer, tag)

    store.imap["UID STORE"] = again
    trip, _ = await travelled(store, seconds=0.8)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, False)
    assert sum(command.startswith("AUTHENTICATE") for command in store.commands) == 2


async def test_a_folder_that_closes_is_not_called_clean() -> None:
    """The copy in Junk was seen and cannot be reached any more; that of Sent is gone."""
    store = Store(
        folders={"INBOX": [], "Junk": [], "Sent": []},
        attributes={"Junk": "\\Junk", "Sent": "\\Sent"},
        delivers_to=("Junk", "Sent"),
        imap={'SELECT "Junk"': replying("{tag} NO [NOPERM] read only")},
    )
    trip, _ = await travelled(store, seconds=0.8)
    assert trip.code is DiagnosticCode.ROUNDTRIP_SPAM
    assert (len(store.headers("Junk")), store.headers("Sent")) == (1, [])
    assert not trip.removed


async def test_a_deletion_that_happened_before_the_end_counts() -> None:
    """The mailbox hung up right after the message was gone; a second look finds nothing left."""
    store = Store()

    async def done_and_gone(peer: Peer, tag: str) -> None:
        store.folders["INBOX"] = []
        await hanging_up(peer, tag)

    store.imap["UID EXPUNGE"] = done_and_gone
    trip, _ = await travelled(store, seconds=0.8)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, True)


async def test_a_mailbox_of_many_folders_is_not_listed_over_and_over() -> None:
    """Without a folder for spam each look would cost 300 KiB, and soon the whole connection."""
    folders = {"INBOX": [], **{f"Customers/{number} and partners": [] for number in range(5000)}}
    store = Store(folders=folders, delivers_to=())
    trip, _ = await travelled(store, seconds=1.5)
    assert trip.code is DiagnosticCode.ROUNDTRIP_LOST
    lists = sum(command.startswith("LIST") for command in store.commands)
    assert lists == 3  # at the beginning, and twice for the clean-up
