"""Round trips through a mailbox in memory: verdicts, and whom a clean-up must never touch."""

import email
import email.policy

import pytest

from kit.mailboxes import Store, replying
from kit.probing import PASSWORD, USERNAME
from kit.roundtrips import CUT_OFF, FIND, GOOD_TRIP, NOT_FOUND, SUBMIT, Run, failure, travelled
from kit.scripted import Peer
from mailconfig.domain.addresses import AddressInvalid
from mailconfig.domain.arrivals import MessageFolder
from mailconfig.domain.diagnostics import DiagnosticCode, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import StepStatus
from mailconfig.domain.servers import MailProtocol
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.roundtrip import RoundTripSettings


def foreign(identifier: str) -> bytes:
    """Return the header of somebody else's message."""
    return f"Message-ID: {identifier}\r\nSubject: keep me\r\n".encode()


async def test_message_is_found_told_of_and_removed() -> None:
    """It is ours from end to end, its Authentication-Results are unfolded in their order, other
    messages stay, and each server saw one connection.
    """
    store = Store(
        stamps=b"Authentication-Results: mx.test;\r\n\tspf=pass\r\n"
        b"authentication-results: inner.test; none\r\nReceived: by mx.test\r\n"
    )
    store.put("INBOX", foreign("<other@example.test>"), "\\Deleted")
    run = Run()
    async with store.servers() as ports:
        trip = await run.travel(ports)
        assert (len(ports.imap.peers), len(ports.smtp.peers)) == (1, 1)
    assert (trip.code, trip.observation, trip.removed) == (DiagnosticCode.OK, None, True)
    assert (trip.folder, trip.folder_name) == (MessageFolder.INBOX, "INBOX")
    assert trip.authentication_results == ("mx.test; spf=pass", "inner.test; none")
    assert trip.seconds is not None
    assert 0 <= trip.seconds < 1
    assert run.reports == GOOD_TRIP
    assert store.headers("INBOX") == [foreign("<other@example.test>")]
    assert store.envelope == [f"MAIL FROM:<{USERNAME}>", f"RCPT TO:<{USERNAME}>"]


async def test_message_says_what_it_is_and_nothing_else() -> None:
    """Its header has these fields in this order, its identifier is the one told; no secret in it;
    and no two are alike.
    """
    store = Store()
    first, _ = await travelled(store)
    second, _ = await travelled(store)
    message = email.message_from_bytes(store.sent[0], policy=email.policy.SMTP)
    assert message.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
        "Content-Type",
    ]  # fmt: skip
    assert (message["From"], message["To"]) == (USERNAME, USERNAME)
    assert message["Message-ID"] == first.message_id
    assert first.message_id.endswith("@example.test>")
    assert first.message_id != second.message_id
    assert PASSWORD.encode() not in store.sent[0]


async def test_address_cannot_add_header_fields() -> None:
    """A local part that reads like an encoded word with a line break stays as it is
    (CVE-2024-6923); an address that holds a line break is refused before anything is dialled.
    """
    store = Store()
    address = "=?utf-8?q?hi=0AReply-To=3Aevil?=@example.test"
    trip, _ = await travelled(store, address=address)
    assert trip.code is DiagnosticCode.OK
    names = [line.split(b":")[0] for line in store.sent[0].split(b"\r\n\r\n")[0].splitlines()]
    assert len(names) == 8
    assert f"From: <{address}>\r\n".encode() in store.sent[0]
    with pytest.raises(AddressInvalid):
        await travelled(store, address="ann\r\nBcc: eve@example.test")


