"""Storing configurations: submit, update, rollback, delete, and reading them back.

One method is one unit of work. Nothing here dials out, and `submit` never tests.
"""

from dataclasses import replace
from uuid import UUID

from mailconfig.domain.catalogue import Catalogue
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigStatus,
    ConfigVersion,
    EmailConfig,
    StoredServer,
    may_change,
    may_delete,
    may_make,
    may_read,
    visibility,
)
from mailconfig.domain.errors import (
    Duplicate,
    Forbidden,
    IdempotencyConflict,
    InvalidInput,
    NotFound,
    RevisionConflict,
)
from mailconfig.domain.identity import Principal
from mailconfig.domain.ids import new_id
from mailconfig.domain.issues import Severity
from mailconfig.domain.pages import Page, PageRequest
from mailconfig.domain.phrases import N_
from mailconfig.domain.providers import Provider
from mailconfig.domain.secrets import KeepSecret, SecretChange
from mailconfig.domain.selections import ConfigPage, ConfigRow, ConfigRows, Selection
from mailconfig.domain.servers import DraftServer
from mailconfig.domain.submission import (
    Change,
    Rollback,
    Submission,
    canonical,
    checked,
    chosen,
    drafted,
    merged,
)
from mailconfig.domain.validation import Draft, ValidationPolicy, validate
from mailconfig.domain.workspaces import Quota
from mailconfig.services.changes import changes
from mailconfig.services.custody import Custody, SecretIntake
from mailconfig.services.finding import named_by, of_rollback
from mailconfig.services.fingerprints import Fingerprint, Fingerprints
from mailconfig.services.formfiles import FormFiles
from mailconfig.services.grants import GrantService
from mailconfig.services.quotas import QuotaService
from mailconfig.storage.database import Arrival, Database, Work


