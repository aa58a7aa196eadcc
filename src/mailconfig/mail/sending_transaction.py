"""One message over one signed-in connection, and what the server said (RFC 5321, section 3.3).

    size, SMTPUTF8, 8BITMIME --> MAIL --> RCPT ... --> DATA --> 354 --> commit --> content --> reply
         nothing is sent          |refused: RSET            |
                                  '-------------------------'   no RSET: the connection is dropped

Where anything but a reply ends it, the connection is spoilt; what that means for the message
depends on whether the end of the content went out. Must not open connections, and not judge codes
beyond their first digit and 421.
"""

from typing import Final

from mailconfig.domain.delivery import Commit, Delivery, Envelope, RecipientReply
from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.text import cut, tidy
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.sending_limits import SendingSettings
from mailconfig.mail.sending_pool import SendingConnection
from mailconfig.mail.smtp_replies import SmtpReply

_TEXT_MAX_CHARACTERS: Final = 2000
"""Of a reply for the diagnosis; several lines with links stay below."""
_FIRST_REFUSAL: Final = 400
_LAST_REFUSAL: Final = 599
"""Replies that refuse (RFC 5321, section 4.2.1)."""
_CLOSING: Final = 421
_START_INPUT: Final = 354
_TOO_BIG: Final = "5.3.4"
_UNSENDABLE: Final = "5.1.3"
_NOT_CONVERTIBLE: Final = "5.6.3"
_NO_UTF8: Final = "5.6.7"
"""Enhanced codes of what is refused here before the server is asked (RFC 3463, RFC 6531)."""


