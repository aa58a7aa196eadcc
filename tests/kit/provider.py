"""An identity provider for tests: keys, the set that it publishes, and tokens that it signs."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "https://id.example.test", "mailconfig"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class SigningPair:
    """A key pair with its id and algorithm."""

    kid: str
    algorithm: str
    private: Any

    def public(self, **changes: object) -> dict[str, object]:
        """Return the public key as a set has it."""
        kinds = {"R": RSAAlgorithm, "P": RSAAlgorithm, "E": OKPAlgorithm}
        kind: Any = ECAlgorithm if self.algorithm.startswith("ES") else kinds[self.algorithm[0]]
        shown: dict[str, object] = kind.to_jwk(self.private.public_key(), as_dict=True)
        shown.pop("key_ops", None)
        return shown | {"kid": self.kid, "use": "sig", "alg": self.algorithm, **changes}


def pair(kid: str = "k1", algorithm: str = "EdDSA", bits: int = 2048) -> SigningPair:
    """Make a key pair."""
    private: Any
    if algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm.startswith("ES"):
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(65537, bits)
    return SigningPair(kid, algorithm, private)


def key_set(*pairs: SigningPair | dict[str, object]) -> bytes:
    """Return what the provider publishes."""
    keys = [one.public() if isinstance(one, SigningPair) else one for one in pairs]
    return json.dumps({"keys": keys}).encode()


def claims(now: datetime = START, **changes: object) -> dict[str, object]:
    """Return the claims of a good token but for the changes; None leaves one out."""
    base: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-1",
        "email": "Ann@Example.org",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=10)).timestamp()),
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def signed(by: SigningPair, said: dict[str, object] | None = None, **header: object) -> str:
    """Return a token; `header` adds to or replaces members of its header."""
    members: dict[str, Any] = {"kid": by.kid, **header}
    chosen = {name: value for name, value in members.items() if value is not None}
    return jwt.encode(said or claims(), by.private, algorithm=by.algorithm, headers=chosen)


@dataclass
class Clock:
    """A clock that a test moves; as a moment and as seconds."""

    moment: datetime = START
    seconds: float = field(default=1000.0)

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds
