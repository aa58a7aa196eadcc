"""Expected failures as the schema shows them; each leaf of `domain.errors.Refusal` has a type."""

from uuid import UUID

import strawberry

from mailconfig.domain import errors, issues, mailboxes, mailing, workspaces
from mailconfig.domain.diagnostics import DiagnosticCode
from mailconfig.domain.identity import Scope
from mailconfig.domain.issues import Severity, ValidationCode
from mailconfig.domain.messages import MessageState
from mailconfig.domain.workspaces import Quota
from mailconfig.graphql.context import Context
from mailconfig.graphql.describing import interface_type, object_type
from mailconfig.graphql.objects import EmailConfig, email_config
from mailconfig.graphql.phrases import Spoken
from mailconfig.graphql.scalars import EmailAddress


@interface_type
class UserError:
    """An expected failure.

    New implementations may be added: always ask for __typename and message.
    """

    message: str = strawberry.field(extensions=[Spoken()])
    """What went wrong, for people."""
    path: list[str]
    """Path into the input, empty for the whole input."""


@object_type
class ValidationIssue(UserError):
    """A rule that the input breaks, or a warning about it."""

    code: ValidationCode
    """Stable machine code."""
    severity: Severity
    """How bad it is; only ERROR stops submit and update."""
    suggestion: str | None
    """A value for the field at path that would settle the issue."""


@object_type
class UnauthenticatedError(UserError):
    """Nobody is signed in, or the session has ended."""


@object_type
class ForbiddenError(UserError):
    """The caller's role does not allow this, or the CSRF token is missing."""


@object_type
class CredentialsError(UserError):
    """Wrong credentials; never says which part."""


@object_type
class NotFoundError(UserError):
    """There is no such object, or it may not be seen."""


@object_type
class RevisionConflictError(UserError):
    """The object changed since it was read."""

    current: EmailConfig | None
    """The object as it is now."""


@object_type
class DuplicateError(UserError):
    """The address or reference is taken."""

    existing: EmailConfig | None
    """What has it, when the caller may see it."""


@object_type
class IdempotencyConflictError(UserError):
    """The idempotency key was used with another input."""


@object_type
class SecretRequiredError(UserError):
    """The stored secret must not be used for another server or user name; enter it again."""


@object_type
class RateLimitedError(UserError):
    """Too many attempts."""

    retry_after_seconds: int
    """When the next attempt has a chance."""


@object_type
class LimitExceededError(UserError):
    """A size or count limit was passed."""


@object_type
class FileRefusedError(UserError):
    """A file is not what its kind demands."""


@object_type
class AuthorizationInvalidError(UserError):
    """No such sign-in with a provider, or it is over, used, or another's: all read the same."""


@object_type
class MissingScopesError(UserError):
    """The user left out permissions that mail needs; nothing was kept."""

    scopes: list[str]
    """What is missing, in the words of the provider."""


@object_type
class ProviderRefusedError(UserError):
    """The provider's sign-in service gave no tokens."""

    code: DiagnosticCode
    """Stable machine code of the reason."""
    retryable: bool
    """Whether the same may work later."""


@object_type
class LastOwnerError(UserError):
    """The workspace would be without an owner."""


@object_type
class ConfigurationsRemainError(UserError):
    """Say in `configurations` what becomes of the private configurations."""

    count: int
    """How many there are."""


@object_type
class InvitationInvalidError(UserError):
    """An unknown, used, expired or withdrawn invitation, or one of another address."""


@object_type
class QuotaExceededError(UserError):
    """A quota of the workspace is used up."""

    quota: Quota
    """Which."""
    limit: float
    """The most that the workspace may have."""


@object_type
class MessageStateError(UserError):
    """The message is in a state in which this cannot be done."""

    state: MessageState
    """The state that it is in."""


@object_type
class RecipientsSuppressedError(UserError):
    """All recipients are on the suppression list."""

    addresses: list[EmailAddress]
    """Their addresses."""