@pytest.mark.parametrize(
    ("command", "phase"),
    [("MAIL", Phase.MAIL), ("RCPT", Phase.RCPT), ("DATA", Phase.DATA), (".", Phase.DATA)],
)
async def test_refusal_is_told_with_its_phase(command: str, phase: Phase) -> None:
    """The server's words are kept without our password; FIND_MESSAGE is skipped."""
    store = Store(smtp={command: f"552 5.2.2 mailbox of {PASSWORD} is full"})
    trip, run = await travelled(store)
    assert failure(trip) == (MailProtocol.SMTP, phase, Failure.REPLY)
    assert trip.observation is not None
    assert (trip.observation.reply_code, trip.observation.enhanced_code) == (552, "5.2.2")
    assert trip.server_reply == "552 5.2.2 mailbox of *** is full"
    assert (trip.code, trip.removed) == (DiagnosticCode.UNKNOWN_REPLY, False)
    assert run.reports == CUT_OFF
    assert run.steps[1].detail.server_reply == trip.server_reply
    assert store.sent == []
    assert not any(each.startswith("UID") for each in store.commands)


async def test_nothing_is_sent_where_the_mailbox_cannot_be_opened() -> None:
    """A refused sign-in fails FIND_MESSAGE before the outgoing server is dialled."""
    store = Store(imap={"AUTHENTICATE": replying("{tag} NO [AUTHENTICATIONFAILED] no")})
    run = Run()
    async with store.servers() as ports:
        trip = await run.travel(ports)
        assert ports.smtp.peers == []
    assert failure(trip) == (MailProtocol.IMAP, Phase.AUTH, Failure.REPLY)
    assert run.reports == [
        (SUBMIT, StepStatus.SKIPPED), (FIND, StepStatus.RUNNING), (FIND, StepStatus.FAILED)
    ]  # fmt: skip
    assert store.commands.count("LOGIN") == 0


async def test_accepted_and_not_there_is_lost() -> None:
    """When time is up the message is lost; others stay as they are."""
    store = Store(delivers_to=())
    store.put("INBOX", foreign("<other@example.test>"))
    trip, run = await travelled(store, seconds=0.8)
    assert (trip.code, trip.observation) == (DiagnosticCode.ROUNDTRIP_LOST, None)
    assert (trip.folder, trip.seconds, trip.removed) == (None, None, False)
    assert run.reports == NOT_FOUND
    assert run.steps[-1].code is DiagnosticCode.ROUNDTRIP_LOST
    assert len(store.headers("INBOX")) == 1


class NearMisses(Store):
    """Delivers messages whose identifiers only hold the one that is looked for."""

    def deliver(self, message: bytes) -> None:
        """Put three of them into INBOX, one with a second identifier."""
        identifier = message.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
        self.put("INBOX", foreign(f"{identifier}x"))
        self.put("INBOX", foreign(f"<re{identifier}>"))
        self.put("INBOX", foreign(identifier) + foreign("<other@example.test>"))


async def test_near_misses_are_neither_found_nor_deleted() -> None:
    """SEARCH finds parts of a value; only the very identifier makes a message ours."""
    store = NearMisses()
    trip, _ = await travelled(store, seconds=0.8)
    assert (trip.code, trip.removed) == (DiagnosticCode.ROUNDTRIP_LOST, False)
    assert len(store.headers("INBOX")) == 3
    assert any("UID FETCH" in command for command in store.commands)
    assert not any("STORE" in command or "EXPUNGE" in command for command in store.commands)


@pytest.mark.parametrize(
    ("folder", "attributes", "shown"),
    [
        # by attribute, whatever the name
        ("Verdacht", "\\HasNoChildren \\Junk", "Verdacht"),
        # by name at the top
        ("Junk E-mail", "", "Junk E-mail"),
        # by name below INBOX, in another case
        ("INBOX/SPAM", "", "INBOX/SPAM"),
        # a name in modified UTF-7
        ("Unerw&APw-nscht", "", "Unerwünscht"),
    ],
)
async def test_spam_folder_is_found(folder: str, attributes: str, shown: str) -> None:
    """A message in Junk is spam: a warning, with the folder's name as people see it."""
    store = Store(
        folders={"INBOX": [], folder: []}, attributes={folder: attributes}, delivers_to=(folder,)
    )
    trip, run = await travelled(store)
    assert (trip.code, trip.folder) == (DiagnosticCode.ROUNDTRIP_SPAM, MessageFolder.JUNK)
    assert (trip.folder_name, trip.removed) == (shown, True)
    assert run.reports == [*GOOD_TRIP[:3], (FIND, StepStatus.WARNING)]
    assert store.headers(folder) == []