class Transaction:
    """One attempt on one connection; `run` is called once."""

    def __init__(
        self,
        connection: SendingConnection,
        envelope: Envelope,
        commit: Commit,
        settings: SendingSettings,
    ) -> None:
        self._connection = connection
        self._session = connection.session
        self._protocol = connection.protocol
        self._envelope = envelope
        self._commit = commit
        self._settings = settings
        self._replies: list[RecipientReply] = []
        self._accepted_any = False
        self._content_begun = False

    async def run(self) -> Delivery | None:
        """Make the attempt. None: a kept connection was dead, and nothing was sent.

        Never raises for what the server does; passes on what `commit` raises.
        """
        self._session.phase = Phase.MAIL
        try:
            mail = self._mail()
            recipients = [self._path(address)[0] for address in self._envelope.recipients]
        except DialogueFailed as failed:  # nothing was asked: the connection stays good
            return self._ended(failed)
        try:
            return await self._converse(mail, recipients)
        except DialogueFailed as failed:
            self._connection.spoil()
            if self._session.phase is Phase.MAIL and self._was_dead():
                return None
            return self._ended(failed, doubtful=self._may_be_there(failed))

    async def _converse(self, mail: tuple[bytes, ...], recipients: list[bytes]) -> Delivery:
        reply = await self._ask(*mail)
        if not reply.is_positive:
            return await self._refused(reply)
        refusal = await self._name(recipients)
        if not self._accepted_any and refusal is not None:
            return await self._refused(refusal)
        self._session.phase = Phase.DATA
        reply = await self._ask(b"DATA")
        if reply.code != _START_INPUT:
            return await self._refused(reply)
        if not await self._committed():
            self._connection.spoil()  # after 354 there is no other way back
            return self._ended(DialogueFailed(Failure.CLOSED))
        return await self._content()

    async def _name(self, recipients: list[bytes]) -> SmtpReply | None:
        """Name every recipient; return the first refusal."""
        self._session.phase = Phase.RCPT
        first: SmtpReply | None = None
        for address, path in zip(self._envelope.recipients, recipients, strict=True):
            reply = await self._ask(b"RCPT", b"TO:<" + path + b">", to=address)
            if reply.is_positive:
                self._accepted_any = True
            else:
                first = first or reply
        return first

    async def _committed(self) -> bool:
        """Ask the caller between 354 and the first byte; the server may have left meanwhile."""
        await self._check_turn()
        if not await self._commit():
            return False
        await self._check_turn()
        return True

    async def _check_turn(self) -> None:
        await self._protocol.settle()
        if (said := self._protocol.interruption()) is not None:
            raise self._refusal(said)

    async def _content(self) -> Delivery:
        content, settings = self._envelope.content, self._settings
        self._content_begun = True
        reply = await self._protocol.send_content(
            content, settings.content_seconds(len(content)), settings.answer_seconds
        )
        self._expect_answer(reply)
        if not reply.is_positive:
            return await self._refused(reply)
        return Delivery(tuple(self._replies), reply=self._shown(reply))

    async def _ask(self, *words: bytes, to: str | None = None) -> SmtpReply:
        """Return the reply to a command. Raises DialogueFailed; REPLY for 421, which ends it."""
        reply = await self._protocol.ask(*words, seconds=self._settings.command_seconds)
        self._expect_answer(reply, and_input=words == (b"DATA",))
        if to is not None:
            self._replies.append(self._told(to, reply))
        if reply.code == _CLOSING:
            raise self._refusal(reply)
        return reply

    def _expect_answer(self, reply: SmtpReply, *, and_input: bool = False) -> None:
        """Raise DialogueFailed VIOLATION for a reply that does not fit its command."""
        fits = reply.code == _START_INPUT if and_input else reply.is_positive
        if not fits and not _FIRST_REFUSAL <= reply.code <= _LAST_REFUSAL:
            raise violation(f"The server's {reply.code} is no answer to this command.")

    async def _refused(self, reply: SmtpReply) -> Delivery:
        """Return what a refusal means, and make the connection ready for the next message."""
        delivery = self._ended(self._refusal(reply))
        if reply.code == _CLOSING or not self._protocol.is_settled:
            self._connection.spoil()
        else:
            await self._reset()
        return delivery

    async def _reset(self) -> None:
        """Send RSET (RFC 5321, section 4.1.1.5); without an answer the connection is dropped."""
        try:
            reply = await self._protocol.ask(b"RSET", seconds=self._settings.reset_seconds)
        except DialogueFailed:
            self._connection.spoil()  # the verdict stands: it was given before
        else:
            if not reply.is_positive:
                self._connection.spoil()

    def _may_be_there(self, failed: DialogueFailed) -> bool:
        """Whether the server may have the message although it did not say so.

        Without its end it has not: what the end has not come of must not be delivered (RFC 5321,
        section 4.1.1.4). Whoever praises it before that is not one to rely on there.
        """
        strange = failed.failure is Failure.VIOLATION
        return self._content_begun and (self._protocol.ended or strange)

    def _was_dead(self) -> bool:
        """Whether a connection that worked before did not answer at all."""
        return self._connection.messages > 0 and not self._protocol.heard

    def _mail(self) -> tuple[bytes, ...]:
        """Return MAIL with its parameters; only what the server offers.

        Raises DialogueFailed REPLY for what it cannot take (RFC 1870, RFC 6152, RFC 6531).
        """
        envelope, dialogue = self._envelope, self._session.dialogue
        self._check_size()
        path, needed = self._path(envelope.sender)
        for address in envelope.recipients:
            needed = needed or self._path(address)[1]
        parameters = []
        if needed or envelope.needs_utf8:
            if not dialogue.offers("SMTPUTF8"):
                raise _impossible("The server does not offer SMTPUTF8.", _NO_UTF8)
            parameters.append(b"SMTPUTF8")
        if not envelope.content.isascii():
            if not dialogue.offers("8BITMIME"):
                raise _impossible("The server does not offer 8BITMIME.", _NOT_CONVERTIBLE)
            parameters.append(b"BODY=8BITMIME")
        if dialogue.offers("SIZE"):
            parameters.append(b"SIZE=%d" % len(envelope.content))
        return (b"MAIL", b"FROM:<" + path + b">", *parameters)

    def _check_size(self) -> None:
        size, limit = len(self._envelope.content), self._connection.size_limit
        if limit is not None and size > limit:
            text = f"The server takes {limit} bytes, the message has {size}."
            raise _impossible(text, _TOO_BIG)

    def _path(self, address: str) -> tuple[bytes, tuple[bytes, ...]]:
        """Return an address for angle brackets, and whether it asks for SMTPUTF8."""
        try:
            return self._session.dialogue.envelope_path(address)
        except DialogueFailed as failed:
            if failed.failure is not Failure.VIOLATION:
                raise
            raise _impossible("An address of the message cannot be sent.", _UNSENDABLE) from failed

    def _ended(self, failed: DialogueFailed, *, doubtful: bool = False) -> Delivery:
        return Delivery(
            tuple(self._replies),
            self._session.observation(failed),
            doubtful=doubtful,
            reply=cut(tidy(failed.text)) if failed.from_server else "",
        )

    def _refusal(self, reply: SmtpReply) -> DialogueFailed:
        return DialogueFailed(
            Failure.REPLY,
            self._session.cleaner.clean_lines(reply.lines, _TEXT_MAX_CHARACTERS),
            from_server=True,
            reply_code=reply.code,
            enhanced_code=reply.enhanced_code,
        )

    def _told(self, address: str, reply: SmtpReply) -> RecipientReply:
        shown, code = self._shown(reply), reply.enhanced_code
        return RecipientReply(address, reply.is_positive, shown, reply.code, code)

    def _shown(self, reply: SmtpReply) -> str:
        return self._session.cleaner.clean("\n".join(reply.lines))


def _impossible(text: str, enhanced_code: str) -> DialogueFailed:
    """Return the refusal of what the server says that it cannot take; the text is ours."""
    return DialogueFailed(Failure.REPLY, text, enhanced_code=enhanced_code)
