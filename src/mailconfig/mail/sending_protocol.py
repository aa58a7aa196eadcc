"""aiosmtplib's protocol under guard: strict turns, and content that waits for the server to read.

aiosmtplib sends the commands and reads their replies. Threat: the server is a stranger. Whatever it
says without being asked is kept apart, never taken for the answer to a later command, and whoever
uses the connection meets it first; of it, and of a reply, only so much is kept. Limit: what comes
between a command and its true reply cannot be told from that reply.

Must not judge a reply, and not know what a message is for.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Final, cast

from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol, normalize_message_line_endings

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.text import decoded
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.sessions import within
from mailconfig.mail.smtp_replies import SmtpReply

_KEPT_BYTES: Final = 4096
"""Of what was said unasked; enough for a reply of several lines."""
_CHUNK_BYTES: Final = 64 * 1024
"""Of content handed to the transport at once; asyncio's own buffers are of this size."""
_HEAD_BYTES: Final = 4
"""Of a line, that tell whether it is the last one of its reply (RFC 5321, section 4.2)."""
_LINE: Final = re.compile(r"([2-5][0-5][0-9])(?:[ -](.*))?\Z")
"""One line of a reply."""
_CLOSING: Final = 421
_TOO_LONG: Final = "Response too long"
"""How aiosmtplib says that a reply has more than 8 KiB in a line or 32 KiB in all."""


class SendingProtocol(SMTPProtocol):
    """One signed-in connection from the hand-over on."""

    def __init__(self, on_unsettled: Callable[[], None]) -> None:
        """`on_unsettled` is called when the connection is lost or speaks unasked."""
        loop = asyncio.get_running_loop()
        super().__init__(loop, connection_lost_callback=lambda _: on_unsettled())
        self._on_unsettled = on_unsettled
        self._awaiting = False
        """Whether a reply is due."""
        self._head = b""
        """First bytes of a line of it that has not ended."""
        self._unasked = bytearray()
        self._writer: asyncio.StreamWriter | None = None
        self.heard = False
        """Whether a byte came in answer to the last command."""
        self.ended = False
        """Whether the end of a content went out, or may have."""

    @property
    def is_settled(self) -> bool:
        """Whether the connection stands and nothing waits that nobody asked for."""
        return self.is_connected and not self._unasked

    async def settle(self) -> None:
        """Let the event loop take in what the kernel has already: one turn reads, one tells."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def interruption(self) -> SmtpReply | None:
        """Return the 421 that came unasked, legal at any time (RFC 5321, section 3.8); else None.

        Raises DialogueFailed: VIOLATION for other words, CLOSED.
        """
        if self._unasked:
            said = _spoken(bytes(self._unasked))
            if said is None or said.code != _CLOSING:
                raise violation("The server answered before it was asked.")
            return said
        if not self.is_connected:
            raise DialogueFailed(Failure.CLOSED)
        return None

    async def ask(self, *words: bytes, seconds: float) -> SmtpReply:
        """Send a command and return its reply, whatever that is, or an interruption, unsent.

        Raises DialogueFailed: TIMEOUT, CLOSED, VIOLATION, TOO_LARGE.
        """
        self.heard = False
        if (said := self.interruption()) is not None:
            return said
        self._awaiting = True
        try:
            async with within(seconds):
                return _reply(await self.execute_command(*words))
        except SMTPException as error:
            raise _translated(error) from error
        finally:
            self._awaiting = False

    async def send_content(
        self, content: bytes, seconds: float, answer_seconds: float
    ) -> SmtpReply:
        """Send the content and its end, and return the reply (RFC 5321, section 4.1.1.4).

        `seconds` bound the content, `answer_seconds` the wait after it. Raises DialogueFailed as
        `ask` does. A refusal that came before the end was sent is the reply as well; afterwards
        the connection is `is_settled` no more.
        """
        self.ended = False
        chunks = _chunks(_transparent(content))
        last = next(chunks)
        try:
            async with within(seconds):
                for chunk in chunks:
                    await self._stream(last)
                    last = chunk
        except (SMTPException, OSError) as error:  # ssl.SSLError is an OSError
            if self._unasked:  # last words tell more than the broken connection
                return self._early()
            raise DialogueFailed(Failure.CLOSED) from error
        if self._unasked:
            return self._early()
        return await self._end(last, answer_seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; content waits by the standard writer's `drain`."""
        super().connection_made(transport)
        writing = cast("asyncio.WriteTransport", transport)
        self._writer = asyncio.StreamWriter(writing, self, None, asyncio.get_running_loop())

    def data_received(self, data: bytes) -> None:
        """Pass on the reply that is due; keep apart whatever else comes."""
        if not self._awaiting:
            self._keep_apart(data)
            return
        self.heard = True
        end = self._end_of_reply(data)
        if end is None:
            super().data_received(data)
            return
        self._awaiting = False
        super().data_received(data[:end])
        if data[end:]:
            self._keep_apart(data[end:])

    def _keep_apart(self, data: bytes) -> None:
        self._unasked += data[: _KEPT_BYTES - len(self._unasked)]
        self.resume_writing()  # who waits for the server to read on learns that it spoke instead
        self._on_unsettled()

    def _end_of_reply(self, data: bytes) -> int | None:
        """Return where the reply ends in `data`; None: not yet."""
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            head = (self._head + data[position : end + 1])[:_HEAD_BYTES]
            self._head = b""
            position = end + 1
            if head[_HEAD_BYTES - 1 :] != b"-":
                return position
        self._head = (self._head + data[position:])[:_HEAD_BYTES]
        return None

    async def _stream(self, chunk: bytes) -> None:
        """Write a part and wait until the transport takes more; nothing once the server spoke."""
        if self._writer is not None and not self._unasked:
            self.write(chunk)
            await self._writer.drain()

    async def _end(self, chunk: bytes, seconds: float) -> SmtpReply:
        """Write the last part, with the dot, and await the reply."""
        self._awaiting = self.ended = True
        try:
            async with within(seconds):
                self.write(chunk)
                return _reply(await self.read_response())
        except SMTPException as error:
            raise _translated(error) from error
        finally:
            self._awaiting = False

    def _early(self) -> SmtpReply:
        """Return the refusal that came before the content's end; nothing else fits there."""
        said = _spoken(bytes(self._unasked))
        if said is None or said.is_positive:
            raise violation("The server answered before it was asked.")
        return said


