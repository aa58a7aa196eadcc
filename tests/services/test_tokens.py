"""Access tokens: only ours, only in their time."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.ids import new_id
from mailconfig.domain.signing import SigningKey, SigningRing
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


HEADER = {"kid": "only", "typ": "at+jwt"}
"""What a token of a ring of one bare key has beside its algorithm."""


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
        tokens.session_of(jwt.encode(claims, key, algorithm="EdDSA", headers=HEADER))


def test_another_key_is_refused(tokens: Tokens) -> None:
    """Right claims, wrong signer."""
    stranger = Ed25519PrivateKey.generate()
    forged = jwt.encode(_claims(), stranger, algorithm="EdDSA", headers=HEADER)
    with pytest.raises(Unauthenticated):
        tokens.session_of(forged)


def test_the_algorithm_is_not_the_tokens_choice(tokens: Tokens) -> None:
    """Neither "none" nor HMAC under the public key opens anything."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    unsigned = jwt.encode(_claims(), None, algorithm="none", headers=HEADER)
    hmac_signed = jwt.encode(_claims(), public, algorithm="HS256", headers=HEADER)
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


def test_the_same_token_with_our_header_counts(tokens: Tokens) -> None:
    """The tokens above are refused for their fault alone."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    signed = jwt.encode(_claims(), key, algorithm="EdDSA", headers=HEADER)
    assert tokens.session_of(signed) == SESSION


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"kid": None}, id="no key"),
        pytest.param({"kid": ""}, id="empty key"),
        pytest.param({"kid": "other"}, id="unknown key"),
        pytest.param({"kid": "../../etc/passwd"}, id="path"),
        pytest.param({"kid": "x' OR '1'='1"}, id="statement"),
        pytest.param({"kid": "only\x00"}, id="NUL"),
        pytest.param({"typ": None}, id="no type"),
        pytest.param({"typ": "JWT"}, id="any type"),
        pytest.param({"typ": "AT+JWT"}, id="another spelling"),
        pytest.param({"typ": "mailconfig-embed"}, id="type of another token"),
        pytest.param({"jku": "http://127.0.0.1:1/keys"}, id="jku"),
        pytest.param({"jwk": {"kty": "oct", "k": "AAAA"}}, id="jwk"),
        pytest.param({"x5u": "http://127.0.0.1:1/cert"}, id="x5u"),
        pytest.param({"x5c": ["AAAA"]}, id="x5c"),
        pytest.param({"crit": ["exp"], "exp": 1}, id="crit"),
        pytest.param({"b64": False}, id="b64"),
    ],
)
def test_strange_headers_are_refused_alike(tokens: Tokens, header: dict[str, object]) -> None:
    """Under our own key: nothing is looked up, fetched or tried for them, and all read alike."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    named = {name: value for name, value in (HEADER | header).items() if value is not None}
    named = {"typ": None, **named}  # else PyJWT adds its own
    with pytest.raises(Unauthenticated) as refused:
        tokens.session_of(jwt.encode(_claims(), key, algorithm="EdDSA", headers=named))
    assert refused.value.message == "The access token is not valid."


def test_a_key_id_of_another_kind_is_refused(tokens: Tokens) -> None:
    """A number or a list is no id."""
    header, payload, signature = tokens.mint(SESSION, USER).text.split(".")
    for kid in (7, ["only"], {"only": 1}, True):
        strange = json.dumps({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}).encode()
        header = base64.urlsafe_b64encode(strange).rstrip(b"=").decode()
        with pytest.raises(Unauthenticated):
            tokens.session_of(f"{header}.{payload}.{signature}")


def test_another_instance_is_another_issuer(clock: Clock) -> None:
    """The same key behind two addresses: neither takes the tokens of the other."""
    here, there = (Tokens(SEED, 900, clock, f"https://{name}.example") for name in "ab")
    here.session_of(here.mint(SESSION, USER).text)
    with pytest.raises(Unauthenticated):
        there.session_of(here.mint(SESSION, USER).text)


def test_keys_overlap(clock: Clock) -> None:
    """A new key signs, the old one's tokens go on until it leaves the ring, remembered or not."""
    old, new = SigningKey("old", SEED), SigningKey("new", bytes(range(1, 33)))
    ring = SigningRing([old])
    tokens = Tokens(ring, 900, clock)
    before, unseen = tokens.mint(SESSION, USER).text, tokens.mint(SESSION, USER).text
    assert tokens.session_of(before) == SESSION
    ring.replace([new, old])
    after = tokens.mint(SESSION, USER).text
    assert [jwt.get_unverified_header(each)["kid"] for each in (before, after)] == ["old", "new"]
    assert [tokens.session_of(each) for each in (before, after)] == [SESSION] * 2
    ring.replace([new])
    assert tokens.session_of(after) == SESSION
    for gone in (before, unseen):
        with pytest.raises(Unauthenticated):
            tokens.session_of(gone)
