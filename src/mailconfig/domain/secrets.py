"""Secrets as values that cannot be printed by accident.

Threat: passwords that reach a log, an error text, a repr in a traceback or a serialiser.
Limit: Python cannot erase memory; a secret lives in it until it is collected.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

PASSWORD_MAX_BYTES: Final = 4 * 1024
"""Longest password in UTF-8; the longest known provider secret is far below 1 KiB."""
TOKEN_MAX_BYTES: Final = 8 * 1024
"""Longest OAuth access token; Microsoft's reach about 4 KiB."""


class SecretKind(StrEnum):
    """What a secret is, which decides the mechanisms that can use it."""

    PASSWORD = "password"
    """A password, app password or API key."""
    ACCESS_TOKEN = "access_token"
    """An OAuth 2.0 access token (RFC 6749)."""
    REFRESH_TOKEN = "refresh_token"
    """An OAuth 2.0 refresh token of a mailbox grant; never sent to a mail server."""
    CLIENT_SECRET = "client_secret"
    """The secret of an OAuth client."""
    GRANT = "grant"
    """The id of a mailbox grant, whose access token is fetched when it is needed."""


class Secret:
    """A text that only `reveal` gives out; its repr, str and pickled forms do not hold it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself. Call it where it is sealed or sent, nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that the user typed or an OAuth flow brought."""

    kind: SecretKind
    value: Secret


@dataclass(frozen=True, slots=True)
class KeepSecret:
    """The wish to go on with the stored secret; see `domain.configs.secret_may_follow`."""


SecretChange = NewSecret | KeepSecret
