"""Quotas of workspaces: what the operator allows, looked at where something is added.

    async with database.work(workspace_id) as work:
        await quotas.claim(work, Quota.CONFIGS, 1)   # locks, counts, refuses
        await work.arrive(arrival)

What is stored is counted inside the transaction that adds to it, under a lock, so that of two at
once the second sees the first. What happens within a day is counted by the limiter.

Whether a workspace has a limit at all is remembered for some seconds, so that those without one,
the usual case, are not asked about at each request. Must not: be asked after rows were added in
the same transaction, since the lock has to come first.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import NotFound, RateLimited
from mailconfig.domain.identity import Principal
from mailconfig.domain.throttling import Limit, Limiter
from mailconfig.domain.workspaces import Limits, Quota, QuotaExceeded, QuotaUse
from mailconfig.services.attendance import Recollection
from mailconfig.storage.database import Database, Work

_KEPT_SECONDS: Final = 5
"""How long a workspace that had no limit may go on without one that was just set."""
_DAY_SECONDS: Final = 24 * 3600


class QuotaService:
    """Looks at quotas; `defaults` are the operator's, where 0 is no limit."""

    def __init__(self, database: Database, limiter: Limiter, defaults: Mapping[Quota, int]) -> None:
        self._database = database
        self._limiter = limiter
        self._defaults = defaults
        self._limits: Recollection[UUID, Limits] = Recollection(_KEPT_SECONDS)

    async def limited(self, workspace_id: UUID, quota: Quota) -> bool:
        """Tell whether a workspace has such a limit, so that `claim` has to be asked."""
        limits = await self._limits.of(workspace_id, self._read)
        return limits is not None and limits[quota] is not None

    async def claim(self, work: Work, quota: Quota, amount: int) -> None:
        """Raise QuotaExceeded where so much more is not to be had.

        Else nobody else gets it before the transaction has ended.
        """
        limit = (await self._effective(work))[quota]
        if limit is None:
            return
        await work.workspaces.lock()
        if await work.quotas.used(quota) + amount > limit:
            raise QuotaExceeded(quota, limit)

    async def take(self, workspace_id: UUID, quota: Quota) -> None:
        """Count something that happens; raises QuotaExceeded where it was too much for a day."""
        limits = await self._limits.of(workspace_id, self._read)
        limit = limits[quota] if limits is not None else None
        if limit is None:
            return
        try:
            await self._limiter.take(
                Limit(f"quota {quota}", limit, _DAY_SECONDS), f"workspace {workspace_id}"
            )
        except RateLimited as full:
            raise QuotaExceeded(quota, limit) from full

    async def shown(self, principal: Principal) -> tuple[QuotaUse, ...]:
        """Return all quotas of the caller's workspace and how much is used."""
        async with self._database.reading(principal.workspace_id) as work:
            limits = await self._effective(work)
            return tuple(
                [QuotaUse(quota, await work.quotas.used(quota), limits[quota]) for quota in Quota]
            )

    async def set(self, workspace_id: UUID, limits: Limits) -> None:
        """Change quotas of a workspace, for commands: 0 for none, None for the operator's."""
        async with self._database.work(workspace_id) as work:
            await work.workspaces.lock()
            await work.quotas.set(limits)
            details = {quota.value.lower(): limit for quota, limit in limits.items()}
            await work.audit.append(None, "workspace.quota", "workspace", workspace_id, details)
        self._limits.forget(workspace_id)

    async def _read(self, workspace_id: UUID) -> Limits | None:
        try:
            async with self._database.reading(workspace_id) as work:
                return await self._effective(work)
        except NotFound:
            return None

    async def _effective(self, work: Work) -> Limits:
        own = await work.quotas.limits()
        return {
            quota: (self._defaults.get(quota, 0) if limit is None else limit) or None
            for quota, limit in own.items()
        }
