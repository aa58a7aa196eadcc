"""The SMTP side of a connection test (RFC 5321, RFC 6409): greeting to MAIL FROM.

Threat: the server is a stranger, see `mail.wire`. A reply is believed only for the command that
is under way: whatever waits before a command was sent ends the dialogue. Must not sign in more
than once, name a recipient, or put a text of the server into a failure uncleaned. Deadlines belong
to the caller.
"""

import re
from typing import Final

import idna

from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.servers import AuthenticationMethod
from mailconfig.domain.text import Cleaner, decoded
from mailconfig.mail import sasl
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.foreign import is_tls_record, spoken_in
from mailconfig.mail.limits import ProbeSettings
from mailconfig.mail.smtp_replies import SmtpReply, read_reply
from mailconfig.mail.wire import Wire

_COMMAND_BYTES: Final = 512
"""Longest command line with its end (RFC 5321, section 4.5.3.1.4); AUTH is no exception."""
_TEXT_MAX_CHARACTERS: Final = 2000
"""Of a reply for the diagnosis; several lines with links stay below."""
_READY: Final = 220
_AUTHENTICATED: Final = 235
_CHALLENGE: Final = 334
_CLOSING: Final = 421
_EHLO_UNKNOWN: Final = frozenset({500, 502})
"""Replies after which a client falls back to HELO (RFC 5321, section 3.2)."""
_MAILBOX: Final = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>\x00-\x1f\x7f@]+\Z")
"""What cannot end the path or the line; whether the address is a good one was checked before."""


