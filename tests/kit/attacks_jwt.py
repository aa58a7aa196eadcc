"""Forged JSON Web Tokens, made of a real one: RFC 8725 as an attacker reads it.

    for name, text in forgeries(token, private, others):
        ...

`private` is the key that really signs; whoever has it makes tokens that are wrong in one claim or
header only. Must not know what refuses them.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

EVIL: Final = "https://keys.evil.example/jwks.json"
ATTACKER: Final = Ed25519PrivateKey.from_private_bytes(b"\x66" * 32)
KEY_IDS: Final[tuple[object, ...]] = (
    "../../../../dev/null",
    "/dev/null",
    "' UNION SELECT 'AA' -- ",
    "| id",
    "",
    "\x00",
    "*",
    EVIL,
    "no such key",
    0,
    None,
    True,
    ["host-1"],
    {"kid": "host-1"},
)
"""Ids that lead a careless look-up to a key that the attacker knows."""
Signs = Callable[[bytes], bytes]
Part = Mapping[str, Any]


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token, whoever signed it."""
    header = jwt.get_unverified_header(token)
    return header, jwt.decode(token, options={"verify_signature": False})


def written(header: Part, payload: Part, sign: Signs) -> str:
    """Return a token with exactly these parts (RFC 7515, section 3.1)."""
    body = b".".join(_encoded(json.dumps(part).encode()) for part in (header, payload))
    return (body + b"." + _encoded(sign(body))).decode()


def forgeries(
    token: str, private: Ed25519PrivateKey, others: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield names and texts of what must be refused; `others` are tokens of other kinds of ours."""
    header, payload = read(token)
    yield from _algorithms(header, payload, private)
    yield from _brought_keys(header, payload, private)
    yield from _shapes(token)
    for name, value in {
        "another audience": {"aud": "https://somebody.else.example"},
        "an audience in part": {"aud": f"{payload['aud']}x"},
        "no audience": {"aud": None},
        "an empty audience": {"aud": []},
        "another issuer": {"iss": "https://evil.example"},
        "no issuer": {"iss": None},
        "its end in the past": {"exp": 1},
        "no end": {"exp": None},
        "an end that is no number": {"exp": "never"},
    }.items():
        changed = {key: kept for key, kept in (payload | value).items() if kept is not None}
        yield name, written(header, changed, private.sign)
    for kind, text in others.items():
        other_header, other_payload = read(text)
        yield f"claims of {kind}", written(header, other_payload, private.sign)
        if header.get("typ") != "JWT":  # a host application's may have any type, or none
            mixed = header | {"typ": other_header.get("typ")}
            yield f"type of {kind}", written(mixed, payload, private.sign)
            yield f"header of {kind}", written(other_header, payload, private.sign)


def _algorithms(
    header: Part, payload: Part, private: Ed25519PrivateKey
) -> Iterator[tuple[str, str]]:
    for word in ("none", "None", "NONE", "nOnE", "", None, ["EdDSA"]):
        for name, signature in (("nothing", b""), ("our signature", None)):
            sign = private.sign if signature is None else _always(signature)
            yield f"alg {word} with {name}", written({**header, "alg": word}, payload, sign)
    for name, secret in public_spellings(private).items():
        yield f"HS256 by {name}", written({**header, "alg": "HS256"}, payload, _hmac(secret))
    curve = ec.generate_private_key(ec.SECP256R1())
    with_curve = jwt.encode(dict(payload), curve, "ES256", headers=dict(header) | {"alg": "ES256"})
    yield "ES256 by a key of one's own", with_curve
    yield "EdDSA by a key of one's own", written(header, payload, ATTACKER.sign)
    yield "EdDSA under another name", written({**header, "alg": "Ed25519"}, payload, private.sign)


def _brought_keys(
    header: Part, payload: Part, private: Ed25519PrivateKey
) -> Iterator[tuple[str, str]]:
    own = OKPAlgorithm.to_jwk(ATTACKER.public_key(), as_dict=True)
    empty = {"kty": "oct", "k": ""}
    brought: dict[str, object] = {
        "jwk": own,
        "jku": EVIL,
        "x5u": EVIL,
        "x5c": [base64.b64encode(b"certificate").decode()],
        "crit": ["exp"],
    }
    for name, value in brought.items():
        yield f"{name} of one's own", written({**header, name: value}, payload, ATTACKER.sign)
    for kid in KEY_IDS:
        named = {**header, "kid": kid}
        yield f"kid {kid!r} by a key of one's own", written(named, payload, ATTACKER.sign)
        for secret in (b"", b"\x00", b"AA"):
            confused = {**named, "alg": "HS256"}
            yield f"kid {kid!r} by {secret!r}", written(confused, payload, _hmac(secret))
    symmetric = {**header, "alg": "HS256", "jwk": empty}
    yield "an empty key of one's own", written(symmetric, payload, _hmac(b""))
    yield (
        "a critical extension under our key",
        written({**header, "crit": ["b64"], "b64": False}, payload, private.sign),
    )


def _shapes(token: str) -> Iterator[tuple[str, str]]:
    head, body, signature = token.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    for name, parts in {
        "two parts": (head, body),
        "no signature": (head, body, ""),
        "a part more": (head, body, signature, signature),
        "five empty parts": ("", "", "", "", ""),
        "half a signature": (head, body, signature[:43]),
        "a doubled signature": (head, body, signature + signature),
        "a changed first letter": (head, body, flipped + signature[1:]),
    }.items():
        yield name, ".".join(parts)
    general = {"payload": body, "signatures": [{"protected": head, "signature": signature}]}
    yield "the JSON form", json.dumps(general)  # RFC 7515, section 7.2


def public_spellings(private: Ed25519PrivateKey) -> dict[str, bytes]:
    """Return what everybody may know of a key, in each form that might be taken for a secret."""
    public = private.public_key()
    jwk: dict[str, Any] = OKPAlgorithm.to_jwk(public, as_dict=True)
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "raw": public.public_bytes_raw(),
        "PEM": public.public_bytes(pem, info),
        "PEM without its end": public.public_bytes(pem, info).strip(),
        "DER": public.public_bytes(der, info),
        "JWK": json.dumps(jwk).encode(),
        "x": str(jwk["x"]).encode(),
        "nothing": b"",
        "mailconfig": b"mailconfig",
    }


def _always(signature: bytes) -> Signs:
    return lambda _: signature


def _hmac(secret: bytes) -> Signs:
    return lambda body: hmac.digest(secret, body, sha256)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
