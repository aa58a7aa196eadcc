"""What each operation may refuse, from its services.

What follows from the schema is computed from it: guards and budgets. The rest is this table, whose
rows tests/test_reference.py provokes one by one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from mailconfig.graphql.budgets import FIELDS
from mailconfig.graphql.guards import Guard

_SIGNED_IN: Final = ("UnauthenticatedError", "ForbiddenError")
_LIMITED: Final = "RateLimitedError"
_LEAVING: Final = (
    "NotFoundError",
    "LastOwnerError",
    "ConfigurationsRemainError",
    "ValidationIssue",
)
_LETTER: Final = ("NotFoundError", "ValidationIssue", "FileRefusedError", "LimitExceededError")
_MESSAGE: Final = ("NotFoundError", "MessageStateError")

PAYLOADS: Final[Mapping[str, Sequence[str]]] = {
    "applyFix": (
        "NotFoundError",
        "RevisionConflictError",
        "SecretRequiredError",
        "ValidationIssue",
    ),
    "cancelTest": ("NotFoundError",),
    "checkDomain": ("ValidationIssue",),
    "delete": ("NotFoundError", "RevisionConflictError"),
    "deleteFile": ("NotFoundError",),
    "discover": ("ValidationIssue",),
    "changePassword": ("CredentialsError", "ValidationIssue"),
    "endSession": ("NotFoundError",),
    "login": ("CredentialsError",),
    "logout": (),
    "logoutEverywhere": (),
    "refreshSession": ("UnauthenticatedError",),
    "requestPasswordReset": ("ValidationIssue", "RateLimitedError"),
    "resetPassword": ("ValidationIssue",),
    "switchWorkspace": ("NotFoundError",),
    "createApiKey": ("ValidationIssue", "LimitExceededError"),
    "revokeApiKey": ("NotFoundError",),
    "createEmbedToken": ("NotFoundError", "ValidationIssue"),
    "beginMailboxAuthorization": ("NotFoundError", "ValidationIssue", "RateLimitedError"),
    "completeMailboxAuthorization": (
        "AuthorizationInvalidError",
        "MissingScopesError",
        "ProviderRefusedError",
    ),
    "revokeMailboxGrant": ("NotFoundError",),
    "setOAuthClient": ("ValidationIssue",),
    "deleteOAuthClient": ("NotFoundError",),
    "renameWorkspace": ("ValidationIssue",),
    "changeMemberRole": ("NotFoundError", "LastOwnerError"),
    "removeMember": _LEAVING,
    "leaveWorkspace": _LEAVING,
    "transferOwnership": ("NotFoundError",),
    "inviteMember": ("ValidationIssue", "DuplicateError", "RateLimitedError"),
    "withdrawInvitation": ("NotFoundError",),
    "acceptInvitation": ("InvitationInvalidError", "UnauthenticatedError", "ValidationIssue"),
    "exportWorkspace": ("RateLimitedError",),
    "sendEmail": (
        *_LETTER,
        "IdempotencyConflictError",
        "RecipientsSuppressedError",
        "QuotaExceededError",
    ),
    "previewEmail": _LETTER,
    "cancelMessage": _MESSAGE,
    "retryMessage": _MESSAGE,
    "retryAmbiguous": _MESSAGE,
    "retryMessages": ("NotFoundError", "ValidationIssue"),
    "pauseSending": ("NotFoundError",),
    "resumeSending": ("NotFoundError",),
    "setSendingOptions": ("NotFoundError",),
    "addSenderIdentity": ("NotFoundError", "ValidationIssue", "LimitExceededError"),
    "updateSenderIdentity": ("NotFoundError", "ValidationIssue"),
    "deleteSenderIdentity": ("NotFoundError",),
    "suppressAddress": ("ValidationIssue", "DuplicateError"),
    "unsuppressAddress": ("ValidationIssue", "NotFoundError"),
    "deleteWorkspace": ("ValidationIssue",),
    "deleteAccount": ("CredentialsError", "LastOwnerError"),
    "rollback": (
        "NotFoundError",
        "RevisionConflictError",
        "DuplicateError",
        "SecretRequiredError",
        "ValidationIssue",
    ),
    "submit": (
        "ValidationIssue",
        "DuplicateError",
        "IdempotencyConflictError",
        "SecretRequiredError",
        "NotFoundError",
        "FileRefusedError",
        "LimitExceededError",
        "QuotaExceededError",
    ),
    "testConnection": (
        "NotFoundError",
        "SecretRequiredError",
        "ValidationIssue",
        "QuotaExceededError",
    ),
    "update": (
        "NotFoundError",
        "RevisionConflictError",
        "ValidationIssue",
        "DuplicateError",
        "SecretRequiredError",
        "FileRefusedError",
        "LimitExceededError",
    ),
    "uploadFile": ("FileRefusedError", "LimitExceededError", "QuotaExceededError"),
    "validate": (),
}
"""Types in `errors` of a mutation's payload, beside those of its guard and its budget."""
CODES: Final[Mapping[str, Sequence[str]]] = {
    "apiKeys": ("INVALID_INPUT",),
    "auditEvents": (),
    "config": (),
    "configs": ("INVALID_INPUT",),
    "connectionTestProgress": ("NOT_FOUND",),
    "csrfToken": (),
    "discoveryProgress": ("INVALID_INPUT", "RATE_LIMITED"),
    "explain": ("INVALID_INPUT", "RATE_LIMITED"),
    "message": (),
    "messages": ("INVALID_INPUT",),
    "node": (),
    "nodes": ("INVALID_INPUT",),
    "oauthClients": (),
    "provider": (),
    "providers": ("INVALID_INPUT",),
    "sessions": (),
    "suppressions": (),
    "viewer": (),
    "workspace": (),
    "workspaces": (),
}
"""`extensions.code` of a query's or subscription's own errors, beside those of who may ask."""
READERS: Final = {
    "auditEvents": Guard.ADMIN,
    "oauthClients": Guard.ADMIN,
    "suppressions": Guard.ADMIN,
}
"""Who may run a query that not everybody who is signed in may."""
BUDGETS: Final = {
    **FIELDS,
    "applyFix": FIELDS["testConnection"],
    "discoveryProgress": FIELDS["discover"],
}
"""Setting of the budget that an operation spends from; some share one."""
FAILURES: Final = frozenset(name for name, setting in FIELDS.items() if setting == FIELDS["login"])
"""Operations whose number is no budget: that many may fail before each next attempt waits."""


def payload_errors(operation: str, guard: Guard) -> list[str]:
    """Return all types that a mutation may answer in `errors`, the common ones first."""
    limited = (_LIMITED,) if operation in BUDGETS else ()
    return [*(() if guard is Guard.ANYONE else _SIGNED_IN), *limited, *PAYLOADS[operation]]


def codes(operation: str, *, public: bool) -> list[str]:
    """Return the codes of a query's or subscription's errors."""
    asking = () if public else ("UNAUTHENTICATED",)
    return [*asking, *(("FORBIDDEN",) if operation in READERS else ()), *CODES[operation]]
