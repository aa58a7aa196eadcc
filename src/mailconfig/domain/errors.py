"""Errors of the application, one tree.

    MailconfigError            code, message safe to show, optional path into the input
    |- Refusal                 expected; becomes data in a payload
    |  |- Unauthenticated      nobody is signed in, or the session has ended
    |  |- Forbidden            the role does not allow it
    |  |- CredentialsRefused   wrong e-mail or password, never says which
    |  |- NotFound             no such object, or not visible to the caller
    |  |- InvalidInput         carries the issues of `domain.validation`
    |  |- RevisionConflict     changed since it was read
    |  |- Duplicate            same workspace, owner and address
    |  |- IdempotencyConflict  a known key with another body
    |  |- SecretRequired       the stored secret must not follow the new target
    |  |- RateLimited          too many attempts
    |  |- LimitExceeded        a size or count limit was passed
    |  `- FileRefused          the content is not what its kind demands
    `- Fault                   ours; masked towards clients
       |- SecretUnreadable     no key opens the stored secret
       `- FileUnreadable       the bytes of a stored file are missing or not as they were written

The cause of an error goes to the log by `raise ... from`, never into the message. Messages of
refusals are for people: marked for translation, as `domain.phrases` says; those of faults are for
the operator and stay English.
"""

from typing import ClassVar, Final
from uuid import UUID

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_

_SIGN_IN: Final = N_("Sign in first.")
_NOT_ALLOWED: Final = N_("Your role does not allow this.")


class MailconfigError(Exception):
    """Base of all errors that we raise on purpose."""

    code: ClassVar[str] = "ERROR"

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class Refusal(MailconfigError):
    """An expected failure: answered as data, not logged as an error."""


class Unauthenticated(Refusal):
    """Nobody is signed in."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str = _SIGN_IN) -> None:
        super().__init__(message)


class Forbidden(Refusal):
    """The caller's role does not allow this."""

    code = "FORBIDDEN"

    def __init__(self, message: str = _NOT_ALLOWED, *, needs: str | None = None) -> None:
        """Refuse; `needs` is the role or scope that was missing, for the log, where one would do.

        It is None where the object decides, such as one that only its owner may change.
        """
        super().__init__(message)
        self.needs = needs


class CredentialsRefused(Refusal):
    """Wrong credentials of a user of mailconfig itself."""

    code = "CREDENTIALS_REFUSED"

    def __init__(self) -> None:
        super().__init__(N_("The e-mail address or the password is wrong."))


class NotFound(Refusal):
    """No such object, or it may not be seen: both read the same."""

    code = "NOT_FOUND"

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        super().__init__(N_("There is no such object."), path)


class InvalidInput(Refusal):
    """The input breaks rules; `issues` tells which."""

    code = "INVALID_INPUT"

    def __init__(self, issues: tuple[ValidationIssue, ...]) -> None:
        super().__init__(N_("The input is not valid."))
        self.issues = issues

    @classmethod
    def of(cls, code: ValidationCode, message: str, *path: str) -> "InvalidInput":
        """Return the refusal for one thing that is wrong with the field at `path`."""
        return cls((ValidationIssue.error(code, message, *path),))


class RevisionConflict(Refusal):
    """The object changed since the caller read it."""

    code = "REVISION_CONFLICT"

    def __init__(self, current_id: UUID) -> None:
        super().__init__(N_("The object was changed in the meantime."), ("expectedRevision",))
        self.current_id = current_id


class Duplicate(Refusal):
    """There is one already; `existing_id` is set when the caller may see it."""

    code = "DUPLICATE"

    def __init__(
        self, message: str, path: tuple[str, ...], existing_id: UUID | None = None
    ) -> None:
        super().__init__(message, path)
        self.existing_id = existing_id


class IdempotencyConflict(Refusal):
    """An idempotency key came back with another body."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        message = N_("This idempotency key was used with another input.")
        super().__init__(message, ("idempotencyKey",))


class SecretRequired(Refusal):
    """The stored secret belongs to another server or user name: it must be typed again."""

    code = "SECRET_REQUIRED"

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(N_("Enter the password again for this server and user name."), path)


class RateLimited(Refusal):
    """Too many attempts; `retry_after_seconds` tells when the next one has a chance."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(N_("Too many attempts. Wait before the next one."))
        self.retry_after_seconds = retry_after_seconds


class LimitExceeded(Refusal):
    """A size or count limit of the operator was passed."""

    code = "LIMIT_EXCEEDED"


class FileRefused(Refusal):
    """An uploaded file is not what its kind demands."""

    code = "FILE_REFUSED"


class Fault(MailconfigError):
    """Something of ours is broken; clients see a mask and a request id."""

    code = "INTERNAL"


class SecretUnreadable(Fault):
    """A stored secret does not open with any key of the keyring; never read as "no password"."""

    code = "SECRET_UNREADABLE"


class FileUnreadable(Fault):
    """The bytes of a stored file are missing, cut off or changed; no changed byte is served."""

    code = "FILE_UNREADABLE"