async def test_folder_that_cannot_be_opened_is_passed_over() -> None:
    """A refused EXAMINE of Junk does not keep the message in INBOX from being found."""
    store = Store(folders={"INBOX": [], "Junk": []}, imap={'EXAMINE "Junk"': replying("{tag} NO")})

    async def late(peer: Peer, tag: str) -> None:
        await replying("* SEARCH\n{tag} OK not yet")(peer, tag)

    store.imap["UID SEARCH"] = late
    trip, _ = await travelled(store)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, True)


async def test_message_only_in_all_mail_has_arrived() -> None:
    """Where neither inbox nor spam gets it in time, All Mail is where it is."""
    store = Store(
        folders={"INBOX": [], "Alles": []}, attributes={"Alles": "\\All"}, delivers_to=("Alles",)
    )
    trip, run = await travelled(store, seconds=3)
    assert (trip.code, trip.folder) == (DiagnosticCode.OK, MessageFolder.ALL)
    assert (trip.folder_name, trip.removed) == ("Alles", True)
    assert run.reports == GOOD_TRIP


async def test_copy_of_the_sender_in_all_mail_proves_nothing() -> None:
    """A message in All Mail and in Sent is lost; both copies are removed."""
    store = Store(
        folders={"INBOX": [], "All": [], "Sent": []},
        attributes={"All": "\\All", "Sent": "\\Sent"},
        delivers_to=("All", "Sent"),
    )
    trip, _ = await travelled(store, seconds=3)
    assert (trip.code, trip.folder) == (DiagnosticCode.ROUNDTRIP_LOST, None)
    assert trip.removed
    assert store.folders == {"INBOX": [], "All": [], "Sent": []}


async def test_inbox_wins_over_all_mail() -> None:
    """A message that shows up in All Mail first is waited for in the inbox."""
    store = Store(
        folders={"INBOX": [], "All": []},
        attributes={"All": "\\All"},
        delivers_to=("INBOX", "All"),
        imap={"UID SEARCH": replying("* SEARCH\n{tag} OK not yet")},
    )
    trip, _ = await travelled(store)
    assert (trip.code, trip.folder) == (DiagnosticCode.OK, MessageFolder.INBOX)
    assert trip.removed
    assert store.folders == {"INBOX": [], "All": []}


async def test_gmail_deletes_by_way_of_trash() -> None:
    """There EXPUNGE only takes a label off: the message is moved to Trash and expunged there."""
    store = Store(
        folders={"INBOX": [], "[Gmail]/Bin": []},
        attributes={"[Gmail]/Bin": "\\Trash"},
        capabilities="IMAP4rev1 UIDPLUS MOVE X-GM-EXT-1",
    )
    store.put("[Gmail]/Bin", foreign("<other@example.test>"))
    trip, _ = await travelled(store)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, True)
    assert store.headers("INBOX") == []
    assert store.headers("[Gmail]/Bin") == [foreign("<other@example.test>")]
    changes = [each for each in store.commands if "MOVE" in each or "EXPUNGE" in each]
    assert [each.split()[1] for each in changes] == ["MOVE", "EXPUNGE"]


async def test_expunge_without_uids_only_where_nothing_else_is_marked() -> None:
    """Without UIDPLUS a message that somebody else marked keeps ours there, and that is told."""
    alone, crowded = Store(capabilities="IMAP4rev1"), Store(capabilities="IMAP4rev1")
    crowded.put("INBOX", foreign("<other@example.test>"), "\\Deleted")
    assert (await travelled(alone))[0].removed
    assert alone.headers("INBOX") == []
    trip, _ = await travelled(crowded)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, False)
    assert len(crowded.headers("INBOX")) == 2
    assert "EXPUNGE" not in crowded.commands


