"""Rows of connection tests and steps as values, and back; and what an abandoned test looks like."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_

from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.probes import FINISHED, ConnectionTest, ProbeStep, StepKind, StepStatus
from mailconfig.domain.probes import TestStatus as Status
from mailconfig.domain.servers import MailProtocol
from mailconfig.storage.details import detail_text, fix_text, read_detail, read_fix
from mailconfig.storage.findings import findings_text, read_findings
from mailconfig.storage.tables import connection_tests
from mailconfig.storage.transaction import AnyRow

Values = dict[str, object]


def overdue(now: datetime) -> ColumnElement[bool]:
    """Select tests whose deadline and lease have both passed."""
    columns = connection_tests.c
    return and_(columns.deadline_at < now, columns.lease_until < now)


def test_values(test: ConnectionTest) -> Values:
    """Return the columns of a new test that its value knows."""
    return {
        "id": test.id,
        "config_id": test.config_id,
        "config_revision": test.config_revision,
        "started_by": test.started_by,
        "created_at": test.created_at,
        "deadline_at": test.deadline_at,
        **verdict_values(test),
    }


def verdict_values(test: ConnectionTest) -> Values:
    """Return the columns that the end of a test decides."""
    return {
        "status": test.status.value,
        "finished_at": test.finished_at,
        "code": test.code.value if test.code else None,
        "code_protocol": test.code_protocol.value if test.code_protocol else None,
        "provider_id": test.provider_id,
        "server_reply": test.server_reply,
        "fix_id": test.fix_id,
        "fix": fix_text(test.fix) if test.fix else None,
        "findings": findings_text(test),
    }


def step_values(step: ProbeStep) -> Values:
    """Return the columns of a step."""
    return {
        "protocol": step.protocol.value,
        "kind": step.kind.value,
        "status": step.status.value,
        "duration_ms": step.duration_ms,
        "code": step.code.value if step.code else None,
        "detail": detail_text(step.detail),
    }


def read_step(row: AnyRow) -> ProbeStep:
    """Map a row to its value."""
    return ProbeStep(
        protocol=MailProtocol(row.protocol),
        kind=StepKind(row.kind),
        status=StepStatus(row.status),
        duration_ms=row.duration_ms,
        detail=read_detail(row.detail),
        code=DiagnosticCode(row.code) if row.code else None,
    )


def read_test(row: AnyRow, steps: tuple[ProbeStep, ...], now: datetime) -> ConnectionTest:
    """Map a row to its value as of `now`."""
    status = Status(row.status)
    ends_at: datetime = max(row.deadline_at, row.lease_until)
    abandoned = status not in FINISHED and ends_at < now
    return ConnectionTest(
        id=row.id,
        workspace_id=row.workspace_id,
        config_id=row.config_id,
        config_revision=row.config_revision,
        started_by=row.started_by,
        status=Status.TIMED_OUT if abandoned else status,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        finished_at=ends_at if abandoned else row.finished_at,
        code=DiagnosticCode(row.code) if row.code else None,
        code_protocol=MailProtocol(row.code_protocol) if row.code_protocol else None,
        provider_id=row.provider_id,
        server_reply=row.server_reply,
        fix_id=row.fix_id,
        fix=read_fix(row.fix) if row.fix else None,
        steps=tuple(map(_cut_off, steps)) if abandoned or status in FINISHED else steps,
        **read_findings(row.findings),
    )


def _cut_off(step: ProbeStep) -> ProbeStep:
    """Show a step of a test that has ended or was abandoned: what had not ended never will."""
    if step.status not in {StepStatus.PENDING, StepStatus.RUNNING}:
        return step
    return ProbeStep(step.protocol, step.kind, StepStatus.SKIPPED, detail=step.detail)