PLAIN: dict[type[errors.Refusal], type[UserError]] = {
    errors.Unauthenticated: UnauthenticatedError,
    errors.Forbidden: ForbiddenError,
    errors.CredentialsRefused: CredentialsError,
    errors.NotFound: NotFoundError,
    errors.IdempotencyConflict: IdempotencyConflictError,
    errors.SecretRequired: SecretRequiredError,
    errors.LimitExceeded: LimitExceededError,
    errors.FileRefused: FileRefusedError,
    mailboxes.AuthorizationInvalid: AuthorizationInvalidError,
    workspaces.LastOwner: LastOwnerError,
    workspaces.InvitationInvalid: InvitationInvalidError,
}
"""Refusals whose type holds message and path only."""

TYPES: list[type[UserError]] = [
    ValidationIssue,
    RevisionConflictError,
    DuplicateError,
    RateLimitedError,
    MissingScopesError,
    ProviderRefusedError,
    ConfigurationsRemainError,
    QuotaExceededError,
    MessageStateError,
    RecipientsSuppressedError,
    *PLAIN.values(),
]
"""All implementations, for the schema."""


def validation_issue(issue: issues.ValidationIssue) -> ValidationIssue:
    """Show an issue of validation."""
    return ValidationIssue(
        message=issue.message,
        path=list(issue.path),
        code=issue.code,
        severity=issue.severity,
        suggestion=issue.suggestion,
    )


async def user_errors(refusal: errors.Refusal, context: Context) -> list[UserError]:
    """Translate a refusal; the object that stands in the way is read when the caller may see it."""
    if isinstance(refusal, errors.InvalidInput):
        return [validation_issue(issue) for issue in refusal.issues]
    return [await _telling(refusal, context) or _plain(refusal)]


async def _telling(  # noqa: PLR0911 - one for each type
    refusal: errors.Refusal, context: Context
) -> UserError | None:
    """Return the error of a refusal that tells more than its sentence; None for others."""
    message, path = refusal.message, list(refusal.path)
    match refusal:
        case errors.RevisionConflict(current_id=config_id):
            current = await _config(context, config_id)
            return RevisionConflictError(message=message, path=path, current=current)
        case errors.Duplicate(existing_id=config_id):
            existing = await _config(context, config_id) if config_id else None
            return DuplicateError(message=message, path=path, existing=existing)
        case errors.RateLimited(retry_after_seconds=seconds):
            return RateLimitedError(message=message, path=path, retry_after_seconds=seconds)
        case mailboxes.MissingScopes(scopes=scopes):
            return MissingScopesError(message=message, path=path, scopes=list(scopes))
        case mailboxes.ProviderRefused(diagnostic=code, retryable=retryable):
            named = DiagnosticCode(code)
            return ProviderRefusedError(message=message, path=path, code=named, retryable=retryable)
        case workspaces.ConfigurationsRemain(count=count):
            return ConfigurationsRemainError(message=message, path=path, count=count)
        case workspaces.QuotaExceeded(quota=quota, limit=limit):
            return QuotaExceededError(message=message, path=path, quota=quota, limit=limit)
        case mailing.MessageStateConflict(state=state):
            return MessageStateError(message=message, path=path, state=state)
        case mailing.RecipientsSuppressed(addresses=addresses):
            shown = [EmailAddress(address) for address in addresses]
            return RecipientsSuppressedError(message=message, path=path, addresses=shown)
    return None


def _plain(refusal: errors.Refusal) -> UserError:
    """Return the error of a refusal that has nothing but its sentence and path."""
    message, path = refusal.message, list(refusal.path)
    kind = PLAIN.get(type(refusal))
    if kind is not None:
        return kind(message=message, path=path)
    return ValidationIssue(
        message=message,
        path=path,
        code=ValidationCode.INVALID_FORMAT,
        severity=Severity.ERROR,
        suggestion=None,
    )


async def _config(context: Context, config_id: UUID) -> EmailConfig | None:
    try:
        principal = await context.caller(Scope.CONFIGS_READ)
        found = await context.services.configs.get(principal, config_id)
        return email_config(found, context.services.catalogue)
    except (errors.NotFound, errors.Forbidden):
        return None