class SmtpDialogue:
    """One connection's dialogue; the methods are called in their order here."""

    def __init__(self, wire: Wire, settings: ProbeSettings, cleaner: Cleaner) -> None:
        self._wire = wire
        self._settings = settings
        self._cleaner = cleaner
        self.capabilities: tuple[str, ...] = ()
        """Lines of the last EHLO reply, without the first; empty while unknown."""
        self.preauthenticated = False
        """Never true: SMTP has no such greeting."""
        self.mechanism: str | None = None
        """What sign-in was or is tried with."""

    async def greet(self) -> str:
        """Read the greeting (RFC 5321, section 3.1) and return it.

        Raises DialogueFailed: FOREIGN_PROTOCOL, REPLY for 554, 421 and the like, TLS_ALERT where
        the port speaks TLS, VIOLATION, and what the wire raises.
        """
        if is_tls_record(await self._wire.first_byte()):
            raise DialogueFailed(Failure.TLS_ALERT, "The server answers in TLS on this port.")
        line = await self._wire.raw_line()
        protocol = spoken_in(line)
        if protocol != "SMTP":
            raise self._not_smtp(protocol, line)
        greeting = await read_reply(self._wire, self._settings.response_lines, line)
        if greeting.code != _READY:
            raise self._refusal(greeting)
        return self._shown(greeting)

    async def ask_capabilities(self) -> str | None:
        """Send EHLO, or HELO to a server that does not know it (RFC 5321, section 4.1.1.1)."""
        name = self._settings.ehlo_name.encode("ascii")
        reply = await self._command(b"EHLO " + name)
        if reply.code in _EHLO_UNKNOWN:
            reply = await self._command(b"HELO " + name)
            self.capabilities = ()
        elif reply.is_positive:
            self._note_capabilities(reply)
        if not reply.is_positive:
            raise self._refusal(reply)
        return self._shown(reply)

    async def request_upgrade(self) -> str:
        """Send STARTTLS (RFC 3207, section 4) and return the reply; TLS may begin then.

        Raises DialogueFailed: STARTTLS_MISSING, REPLY, INJECTION.
        """
        if "STARTTLS" not in self._keywords():
            raise DialogueFailed(Failure.STARTTLS_MISSING)
        reply = await self._command(b"STARTTLS")
        if reply.code != _READY:
            raise self._refusal(reply)
        if await self._wire.unread():  # would be read as if it had come through TLS
            raise DialogueFailed(Failure.INJECTION, "Clear text followed the STARTTLS reply.")
        self.capabilities = ()  # "client MUST discard any knowledge", RFC 3207 section 4.2
        return self._shown(reply)

    async def sign_in(self, credentials: sasl.Credentials, method: AuthenticationMethod) -> str:
        """Make the one attempt by AUTH (RFC 4954) and return the reply.

        Raises DialogueFailed: NO_AUTH_OFFERED and NO_MECHANISM with nothing sent, REPLY for a
        refusal, VIOLATION, and what the wire raises.
        """
        self.mechanism = sasl.choose(
            method, credentials, self._mechanisms(), tls_active=self._wire.tls_active
        )
        exchange = sasl.Exchange(self.mechanism, credentials)
        command = b"AUTH " + self.mechanism.encode("ascii")
        # RFC 4954 section 4: where the line would be too long, there is no initial response.
        initial = exchange.initial_response(_COMMAND_BYTES - len(command) - len(b" \r\n"))
        reply = await self._command(command + (b" " + initial if initial else b""))
        while reply.code == _CHALLENGE:
            reply = await self._answer(exchange, reply)
        if reply.code != _AUTHENTICATED:
            raise self._refusal(reply, exchange.remark)
        exchange.finish()
        return self._shown(reply)

    async def look_inside(self, sender: str) -> str:
        """Send MAIL FROM (RFC 5321, section 4.1.1.2) and RSET; return the reply to MAIL.

        RSET travels with MAIL where the server takes pipelining (RFC 2920). Its reply is not
        awaited: it could only delay or hide the verdict.
        """
        mail = b"MAIL FROM:<" + self._reverse_path(sender)
        if "PIPELINING" in self._keywords():
            reply = await self._command(mail + b"\r\nRSET")
        else:
            reply = await self._command(mail)
            self._wire.post(b"RSET\r\n")
        if not reply.is_positive:
            raise self._refusal(reply)
        return self._shown(reply)

    def envelope_path(self, address: str) -> tuple[bytes, tuple[bytes, ...]]:
        """Return an address as it stands in angle brackets, and what MAIL needs to be told of it.

        Raises DialogueFailed VIOLATION for what cannot be sent, REPLY where SMTPUTF8 is missing.
        """
        path, _, parameters = self._reverse_path(address).partition(b">")
        return path, tuple(parameters.split())

    def offers(self, keyword: str) -> bool:
        """Tell whether an EHLO keyword was in the last reply."""
        return keyword in self._keywords()

    def goodbye(self) -> None:
        """Send QUIT (RFC 5321, section 4.1.1.10); the answer is not awaited."""
        self._wire.post(b"QUIT\r\n")

    async def _command(self, command: bytes) -> SmtpReply:
        """Send a command and read its reply. Raises DialogueFailed; REPLY for 421."""
        if await self._wire.unread():
            unasked = await read_reply(self._wire, self._settings.response_lines)
            if unasked.code == _CLOSING:  # legal at any time (RFC 5321, section 3.8)
                raise self._refusal(unasked)
            raise violation("The server answered before it was asked.")
        return await self._exchange(command)

    async def _exchange(self, line: bytes) -> SmtpReply:
        await self._wire.send(line + b"\r\n")
        reply = await read_reply(self._wire, self._settings.response_lines)
        if reply.code == _CLOSING:
            raise self._refusal(reply)
        return reply

    async def _answer(self, exchange: sasl.Exchange, challenge: SmtpReply) -> SmtpReply:
        try:
            answer = await exchange.answer(challenge.texts[-1].encode())
        except DialogueFailed:
            await self._wire.send(sasl.CANCEL + b"\r\n")
            raise
        return await self._exchange(answer)

    def _note_capabilities(self, reply: SmtpReply) -> None:
        """Take the EHLO keywords (RFC 5321, section 4.1.1.1); the first line is a greeting."""
        if len(reply.texts) - 1 > self._settings.capabilities:
            raise DialogueFailed(Failure.TOO_LARGE, "The server lists too many capabilities.")
        self.capabilities = tuple(self._cleaner.clean(line, 200) for line in reply.texts[1:])

    def _keywords(self) -> dict[str, list[str]]:
        """Return the parameters of each EHLO keyword, all in upper case."""
        words = (line.upper().split() for line in self.capabilities if line.strip())
        return {keyword: parameters for keyword, *parameters in words}

    def _mechanisms(self) -> frozenset[str]:
        """SASL mechanisms after AUTH; "AUTH=" is how servers wrote it before RFC 2554."""
        lines = (line.upper().replace("AUTH=", "AUTH ", 1).split() for line in self.capabilities)
        return frozenset(name for words in lines if words[:1] == ["AUTH"] for name in words[1:])

    def _reverse_path(self, sender: str) -> bytes:
        """Return the rest of a MAIL command; non-ASCII needs SMTPUTF8 (RFC 6531, section 3.4)."""
        if not _MAILBOX.match(sender):
            raise violation("The sender's address cannot be sent.")
        local, _, domain = sender.rpartition("@")
        if local.isascii():
            return f"{local}@{_a_labels(domain)}>".encode("ascii")
        if "SMTPUTF8" not in self._keywords():
            raise DialogueFailed(
                Failure.REPLY, "The server does not offer SMTPUTF8.", enhanced_code="5.6.7"
            )
        return f"{sender}> SMTPUTF8".encode()

    def _refusal(self, reply: SmtpReply, remark: str = "") -> DialogueFailed:
        if reply.is_positive:
            return violation(f"The server's {reply.code} is no answer to this command.")
        lines = [remark, *reply.lines] if remark else reply.lines
        return DialogueFailed(
            Failure.REPLY,
            self._cleaner.clean_lines(lines, _TEXT_MAX_CHARACTERS),
            from_server=True,
            reply_code=reply.code,
            enhanced_code=reply.enhanced_code,
        )

    def _shown(self, reply: SmtpReply) -> str:
        return self._cleaner.clean("\n".join(reply.lines))

    def _not_smtp(self, protocol: str | None, line: bytes) -> DialogueFailed:
        text = self._cleaner.clean(decoded(line))
        failure = Failure.VIOLATION if protocol is None else Failure.FOREIGN_PROTOCOL
        return DialogueFailed(failure, text, from_server=True)


def _a_labels(domain: str) -> str:
    """Return a domain in ASCII (RFC 5891). Raises DialogueFailed VIOLATION."""
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise violation("The sender's address cannot be sent.") from error
