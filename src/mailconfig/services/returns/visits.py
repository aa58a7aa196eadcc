"""One visit to the mailbox of an account: saves copies into Sent, reads what came back.

    what is open? --> sign in --> each copy: searched for, put there, written down
                             '--> reports since the last look: read, matched, written down
                             '--> when next

No unit of work is open while the server is waited for. A visit that fails is made again later, with
growing delays; a refused sign-in is given long ones, since wrong passwords lock accounts. What a
visit does never changes that a message was sent. Must not: keep a secret longer than the visit.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import EmailConfig, StoredServer
from mailconfig.domain.diagnostics import DiagnosticCode, Phase, diagnose_code
from mailconfig.domain.errors import NotFound, SecretRequired, SecretUnreadable
from mailconfig.domain.messages import RecipientKind
from mailconfig.domain.postbox import (
    OpenPostbox,
    Postbox,
    PostboxAccess,
    PostboxFailed,
    SentCopy,
    with_blind_copies,
)
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.sentmail import PostboxState, SendingOptions, Visit
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.custody import FIELDS
from mailconfig.services.files import FileService
from mailconfig.services.grants import GrantService
from mailconfig.services.returns.noting import GATHER_SECONDS
from mailconfig.services.returns.reports import Reports
from mailconfig.storage.database import Database

_log = logging.getLogger(__name__)

_PURPOSE: Final = FIELDS[MailProtocol.IMAP]
_COPIES: Final = 200
"""Saved in one visit; the next one goes on."""
_READINGS: Final = 10
"""In one visit, 50 mails each; the next one goes on."""
_NEVER: Final = frozenset({"TOOBIG", "LIMIT"})
"""Response codes (RFC 4469, RFC 9051) of servers that will not take this message at any time."""
_DOUBLINGS: Final = 20
_SIGNING_IN: Final = frozenset({Phase.AUTH, Phase.TOKEN, Phase.AUTHORIZE})


@dataclass(frozen=True, slots=True)
class VisitPolicy:
    """When mailboxes are opened."""

    look_seconds: float = 600
    """Between two looks into INBOX."""
    look_days: int = 7
    """How long after its last message an account's INBOX is looked into."""
    retry_seconds: float = 60
    """After the first failure; it doubles with each."""
    longest_seconds: float = 3600
    """Longest delay of that."""
    sign_in_seconds: float = 6 * 3600
    """After a refused sign-in."""
    copy_days: float = 3
    """How long a copy is tried; its content may be gone after that."""


@dataclass(slots=True)
class _Progress:
    """How far a visit has come; what it has is kept, also where it fails after that."""

    state: PostboxState
    has_more: bool = False
    """Whether something is left to the next visit."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one visit is for."""

    config: EmailConfig
    options: SendingOptions
    copies: Sequence[UUID]
    """Messages to save."""
    look: bool
    """Whether INBOX is looked into."""


