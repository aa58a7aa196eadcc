"""The IMAP side of a connection test (RFC 9051, RFC 3501): greeting to EXAMINE INBOX.

Threat: the server is a stranger, see `mail.wire`. Answers are believed only for the command that
is under way; unsolicited untagged data is legal at any time (RFC 9051, section 7), anything else
ends the dialogue. Must not sign in more than once, choose a mailbox for writing, or put a text of
the server into a failure uncleaned. Deadlines belong to the caller.
"""

import re
from typing import Final

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.text import Cleaner, decoded
from mailconfig.mail import sasl
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.foreign import is_tls_record, spoken_in
from mailconfig.mail.imap_responses import ImapResponse, parsed, read_response
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.wire import Wire, strict_line

_COMMAND_BYTES: Final = 8192
"""Longest command line; servers should take this much (RFC 7162, section 4)."""
_LITERAL_MINUS_BYTES: Final = 4096
"""Longest literal that LITERAL- lets a client send without asking (RFC 7888, section 5)."""
_QUOTED: Final = re.compile(r"[ -~]{0,1000}\Z")
"""What goes into a quoted string: printable ASCII; RFC 2683 3.2.1.5 keeps lines near 1,000."""
_TEXT_MAX_CHARACTERS: Final = 2000
"""Of a reply for the diagnosis; several lines with links stay below."""