@pytest.mark.parametrize("command", ["UID STORE", "UID EXPUNGE", "SELECT"])
async def test_refused_deletion_is_told(command: str) -> None:
    """A message that could not be deleted was found all the same; `removed` tells the rest."""
    store = Store()

    async def refuse(peer: Peer, tag: str) -> None:
        store.imap[command] = refuse  # also when it is asked again
        await peer.send(f"{tag} NO [NOPERM] read only\r\n".encode())

    store.imap[command] = refuse
    trip, run = await travelled(store)
    assert (trip.code, trip.removed) == (DiagnosticCode.OK, False)
    assert run.reports == GOOD_TRIP
    assert len(store.headers("INBOX")) == 1


async def test_server_that_lies_about_a_deletion_is_not_believed() -> None:
    """EXPUNGE answered by OK without an effect leaves `removed` false."""
    store = Store(imap={"UID EXPUNGE": replying("{tag} OK done, they say")})
    assert not (await travelled(store))[0].removed


async def test_words_of_the_mailbox_are_told() -> None:
    """BYE explains itself, cleaned."""
    store = Store(imap={"UID SEARCH": replying(f"* BYE closed for {PASSWORD}")})
    trip, _ = await travelled(store)
    assert trip.server_reply == "BYE closed for ***"


async def test_hostile_texts_are_bounded_and_cleaned() -> None:
    """Ten fields of a thousand characters at most, no control or bidi characters, no secret."""
    field_text = f"mx; \x1b[31m\u202eevil {PASSWORD} ".encode() + b"x" * 3000
    store = Store(
        folders={"INBOX": [], "Spam\u202e\x07": []},
        attributes={"Spam\u202e\x07": "\\Junk"},
        stamps=b"Authentication-Results: " + field_text + b"\r\n",
    )
    store.stamps *= 14
    trip, _ = await travelled(store)
    assert trip.folder is MessageFolder.INBOX  # a name that cannot be sent is no folder for us
    assert len(trip.authentication_results) == 10
    for each in trip.authentication_results:
        assert each.startswith("mx; [31mevil *** xxx")
        assert len(each) == 1000


@pytest.mark.parametrize("extensions", [(), ("SMTPUTF8", "8BITMIME", "SIZE 1000000")])
async def test_address_beyond_ascii_needs_smtputf8(extensions: tuple[str, ...]) -> None:
    """Offered, it is asked for together with 8BITMIME and the size; else nothing is sent."""
    store = Store(extensions=extensions)
    trip, _ = await travelled(store, address="jörg@bücher.test")
    if not extensions:
        assert trip.observation is not None
        assert (trip.observation.phase, trip.observation.enhanced_code) == (Phase.MAIL, "5.6.7")
        assert store.envelope == []
        return
    assert trip.code is DiagnosticCode.OK
    size = len(store.sent[0])
    assert store.envelope == [
        f"MAIL FROM:<jörg@xn--bcher-kva.test> SMTPUTF8 BODY=8BITMIME SIZE={size}",
        "RCPT TO:<jörg@xn--bcher-kva.test>",
    ]
    assert "From: <jörg@xn--bcher-kva.test>\r\n".encode() in store.sent[0]


def test_settings_of_the_prober_are_taken_over() -> None:
    """Names and times come from the prober's settings, sizes are a round trip's own."""
    settings = RoundTripSettings(ProbeSettings(ehlo_name="app.example.test", connect_seconds=3))
    limits = settings.for_dialogues()
    assert (limits.ehlo_name, limits.connect_seconds) == ("app.example.test", 3)
    assert (limits.connection_bytes, limits.literal_bytes) == (4 * 1024 * 1024, 64 * 1024)
    assert limits.response_lines == 20_000