def _transparent(content: bytes) -> bytes:
    """Return content as it travels: dots doubled (RFC 5321, section 4.5.2), the end added.

    A bare CR or LF, which composition never writes, becomes CR LF: servers that read a line end in
    it would see commands in a message (section 2.3.8).
    """
    ends = content.count(b"\r\n")
    if not ends == content.count(b"\n") == content.count(b"\r") or not content.endswith(b"\r\n"):
        content = normalize_message_line_endings(content)
    begin = b"." if content.startswith(b".") else b""
    return begin + content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]


def _spoken(data: bytes) -> SmtpReply | None:
    """Return the one reply that was said unasked, if it is one."""
    lines = decoded(data).splitlines()
    found = [_LINE.match(line) for line in lines]
    matches = [each for each in found if each is not None]
    if not matches or len(matches) != len(lines) or len({each[1] for each in matches}) > 1:
        return None
    texts = tuple(each[2] or "" for each in matches)
    return SmtpReply(int(matches[0][1]), texts, tuple(lines))


def _reply(response: SMTPResponse) -> SmtpReply:
    """Return aiosmtplib's reply as ours: its text has lost the code in front of every line."""
    texts = decoded(response.message.encode("utf-8", "surrogateescape")).split("\n")
    lines = [f"{response.code} {text}".strip() for text in texts]
    return SmtpReply(response.code, tuple(texts), tuple(lines))


def _translated(error: SMTPException) -> DialogueFailed:
    """Return what went wrong where there was no reply; the error's text may hold the server's."""
    if isinstance(error, SMTPServerDisconnected):
        return DialogueFailed(Failure.CLOSED)
    if isinstance(error, SMTPResponseException) and error.message == _TOO_LONG:
        return DialogueFailed(Failure.TOO_LARGE, "The server's reply is too long.")
    return violation("The server's line is no SMTP reply.")
