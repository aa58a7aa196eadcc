"""A mailbox in memory behind scripted servers: what goes in by SMTP comes out by IMAP.

    store = Store()
    async with store.servers() as ports:
        ...
    assert store.headers("INBOX") == []

Both servers keep to the rules until a test says otherwise: `smtp` holds replies instead of the
usual ones by command, `imap` what happens instead of the first such command. Passwords are not
looked at. Must not be used for anything but the commands of a round trip.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kit.scripted import Peer, ScriptedServer, Step, scripted

_ID = re.compile(rb"^Message-ID: (\S+)\r$", re.MULTILINE)


Twist = Callable[[Peer, str], Awaitable[None]]
"""What an IMAP server does instead; it gets the command's tag."""


@dataclass
class Mail:
    """One message in a folder."""

    uid: int
    header: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Ports:
    """Where the servers listen, and what they heard."""

    imap: ScriptedServer
    smtp: ScriptedServer


@dataclass
class Store:
    """The mailbox, and how its servers behave."""

    folders: dict[str, list[Mail]] = field(default_factory=lambda: {"INBOX": []})
    """Raw name -> messages."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Raw name -> attributes in LIST."""
    capabilities: str = "IMAP4rev1 UIDPLUS"
    extensions: tuple[str, ...] = ()
    """Of SMTP, beside AUTH."""
    delivers_to: tuple[str, ...] = ("INBOX",)
    """Folders that get a copy of what is sent."""
    stamps: bytes = b""
    """Header fields that the receiving side adds."""
    smtp: dict[str, str | Step] = field(default_factory=dict)
    """Command, "." for the end of the message, "" for the greeting -> reply instead, or step."""
    imap: dict[str, Twist] = field(default_factory=dict)
    """Begin of a command, "" for the greeting -> what happens instead, once."""
    commands: list[str] = field(default_factory=list)
    """What IMAP was asked, without tags."""
    sent: list[bytes] = field(default_factory=list)
    """Messages as they came, dots unstuffed."""
    envelope: list[str] = field(default_factory=list)
    """MAIL and RCPT as they came."""
    _last_uid: int = 100
    _open: str = "INBOX"

    @asynccontextmanager
    async def servers(self) -> AsyncIterator[Ports]:
        """Start both."""
        async with scripted(self._speak_imap) as imap, scripted(self._speak_smtp) as smtp:
            yield Ports(imap, smtp)

    def put(self, folder: str, header: bytes, *flags: str) -> Mail:
        """Put a message into a folder, which is made if need be."""
        self._last_uid += 1
        mail = Mail(self._last_uid, header, set(flags))
        self.folders.setdefault(folder, []).append(mail)
        return mail

    def headers(self, folder: str) -> list[bytes]:
        """Return the headers in a folder."""
        return [mail.header for mail in self.folders[folder]]

    def deliver(self, message: bytes) -> None:
        """Put a message where it is to go."""
        self.sent.append(message)
        header = self.stamps + message.partition(b"\r\n\r\n")[0] + b"\r\n"
        for folder in self.delivers_to:
            self.put(folder, header)

    async def _speak_smtp(self, peer: Peer) -> None:
        if not await self._instead(peer, ""):
            await peer.send(b"220 mail.example.test ESMTP\r\n")
        while True:
            line = await peer.line()
            verb = line.split()[0].upper()
            if verb in ("MAIL", "RCPT"):
                self.envelope.append(line)
            if not await self._instead(peer, verb):
                await self._answer(peer, verb)

    async def _answer(self, peer: Peer, verb: str) -> None:
        if verb == "EHLO":
            lines = ["mail.example.test", *self.extensions, "AUTH CRAM-MD5"]
            replies = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
            await peer.send("".join(replies).encode())
        elif verb == "AUTH":
            await peer.send(b"334 PDE+\r\n")
            await peer.line()
            await peer.send(b"235 welcome\r\n")
        elif verb == "DATA":
            await peer.send(b"354 go on\r\n")
            message = await self._message(peer)
            await self._take(peer, message)
        else:
            await peer.send(b"250 2.0.0 fine\r\n")

    async def _take(self, peer: Peer, message: bytes) -> None:
        if isinstance(self.smtp.get("."), str):
            await self._instead(peer, ".")
            return
        self.deliver(message)
        if not await self._instead(peer, "."):
            await peer.send(b"250 2.0.0 queued\r\n")

    async def _message(self, peer: Peer) -> bytes:
        lines = []
        while (line := await peer.line()) != ".":
            lines.append(line.removeprefix("."))
        return "".join(f"{line}\r\n" for line in lines).encode()

    async def _instead(self, peer: Peer, verb: str) -> bool:
        reply = self.smtp.get(verb)
        if isinstance(reply, str):
            await peer.send(reply.encode() + b"\r\n")
        elif reply is not None:
            await reply(peer)
        return reply is not None

    async def _speak_imap(self, peer: Peer) -> None:
        if greeting := self.imap.pop("", None):
            await greeting(peer, "*")
        else:
            await peer.send(b"* OK ready\r\n")
        while True:
            tag, _, command = (await peer.line()).partition(" ")
            self.commands.append(command)
            twist = next((begin for begin in self.imap if command.startswith(begin)), None)
            if twist is not None:
                await self.imap.pop(twist)(peer, tag)
                continue
            data = await self._done(peer, command)
            await peer.send(data + f"{tag} OK done\r\n".encode())

    async def _done(self, peer: Peer, command: str) -> bytes:
        """Carry a command out and return its data."""
        words = command.split()
        if words[0] == "UID":
            return self._by_uid(command, words)
        if words[0] == "AUTHENTICATE":
            await peer.send(b"+ PDE+\r\n")
            await peer.line()
        if words[0] == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities} AUTH=CRAM-MD5\r\n".encode()
        if words[0] == "LIST":
            return b"".join(map(self._listed, self.folders))
        if words[0] in ("SELECT", "EXAMINE"):
            self._open = command.split(" ", 1)[1].strip('"')
            return f"* {len(self.folders[self._open])} EXISTS\r\n".encode()
        if words[0] == "EXPUNGE":
            self._drop({mail.uid for mail in self._mails() if "\\Deleted" in mail.flags})
        return b""

    def _by_uid(self, command: str, words: list[str]) -> bytes:
        chosen = {int(uid) for uid in words[2].split(",")} if words[2][0].isdigit() else set()
        if words[1] == "SEARCH":
            found = (mail.uid for mail in self._mails() if self._matches(mail, command))
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        if words[1] == "FETCH":
            mails = [mail for mail in self._mails() if mail.uid in chosen]
            return b"".join(map(fetched, mails))
        if words[1] == "STORE":
            for mail in self._mails():
                mail.flags |= {"\\Deleted"} if mail.uid in chosen else set()
        if words[1] == "EXPUNGE":
            self._drop({mail.uid for mail in self._mails() if "\\Deleted" in mail.flags} & chosen)
        if words[1] == "MOVE":
            for mail in self._drop(chosen):
                self.put(words[3].strip('"'), mail.header)
        return b""

    def _mails(self) -> list[Mail]:
        return self.folders[self._open]

    def _matches(self, mail: Mail, command: str) -> bool:
        if command.endswith(" DELETED"):
            return "\\Deleted" in mail.flags
        wanted = command.rsplit('"', 2)[1].encode()  # a part of the value is enough
        return any(wanted in value for value in _ID.findall(mail.header))

    def _drop(self, uids: set[int]) -> list[Mail]:
        gone = [mail for mail in self._mails() if mail.uid in uids]
        self.folders[self._open] = [mail for mail in self._mails() if mail.uid not in uids]
        return gone

    def _listed(self, name: str) -> bytes:
        return f'* LIST ({self.attributes.get(name, "")}) "/" "{name}"\r\n'.encode()


def fetched(mail: Mail) -> bytes:
    """Return a FETCH response with a message's header."""
    header = mail.header + b"\r\n"
    return (
        b"* 1 FETCH (UID %d BODY[HEADER.FIELDS (MESSAGE-ID AUTHENTICATION-RESULTS)] {%d}\r\n%s)\r\n"
        % (mail.uid, len(header), header)
    )


def replying(lines: str) -> Twist:
    """Answer a command with lines in which {tag} stands for its tag."""

    async def twist(peer: Peer, tag: str) -> None:
        text = "".join(f"{line.strip()}\r\n" for line in lines.strip().splitlines())
        await peer.send(text.replace("{tag}", tag).encode())

    return twist


async def silent(peer: Peer, _tag: str = "") -> None:
    """Say nothing any more."""
    await peer.hold()


async def hanging_up(peer: Peer, _tag: str = "") -> None:
    """Close the connection."""
    peer.writer.transport.abort()
    await peer.hold()
