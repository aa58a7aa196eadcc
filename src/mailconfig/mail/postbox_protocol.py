"""aioimaplib's protocol under guard: it takes over a signed-in connection, and gives up in time.

aioimaplib sends commands and sorts their answers. Threat: the server is a stranger. What the
library leaves open is closed here: a deadline and a budget of bytes for each command, a bound on
lines, the loss of the connection wakes whoever waits, and an answer that the library trips over
ends the connection. It is never given a greeting or a password: the parts of it that cannot be
cancelled are not reached (ADR 0005).

Must not know what a command is for.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from aioimaplib.aioimaplib import (
    AUTH,
    SELECTED,
    AioImapException,
    Command,
    FetchCommand,
    IMAP4ClientProtocol,
    Response,
)

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.text import Cleaner, decoded
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.sessions import within

_PIECE_BYTES: Final = 512
"""Handed to the library at once: it recurses once a line, and a line has two bytes at least."""
_TRIPPED: Final = (
    AioImapException,
    ValueError,  # broken UTF-8, sizes of thousands of digits
    TypeError,  # a second "+" where nothing is left to send
    AttributeError,
    LookupError,
    RecursionError,
)
"""What the library raises for answers that it does not understand."""

Line = bytes | bytearray
"""A bytearray is a literal."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for one command."""

    ok: bool
    """Whether it was carried out; otherwise refused, NO or BAD."""
    lines: tuple[Line, ...]
    """Untagged data, the name of the data left out, then the text of the tagged response."""
    refusal: DialogueFailed
    """What the refusal means, with the server's words."""

    @property
    def data(self) -> tuple[Line, ...]:
        """The untagged data."""
        return self.lines[:-1]


class PostboxProtocol(IMAP4ClientProtocol):  # type: ignore[misc]  # no types there
    """One signed-in connection from the hand-over on."""

    def __init__(self, cleaner: Cleaner, line_bytes: int) -> None:
        super().__init__(asyncio.get_running_loop())
        self._cleaner = cleaner
        self._line_bytes = line_bytes
        self._left_bytes = line_bytes
        self._failed: DialogueFailed | None = None

    def command(self, name: str, *arguments: str, prefix: str | None = None) -> Command:
        """Return a command of the library; raises ValueError for CR, LF and NUL."""
        tag = self.new_tag()
        if name == "FETCH":
            return FetchCommand(tag, *arguments, prefix=prefix, loop=self.loop)
        return Command(name, tag, *arguments, prefix=prefix, loop=self.loop)

    async def ask(
        self, name: str, *arguments: str, seconds: float, budget: int, prefix: str | None = None
    ) -> Answer:
        """Send a command and return its answer.

        Raises DialogueFailed: TIMEOUT, CLOSED, VIOLATION, TOO_LARGE; the connection is of no use
        then.
        """
        answer = await self._carried_out(
            self.command(name, *arguments, prefix=prefix), seconds, budget
        )
        if answer.ok and name in {"SELECT", "EXAMINE"}:
            self.state = SELECTED  # the library changes it for SELECT only
        return answer

    async def put(self, content: bytes, *arguments: str, seconds: float, budget: int) -> Answer:
        """APPEND a message (RFC 9051, section 6.3.12); `arguments` are folder, flags and time.

        Its bytes go out when the server asks for them. Raises as `ask` does.
        """
        self.literal_data = content
        command = self.command("APPEND", *arguments, f"{{{len(content)}}}")
        return await self._carried_out(command, seconds, budget)

    async def _carried_out(self, command: Command, seconds: float, budget: int) -> Answer:
        if self._failed is not None:
            raise self._failed
        self._left_bytes = budget
        try:
            async with within(seconds):
                response = await self.execute(command)
        except DialogueFailed as failed:
            self._give_up(failed)
            raise
        except AioImapException as error:
            misfit = violation("The server's answer does not fit the command.")
            self._give_up(misfit)
            raise misfit from error
        if self._failed is not None:
            raise self._failed
        return self._answer(response)

    def _answer(self, response: Response) -> Answer:
        lines = tuple(response.lines)
        words = decoded(bytes(lines[-1])) if lines else ""
        code = words[1:].partition("]")[0].partition(" ")[0] if words.startswith("[") else None
        refusal = DialogueFailed(
            Failure.REPLY,
            self._cleaner.clean(f"{response.result} {words}"),
            from_server=True,
            response_code=self._cleaner.clean(code.upper(), 60) if code else None,
        )
        return Answer(response.result == "OK", lines, refusal)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport over: the sign-in is done."""
        super().connection_made(transport)
        self.state = AUTH

    def data_received(self, data: bytes) -> None:
        """Pass data on in small pieces, as much of it as the command under way is allowed."""
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._give_up(DialogueFailed(Failure.TOO_LARGE, "The server sent too much."))
        for start in range(0, len(data), _PIECE_BYTES):
            if self._failed is not None:
                return
            self._pass_on(data[start : start + _PIECE_BYTES])

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for an answer."""
        super().connection_lost(exc)
        self._give_up(DialogueFailed(Failure.CLOSED))

    def _pass_on(self, piece: bytes) -> None:
        try:
            super().data_received(piece)
        except _TRIPPED:
            self._give_up(violation("The server's line is no IMAP response."))
        if len(self.incomplete_line) > self._line_bytes:
            self._give_up(DialogueFailed(Failure.TOO_LARGE, "The server sent a line without end."))

    def _give_up(self, failed: DialogueFailed) -> None:
        """Hang up, once, and end the commands that are under way."""
        if self._failed is not None:
            return
        self._failed = failed
        if self.transport is not None:
            self.transport.abort()
        pending = [*self.pending_async_commands.values(), self.pending_sync_command]
        for command in pending:
            if command is not None:
                command.close(b"", "KO")