class Visits:
    """Makes visits, one call each; used by many tasks at once."""

    def __init__(
        self,
        database: Database,
        postbox: Postbox,
        grants: GrantService,
        files: FileService,
        policy: VisitPolicy,
        now: Now,
    ) -> None:
        self._database = database
        self._postbox = postbox
        self._grants = grants
        self._files = files
        self._policy = policy
        self._now = now
        self._reports = Reports(database, now)

    async def make(self, visit: Visit, owner: str) -> None:
        """Make a visit that was claimed; its lease is given back in the end.

        Cancelled, what was done by then stays done, and the lease ends by itself.
        """
        planned = await self._planned(visit)
        if planned is None:
            return
        plan, progress = planned
        due: datetime | None
        try:
            await self._carry_out(plan, progress)
        except PostboxFailed as failed:
            code, reply = diagnose_code(failed.observation), failed.reply or None
            state = self._failed(progress.state, code, reply)
            due = self._again(state, signing_in=failed.observation.phase in _SIGNING_IN)
        except _Withheld as withheld:
            state = self._failed(progress.state, withheld.code, None)
            due = self._again(state, signing_in=True)
        else:
            state = replace(
                progress.state, visited_at=self._now(), failures=0, code=None, reply=None
            )
            due = self._next(plan, progress)
        await self._end(visit, owner, state, due)

    async def _planned(self, visit: Visit) -> tuple[_Plan, _Progress] | None:
        """Return what there is to do; None where the account is gone."""
        now, id = self._now(), visit.config_id
        async with self._database.work(visit.workspace_id) as work:
            state = await work.postboxes.state(id)
            try:
                config = await work.configs.get(id)
            except NotFound:
                return None
            if state is None:
                return None
            options = (await work.postboxes.options([id]))[id]
            old = now - timedelta(days=self._policy.copy_days)
            await work.postboxes.give_up_copies(id, old)
            copies = await work.postboxes.open_copies(id, _COPIES)
        looked = state.looked_at
        is_time = looked is None or looked + timedelta(seconds=self._policy.look_seconds) <= now
        return _Plan(config, options, copies, options.read_bounces and is_time), _Progress(state)

    async def _carry_out(self, plan: _Plan, progress: _Progress) -> None:
        """Raises PostboxFailed, or _Withheld before anything is dialled."""
        if plan.config.incoming is None or not (plan.copies or plan.look):
            return
        access = await self._access(plan.config, plan.config.incoming)
        async with self._postbox.opened(access) as mailbox:
            for message_id in plan.copies:
                await self._save(mailbox, plan.config.workspace_id, message_id)
            progress.has_more = len(plan.copies) == _COPIES
            if plan.look:
                await self._look(mailbox, plan.config, progress)

    async def _access(self, config: EmailConfig, incoming: StoredServer) -> PostboxAccess:
        secret = None
        try:
            if incoming.secret_id is not None:
                async with self._database.reading(config.workspace_id) as work:
                    secret = await work.secrets.open(incoming.secret_id, _PURPOSE)
            target = ProbeTarget(incoming.settings, secret, provider_id=config.provider_id)
            target = await self._grants.opened(config.workspace_id, target)
        except SecretUnreadable as error:
            raise _Withheld(DiagnosticCode.SECRET_UNREADABLE) from error
        except SecretRequired as error:
            raise _Withheld(DiagnosticCode.SECRET_REQUIRED) from error
        if target.withheld is not None:
            raise _Withheld(target.withheld)
        anchors = await self._files.anchors_of(config.workspace_id, config.id)
        return PostboxAccess(target, anchors)

    # -- copies

    async def _save(self, mailbox: OpenPostbox, workspace_id: UUID, message_id: UUID) -> None:
        copy = await self._copy(workspace_id, message_id)
        reply = None
        if copy is not None:
            try:
                await mailbox.save(copy)
            except PostboxFailed as failed:
                if failed.observation.response_code not in _NEVER:
                    raise
                copy, reply = None, failed.reply
        async with self._database.work(workspace_id) as work:
            await work.postboxes.end_copy(message_id, saved=copy is not None, reply=reply)

    async def _copy(self, workspace_id: UUID, message_id: UUID) -> SentCopy | None:
        """Return a message as its sender keeps it; None where its content has had its time."""
        async with self._database.reading(workspace_id) as work:
            message = await work.messages.get(message_id)
            try:
                content = await work.messages.content(message_id)
            except (NotFound, SecretUnreadable):
                return None
        blind = [one.address for one in message.recipients if one.kind is RecipientKind.BCC]
        sent_at = message.sent_at or message.created_at
        return SentCopy(message.message_id, with_blind_copies(content, blind), sent_at)

    # -- reports

    async def _look(self, mailbox: OpenPostbox, config: EmailConfig, progress: _Progress) -> None:
        now = self._now()
        since = (now - timedelta(days=self._policy.look_days)).date()
        for _ in range(_READINGS):
            reading = await mailbox.reports(progress.state.bookmark, since)
            for mail in reading.mails:
                await self._reports.apply(config.workspace_id, config.id, mail)
            progress.state = replace(progress.state, bookmark=reading.bookmark)
            if not reading.has_more:
                progress.state = replace(progress.state, looked_at=now)
                return
        progress.has_more = True

    # -- after

    def _next(self, plan: _Plan, progress: _Progress) -> datetime | None:
        """Return when the mailbox is opened next; None: not before the account sends again."""
        now, state = self._now(), progress.state
        if progress.has_more:
            return now + timedelta(seconds=GATHER_SECONDS)
        if plan.config.incoming is None or not plan.options.read_bounces:
            return None
        due = (state.looked_at or now) + timedelta(seconds=self._policy.look_seconds)
        return due if due <= state.sent_at + timedelta(days=self._policy.look_days) else None

    def _failed(self, state: PostboxState, code: DiagnosticCode, reply: str | None) -> PostboxState:
        return replace(
            state,
            visited_at=self._now(),
            failures=state.failures + 1,
            code=code,
            reply=reply,
        )

    def _again(self, state: PostboxState, *, signing_in: bool) -> datetime:
        policy = self._policy
        seconds = policy.retry_seconds * 2 ** min(state.failures - 1, _DOUBLINGS)
        seconds = policy.sign_in_seconds if signing_in else min(seconds, policy.longest_seconds)
        return self._now() + timedelta(seconds=seconds)

    async def _end(
        self, visit: Visit, owner: str, state: PostboxState, due: datetime | None
    ) -> None:
        soon = self._now() + timedelta(seconds=GATHER_SECONDS)
        async with self._database.work(visit.workspace_id) as work:
            ended = await work.postboxes.end_visit(visit.config_id, owner, state, due, soon)
        if not ended:
            _log.warning("the visit to the mailbox of %s ended late", visit.config_id)
        elif state.failures:
            _log.info("the mailbox of %s could not be used: %s", visit.config_id, state.code)


class _Withheld(Exception):
    """There is nothing to sign in with."""

    def __init__(self, code: DiagnosticCode) -> None:
        super().__init__(code)
        self.code = code
