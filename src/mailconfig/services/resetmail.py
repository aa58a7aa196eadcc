"""Tokens that set a forgotten password, by mail: asked for by anybody, answered alike.

    request --> a short line in memory --> the loop: is there such a user? then a token, and a mail

Threat: finding out by text, status or time which addresses have an account here (OWASP ASVS 5.0,
6.3.8), and filling somebody's mailbox. All that depends on the user happens in the loop, after the
answer. Limit: requests in the line are lost with the process; people ask again.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final

from mailconfig.domain.errors import InvalidInput, NotFound
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.languages import Language, Languages
from mailconfig.domain.phrases import N_, joined, phrase
from mailconfig.domain.secrets import Secret
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.services.accounts import AccountService
from mailconfig.services.addresses import canonical_address
from mailconfig.services.systemmail import SystemMail

_log = logging.getLogger(__name__)

TOKEN: Final = "{token}"
"""Stands for the token in the address of the page that sets passwords."""
_OF_ADDRESS: Final = Limit("reset mails of address", 3, 3600)
"""Who does not find the third mail finds no fourth one."""
_OF_CLIENT: Final = Limit("reset mails of client", 20, 3600)
"""An office may share an address."""
_LINE: Final = 100
_MINUTE: Final = 60
_SUBJECT: Final = N_("Set a new password")
_NO_MAIL: Final = N_("This service sends no mail of its own. Ask its operator for a token.")


@dataclass(frozen=True, slots=True)
class _Request:
    address: str
    language: Language


class ResetMail:
    """Takes requests, and sends what they ask for."""

    def __init__(
        self,
        accounts: AccountService,
        mail: SystemMail | None,
        limiter: Limiter,
        languages: Languages,
        page: str,
        reset_seconds: int,
    ) -> None:
        """`page` is the address of the page that sets passwords, with {token} in it.

        Without `mail` every request is refused.
        """
        self._accounts = accounts
        self._mail = mail
        self._limiter = limiter
        self._languages = languages
        self._page = page
        self._minutes = reset_seconds // _MINUTE
        self._line: deque[_Request] = deque()
        self._asked = asyncio.Event()

    async def request(self, email: str, client: str, language: Language) -> None:
        """Let a token be sent to an address, if somebody signs in with it.

        Raises RateLimited, and InvalidInput, also where this service sends no mail.
        """
        if self._mail is None:
            raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _NO_MAIL)
        await self._limiter.take(_OF_CLIENT, f"client {client}")
        address = canonical_address(email.strip(), "email")
        await self._limiter.take(_OF_ADDRESS, address)
        if len(self._line) >= _LINE:
            _log.warning("a request for a password reset was dropped: too many at once")
            return
        self._line.append(_Request(address, language))
        self._asked.set()

    async def run(self) -> None:
        """Send what was asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._line:
                try:
                    await self._answer(self._line.popleft())
                except Exception:  # noqa: BLE001 - the task's top: one must not end the others
                    _log.exception("a password reset could not be mailed")

    async def _answer(self, request: _Request) -> None:
        if self._mail is None:
            return
        try:
            made = await self._accounts.start_reset(request.address, only_of_password=True)
        except NotFound:
            return
        subject, text = self._texts(request.language, made.token)
        await self._mail.send(made.email, subject, text)

    def _texts(self, language: Language, token: Secret) -> tuple[str, str]:
        def say(text: str) -> str:
            return self._languages.say(language, text)

        link = self._page.replace(TOKEN, token.reveal())
        ends = phrase("The link works once, for {minutes} minutes.", minutes=self._minutes)
        paragraphs = (
            say(N_("Somebody, probably you, asked for a new password of this account.")),
            say(N_("Set it here:")) + f"\n{link}",
            say(joined(ends, N_("If it was not you, there is nothing to do."))),
        )
        return say(_SUBJECT), "\n\n".join(paragraphs) + "\n"
