"""Explaining a reply or an error that somebody pasted: the engine without network and account.

The text is read and thrown away: it is neither stored nor logged, and what signs in is hidden
before its words are shown again.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.diagnostics import Diagnosis, Observation, Phase
from mailconfig.domain.diagnostics.explaining import explain
from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.servers import MailProtocol, TransportSecurity
from mailconfig.domain.text import cut, tidy
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.domain.transcripts import without_credentials

_MINUTE: Final = 60
_HOST_MAX_CHARACTERS: Final = 253
"""Longest host name in text form (RFC 1035, section 2.3.4)."""
_CAPABILITIES_MAX: Final = 200
"""More than any server offers."""
_CHARACTERS: Final = N_("This is too long: at most {most:,} characters.")
_WORDS: Final = N_("This is too long: at most {most:,} words.")


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """Limits of explaining."""

    per_minute: int = 60
    """Texts of one client address in a minute."""
    max_characters: int = 20_000
    """Longest text: a bounce with the head of its message fits."""


@dataclass(frozen=True, slots=True)
class Question:
    """A pasted text and what is known about where it came from."""

    text: str
    """A reply of one or several lines, a bounce, or a client library's error."""
    protocol: MailProtocol | None = None
    phase: Phase | None = None
    host: str | None = None
    """The server's name, as it was configured."""
    port: int | None = None
    security: TransportSecurity | None = None
    capabilities: tuple[str, ...] = ()
    """Words of EHLO or CAPABILITY at that moment."""


@dataclass(frozen=True, slots=True)
class ExplainService:
    """Answers from memory; everybody may ask, so many times a minute."""

    catalogue: Catalogue
    limiter: Limiter
    settings: ExplainSettings

    async def answer(self, question: Question, client: str) -> Diagnosis:
        """Return what a text means; `client` is the address that asks.

        Raises InvalidInput for an empty or too long text, RateLimited.
        """
        self._check(question)
        limit = Limit("explain", self.settings.per_minute, _MINUTE)
        await self.limiter.take(limit, f"client {client}")
        # The longest texts take tens of milliseconds: in a thread others get their turns meanwhile.
        return await asyncio.to_thread(explained, question, self.catalogue)

    def _check(self, question: Question) -> None:
        words = len(question.capabilities)
        limits = (
            ("text", _CHARACTERS, len(question.text), self.settings.max_characters),
            ("host", _CHARACTERS, len(question.host or ""), _HOST_MAX_CHARACTERS),
            ("capabilities", _WORDS, words, _CAPABILITIES_MAX),
        )
        issues = [
            _too_long(field, template, most)
            for field, template, size, most in limits
            if size > most
        ]
        if not question.text.strip():
            message = N_("Enter the reply or the error message.")
            issues.append(ValidationIssue.error(ValidationCode.REQUIRED, message, "text"))
        if issues:
            raise InvalidInput(tuple(issues))


def _too_long(field: str, template: str, most: int) -> ValidationIssue:
    message = phrase(template, most=most)
    return ValidationIssue.error(ValidationCode.TOO_LONG, message, field)


def explained(question: Question, catalogue: Catalogue) -> Diagnosis:
    """Return what a text means; pure."""
    row = catalogue.by_host(question.host) if question.host else None
    found = explain(
        Observation(
            protocol=question.protocol,
            phase=question.phase,
            host=question.host or None,
            port=question.port,
            security=question.security,
            text=question.text,
            capabilities=question.capabilities,
            provider_id=row.id if row else None,
        ),
        row,
    )
    return replace(found, server_reply=cut(tidy(without_credentials(question.text))))
