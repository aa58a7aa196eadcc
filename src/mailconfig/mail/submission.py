"""Handing over one message by aiosmtplib, on a connection that our own dialogue signed in.

aiosmtplib sends MAIL, RCPT and DATA with the message, each driven here, so that it is known at
which one a server refused (ADR 0011). Threat: after the message went out a silent server may have
it or not: see `may_be_accepted`. Must not sign in, and not judge a refusal.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final

from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

from mailconfig.domain.diagnostics.values import Failure, Phase
from mailconfig.domain.text import Cleaner, decoded
from mailconfig.mail.failures import DialogueFailed, violation
from mailconfig.mail.letter import Letter
from mailconfig.mail.sessions import Session, within
from mailconfig.mail.smtp import SmtpDialogue
from mailconfig.mail.smtp_replies import SmtpReply

_TEXT_MAX_CHARACTERS: Final = 2000
"""Of a reply for the diagnosis; several lines with links stay below."""
_FIRST_REFUSAL: Final = 400
_LAST_REFUSAL: Final = 599
"""Replies that refuse (RFC 5321, section 4.2.1)."""
_TOO_LONG: Final = "Response too long"
"""How aiosmtplib says that a reply has more than 8 KiB in a line or 32 KiB in all."""


async def submit(session: Session[SmtpDialogue], letter: Letter, data_seconds: float) -> str:
    """Hand the message over; return the server's last reply, cleaned.

    Raises DialogueFailed, with `session.phase` at MAIL, RCPT or DATA.
    """
    session.phase = Phase.MAIL
    path, parameters = session.dialogue.envelope_path(letter.address.text)
    if b"SMTPUTF8" in parameters:  # RFC 6531, section 3.4: the header holds 8-bit text then
        parameters += (b"BODY=8BITMIME",)
    if session.dialogue.offers("SIZE"):  # RFC 1870: a full mailbox says so before the message
        parameters += (b"SIZE=%d" % len(letter.content),)
    if await session.wire.unread():
        raise violation("The server answered before it was asked.")
    protocol = SMTPProtocol(asyncio.get_running_loop())
    session.wire.hand_over(protocol)
    seconds = session.settings.command_seconds
    cleaner = session.cleaner
    mail = protocol.execute_command(b"MAIL", b"FROM:<" + path + b">", *parameters)
    await _accepted(mail, seconds, cleaner)
    session.phase = Phase.RCPT
    await _accepted(protocol.execute_command(b"RCPT", b"TO:<" + path + b">"), seconds, cleaner)
    session.phase = Phase.DATA
    return await _accepted(protocol.execute_data_command(letter.content), data_seconds, cleaner)


def may_be_accepted(phase: Phase, failed: DialogueFailed) -> bool:
    """Tell whether the server may have taken the message although it did not say so."""
    return phase is Phase.DATA and failed.failure is not Failure.REPLY


async def _accepted(asked: Awaitable[SMTPResponse], seconds: float, cleaner: Cleaner) -> str:
    """Await a reply and return it cleaned. Raises DialogueFailed unless it is 2yz."""
    try:
        async with within(seconds):
            reply = _reply(await asked)
    except SMTPDataError as error:
        reply = _reply(SMTPResponse(error.code, error.message))
        raise _refusal(reply, cleaner) from error
    except SMTPException as error:
        raise _translated(error) from error
    if not reply.is_positive:
        raise _refusal(reply, cleaner)
    return cleaner.clean("\n".join(reply.lines))


def _reply(response: SMTPResponse) -> SmtpReply:
    """Return aiosmtplib's reply as ours: its text has lost the code in front of every line."""
    texts = decoded(response.message.encode("utf-8", "surrogateescape")).split("\n")
    lines = [f"{response.code} {text}".strip() for text in texts]
    return SmtpReply(response.code, tuple(texts), tuple(lines))


def _refusal(reply: SmtpReply, cleaner: Cleaner) -> DialogueFailed:
    if not _FIRST_REFUSAL <= reply.code <= _LAST_REFUSAL:
        return violation(f"The server's {reply.code} is no answer to this command.")
    return DialogueFailed(
        Failure.REPLY,
        cleaner.clean_lines(reply.lines, _TEXT_MAX_CHARACTERS),
        from_server=True,
        reply_code=reply.code,
        enhanced_code=reply.enhanced_code,
    )


def _translated(error: SMTPException) -> DialogueFailed:
    """Return what went wrong where there was no reply; the error's text may hold the server's."""
    if isinstance(error, SMTPServerDisconnected):
        return DialogueFailed(Failure.CLOSED)
    if isinstance(error, SMTPResponseException) and error.message == _TOO_LONG:
        return DialogueFailed(Failure.TOO_LARGE, "The server's reply is too long.")
    return violation("The server's line is no SMTP reply.")
