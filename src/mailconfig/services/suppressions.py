"""The suppression list of a workspace, for its administrators: it holds for all who send there.

Bounces, complaints and unsubscribes are put on it elsewhere. Must not: tell the trail an address.
"""

from collections.abc import Collection
from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Duplicate, NotFound
from mailconfig.domain.identity import Principal, Role
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.services.addresses import canonical_address
from mailconfig.services.fingerprints import Fingerprints
from mailconfig.storage.database import Database

KEEPER: Final = Role.ADMIN
"""Who sees and changes the list."""


class SuppressionService:
    """Reads and changes the list."""

    def __init__(self, database: Database, fingerprints: Fingerprints, now: Now) -> None:
        self._database = database
        self._fingerprints = fingerprints
        self._now = now

    async def add(self, principal: Principal, address: str) -> Suppression:
        """Put an address on the list; raises Forbidden, InvalidInput or Duplicate."""
        principal.require(KEEPER)
        found = Suppression(
            id=new_id(),
            address=canonical_address(address, "address"),
            reason=SuppressionReason.MANUAL,
            source_message_id=None,
            created_at=self._now(),
        )
        async with self._database.work(principal.workspace_id) as work:
            if not await work.suppressions.add(found):
                raise Duplicate(N_("This address is on the list already."), ("address",))
            await work.audit.append(
                principal.user_id,
                "suppression.add",
                "suppression",
                found.id,
                self._details(principal, found.address),
            )
        return found

    async def remove(self, principal: Principal, address: str) -> str:
        """Take an address off the list and return it; raises Forbidden, InvalidInput, NotFound."""
        principal.require(KEEPER)
        removed = canonical_address(address, "address")
        async with self._database.work(principal.workspace_id) as work:
            if not await work.suppressions.remove(removed):
                raise NotFound(("address",))
            await work.audit.append(
                principal.user_id,
                "suppression.remove",
                "suppression",
                None,
                self._details(principal, removed),
            )
        return removed

    async def page(
        self,
        principal: Principal,
        request: PageRequest,
        reasons: Collection[SuppressionReason] = (),
    ) -> Page[Suppression]:
        """Return a page of the list, newest first; raises Forbidden."""
        principal.require(KEEPER)
        async with self._database.reading(principal.workspace_id) as work:
            return await work.suppressions.page(request, reasons)

    def _details(self, principal: Principal, address: str) -> dict[str, str]:
        return {"address": self._fingerprints.of_value(principal.workspace_id, address)}
