"""The identity provider's keys: a JSON Web Key Set (RFC 7517) by HTTPS, kept for a while.

Threat: a forged set (the address is the operator's own, over https, no redirects), one that is
huge or slow (bounded), weak RSA keys (below 2048 bits, left out), symmetric keys (left out: a set
is public), tokens with made-up key ids that make us ask all the time (once in `retry_seconds`).
Whatever a token's header says of keys or addresses is never looked at here.

One question serves all who wait for it. When the provider does not answer, the last set stays good
for `stale_seconds`.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mailconfig.domain.federation import KeysUnavailable, VerificationKey
from mailconfig.domain.fetching import Fetcher, FetchFailed

_log = logging.getLogger(__name__)
_RSA_BITS: Final = 2048
"""RFC 7518, sections 3.3 and 3.5: smaller ones must not be used."""
_MOST_KEYS: Final = 50
"""Providers publish two to ten."""
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class JwksSettings:
    """How a key set is fetched and kept."""

    url: str
    """Address of the set, https."""
    seconds: float = 5
    """How long its server may take."""
    max_bytes: int = 256 * 1024
    """Largest set; fifty keys with certificates are 200 KiB."""
    fresh_least_seconds: float = 60
    """A set is kept at least that long, whatever its server says."""
    fresh_most_seconds: float = 24 * 3600
    """And at most that long: a key that was withdrawn is good until then."""
    fresh_seconds: float = 600
    """How long where its server says nothing."""
    stale_seconds: float = 6 * 3600
    """How long beyond that while the server does not answer."""
    retry_seconds: float = 60
    """Least time between two questions for a key that is not there, or after a failure."""


class JwksKeySets:
    """Implements `domain.federation.KeySets`."""

    def __init__(
        self,
        fetcher: Fetcher,
        settings: JwksSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._settings = settings
        self._clock = clock
        self._flight = anyio.Lock()
        self._keys: tuple[VerificationKey, ...] | None = None
        self._fresh_until = 0.0
        self._asked_at: float | None = None

    async def find(self, kid: str | None) -> Sequence[VerificationKey]:
        """Return the keys of an id, or all for None; raises KeysUnavailable."""
        keys = await self._current()
        found = _of(keys, kid)
        if not found and self._may_ask():
            found = _of(await self._fetched(), kid)
        return found

    async def _current(self) -> tuple[VerificationKey, ...]:
        if self._keys is not None and self._clock() < self._fresh_until:
            return self._keys
        if self._may_ask():
            return await self._fetched()
        return self._kept()

    def _may_ask(self) -> bool:
        last = self._asked_at
        return last is None or self._clock() - last >= self._settings.retry_seconds

    async def _fetched(self) -> tuple[VerificationKey, ...]:
        """Ask, unless somebody has while this caller waited; fall back to the kept set."""
        async with self._flight:
            if self._may_ask():
                await self._ask()
        return self._kept()

    async def _ask(self) -> None:
        chosen = self._settings
        try:
            answer = await self._fetcher.get(
                chosen.url, seconds=chosen.seconds, max_bytes=chosen.max_bytes, redirects=0
            )
            keys = parsed(answer.body if answer.status == _OK else b"")
        except (FetchFailed, ValueError) as error:
            self._asked_at = self._clock()
            _log.warning("the key set of the host application was not fetched: %s", error)
            return
        self._asked_at = self._clock()
        said = chosen.fresh_seconds if answer.max_age_seconds is None else answer.max_age_seconds
        kept = min(max(said, chosen.fresh_least_seconds), chosen.fresh_most_seconds)
        self._keys, self._fresh_until = keys, self._clock() + kept

    def _kept(self) -> tuple[VerificationKey, ...]:
        if self._keys is None or self._clock() >= self._fresh_until + self._settings.stale_seconds:
            raise KeysUnavailable("there is no key set of the host application")
        return self._keys


def parsed(body: bytes) -> tuple[VerificationKey, ...]:
    """Read a key set; raises ValueError unless it is one. Keys of no use to us are left out."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ValueError("it is no key set")
    found = (_key(each) for each in listed)
    return tuple(key for key in found if key is not None)


def _key(given: object) -> VerificationKey | None:
    """Return a key that verifies signatures; None for any other (RFC 7517, section 5)."""
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    operations = given.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    # Only what makes up a public key is read: no certificates, no addresses, no private parts.
    members = ("kty", "crv", "x", "y", "n", "e")
    public = {name: given[name] for name in members if name in given}
    kid, said = given.get("kid"), given.get("alg")
    try:
        material = jwt.PyJWK(public, algorithm=_any_algorithm(public)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    fitting = _fitting(material)
    algorithms = fitting if said is None else fitting & {said if isinstance(said, str) else ""}
    if not algorithms:
        return None
    return VerificationKey(kid if isinstance(kid, str) else None, algorithms, material)


def _any_algorithm(public: dict[str, object]) -> str:
    """Return an algorithm by which the library reads a key of this type; raises KeyError."""
    curves = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
    kind = public["kty"]
    if kind == "EC":
        return curves[str(public["crv"])]
    return {"RSA": "RS256", "OKP": "EdDSA"}[str(kind)]


def _fitting(material: object) -> frozenset[str]:
    """Return the algorithms that a key is for: its type decides, never a token."""
    match material:
        case RSAPublicKey() if material.key_size >= _RSA_BITS:
            return _RSA
        case EllipticCurvePublicKey() if material.curve.name in _CURVES:
            return frozenset({_CURVES[material.curve.name]})
        case Ed25519PublicKey():
            return frozenset({"EdDSA"})
    return frozenset()


def _of(keys: tuple[VerificationKey, ...], kid: str | None) -> tuple[VerificationKey, ...]:
    return keys if kid is None else tuple(key for key in keys if key.kid == kid)
