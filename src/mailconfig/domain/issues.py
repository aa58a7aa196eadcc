"""What validation says about an input: plain values, shared by rules, errors and payloads."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "INFO"
    """Good to know."""
    WARNING = "WARNING"
    """Likely to fail or unwise; may be stored."""
    ERROR = "ERROR"
    """Refused by submit and update."""


class ValidationCode(StrEnum):
    """Stable machine code of an issue. Codes are added, never renamed."""

    REQUIRED = "REQUIRED"
    """A value is missing."""
    INVALID_FORMAT = "INVALID_FORMAT"
    """The value is not of its form."""
    OUT_OF_RANGE = "OUT_OF_RANGE"
    """A number is outside its range."""
    TOO_LONG = "TOO_LONG"
    """The value is longer than allowed."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """The operator or the combination does not allow it."""
    INSECURE = "INSECURE"
    """The secret would travel unprotected."""
    HOST_SYNTAX = "HOST_SYNTAX"
    """The host holds a scheme, a port, a path, a space, an @ or an empty label."""
    PORT_SECURITY_MISMATCH = "PORT_SECURITY_MISMATCH"
    """The port is known for the other TLS mode."""
    PORT_PROTOCOL_MISMATCH = "PORT_PROTOCOL_MISMATCH"
    """The port is known for another protocol."""
    PROTOCOL_HOST_MISMATCH = "PROTOCOL_HOST_MISMATCH"
    """The host is known or named for the other protocol."""
    PRIVATE_ADDRESS = "PRIVATE_ADDRESS"
    """The host is an address inside a private or reserved network."""
    DOMAIN_MISMATCH = "DOMAIN_MISMATCH"
    """The sender's domain differs from the sign-in's."""
    DOMAIN_TYPO = "DOMAIN_TYPO"
    """The domain is one typing error away from a known provider's."""
    DOMAIN_LOOKALIKE = "DOMAIN_LOOKALIKE"
    """The domain mixes alphabets or is drawn like a known provider's."""
    HOST_NOT_OF_PROVIDER = "HOST_NOT_OF_PROVIDER"
    """The host is not one of the chosen provider's."""
    USERNAME_FORM = "USERNAME_FORM"
    """The provider expects another form of user name."""
    SECRET_WHITESPACE = "SECRET_WHITESPACE"
    """The secret begins or ends with white space."""
    APP_PASSWORD_SHAPE = "APP_PASSWORD_SHAPE"
    """The secret does not look like the app password that the provider demands."""
    AUTHENTICATION_RETIRED = "AUTHENTICATION_RETIRED"
    """The provider ended this way of signing in."""
    AUTHENTICATION_RETIRING = "AUTHENTICATION_RETIRING"
    """The provider has announced the end of this way of signing in."""
    AUTHENTICATION_UNSUPPORTED = "AUTHENTICATION_UNSUPPORTED"
    """The provider is not known to accept this way of signing in."""
    PROVIDER_REQUIRES = "PROVIDER_REQUIRES"
    """The user or an administrator has to switch something on first."""
    PROVIDER_WITHOUT_ACCESS = "PROVIDER_WITHOUT_ACCESS"
    """The provider offers no IMAP and SMTP."""
    PROVIDER_CLOSED = "PROVIDER_CLOSED"
    """The provider has ended or moved its service."""
    FORWARD_ONLY = "FORWARD_ONLY"
    """The domain only forwards; there is no mailbox."""
    UNKNOWN_PROVIDER = "UNKNOWN_PROVIDER"
    """No such provider in the catalogue."""


@dataclass(frozen=True, slots=True)
class ValidationIssue:
    """One finding: what, how bad, where, and the value that would mend it."""

    code: ValidationCode
    severity: Severity
    message: str
    path: tuple[str, ...]
    """Input field names in camelCase, as in the GraphQL input."""
    suggestion: str | None = None
    """A value for the field at `path` that would settle the issue."""

    @classmethod
    def error(
        cls, code: ValidationCode, message: str, *path: str, suggestion: str | None = None
    ) -> "ValidationIssue":
        """Return what refuses the input, at the field at `path`."""
        return cls(code, Severity.ERROR, message, path, suggestion)
