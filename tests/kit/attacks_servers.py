"""Mail servers that take everything and record what they were told, command by command.

    async with recording("PLAIN", context) as servers:
        ...
        servers.check()      # every line is one of the commands that a test sends, and whole

A line ends with CR LF and with nothing else; a literal is data and belongs to its command (RFC
9051, section 4.3). Must not be lenient: what follows an injected line end is a command here, as it
would be for a real server.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_LITERAL: Final = re.compile(rb"\{(\d+)(\+?)\}\Z")
_BASE64: Final = r"[A-Za-z0-9+/]*={0,2}"
_PATH: Final = r"[^<>\s\x00-\x1f\x7f]+@[^<>\s\x00-\x1f\x7f@]+"
_SMTP: Final = re.compile(
    rf"EHLO \[127\.0\.0\.1\]|AUTH (PLAIN|LOGIN|XOAUTH2|OAUTHBEARER)( {_BASE64})?"
    rf"|MAIL FROM:<{_PATH}>( SMTPUTF8)?( SIZE=\d+)?|RCPT TO:<{_PATH}>|RSET|QUIT|DATA"
)
_QUOTED: Final = r'"(?:[^"\\\x00-\x1f\x7f-\xff]|\\["\\])*"'
_IMAP: Final = re.compile(
    rf"m\d+ (CAPABILITY|LOGOUT|EXAMINE INBOX|AUTHENTICATE (PLAIN|XOAUTH2|OAUTHBEARER)( {_BASE64})?"
    rf"|LOGIN ({_QUOTED}|<data>) ({_QUOTED}|<data>))"
)
_CONTINUED: Final = re.compile(_BASE64 + r"|\*")


@dataclass
class Recorded:
    """What was said to one pair of servers."""

    smtp: list[str] = field(default_factory=list)
    imap: list[str] = field(default_factory=list)
    continued: list[str] = field(default_factory=list)
    """Lines that answered a challenge."""
    data: list[bytes] = field(default_factory=list)
    """Literals."""
    letters: list[bytes] = field(default_factory=list)
    """Messages."""

    def check(self) -> None:
        """Fail for a line that is not one whole command of ours."""
        for protocol, commands in ((_SMTP, self.smtp), (_IMAP, self.imap)):
            for command in commands:
                assert protocol.fullmatch(command), f"told the server {command!r}"
        for line in self.continued:
            assert _CONTINUED.fullmatch(line), f"answered a challenge by {line!r}"
        # A verb that ends or begins a dialogue comes once: nothing was slipped in between.
        for verb in ("EHLO", "AUTH ", "MAIL", "DATA"):
            assert sum(each.startswith(verb) for each in self.smtp) <= 1, self.smtp
        signing_in = [each for each in self.imap if re.match(r"m\d+ (LOGIN|AUTH)", each)]
        assert len(signing_in) <= 1, self.imap


@dataclass
class Servers:
    """A pair of servers on free ports."""

    mode: str
    """PLAIN, LOGIN, or LITERAL+: how they want people to sign in."""
    seen: Recorded = field(default_factory=Recorded)
    imap_port: int = 0
    smtp_port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def fresh(self) -> Recorded:
        """Forget what was said."""
        self.seen = Recorded()
        return self.seen

    async def quiet(self) -> None:
        """Wait until every client has hung up."""
        async with asyncio.timeout(10):
            while self._tasks:
                await asyncio.wait(self._tasks)

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one SMTP client."""
        async with self._serving(writer):
            await _say(writer, "220 recorder ESMTP")
            while True:
                line = await _line(reader)
                self.seen.smtp.append(line)
                await self._smtp_answer(line, reader, writer)

    async def _smtp_answer(
        self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        verb, *words = line.split(" ")
        if verb == "EHLO":
            offered = "LOGIN" if self.mode != "PLAIN" else "PLAIN"
            await _say(writer, "250-recorder", f"250-AUTH {offered} XOAUTH2", "250 SMTPUTF8")
        elif verb == "AUTH":
            rounds = 2 if words[0] == "LOGIN" else 1
            for _ in range(rounds - len(words[1:])):
                await _say(writer, "334 VXNlcm5hbWU6")
                self.seen.continued.append(await _line(reader))
            await _say(writer, "235 in")
        elif verb == "DATA":
            await _say(writer, "354 go on")
            self.seen.letters.append(await reader.readuntil(b"\r\n.\r\n"))
            await _say(writer, "250 taken")
        else:
            await _say(writer, "250 fine")

    async def imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one IMAP client."""
        offered = {"PLAIN": "SASL-IR AUTH=PLAIN", "LOGIN": "", "LITERAL+": "LITERAL+"}[self.mode]
        async with self._serving(writer):
            capabilities = f"IMAP4rev1 AUTH=XOAUTH2 {offered}".strip()
            await _say(writer, f"* OK [CAPABILITY {capabilities}] recorder")
            while True:
                command = await self._imap_command(reader, writer)
                self.seen.imap.append(command)
                tag, verb, *words = [*command.split(" "), "", ""]
                if verb == "AUTHENTICATE" and not words[1]:
                    await _say(writer, "+ ")
                    self.seen.continued.append(await _line(reader))
                known = verb in {"CAPABILITY", "AUTHENTICATE", "LOGIN", "EXAMINE", "LOGOUT"}
                await _say(writer, f"{tag} {'OK' if known else 'NO'} done")

    async def _imap_command(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        command = ""
        while True:
            line = await _line(reader)
            literal = _LITERAL.search(line.encode("latin-1"))
            if literal is None:
                return command + line
            if not literal[2]:
                await _say(writer, "+ go on")
            self.seen.data.append(await reader.readexactly(int(literal[1])))
            command += line[: literal.start()] + "<data>"

    @asynccontextmanager
    async def _serving(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                yield
        finally:
            writer.transport.abort()


async def _line(reader: asyncio.StreamReader) -> str:
    """Return a line; a lone CR or LF stays in it, for the check to see."""
    return (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@asynccontextmanager
async def recording(mode: str, context: ssl.SSLContext) -> AsyncIterator[Servers]:
    """Run a pair of servers, TLS from the first byte."""
    servers = Servers(mode)
    limit = 1 << 20
    imap = await asyncio.start_server(servers.imap, "127.0.0.1", 0, ssl=context, limit=limit)
    smtp = await asyncio.start_server(servers.smtp, "127.0.0.1", 0, ssl=context, limit=limit)
    servers.imap_port = imap.sockets[0].getsockname()[1]
    servers.smtp_port = smtp.sockets[0].getsockname()[1]
    try:
        yield servers
    finally:
        imap.close()
        smtp.close()
        for task in list(servers._tasks):
            task.cancel()
        await asyncio.gather(*servers._tasks, return_exceptions=True)
        await asyncio.sleep(0)
