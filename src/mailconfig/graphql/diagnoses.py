"""Diagnoses as the schema shows them: what went wrong, who can mend it, and how."""

from uuid import UUID

import strawberry

from mailconfig.domain import diagnostics as domain
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy
from mailconfig.domain.issues import Severity
from mailconfig.graphql import ids
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.phrases import Spoken
from mailconfig.graphql.servers import ServerPatchSettings, server_patch


@object_type
class SettingsFix:
    """Settings to change, ready for the form and for applyFix."""

    id: strawberry.ID
    """What applyFix takes."""
    title: str = strawberry.field(extensions=[Spoken()])
    """What the fix does."""
    incoming: ServerPatchSettings | None
    """Changes of the IMAP server."""
    outgoing: ServerPatchSettings | None
    """Changes of the SMTP server."""
    proven: bool
    """Whether it was tried as far as that goes without signing in: connect, TLS, capabilities."""


@object_type
class Diagnosis:
    """What went wrong, who can mend it, and how."""

    code: DiagnosticCode
    """Stable machine code."""
    severity: Severity
    """How bad it is."""
    title: str = strawberry.field(extensions=[Spoken()])
    """One sentence a normal person understands."""
    advice: str = strawberry.field(extensions=[Spoken()])
    """What to do, for this provider where it is known."""
    help_url: str | None
    """The provider's own help page."""
    fixable_by: FixableBy
    """Who can mend it."""
    retryable: bool
    """Whether the same attempt has a fair chance later without any change."""
    paths: list[list[str]]
    """Input fields to look at, such as ["outgoing", "port"]."""
    server_reply: str | None
    """The server's own words, without secrets, cut at 300 characters."""
    fix: SettingsFix | None
    """Settings that would mend it; null where no setting can."""


def diagnosis(found: domain.Diagnosis, fix_id: UUID | None = None) -> Diagnosis:
    """Show a diagnosis."""
    return Diagnosis(
        code=found.code,
        severity=found.severity,
        title=found.title,
        advice=found.advice,
        help_url=found.help_url,
        fixable_by=found.fixable_by,
        retryable=found.retryable,
        paths=[list(path) for path in found.paths],
        server_reply=found.server_reply,
        fix=_fix(found.fix, fix_id),
    )


def _fix(fix: domain.SettingsFix | None, fix_id: UUID | None) -> SettingsFix | None:
    if fix is None or fix_id is None:
        return None
    return SettingsFix(
        id=ids.encode("SettingsFix", fix_id),
        title=fix.title,
        incoming=server_patch(fix.incoming),
        outgoing=server_patch(fix.outgoing),
        proven=fix.proven,
    )
