"""Access tokens: only ours, only in their time."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.ids import new_id
from mailconfig.services.tokens import Tokens

SEED = bytes(range(32))
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
SESSION, USER = new_id(), new_id()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """A clock at the start."""
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    """Tokens of 15 minutes."""
    return Tokens(SEED, 900, clock)


def test_a_fresh_token_names_its_session(tokens: Tokens) -> None:
    """What was minted is understood."""
    assert tokens.session_of(tokens.mint(SESSION, USER).text) == SESSION


def test_a_token_ends_to_the_second(tokens: Tokens, clock: Clock) -> None:
    """One second before it holds, then no more."""
    token = tokens.mint(SESSION, USER)
    assert token.expires_at == START + timedelta(seconds=900)
    clock.moment = START + timedelta(seconds=899)
    tokens.session_of(token.text)
    clock.moment = START + timedelta(seconds=900)
    with pytest.raises(Unauthenticated):
        tokens.session_of(token.text)


def _claims(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "iss": "mailconfig",
        "aud": "mailconfig",
        "sub": str(USER),
        "sid": str(SESSION),
        "exp": START + timedelta(seconds=60),
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


@pytest.mark.parametrize(
    "claims",
    [
        # Made by somebody else, or for somebody else.
        _claims(iss="other"),
        _claims(aud="other"),
        # Without the claims that we judge by.
        _claims(exp=None),
        _claims(sid=None),
        _claims(aud=None),
        # A session that is no id.
        _claims(sid="none"),
    ],
)
def test_wrong_claims_under_our_key_are_refused(tokens: Tokens, claims: dict[str, object]) -> None:
    """Our signature alone is not enough."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    with pytest.raises(Unauthenticated):
        tokens.session_of(jwt.encode(claims, key, algorithm="EdDSA"))


def test_another_key_is_refused(tokens: Tokens) -> None:
    """Right claims, wrong signer."""
    forged = jwt.encode(_claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA")
    with pytest.raises(Unauthenticated):
        tokens.session_of(forged)


def test_the_algorithm_is_not_the_tokens_choice(tokens: Tokens) -> None:
    """Neither "none" nor HMAC under the public key opens anything."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    unsigned = jwt.encode(_claims(), None, algorithm="none")
    hmac_signed = jwt.encode(_claims(), public, algorithm="HS256")
    for forged in (unsigned, hmac_signed):
        with pytest.raises(Unauthenticated):
            tokens.session_of(forged)


@pytest.mark.parametrize("text", ["", "a.b.c", "ü", "a" * 100_000])
def test_nonsense_is_refused(tokens: Tokens, text: str) -> None:
    """No text makes it raise anything else."""
    with pytest.raises(Unauthenticated):
        tokens.session_of(text)


def test_a_changed_payload_is_refused(tokens: Tokens) -> None:
    """The signature covers the claims."""
    head, payload, signature = tokens.mint(SESSION, USER).text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sid"] = str(new_id())
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(Unauthenticated):
        tokens.session_of(f"{head}.{changed}.{signature}")
