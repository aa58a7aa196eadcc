"""One-click unsubscription (RFC 8058): makes links, and puts who used one on the suppression list.

Nobody signs in here: the link is the right to take this one address off this one workspace's mail.
Links that are wrong, old, or of erased workspaces get one answer.
"""

from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import InvalidInput, NotFound
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.secrets import Secret
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.domain.unsubscribing import PATH, NewLink, UnsubscribeLink
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.services.sessions import digest, fresh_token
from mailconfig.storage.database import Database

_TOKEN_CHARACTERS: Final = 43
_FIELD: Final = "listUnsubscribe"


class UnsubscribeService:
    """Makes links and takes them back."""

    def __init__(
        self, database: Database, fingerprints: Fingerprints, public_url: str | None, now: Now
    ) -> None:
        self._database = database
        self._fingerprints = fingerprints
        self._base = public_url.rstrip("/") if public_url else None
        self._now = now

    def fresh(self, recipients: int) -> NewLink:
        """Return a link for a message to one recipient; raises InvalidInput where none can be.

        Of two recipients with one link, each could unsubscribe the other; and RFC 8058 needs HTTPS
        (section 3.1), so the operator has to have said where this service is reached.
        """
        if self._base is None or not self._base.startswith("https://"):
            message = N_("This service has no https address of its own for such links.")
            raise InvalidInput.of(ValidationCode.NOT_ALLOWED, message, _FIELD)
        if recipients != 1:
            message = N_("A message with such a link goes to exactly one recipient.")
            raise InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, _FIELD)
        token = fresh_token()
        return NewLink(token, f"{self._base}{PATH}/{token.reveal()}")

    async def find(self, token: str) -> UnsubscribeLink:
        """Return what a link stands for; raises NotFound."""
        if len(token) != _TOKEN_CHARACTERS:
            raise NotFound
        async with self._database.system() as system:
            link = await system.unsubscribe_links.find(digest(Secret(token)))
        if link is None:
            raise NotFound
        return link

    async def unsubscribe(self, token: str) -> UnsubscribeLink:
        """Put the address of a link on its workspace's list, once; raises NotFound."""
        link = await self.find(token)
        listed = Suppression(
            id=new_id(),
            address=link.address,
            reason=SuppressionReason.UNSUBSCRIBE,
            source_message_id=link.message_id,
            created_at=self._now(),
        )
        details = {
            "address": self._fingerprints.of_value(link.workspace_id, link.address.lower()),
            "reason": SuppressionReason.UNSUBSCRIBE.value,
        }
        async with self._database.work(link.workspace_id) as work:
            if await work.suppressions.add(listed):
                await work.audit.append(None, "suppression.add", "suppression", listed.id, details)
        return link
