"""The verdict of a connection test: one root cause, its fix, and writing both down."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mailconfig.domain.clock import Now
from mailconfig.domain.configs import ConfigStatus, SiteOf
from mailconfig.domain.diagnostics import DiagnosticCode, Phase, SettingsFix
from mailconfig.domain.diagnostics.fixes import propose_fix
from mailconfig.domain.ids import new_id
from mailconfig.domain.probes import ConnectionTest, ProtocolOutcome, TestStatus
from mailconfig.services.planning import Plan
from mailconfig.services.recorder import Job
from mailconfig.services.runner import Conclude, Verdict
from mailconfig.storage.database import Database

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


def _depth(outcome: ProtocolOutcome) -> int:
    phase = outcome.observation.phase if outcome.observation else None
    return _DEPTH[phase] if phase is not None else len(_DEPTH)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Writes verdicts; one conclusion a test."""

    database: Database
    site_of: SiteOf
    history: int
    """Finished tests kept per configuration."""
    now: Now

    def conclusion(self, test: ConnectionTest, plan: Plan) -> Conclude:
        """Return what the runner calls when the test has ended."""

        async def conclude(_job: Job, verdict: Verdict) -> None:
            await self._write(self._finished(test, plan, verdict), complete=plan.complete)

        return conclude

    def _finished(self, test: ConnectionTest, plan: Plan, verdict: Verdict) -> ConnectionTest:
        cause = root_cause(verdict.outcomes) if verdict.status is TestStatus.FAILED else None
        fix = self._fix(plan, cause) if cause else None
        code = cause.code if cause else _WITHOUT_OUTCOME.get(verdict.status, DiagnosticCode.OK)
        return replace(
            test,
            steps=(),
            status=verdict.status,
            finished_at=self.now(),
            code=code,
            code_protocol=cause.protocol if cause else None,
            server_reply=cause.server_reply if cause else None,
            fix_id=new_id() if fix else None,
            fix=fix,
        )

    def _fix(self, plan: Plan, cause: ProtocolOutcome) -> SettingsFix | None:
        if cause.observation is None:
            return None
        names = cause.certificate.names if cause.certificate else ()
        return propose_fix(cause.observation, names, plan.provider, self._same_site)

    def _same_site(self, one: str, other: str) -> bool:
        return self.site_of(one) == self.site_of(other)

    async def _write(self, test: ConnectionTest, *, complete: bool) -> None:
        async with self.database.work(test.workspace_id) as work:
            if not await work.probes.finish(test):
                return
            if test.config_id is None or test.config_revision is None:
                return
            status = _CONFIG_STATUS.get(test.status)
            # A pass of one server of two says nothing of the other.
            if status is not None and (complete or status is ConfigStatus.FAILING):
                await work.configs.set_test_result(
                    test.config_id, test.config_revision, status, test.id
                )
            await work.probes.prune(test.config_id, self.history)
