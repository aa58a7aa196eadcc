"""A sender's mailbox in memory, over IMAP: it searches, gives, takes and makes folders.

    server = PostboxServer(folders={"INBOX": [report]})
    async with server.listening() as port:
        async with postbox(port).opened(access(port)) as mailbox:
            ...

`says` holds by the begin of a command what happens instead, once. Searches find every mail that
bears one of the marks of a report, or the wanted Message-ID. Must not be used for anything but the
commands of a postbox.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kit.probing import loopback_egress, target
from kit.scripted import Peer, scripted
from mailconfig.domain.postbox import PostboxAccess
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.mail.postbox import ImapPostbox, PostboxSettings
from mailconfig.mail.tls import TlsContexts, TlsSettings

Twist = Callable[[Peer, str], Awaitable[None]]
"""What happens instead; it gets the command's tag."""

SETTINGS = PostboxSettings(sign_in_seconds=2, command_seconds=0.4)
"""Short times for servers that keep silent."""


def saying(text: str) -> Twist:
    """Say lines instead; {tag} is the command's."""

    async def say(peer: Peer, tag: str) -> None:
        await peer.send(text.replace("{tag}", tag).replace("\n", "\r\n").encode())

    return say


@dataclass
class PostboxServer:
    """The mailbox, and how its server behaves."""

    folders: dict[str, list[bytes]] = field(default_factory=lambda: {"INBOX": [], "Sent": []})
    """Name -> mails; UIDs count from 1."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Name -> attributes in LIST."""
    capabilities: str = "IMAP4rev1 SASL-IR"
    uid_validity: int = 7
    says: dict[str, Twist] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    """What was asked after the sign-in, without tags."""
    appended: list[tuple[str, bytes]] = field(default_factory=list)
    """Arguments of APPEND and the message."""
    namespace: str = ""
    _open: str = "INBOX"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Serve; the port is yielded."""
        async with scripted(self._speak) as server:
            yield server.port

    async def _speak(self, peer: Peer) -> None:
        await peer.send(f"* OK [CAPABILITY {self.capabilities} AUTH=CRAM-MD5] ready\r\n".encode())
        tag, _, _ = (await peer.line()).partition(" ")
        await peer.send(b"+ PDE+\r\n")
        await peer.line()
        await peer.send(f"{tag} OK welcome\r\n".encode())
        while True:
            tag, _, command = (await peer.line()).partition(" ")
            self.commands.append(command)
            twist = next((begin for begin in self.says if command.startswith(begin)), None)
            if twist is not None:
                await self.says.pop(twist)(peer, tag)
                continue
            data = await self._done(peer, command)
            await peer.send(data + f"{tag} OK done\r\n".encode())

    async def _done(self, peer: Peer, command: str) -> bytes:
        verb, _, rest = command.removeprefix("UID ").partition(" ")
        if verb == "APPEND":
            await self._take(peer, rest)
        if verb == "CREATE":
            self.folders[rest.split('"')[1]] = []
        answers: dict[str, Callable[[str], bytes]] = {
            "CAPABILITY": lambda _: f"* CAPABILITY {self.capabilities}\r\n".encode(),
            "LIST": lambda _: b"".join(map(self._listed, self.folders)),
            "NAMESPACE": lambda _: f'* NAMESPACE (("{self.namespace}" ".")) NIL NIL\r\n'.encode(),
            "EXAMINE": self._examined,
            "SEARCH": self._searched,
            "FETCH": self._fetched,
        }
        return answers[verb](rest) if verb in answers else b""

    def _examined(self, rest: str) -> bytes:
        self._open = rest.strip('"')
        count = len(self.folders[self._open])
        return (
            f"* {count} EXISTS\r\n* OK [UIDVALIDITY {self.uid_validity}] fine\r\n"
            f"* OK [UIDNEXT {count + 1}] fine\r\n"
        ).encode()

    def _listed(self, name: str) -> bytes:
        return f'* LIST ({self.attributes.get(name, "")}) "." "{name}"\r\n'.encode()

    def _searched(self, criteria: str) -> bytes:
        wanted = re.search(r'Message-ID "([^"]+)"', criteria)
        marks = [wanted[1]] if wanted else ["multipart/report", "X-Failed", "mailer-daemon"]
        begin = re.match(r"UID (\d+):\*", criteria)
        mails = list(enumerate(self.folders[self._open], start=1))
        found = [
            uid
            for uid, mail in mails
            if any(mark.lower() in mail.decode(errors="replace").lower() for mark in marks)
            and (not begin or uid >= int(begin[1]) or uid == len(mails))
        ]
        return f"* SEARCH{''.join(f' {uid}' for uid in found)}\r\n".encode()

    def _fetched(self, rest: str) -> bytes:
        uid, limit = int(rest.split(maxsplit=1)[0]), int(re.findall(r"<0\.(\d+)>", rest)[0])
        mails = self.folders[self._open]
        if uid > len(mails):
            return b""
        mail = mails[uid - 1][:limit]
        return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, uid, len(mail), mail)

    async def _take(self, peer: Peer, rest: str) -> None:
        size = int(re.findall(r"\{(\d+)\}\Z", rest)[0])
        await peer.send(b"+ go on\r\n")
        message = b""
        while len(message) < size:
            message += (await peer.line()).encode() + b"\r\n"
        if message == b"" or len(message) == size:
            await peer.line()  # the end of the command
        self.appended.append((rest, message[:size]))
        self.folders[rest.split('"')[1]].append(message[:size])


def postbox(port: int, settings: PostboxSettings = SETTINGS) -> ImapPostbox:
    """Return a postbox that may dial this port of 127.0.0.1."""
    return ImapPostbox(
        loopback_egress([port]), TlsContexts(TlsSettings(system_trust=False)), settings
    )


def access(port: int) -> PostboxAccess:
    """Return what it takes to open the mailbox."""
    return PostboxAccess(target(port, MailProtocol.IMAP, TransportSecurity.NONE))