class ConfigService:
    """The life of a configuration."""

    def __init__(  # noqa: PLR0913, PLR0917 - one for each collaborator
        self,
        database: Database,
        catalogue: Catalogue,
        policy: ValidationPolicy,
        custody: Custody,
        files: FormFiles,
        fingerprints: Fingerprints,
        grants: GrantService,
        quotas: QuotaService,
        now: Now,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._policy = policy
        self._custody = custody
        self._files = files
        self._fingerprints = fingerprints
        self._grants = grants
        self._quotas = quotas
        self._now = now

    async def submit(self, principal: Principal, submission: Submission) -> EmailConfig:
        """Store a new configuration with its secrets and files.

        Raises Forbidden, InvalidInput, Duplicate, SecretRequired, IdempotencyConflict,
        FileRefused or LimitExceeded; on each of them nothing is stored.
        """
        if not may_make(principal, submission.draft.email_address or "", shared=submission.shared):
            raise Forbidden
        digest = await self._fingerprints.of(submission)
        known = await self._known(principal, submission.idempotency_key, digest)
        if known is not None:
            return known
        provider = self._valid(submission.draft)
        try:
            return await self._stored(principal, submission, provider, digest.newest)
        except (Duplicate, IdempotencyConflict) as taken:
            # The same request may have come twice at once: the first one's result is the answer.
            known = await self._known(principal, submission.idempotency_key, digest)
            if known is not None:
                return known
            if isinstance(taken, Duplicate):
                await self._tell_taken(principal, submission)
            raise

    async def _stored(
        self, principal: Principal, submission: Submission, provider: Provider | None, digest: str
    ) -> EmailConfig:
        """Store in one unit of work; the constraints of the database notice duplicates."""
        place = principal.workspace_id
        if not submission.files and not await self._quotas.limited(place, Quota.CONFIGS):
            arrival = await self._arrival(principal, submission, provider, digest)
            await self._database.arrive(place, arrival)
            return arrival.config
        async with self._files.stored(principal, submission.files) as file_ids:
            arrival = await self._arrival(principal, submission, provider, digest)
            async with self._database.work(place) as work:
                await self._quotas.claim(work, Quota.CONFIGS, 1)
                await work.arrive(arrival)
                await self._files.attach(work, principal, file_ids, arrival.config.id)
        return arrival.config

    async def _tell_taken(self, principal: Principal, submission: Submission) -> None:
        """Raise the Duplicate that says what is taken, and by which configuration."""
        draft = submission.draft
        owner_id = None if submission.shared else principal.user_id
        address = canonical(draft.email_address or "")
        async with self._database.reading(principal.workspace_id) as work:
            await self._unique(work, principal, owner_id, address, draft.external_id or None)

    async def update(self, principal: Principal, change: Change) -> EmailConfig:
        """Change a configuration; raises as submit, also NotFound and RevisionConflict."""
        async with (
            self._files.stored(principal, change.files) as file_ids,
            self._database.work(principal.workspace_id) as work,
        ):
            config = await self._changeable(work, principal, change.id)
            _expect(config, change.expected_revision)
            after = await self._changed(work, config, change)
            await self._still_unique(work, principal, after)
            await self._replace(work, principal, config, after, "config.update")
            await self._files.attach(work, principal, file_ids, config.id)
        return after

    async def rollback(self, principal: Principal, rollback: Rollback) -> EmailConfig:
        """Make the settings of an earlier revision current again, as a new revision.

        Raises NotFound, RevisionConflict, or SecretRequired where today's secret must not
        follow to the earlier target and the caller gave no other.
        """
        async with self._database.work(principal.workspace_id) as work:
            config = await self._changeable(work, principal, rollback.id)
            _expect(config, rollback.expected_revision)
            with named_by("revision"):
                version = await work.configs.version(config.id, rollback.revision)
            with of_rollback():
                after = await self._rolled_back(work, config, version, rollback)
            await self._still_unique(work, principal, after)
            await self._replace(work, principal, config, after, "config.rollback")
        return after

    async def _rolled_back(
        self, work: Work, config: EmailConfig, version: ConfigVersion, rollback: Rollback
    ) -> EmailConfig:
        incoming_wish, outgoing_wish = rollback.incoming_secret, rollback.outgoing_secret
        after = replace(
            self._advanced(config),
            name=version.name,
            email_address=version.email_address,
            display_name=version.display_name,
            provider_id=version.provider_id,
            incoming=await self._returned(work, version.incoming, incoming_wish, config.incoming),
            outgoing=await self._returned(work, version.outgoing, outgoing_wish, config.outgoing),
        )
        self._valid(
            replace(
                merged(after, Change(after.id)),
                incoming=drafted(after.incoming, incoming_wish),
                outgoing=drafted(after.outgoing, outgoing_wish),
            )
        )
        return after

    async def delete(
        self, principal: Principal, config_id: UUID, expected_revision: int | None
    ) -> EmailConfig:
        """Remove a configuration and all that belongs to it; return its last state.

        Raises NotFound, Forbidden or RevisionConflict.
        """
        async with self._database.work(principal.workspace_id) as work:
            config = await self._readable(work, principal, config_id)
            if not may_delete(principal, config.owner_id):
                raise Forbidden
            _expect(config, expected_revision)
            grants = await work.grants.of_config(config_id)
            blobs = await work.configs.delete(config_id)
            farewells = await self._grants.drop_unused(work, grants)
            await work.audit.append(
                principal.user_id, "config.delete", "config", config_id, {"files": len(blobs)}
            )
        await self._files.remove_blobs(blobs)
        await self._grants.give_back(farewells)
        return config

    async def get(self, principal: Principal, config_id: UUID) -> EmailConfig:
        """Return a configuration that the caller may see; raises NotFound."""
        async with self._database.reading(principal.workspace_id) as work:
            return await self._readable(work, principal, config_id)

    async def one(self, principal: Principal, config_id: UUID, selection: Selection) -> ConfigRow:
        """Return facts of a configuration that the caller may see; raises NotFound."""
        shown = visibility(principal)
        row = await self._database.reads.one(principal.workspace_id, shown, config_id, selection)
        if row is None:
            raise NotFound(("id",))
        return row

    async def page(
        self, principal: Principal, filter: ConfigFilter, selection: Selection, page: ConfigPage
    ) -> ConfigRows:
        """Return facts of a page of the configurations that the caller may see."""
        shown = visibility(principal)
        reads = self._database.reads
        return await reads.page(principal.workspace_id, shown, filter, selection, page)

    async def count(self, principal: Principal, filter: ConfigFilter) -> int:
        """Count the configurations that the caller may see."""
        shown = visibility(principal)
        return await self._database.reads.count(principal.workspace_id, shown, filter)

    async def versions(
        self, principal: Principal, config_id: UUID, request: PageRequest
    ) -> Page[ConfigVersion]:
        """Return a page of a configuration's versions, newest first."""
        async with self._database.reading(principal.workspace_id) as work:
            await self._readable(work, principal, config_id)
            return await work.configs.versions(config_id, request)

    async def _known(
        self, principal: Principal, key: str | None, digest: Fingerprint
    ) -> EmailConfig | None:
        if key is None:
            return None
        async with self._database.reading(principal.workspace_id) as work:
            found = await work.idempotency.find(principal.user_id, "submit", key)
            if found is None:
                return None
            if found[0] not in digest.digests:
                raise IdempotencyConflict
            return await self._readable(work, principal, found[1])

    async def _arrival(
        self, principal: Principal, submission: Submission, provider: Provider | None, digest: str
    ) -> Arrival:
        draft = submission.draft
        address = draft.email_address or ""
        now = self._now()
        secrets = self._database.secrets(principal.workspace_id)
        config = EmailConfig(
            id=new_id(),
            workspace_id=principal.workspace_id,
            owner_id=None if submission.shared else principal.user_id,
            revision=1,
            name=draft.name or address,
            email_address=canonical(address),
            display_name=draft.display_name or None,
            provider_id=provider.id if provider else None,
            external_id=draft.external_id or None,
            metadata=draft.metadata,
            enabled=submission.enabled,
            status=ConfigStatus.UNVERIFIED,
            incoming=await self._server(secrets, draft.incoming, address, provider, None),
            outgoing=await self._server(secrets, draft.outgoing, address, provider, None),
            created_at=now,
            updated_at=now,
        )
        await self._grants.check_new(principal, config)
        details = {"shared": submission.shared}
        key = submission.idempotency_key
        return Arrival(config, secrets.rows, principal.user_id, details, key, digest)

    async def _changed(self, work: Work, config: EmailConfig, change: Change) -> EmailConfig:
        draft = merged(config, change)
        provider = self._valid(draft)
        address = draft.email_address or ""
        kept = work.secrets
        incoming = await self._server(kept, draft.incoming, address, provider, config.incoming)
        outgoing = await self._server(kept, draft.outgoing, address, provider, config.outgoing)
        same = (incoming, outgoing) == (config.incoming, config.outgoing)
        return replace(
            self._advanced(config, status=config.status if same else ConfigStatus.UNVERIFIED),
            name=draft.name or config.name,
            email_address=canonical(address),
            display_name=draft.display_name or None,
            provider_id=provider.id if provider else None,
            external_id=draft.external_id or None,
            metadata=draft.metadata,
            enabled=chosen(change.enabled, config.enabled),
            incoming=incoming,
            outgoing=outgoing,
        )

    def _advanced(
        self, config: EmailConfig, status: ConfigStatus = ConfigStatus.UNVERIFIED
    ) -> EmailConfig:
        return replace(config, revision=config.revision + 1, updated_at=self._now(), status=status)

    async def _replace(
        self, work: Work, principal: Principal, before: EmailConfig, after: EmailConfig, action: str
    ) -> None:
        await self._grants.check(work, principal, before, after)
        await work.configs.replace(after, before.revision, principal.user_id)
        details = changes(before, after, self._fingerprints.of_value)
        await work.audit.append(principal.user_id, action, "config", after.id, details)

    async def _server(
        self,
        secrets: SecretIntake,
        draft: DraftServer | None,
        address: str,
        provider: Provider | None,
        old: StoredServer | None,
    ) -> StoredServer | None:
        if draft is None:
            return None
        settings = checked(draft, address, provider)
        return await self._custody.server(secrets, settings, draft.secret, old)

    async def _returned(
        self,
        work: Work,
        version: StoredServer | None,
        wish: SecretChange | None,
        current: StoredServer | None,
    ) -> StoredServer | None:
        if version is None:
            return None
        if version.secret_id is None and wish is None:
            return StoredServer(version.settings)
        return await self._custody.server(
            work.secrets, version.settings, wish or KeepSecret(), current
        )

    def _valid(self, draft: Draft) -> Provider | None:
        report = validate(draft, self._catalogue, self._policy, self._now().date())
        errors = tuple(issue for issue in report.issues if issue.severity is Severity.ERROR)
        if errors:
            raise InvalidInput(errors)
        return report.provider

    async def _still_unique(self, work: Work, principal: Principal, config: EmailConfig) -> None:
        if not may_change(principal, config.owner_id, config):
            raise Forbidden  # an address that the purpose of an embed token does not have
        address, external_id = config.email_address, config.external_id
        await self._unique(work, principal, config.owner_id, address, external_id, config.id)

    async def _unique(
        self,
        work: Work,
        principal: Principal,
        owner_id: UUID | None,
        address: str,
        external_id: str | None,
        exclude: UUID | None = None,
    ) -> None:
        found = await work.configs.find_by_address(owner_id, address, exclude)
        if found is not None:
            sentence = N_("There is a configuration for this address.")
            raise Duplicate(sentence, ("emailAddress",), found)
        if external_id is None:
            return
        found = await work.configs.find_by_external_id(external_id, exclude)
        if found is not None:
            other = await work.configs.get(found)
            shown = found if may_read(principal, other.owner_id, other) else None
            raise Duplicate(N_("This external id is taken."), ("externalId",), shown)

    async def _changeable(self, work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
        config = await self._readable(work, principal, config_id)
        if not may_change(principal, config.owner_id, config):
            raise Forbidden
        return config

    async def _readable(self, work: Work, principal: Principal, config_id: UUID) -> EmailConfig:
        with named_by("id"):
            config = await work.configs.get(config_id)
            if not may_read(principal, config.owner_id, config):
                raise NotFound
        return config


def _expect(config: EmailConfig, revision: int | None) -> None:
    if revision is not None and revision != config.revision:
        raise RevisionConflict(config.id)
