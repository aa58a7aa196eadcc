"""The queries `viewer` and `csrfToken`, and which access tokens count."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.api import ADMIN, MEMBER, PEOPLE, SIGNING_KEY, Api
from mailconfig.domain.clock import utc_now
from mailconfig.services.tokens import Tokens
from mailconfig.storage.signingkeys import signing_ring

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

WHO = "{ viewer { email role } }"
LIST = "{ configs { totalCount } }"


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token claims, without checking it."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def ask(api: Api, query: str, authorization: str) -> dict[str, Any]:
    """Run a query under any Authorization header."""
    headers = {"Authorization": authorization.encode()}
    return (await api.client.post("/graphql", json={"query": query}, headers=headers)).json()


async def test_everybody_learns_who_they_are(api: Api) -> None:
    """Address and role; null for nobody."""
    for name, (role, _) in PEOPLE.items():
        viewer = (await api.data(name, WHO))["viewer"]
        assert viewer == {"email": f"{name}@example.org", "role": role.value}
    assert await api.data(None, WHO) == {"viewer": None}


def forgeries(token: str) -> dict[str, str]:
    """Return tokens that must not count, made from one that does."""
    claims, named = claims_of(token), jwt.get_unverified_header(token)
    kept = {"kid": named["kid"], "typ": named["typ"]}
    seed = base64.b64decode(SIGNING_KEY)
    ours, theirs = (
        Ed25519PrivateKey.from_private_bytes(seed),
        Ed25519PrivateKey.generate(),
    )
    header, payload, signature = token.split(".")
    public = ours.public_key().public_bytes_raw()
    session, user = UUID(claims["sid"]), UUID(claims["sub"])
    ring = signing_ring(SIGNING_KEY)
    past = Tokens(ring, 900, lambda: utc_now() - timedelta(seconds=901))

    def signed(**changes: object) -> str:
        wanted = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(wanted, ours, algorithm="EdDSA", headers=kept)

    def headed(**headers: object) -> str:
        return jwt.encode(claims, ours, algorithm="EdDSA", headers=kept | headers)

    return {
        "another key": jwt.encode(claims, theirs, algorithm="EdDSA", headers=kept),
        "no algorithm": jwt.encode(claims, None, algorithm="none", headers=kept),
        "the public key as a secret": jwt.encode(claims, public, algorithm="HS256", headers=kept),
        "the seed as a secret": jwt.encode(claims, seed, algorithm="HS256", headers=kept),
        "no key id": jwt.encode(claims, ours, algorithm="EdDSA", headers={"typ": kept["typ"]}),
        "another type": headed(typ="JWT"),
        "an unknown key id": headed(kid="other"),
        "a path as key id": headed(kid="../../../../dev/null"),
        "a statement as key id": headed(kid="x' UNION SELECT 'AAAA"),
        "a key along with it": headed(jwk={"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
        "a place of keys": headed(jku="http://127.0.0.1/keys.json"),
        "no signature": f"{header}.{payload}.",
        "another signature": f"{header}.{payload}.{signature[:-4]}AAAA",
        "expired": past.mint(session, user).text,
        "another issuer": signed(iss="somebody"),
        "another audience": signed(aud="somebody"),
        "no session": signed(sid=None),
        "a session that is none": signed(sid="x"),
        "a session of nobody": signed(sid=str(UUID(int=7))),
        "a session that is a number": signed(sid=7),
        "no end": signed(exp=None),
        "an endless end": signed(exp=10**30),
        "empty": "",
        "words": "a.b.c",
        "not ASCII": "\N{LATIN SMALL LETTER E WITH ACUTE}",
    }


async def test_a_forged_token_is_nobody(api: Api) -> None:
    """To `viewer` it is null; everything else is refused as unauthenticated."""
    for name, token in forgeries(await api.token(MEMBER)).items():
        header = f"Bearer {token}"
        answer = await ask(api, WHO, header)
        assert (answer["data"], answer.get("errors")) == ({"viewer": None}, None), name
        answer = await ask(api, LIST, header)
        assert answer["data"] == {"configs": None}, name
        codes = [error["extensions"]["code"] for error in answer["errors"]]
        assert codes == ["UNAUTHENTICATED"], name


async def test_the_same_claims_with_the_right_key_count(api: Api) -> None:
    """The forgeries above fail for their fault alone."""
    token = await api.token(MEMBER)
    claims = claims_of(token)
    ours = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SIGNING_KEY))
    headers = {"kid": jwt.get_unverified_header(token)["kid"], "typ": "at+jwt"}
    again = jwt.encode(claims, ours, algorithm="EdDSA", headers=headers)
    answer = await ask(api, WHO, f"Bearer {again}")
    assert answer["data"]["viewer"]["email"] == "member@example.org"


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
async def test_only_bearer_is_understood(api: Api, scheme: str) -> None:
    """Another scheme is not taken for no sign-in at all."""
    header = f"{scheme} {await api.token(MEMBER)}".strip()
    answer = await ask(api, LIST, header)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_bearer_is_read_in_any_case(api: Api) -> None:
    """RFC 9110, section 11.1: schemes have no case."""
    answer = await ask(api, WHO, f"bearer {await api.token(MEMBER)}")
    assert answer["data"]["viewer"]["email"] == "member@example.org"


async def test_the_csrf_token_belongs_to_its_session(api: Api) -> None:
    """The same session gets the same one, others get others; nobody gets one of no use."""
    query = "{ csrfToken }"
    tokens = [(await api.data(who, query))["csrfToken"] for who in (MEMBER, MEMBER, ADMIN, None)]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3
    assert all(len(token) == 43 for token in tokens)