class ImapDialogue:
    """One connection's dialogue; the methods are called in their order here, each at most once.

    But `query`: a round trip asks as often as it has to.
    """

    def __init__(self, wire: Wire, settings: ProbeSettings, cleaner: Cleaner) -> None:
        self._wire = wire
        self._settings = settings
        self._cleaner = cleaner
        self._commands = 0
        self._remarks: list[str] = []
        self._heard: list[ImapResponse] | None = None
        """Where untagged data goes while `query` waits."""
        self.capabilities: tuple[str, ...] = ()
        """As told last; empty while unknown."""
        self.preauthenticated = False
        """Whether the server claimed a sign-in by its greeting."""
        self.mechanism: str | None = None
        """What sign-in was or is tried with."""

    async def greet(self) -> str:
        """Read the greeting (RFC 9051, section 7.1) and return it.

        Raises DialogueFailed: FOREIGN_PROTOCOL, REPLY for BYE, TLS_ALERT where the port speaks
        TLS, VIOLATION, and what the wire raises.
        """
        if is_tls_record(await self._wire.first_byte()):
            raise DialogueFailed(Failure.TLS_ALERT, "The server answers in TLS on this port.")
        line = await self._wire.raw_line()
        protocol = spoken_in(line)
        if protocol != "IMAP":
            raise self._not_imap(protocol, line)
        greeting = parsed(strict_line(line))
        self._note(greeting)
        self.preauthenticated = greeting.name == "PREAUTH"
        return self._shown(greeting)

    async def ask_capabilities(self) -> str | None:
        """Ask CAPABILITY (RFC 9051, section 6.1.1) unless the server has told already.

        Returns the reply, None where nothing was asked.
        """
        if self.capabilities:
            return None  # RFC 9051 section 7.1: a greeting's CAPABILITY code saves the round trip
        done = await self._command(b"CAPABILITY")
        if not self.capabilities:
            raise violation("The server did not list its capabilities.")
        return self._shown(done)

    async def request_upgrade(self) -> str:
        """Send STARTTLS (RFC 9051, section 6.2.1) and return the reply; TLS may begin then.

        Raises DialogueFailed: STARTTLS_MISSING, REPLY, INJECTION.
        """
        if not self._offers("STARTTLS"):
            raise DialogueFailed(Failure.STARTTLS_MISSING)
        done = await self._command(b"STARTTLS")
        if await self._wire.unread():  # would be read as if it had come through TLS
            raise DialogueFailed(Failure.INJECTION, "Clear text followed the STARTTLS reply.")
        self.capabilities = ()  # "client MUST discard cached information", section 6.2.1
        return self._shown(done)

    async def sign_in(self, credentials: sasl.Credentials, method: AuthenticationMethod) -> str:
        """Make the one attempt and return the reply. Capabilities told with it replace the old.

        Raises DialogueFailed: NO_AUTH_OFFERED and NO_MECHANISM with nothing sent, REPLY for a
        refusal, VIOLATION, and what the wire raises.
        """
        offered = self._mechanisms()
        self.mechanism = sasl.choose(method, credentials, offered, tls_active=self._wire.tls_active)
        if self.mechanism == "LOGIN" and not self._offers("LOGINDISABLED"):
            return await self._login(credentials)
        return await self._authenticate(self.mechanism, credentials)

    async def look_inside(self) -> str:
        """Tell who we are where the server wants to know, open INBOX for reading, return the reply.

        A refused ID is no failure: RFC 2971 changes nothing for the client.
        """
        if self._offers("ID"):
            told = (
                f'"name" "{self._settings.client_name}" "version" "{self._settings.client_version}"'
            )
            await self._command(f"ID ({told})".encode("ascii"), may_fail=True)
        return self._shown(await self._command(b"EXAMINE INBOX"))  # RFC 9051, section 6.3.3

    async def query(
        self, command: bytes, *, may_fail: bool = False
    ) -> tuple[ImapResponse, tuple[ImapResponse, ...]]:
        """Send a command after sign-in; return its tagged response and the data before that.

        May be called often. The caller has quoted what strangers named, and sets limits that fit:
        the data is kept. Raises DialogueFailed REPLY for a refusal unless it `may_fail`.
        """
        await self._expect_nothing_tagged()  # what came unasked is no answer
        heard: list[ImapResponse] = []
        self._heard = heard
        try:
            return await self._command(command, may_fail=may_fail), tuple(heard)
        finally:
            self._heard = None

    def offers(self, name: str) -> bool:
        """Tell whether a capability is on offer, in whatever case."""
        return self._offers(name)

    def goodbye(self) -> None:
        """Send LOGOUT (RFC 9051, section 6.1.3); the answer is not awaited."""
        self._wire.post(self._next_tag() + b" LOGOUT\r\n")

    async def _login(self, credentials: sasl.Credentials) -> str:
        """LOGIN (RFC 9051, section 6.2.3); each argument in one piece a server must understand."""
        tag = self._next_tag()
        line = tag + b" LOGIN"
        await self._expect_nothing_tagged()
        for value in (credentials.username, credentials.secret.value.reveal()):
            line += b" "
            if _QUOTED.match(value):
                line += _quoted(value)
                continue
            data = value.encode()
            synchronising = not self._takes_unasked(len(data))
            line += b"{%d%s}\r\n" % (len(data), b"" if synchronising else b"+")
            if synchronising:  # RFC 9051, section 4.3: the server has to ask for it
                await self._wire.send(line)
                refusal = await self._continuation(tag)
                if refusal is not None:
                    return self._completed(refusal)
                line = b""
            line += data
        await self._wire.send(line + b"\r\n")
        return self._completed(await self._tagged(tag))

    async def _authenticate(self, mechanism: str, credentials: sasl.Credentials) -> str:
        """AUTHENTICATE (RFC 9051 section 6.2.2), with an initial response where RFC 4959 allows."""
        exchange = sasl.Exchange(mechanism, credentials)
        tag = self._next_tag()
        command = tag + b" AUTHENTICATE " + mechanism.encode("ascii")
        takes_initial = self._offers("SASL-IR") or self._offers("IMAP4rev2")
        room = _COMMAND_BYTES - len(command) - len(b" \r\n") if takes_initial else 0
        initial = exchange.initial_response(room)
        await self._expect_nothing_tagged()
        await self._wire.send(command + (b" " + initial if initial else b"") + b"\r\n")
        while (response := await self._next(tag)).tag == "+":
            try:
                answer = await exchange.answer(response.text.encode())
            except DialogueFailed:
                await self._wire.send(sasl.CANCEL + b"\r\n")
                raise
            await self._wire.send(answer + b"\r\n")
        if exchange.remark:
            self._remarks.append(exchange.remark)
        reply = self._completed(response)
        exchange.finish()
        return reply

    def _mechanisms(self) -> frozenset[str]:
        """SASL mechanisms on offer; LOGIN also stands for the command of that name."""
        upper = (each.upper() for each in self.capabilities)
        named = {each.removeprefix("AUTH=") for each in upper if each.startswith("AUTH=")}
        if not self._offers("LOGINDISABLED"):  # RFC 9051 section 6.2.3
            named.add("LOGIN")
        return frozenset(named)

    def _takes_unasked(self, size: int) -> bool:
        """Whether a non-synchronising literal of this size is allowed (RFC 7888)."""
        return self._offers("LITERAL+") or (
            size <= _LITERAL_MINUS_BYTES
            and (self._offers("LITERAL-") or self._offers("IMAP4rev2"))  # RFC 9051, section 4.3
        )

    def _offers(self, name: str) -> bool:
        return name.upper() in (each.upper() for each in self.capabilities)

    def _next_tag(self) -> bytes:
        self._commands += 1
        return b"m%d" % self._commands

    async def _command(self, command: bytes, *, may_fail: bool = False) -> ImapResponse:
        """Send a command without arguments from strangers; return its tagged response."""
        await self._expect_nothing_tagged()
        tag = self._next_tag()
        await self._wire.send(tag + b" " + command + b"\r\n")
        response = await self._tagged(tag)
        if response.name != "OK" and not may_fail:
            raise self._refusal(response)
        return response

    async def _tagged(self, tag: bytes) -> ImapResponse:
        response = await self._next(tag)
        if response.tag == "+":
            raise violation("The server asked for more where nothing more comes.")
        return response

    async def _continuation(self, tag: bytes) -> ImapResponse | None:
        """Wait for the server to ask; returns the tagged response if it refuses instead."""
        response = await self._next(tag)
        if response.tag != "+" and response.name == "OK":
            raise violation("The server accepted a command that was not complete.")
        return None if response.tag == "+" else response

    async def _next(self, tag: bytes) -> ImapResponse:
        """Return the next response that is not untagged: ours, or a continuation request."""
        for _ in range(self._settings.response_lines):
            response = await read_response(self._wire, self._settings.literal_bytes)
            if response.tag == "*":
                self._note(response)
            elif response.tag == "+":
                return response
            elif response.tag != tag.decode() or response.name not in ("OK", "NO", "BAD"):
                raise violation("The server answered a command that was not sent.")
            else:
                self._note_capabilities(response)
                return response
        raise DialogueFailed(Failure.TOO_LARGE, "The server sent too many lines.")

    async def _expect_nothing_tagged(self) -> None:
        """Take untagged data that came unasked; anything else would answer the next command."""
        for _ in range(self._settings.response_lines):
            if not await self._wire.unread():
                self._remarks.clear()
                return
            response = await read_response(self._wire, self._settings.literal_bytes)
            if response.tag != "*":
                raise violation("The server answered before it was asked.")
            self._note(response)
        raise DialogueFailed(Failure.TOO_LARGE, "The server sent too many lines.")

    def _note(self, untagged: ImapResponse) -> None:
        """Keep what an untagged response tells. Raises DialogueFailed REPLY for BYE."""
        if untagged.name == "BYE":  # RFC 9051, section 7.1.5: the server hangs up
            raise self._refusal(untagged)
        self._note_capabilities(untagged)
        if self._heard is not None:
            self._heard.append(untagged)
        if untagged.name in ("NO", "BAD") or untagged.code == "ALERT":
            self._remarks.append(untagged.words)  # warnings explain the tagged refusal after them

    def _note_capabilities(self, response: ImapResponse) -> None:
        """Take the CAPABILITY data or response code (RFC 9051, sections 7.1 and 7.2.2)."""
        if response.is_status and response.code == "CAPABILITY":
            words = response.arguments.split()
        elif response.name == "CAPABILITY":
            words = response.text.split()
        else:
            return
        if len(words) > self._settings.capabilities:
            raise DialogueFailed(Failure.TOO_LARGE, "The server lists too many capabilities.")
        self.capabilities = tuple(self._cleaner.clean(word, 100) for word in words)

    def _completed(self, response: ImapResponse) -> str:
        if response.name != "OK":
            raise self._refusal(response)
        return self._shown(response)

    def _refusal(self, response: ImapResponse) -> DialogueFailed:
        return DialogueFailed(
            Failure.REPLY,
            self._cleaner.clean_lines([*self._remarks, response.words], _TEXT_MAX_CHARACTERS),
            from_server=True,
            response_code=response.code and self._cleaner.clean(response.code, 60),
        )

    def _shown(self, response: ImapResponse) -> str:
        return self._cleaner.clean(response.words)

    def _not_imap(self, protocol: str | None, line: bytes) -> DialogueFailed:
        text = self._cleaner.clean(decoded(line))
        failure = Failure.VIOLATION if protocol is None else Failure.FOREIGN_PROTOCOL
        return DialogueFailed(failure, text, from_server=True)


def _quoted(value: str) -> bytes:
    """Return a quoted string (RFC 9051, section 4.3)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode("ascii")
