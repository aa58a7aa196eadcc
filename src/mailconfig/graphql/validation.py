"""Checking a form while it is filled in."""

from typing import Annotated

import strawberry

from mailconfig.domain.identity import Scope
from mailconfig.domain.issues import Severity
from mailconfig.graphql import forms
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.errors import UserError, ValidationIssue, validation_issue
from mailconfig.graphql.forms import DraftInput
from mailconfig.graphql.guards import Guard, mutation
from mailconfig.graphql.providers import Provider, provider


@input_type
class ValidateInput:
    """A draft to check."""

    draft: DraftInput
    """The form as it stands."""


@object_type
class ValidatePayload:
    """What validate answers: issues are the result, not failures."""

    valid: bool = False
    """Whether submit would take the form: no issue is an ERROR."""
    issues: list[ValidationIssue] = strawberry.field(default_factory=list)
    """Findings, by field."""
    suggested_provider: Provider | None = None
    """The provider that the address belongs to."""
    errors: list[UserError] = strawberry.field(default_factory=list)
    """Why nothing was checked."""


@strawberry.type
class ValidationMutation:
    """Checks that store nothing and connect to nothing."""

    @mutation(Guard.MEMBER, ValidatePayload, Scope.CONFIGS_WRITE)
    async def validate(
        self,
        info: Info,
        input: Annotated[ValidateInput, strawberry.argument(description="The draft.")],
    ) -> ValidatePayload | None:
        """Check a draft without storing or connecting."""
        report = info.context.services.validation.check(forms.draft(input.draft))
        return ValidatePayload(
            valid=not any(issue.severity is Severity.ERROR for issue in report.issues),
            issues=[validation_issue(issue) for issue in report.issues],
            suggested_provider=provider(report.provider) if report.provider else None,
        )
