"""Mailbox grants of one workspace, and the flows that bring them.

A grant's access token is refreshed by whoever holds its lease: one UPDATE claims it, and what was
read before is part of its condition, so that nobody refreshes what somebody else just did.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select, union, update

from mailconfig.domain.errors import NotFound
from mailconfig.domain.mailboxes import (
    SIDES,
    Authorization,
    GrantStatus,
    MailboxGrant,
    pointer_id,
)
from mailconfig.domain.oauth import TokenAnswer
from mailconfig.domain.secrets import NewSecret, Secret, SecretKind
from mailconfig.storage.secrets import SecretRepository
from mailconfig.storage.tables import (
    config_versions,
    configs,
    oauth_authorizations,
    oauth_grants,
    secrets,
)
from mailconfig.storage.transaction import AnyRow, Transaction

REFRESH: Final = "oauth_refresh"
"""What a refresh token is sealed for."""
ACCESS: Final = "oauth_access"
"""What an access token is sealed for."""


def read_grant(row: AnyRow) -> MailboxGrant:
    """Map a row to its value."""
    return MailboxGrant(
        id=row.id,
        user_id=row.user_id,
        provider_id=row.provider_id,
        client_id=row.client_id,
        address=row.address,
        scopes=tuple(row.scopes.split()),
        status=GrantStatus(row.status),
        failure=row.failure,
        failed_at=row.failed_at,
        created_at=row.created_at,
        refreshed_at=row.refreshed_at,
        refresh_secret_id=row.refresh_secret_id,
        access_secret_id=row.access_secret_id,
        access_expires_at=row.access_expires_at,
    )


class GrantRepository:
    """Reads and changes grants; others' simply do not exist."""

    def __init__(
        self, transaction: Transaction, workspace_id: UUID, secrets: SecretRepository
    ) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id
        self._secrets = secrets

    # -- flows

    async def begin(self, flow: Authorization, state_sha256: str) -> None:
        """Store a flow under the digest of its state."""
        row = {
            "id": flow.id,
            "workspace_id": self._workspace_id,
            "user_id": flow.user_id,
            "binding_sha256": flow.binding,
            "state_sha256": state_sha256,
            "provider_id": flow.provider_id,
            "config_id": flow.config_id,
            "address": flow.address,
            "redirect_uri": flow.redirect_uri,
            "created_at": self._transaction.now,
            "expires_at": flow.expires_at,
        }
        await self._transaction.run(insert(oauth_authorizations).values(row))

    async def take(self, state_sha256: str) -> Authorization | None:
        """Remove the flow of a state and return it; of two who take one, one gets it."""
        mine = and_(
            oauth_authorizations.c.workspace_id == self._workspace_id,
            oauth_authorizations.c.state_sha256 == state_sha256,
        )
        row = await self._transaction.first(
            delete(oauth_authorizations).where(mine).returning(*oauth_authorizations.c)
        )
        if row is None:
            return None
        return Authorization(
            id=row.id,
            user_id=row.user_id,
            binding=row.binding_sha256,
            provider_id=row.provider_id,
            config_id=row.config_id,
            address=row.address,
            redirect_uri=row.redirect_uri,
            expires_at=row.expires_at,
        )

    # -- grants

    async def insert(self, grant: MailboxGrant, answer: TokenAnswer) -> None:
        """Store a new grant with its tokens, and what configurations refer to it by."""
        row = {
            "id": grant.id,
            "workspace_id": self._workspace_id,
            "user_id": grant.user_id,
            "provider_id": grant.provider_id,
            "created_at": self._transaction.now,
            **await self._granted(grant, answer),
        }
        await self._transaction.run(insert(oauth_grants).values(row))
        for side in SIDES:
            named = NewSecret(SecretKind.GRANT, Secret(str(grant.id)))
            await self._secrets.add_as(pointer_id(grant.id, side), side, named)

    async def renew(self, grant: MailboxGrant, answer: TokenAnswer) -> None:
        """Give a grant new tokens, after its user has authorised anew; raises NotFound."""
        old = await self.get(grant.id)
        values = await self._granted(grant, answer) | {"user_id": grant.user_id}
        await self._transaction.run(update(oauth_grants).where(self._one(grant.id)).values(values))
        await self._secrets.delete_unused(_secrets_of(old))

    async def _granted(self, grant: MailboxGrant, answer: TokenAnswer) -> dict[str, object]:
        return {
            "client_id": grant.client_id,
            "address": grant.address,
            "scopes": " ".join(grant.scopes),
            "status": GrantStatus.ACTIVE.value,
            "lease_owner": None,
            "lease_until": None,
            **await self._tokens(answer),
        }

    async def _tokens(self, answer: TokenAnswer) -> dict[str, object]:
        """Seal the tokens of an answer; return the columns that change by it."""
        now = self._transaction.now
        access = NewSecret(SecretKind.ACCESS_TOKEN, answer.access)
        values: dict[str, object] = {
            "access_secret_id": await self._secrets.add(ACCESS, access),
            "access_expires_at": now + timedelta(seconds=answer.seconds),
            "refreshed_at": now,
            "failure": None,
            "failed_at": None,
        }
        if answer.refresh is not None:
            refresh = NewSecret(SecretKind.REFRESH_TOKEN, answer.refresh)
            values["refresh_secret_id"] = await self._secrets.add(REFRESH, refresh)
        return values

    async def get(self, id: UUID) -> MailboxGrant:
        """Return one; raises NotFound."""
        row = await self._transaction.first(select(oauth_grants).where(self._one(id)))
        if row is None:
            raise NotFound
        return read_grant(row)

    async def held(self, limit: int) -> list[MailboxGrant]:
        """Return some grants that have a refresh token, oldest first."""
        with_token = and_(
            oauth_grants.c.workspace_id == self._workspace_id,
            oauth_grants.c.refresh_secret_id.is_not(None),
        )
        rows = await self._transaction.all(
            select(oauth_grants).where(with_token).order_by(oauth_grants.c.id).limit(limit)
        )
        return [read_grant(row) for row in rows]

    async def claim(self, seen: MailboxGrant, owner: str, until: datetime) -> bool:
        """Take the lease of a grant that is as it was seen; tell whether it was to be had."""
        free = or_(
            oauth_grants.c.lease_until.is_(None), oauth_grants.c.lease_until < self._transaction.now
        )
        unchanged = (
            oauth_grants.c.access_secret_id.is_(None)
            if seen.access_secret_id is None
            else oauth_grants.c.access_secret_id == seen.access_secret_id
        )
        active = oauth_grants.c.status == GrantStatus.ACTIVE.value
        claimed = await self._transaction.changed(
            update(oauth_grants)
            .where(self._one(seen.id), free, unchanged, active)
            .values(lease_owner=owner, lease_until=until)
        )
        return claimed == 1

    async def refreshed(self, seen: MailboxGrant, answer: TokenAnswer) -> bool:
        """Store fresh tokens and end the lease; False where the grant has changed meanwhile.

        The refresh token that was used must still be the stored one. A lease that ran out does not
        matter: what a provider rotated is stored by whoever got it.
        """
        unchanged = and_(
            self._one(seen.id),
            oauth_grants.c.refresh_secret_id == seen.refresh_secret_id,
            oauth_grants.c.status == GrantStatus.ACTIVE.value,
        )
        current = await self._transaction.first(
            select(oauth_grants).where(unchanged).with_for_update()
        )
        if current is None:
            return False
        values = await self._tokens(answer) | {"lease_owner": None, "lease_until": None}
        await self._transaction.run(update(oauth_grants).where(unchanged).values(values))
        await self._secrets.delete_unused(_secrets_of(read_grant(current)))
        return True

    async def failed(
        self, seen: MailboxGrant, owner: str, code: str | None, status: GrantStatus
    ) -> None:
        """Write down why a refresh failed and end the lease, if it is still the owner's.

        Without a code the provider was not asked: the fault is ours.
        """
        held = and_(self._one(seen.id), oauth_grants.c.lease_owner == owner)
        values = {
            "failure": code,
            "failed_at": self._transaction.now,
            "status": status.value,
            "lease_owner": None,
            "lease_until": None,
        }
        await self._transaction.run(update(oauth_grants).where(held).values(values))

    async def spent(self, id: UUID, fetched: datetime, ends: datetime) -> None:
        """Let the access token of a grant end at a moment that is before its time.

        What was fetched after the token that is meant stays as it is.
        """
        meant = and_(
            self._one(id),
            oauth_grants.c.refreshed_at <= fetched,
            oauth_grants.c.access_expires_at > ends,
        )
        await self._transaction.run(
            update(oauth_grants).where(meant).values({"access_expires_at": ends})
        )

    async def revoke(self, id: UUID) -> None:
        """Forget the tokens of a grant that configurations still refer to; raises NotFound."""
        old = await self.get(id)
        values = {
            "status": GrantStatus.REVOKED.value,
            "refresh_secret_id": None,
            "access_secret_id": None,
            "access_expires_at": None,
            "lease_owner": None,
            "lease_until": None,
        }
        await self._transaction.run(update(oauth_grants).where(self._one(id)).values(values))
        await self._secrets.delete_unused(_secrets_of(old))

    async def delete(self, id: UUID) -> None:
        """Remove a grant that nothing refers to, with all its secrets; raises NotFound."""
        old = await self.get(id)
        await self._transaction.run(delete(oauth_grants).where(self._one(id)))
        pointers = [pointer_id(id, side) for side in SIDES]
        await self._secrets.delete([*_secrets_of(old), *pointers])

    # -- who refers to them

    async def of_config(self, config_id: UUID) -> frozenset[UUID]:
        """Return the grants that a configuration or one of its versions refers to."""
        referring = union(
            *(
                select(table.c[f"{side}_secret_id"]).where(
                    table.c.workspace_id == self._workspace_id, key == config_id
                )
                for table, key in ((configs, configs.c.id), _VERSIONS)
                for side in SIDES
            )
        )
        rows = await self._transaction.all(
            select(secrets.c.id, secrets.c.purpose).where(
                secrets.c.workspace_id == self._workspace_id,
                secrets.c.kind == SecretKind.GRANT.value,
                secrets.c.id.in_(referring),
            )
        )
        opened = [await self._secrets.open(row.id, row.purpose) for row in rows]
        return frozenset(UUID(secret.value.reveal()) for secret in opened)

    async def referred(self, secret_id: UUID, side: str) -> UUID | None:
        """Return the grant that a secret of a side refers to; None for no such secret."""
        found = await self._transaction.scalar(
            select(secrets.c.id).where(
                secrets.c.workspace_id == self._workspace_id,
                secrets.c.kind == SecretKind.GRANT.value,
                secrets.c.purpose == side,
                secrets.c.id == secret_id,
            )
        )
        if found is None:
            return None
        return UUID((await self._secrets.open(secret_id, side)).value.reveal())

    async def is_used(self, id: UUID) -> bool:
        """Tell whether a configuration or a version refers to a grant."""
        by = [
            exists().where(
                table.c.workspace_id == self._workspace_id,
                table.c[f"{side}_secret_id"] == pointer_id(id, side),
            )
            for table in (configs, config_versions)
            for side in SIDES
        ]
        return bool(await self._transaction.scalar(select(or_(*by))))

    def _one(self, id: UUID) -> ColumnElement[bool]:
        return and_(oauth_grants.c.workspace_id == self._workspace_id, oauth_grants.c.id == id)


_VERSIONS: Final = (config_versions, config_versions.c.config_id)


def _secrets_of(grant: MailboxGrant) -> Iterable[UUID]:
    both = (grant.refresh_secret_id, grant.access_secret_id)
    return [id for id in both if id is not None]
