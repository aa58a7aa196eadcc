"""Users whom the host application signs in: what its tokens say, and the keys that prove it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

from mailconfig.domain.identity import Role

ALGORITHMS: Final = frozenset(
    {"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
)
"""Signatures with a public key (RFC 7518, section 3.1; RFC 8037). No HS*: its key would be shared,
and a public key taken for one would let anybody sign (RFC 8725, section 2.1). Never none."""


class KeysUnavailable(Exception):
    """No key set: it cannot be fetched now, and none is kept; the text is for logs."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key of the identity provider."""

    kid: str | None
    """By which tokens name it (RFC 7517, section 4.5)."""
    algorithms: frozenset[str]
    """Algorithms that fit the key and what the provider says of it."""
    material: object
    """The key itself, as the library of tokens takes it."""


class KeySets(Protocol):
    """The identity provider's published keys."""

    async def find(self, kid: str | None) -> Sequence[VerificationKey]:
        """Return the keys of an id, or all for None; raises KeysUnavailable.

        An id is only looked up in the set that was fetched; an unknown one makes for a fresh set
        once in a while.
        """
        ...


@dataclass(frozen=True, slots=True)
class HostClaims:
    """What a verified token says."""

    subject_sha256: str
    """Digest of issuer and subject."""
    workspace: str
    """Slug of the workspace."""
    role: Role | None
    """The role that it demands; None leaves it as it is."""
    email: str
    """An address to show; ours, where the token has none."""
    not_before: datetime
    """When it begins, leeway included."""
    ends: datetime
    """When it ends, leeway included."""


def subject_digest(issuer: str, subject: str) -> str:
    """Return what a user is known by; neither part can be taken for the other."""
    return sha256(f"{issuer}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()


def shown_address(digest: str) -> str:
    """Return the address that is shown of a user who has none (RFC 2606, section 2)."""
    return f"user-{digest[:16]}@host.invalid"
