"""What somebody leaves behind who leaves a workspace, and what becomes of it.

Private configurations are never given to anybody silently: they are handed to a member who was
named, or deleted with their versions, tests, files and secrets. Uploads that nothing refers to and
grants that nothing uses go in any case; files inside of shared configurations stay, under the name
of who has the highest role among those who stay.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.identity import Role
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.phrases import N_
from mailconfig.domain.workspaces import (
    ConfigurationsRemain,
    LastOwner,
    Legacy,
    WorkspaceMember,
)
from mailconfig.services.files import FileService
from mailconfig.services.finding import named_by
from mailconfig.services.grants import Farewell, GrantService
from mailconfig.storage.database import Work

_UNFIT: Final = N_("This member cannot have configurations of their own.")


@dataclass(frozen=True, slots=True)
class Estate:
    """What is left to do when the transaction is over."""

    configs: int
    """Private configurations that there were."""
    blobs: tuple[str, ...]
    """Bytes to remove."""
    farewells: tuple[Farewell, ...]
    """Tokens to give back."""


class Leaving:
    """Ends memberships; the caller has looked who may, and holds the lock of the workspace."""

    def __init__(self, files: FileService, grants: GrantService) -> None:
        self._files = files
        self._grants = grants

    async def depart(self, work: Work, member: WorkspaceMember, legacy: Legacy | None) -> Estate:
        """End a membership; raises LastOwner, ConfigurationsRemain, NotFound or Duplicate."""
        user_id = member.user_id
        stays = await work.workspaces.successor(but=user_id)
        is_owner = member.role is Role.OWNER
        if stays is None or (is_owner and not await work.workspaces.other_owners(user_id)):
            raise LastOwner
        configs = await work.workspaces.configs_of(user_id)
        if configs and legacy is None:
            raise ConfigurationsRemain(len(configs))
        grants = set(await work.workspaces.grants_of(user_id))
        blobs = [await work.files.delete(one) for one in await work.workspaces.uploads_of(user_id)]
        if configs and legacy is not None and legacy.heir_id is not None:
            await _check_heir(work, member, legacy.heir_id)
            await work.workspaces.hand_over(user_id, legacy.heir_id)
        else:
            for config_id in configs:
                grants |= await work.grants.of_config(config_id)
                blobs += await work.configs.delete(config_id)
        farewells = await self._grants.drop_unused(work, grants)
        await work.workspaces.hand_over_files(user_id, stays)
        await work.invitations.end_of(user_id, tuple(Role))
        await work.workspaces.remove_member(user_id)
        return Estate(len(configs), tuple(blobs), tuple(farewells))

    async def settle(self, estate: Estate) -> None:
        """Do what is left, outside of the transaction."""
        await self._files.remove_blobs(estate.blobs)
        await self._grants.give_back(estate.farewells)


async def _check_heir(work: Work, member: WorkspaceMember, heir_id: UUID) -> None:
    """Raise NotFound for no other member, InvalidInput for one who has no configurations."""
    path = ("configurations", "transferTo")
    if heir_id == member.user_id:
        raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _UNFIT, *path)
    with named_by(*path):
        heir = await work.workspaces.member(heir_id)
    if heir.role is Role.VIEWER:
        raise InvalidInput.of(ValidationCode.NOT_ALLOWED, _UNFIT, *path)
