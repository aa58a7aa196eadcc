"""The verdict of a connection test: one root cause, its fix, and writing both down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mailconfig.domain.arrivals import RoundTrip
from mailconfig.domain.clock import Now
from mailconfig.domain.configs import ConfigStatus
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy, Phase
from mailconfig.domain.diagnostics.engine import judge
from mailconfig.domain.diagnostics.refine import Verdict as Judgement
from mailconfig.domain.ids import new_id
from mailconfig.domain.probes import ConnectionTest, ProbeTarget, ProtocolOutcome, TestStatus
from mailconfig.domain.servers import MailProtocol
from mailconfig.services.planning import Plan
from mailconfig.services.recorder import Job
from mailconfig.services.runner import Conclude, Verdict
from mailconfig.services.withholding import YOUNG, refused_targets
from mailconfig.storage.database import Database, Work

_DEPTH: Final = {phase: depth for depth, phase in enumerate(Phase)}
"""How far a conversation had come, in the order in which `Phase` lists its members."""
_WITHOUT_OUTCOME: Final = {
    TestStatus.CANCELLED: DiagnosticCode.CANCELLED,
    TestStatus.TIMED_OUT: DiagnosticCode.STEP_TIMEOUT,
}
_CONFIG_STATUS: Final = {
    TestStatus.PASSED: ConfigStatus.WORKING,
    TestStatus.PASSED_WITH_WARNINGS: ConfigStatus.WORKING,
    TestStatus.FAILED: ConfigStatus.FAILING,
}
"""What a finished test says of its configuration; a cancelled one says nothing."""


def root_cause(outcomes: Sequence[ProtocolOutcome]) -> ProtocolOutcome | None:
    """Return the failure that came earliest in its conversation, IMAP first among equals.

    A name that does not resolve says more than a refused sign-in of the other server, and two
    refused sign-ins have one cause.
    """
    failed = [outcome for outcome in outcomes if outcome.code is not DiagnosticCode.OK]
    return min(failed, key=_depth, default=None)


def lost_on_the_way(trip: RoundTrip | None) -> ProtocolOutcome | None:
    """Return how a round trip failed; None if there was none or it came home."""
    if trip is None or trip.code in _HOME:
        return None
    seen = trip.observation
    protocol = (seen.protocol if seen else None) or MailProtocol.IMAP
    return ProtocolOutcome(protocol, trip.code, seen, trip.server_reply)


_HOME: Final = frozenset({DiagnosticCode.OK, DiagnosticCode.ROUNDTRIP_SPAM})


def _judged(cause: ProtocolOutcome | None) -> Judgement | None:
    """Return what is special about the case, unless its code came from elsewhere."""
    if cause is None or cause.observation is None:
        return None
    judgement = judge(cause.observation)
    return judgement if judgement.code is cause.code else None


def _mender(cause: ProtocolOutcome | None, judgement: Judgement | None) -> FixableBy | None:
    """Return who can mend the case; None: as the taxonomy says."""
    if cause is not None and cause.fixable_by is not None:
        return cause.fixable_by
    return judgement.fixable_by if judgement else None


def _depth(outcome: ProtocolOutcome) -> int:
    phase = outcome.observation.phase if outcome.observation else None
    return _DEPTH[phase] if phase is not None else len(_DEPTH)


async def _spend(work: Work, refused: Collection[ProbeTarget], now: datetime) -> None:
    """Let access tokens that a server refused end, the young ones when they are young no more.

    So a later test has another one, and servers that refuse each token do not make every test ask
    the sign-in service.
    """
    for target in refused:
        if target.grant_id is not None and target.token_fetched_at is not None:
            fetched = target.token_fetched_at
            await work.grants.spent(target.grant_id, fetched, max(now, fetched + YOUNG))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Writes verdicts; one conclusion a test."""

    database: Database
    history: int
    """Finished tests kept per configuration."""
    now: Now

    def conclusion(self, test: ConnectionTest, plan: Plan) -> Conclude:
        """Return what the runner calls when the test has ended."""

        async def conclude(_job: Job, verdict: Verdict) -> None:
            refused = refused_targets(plan.targets, verdict.outcomes)
            await self._write(self._finished(test, verdict), refused, complete=plan.complete)

        return conclude

    def _finished(self, test: ConnectionTest, verdict: Verdict) -> ConnectionTest:
        found = verdict.findings
        cause = root_cause(verdict.outcomes) or lost_on_the_way(found.round_trip)
        if verdict.status is not TestStatus.FAILED:
            cause = None
        judgement = _judged(cause)
        code = cause.code if cause else _WITHOUT_OUTCOME.get(verdict.status, DiagnosticCode.OK)
        return replace(
            test,
            steps=(),
            status=verdict.status,
            finished_at=self.now(),
            code=code,
            code_protocol=cause.protocol if cause else None,
            server_reply=cause.server_reply if cause else None,
            fix_id=new_id() if found.fix else None,
            fix=found.fix,
            retryable=judgement.retryable if judgement else None,
            fixable_by=_mender(cause, judgement),
            ports=found.ports,
            round_trip=found.round_trip,
        )

    async def _write(
        self, test: ConnectionTest, refused: Collection[ProbeTarget], *, complete: bool
    ) -> None:
        async with self.database.work(test.workspace_id) as work:
            if not await work.probes.finish(test):
                return
            await _spend(work, refused, self.now())
            if test.config_id is None or test.config_revision is None:
                return
            status = _CONFIG_STATUS.get(test.status)
            # A pass of one server of two says nothing of the other.
            if status is not None and (complete or status is ConfigStatus.FAILING):
                await work.configs.set_test_result(
                    test.config_id, test.config_revision, status, test.id
                )
            await work.probes.prune(test.config_id, self.history)
