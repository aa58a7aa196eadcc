"""Tokens of the host application: whose are taken, and which users and roles they make."""

import asyncio
import base64
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from kit.provider import AUDIENCE, ISSUER, Clock, SigningPair, claims, key_set, pair, signed
from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.federation import KeysUnavailable, VerificationKey, subject_digest
from mailconfig.domain.identity import Channel, Principal, Role
from mailconfig.remote.jwks import parsed
from mailconfig.services.federation import HostSettings, HostTokens
from mailconfig.services.subjects import Subjects
from mailconfig.storage.database import Database

ED, ES, RS = pair("ed"), pair("es", "ES256"), pair("rs", "RS256")
STRANGER = pair("ed")
"""Somebody else's key under an id of ours."""


@dataclass
class Published:
    """A key set without a network."""

    pairs: list[SigningPair] = field(default_factory=lambda: [ED, ES, RS])
    asked: list[str | None] = field(default_factory=list)
    down: bool = False

    async def find(self, kid: str | None) -> Sequence[VerificationKey]:
        """Return the keys of an id, or all."""
        self.asked.append(kid)
        if self.down:
            raise KeysUnavailable("down")
        keys = parsed(key_set(*self.pairs))
        return [key for key in keys if kid is None or key.kid == kid]


@dataclass
class Host:
    """Host tokens in a database with one workspace, `default`."""

    database: Database
    keys: Published
    clock: Clock
    tokens: HostTokens

    def with_settings(self, **changes: Any) -> "Host":  # noqa: ANN401 - any setting
        """Return the same with other settings."""
        settings = replace(SETTINGS, **changes)
        made = HostTokens(
            self.keys, Subjects(self.database), settings, self.clock, self.clock.monotonic
        )
        return replace(self, tokens=made)

    async def come(self, **changes: object) -> Principal:
        """Let somebody come with a token of these claims."""
        return await self.tokens.by_token(signed(ED, claims(self.clock.moment, **changes)))

    async def refuses(self, text: str) -> None:
        """Claim that a token is refused by the one sentence."""
        with pytest.raises(Unauthenticated) as refused:
            await self.tokens.by_token(text)
        assert refused.value.message == "The access token is not valid."


SETTINGS = HostSettings(ISSUER, AUDIENCE, cache_seconds=0)


@pytest.fixture
async def host(database: Database) -> Host:
    """A host application that is set up, and its clock."""
    async with database.identity() as identity:
        await identity.create_workspace("default", "Default")
    clock, keys = Clock(), Published()
    made = HostTokens(keys, Subjects(database), SETTINGS, clock, clock.monotonic)
    return Host(database, keys, clock, made)


# -- who is taken ----------------------------------------------------------------------------


@pytest.mark.parametrize("by", [ED, ES, RS], ids=lambda by: by.algorithm)
async def test_a_good_token_makes_a_user_and_a_member(host: Host, by: SigningPair) -> None:
    """Just in time, and the next token is the same one."""
    first = await host.tokens.by_token(signed(by))
    assert (first.role, first.channel, first.session_id) == (Role.MEMBER, Channel.HOST, None)
    assert (first.email, first.scopes, first.is_person) == ("ann@example.org", None, True)
    assert await host.come() == first
    assert (await host.come(sub="u-2")).user_id != first.user_id


async def test_another_algorithm_for_the_same_key(host: Host) -> None:
    """An RSA key whose set says RS256 is not for PS256."""
    await host.refuses(signed(replace(RS, algorithm="PS256")))


def _confused(secret: bytes) -> str:
    """Sign with HS256, as one who takes a public key for a shared secret."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"rs"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    mac = hmac.digest(secret, header + b"." + body, sha256)
    return b".".join((header, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


async def test_a_public_key_is_no_shared_secret(host: Host) -> None:
    """Algorithm confusion (RFC 8725, section 2.1), with each spelling of the key."""
    public = RS.private.public_key()
    spellings = [
        public.public_bytes(encoding, form)
        for encoding, form in (
            (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        )
    ]
    for secret in (*spellings, json.dumps(RS.public()).encode(), b""):
        await host.refuses(_confused(secret))
    assert host.keys.asked == []


async def test_none_is_no_algorithm(host: Host) -> None:
    """In any spelling."""
    for word in ("none", "None", "NONE", "nOnE", ""):
        header = base64.urlsafe_b64encode(json.dumps({"alg": word, "kid": "ed"}).encode())
        body = base64.urlsafe_b64encode(json.dumps(claims()).encode())
        for signature in ("", "AAAA"):
            text = f"{header.decode().rstrip('=')}.{body.decode().rstrip('=')}.{signature}"
            await host.refuses(text)
    assert host.keys.asked == []


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../dev/null"},
        {"kid": "ed' OR '1'='1"},
        {"kid": "x" * 257},
        {"kid": ""},
        {"jku": "https://evil.example.test/jwks.json"},
        {"x5u": "https://evil.example.test/cert.pem", "jku": "https://evil.example.test/"},
        {"jwk": STRANGER.public()},
        {"x5c": ["AAAA"]},
    ],
    ids=["path", "sql", "long", "empty", "jku", "x5u", "jwk", "x5c"],
)
async def test_a_header_brings_no_key_along(host: Host, header: dict[str, object]) -> None:
    """Signed by a stranger, whatever the header says of keys: only the fetched set counts."""
    await host.refuses(signed(STRANGER, **header))


async def test_what_a_header_says_of_keys_is_not_looked_at(host: Host) -> None:
    """With the right signature it changes nothing."""
    assert await host.tokens.by_token(signed(ED, jku="https://evil.example.test/", x5c=["AA"]))


async def test_critical_extensions_are_refused(host: Host) -> None:
    """RFC 7515, section 4.1.11: whoever does not know them refuses."""
    await host.refuses(signed(ED, crit=["b64"], b64=True))


async def test_without_a_key_id_the_algorithm_decides(host: Host) -> None:
    """One key of it: that one; two: none."""
    assert await host.tokens.by_token(signed(ED, kid=None))
    host.keys.pairs.append(pair("other"))
    await host.refuses(signed(ED, claims(jti="2"), kid=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example.test/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**30},
        {"iat": "x"},
        {"nbf": [1]},
    ],
    ids=str,
)
async def test_claims_that_are_not_for_us(host: Host, changes: dict[str, object]) -> None:
    """One refusal for all of them, and nobody is made."""
    said = claims(**changes)
    await host.refuses(signed(ED, said))
    subject = subject_digest(ISSUER, str(said.get("sub")))
    assert await host.database.keys.subject(subject, "default") is None


async def test_an_audience_among_others(host: Host) -> None:
    """A list that holds ours is fine (RFC 7519, section 4.1.3)."""
    assert await host.come(aud=["another", AUDIENCE])


async def test_times_have_a_leeway_and_an_end(host: Host) -> None:
    """Thirty seconds on both sides."""
    now = int(host.clock.moment.timestamp())
    assert await host.come(exp=now - 29)
    assert await host.come(nbf=now + 30)
    await host.refuses(signed(ED, claims(nbf=now + 31)))
    await host.refuses(signed(ED, claims(iat=now + 31)))
    with pytest.raises(Unauthenticated, match="expired"):
        await host.come(exp=now - 30)


async def test_a_remembered_token_ends_in_time(host: Host) -> None:
    """What was verified is still compared with the clock."""
    text = signed(ED)
    await host.tokens.by_token(text)
    assert host.tokens.seconds_left(text) == 630
    host.clock.pass_(629)
    await host.tokens.by_token(text)
    host.clock.pass_(1)
    with pytest.raises(Unauthenticated, match="expired"):
        await host.tokens.by_token(text)


async def test_tokens_that_live_too_long(host: Host) -> None:
    """A day at most, however it is written."""
    now = int(host.clock.moment.timestamp())
    assert await host.come(exp=now + 86_400)
    await host.refuses(signed(ED, claims(exp=now + 86_401)))
    await host.refuses(signed(ED, claims(exp=now + 86_401, iat=None)))
    await host.refuses(signed(ED, claims(iat=now - 90_000)))


async def test_a_withdrawn_key_ends_its_tokens(host: Host) -> None:
    """After five minutes at the latest, also those that were seen before."""
    text = signed(ED, claims(exp=int(host.clock.moment.timestamp()) + 3600))
    await host.tokens.by_token(text)
    host.keys.pairs.remove(ED)
    host.clock.pass_(299)
    await host.tokens.by_token(text)
    host.clock.pass_(1)
    await host.refuses(text)
    assert host.keys.asked == ["ed", "ed"]


async def test_without_keys_nobody_is_let_in(host: Host) -> None:
    """And the sentence says that it may pass."""
    host.keys.down = True
    with pytest.raises(Unauthenticated, match="right now"):
        await host.come()


async def test_what_is_no_token_at_all(host: Host) -> None:
    """Words, dots and bytes."""
    for text in ("", ".", "..", "a.b.c", "é.é.é", "\ud800", "eyJ" * 5000, signed(ED)[:-5]):
        await host.refuses(text)
        assert not host.tokens.issued("a.b.c")
    assert host.tokens.issued(signed(ED))
    assert not host.tokens.issued(jwt.encode({"iss": "mailconfig"}, "x" * 32, "HS256"))


def test_shared_keys_cannot_be_set_up() -> None:
    """The operator cannot allow them by mistake."""
    for word in ("HS256", "none", "RS1"):
        with pytest.raises(ValueError, match="signed with one of"):
            replace(SETTINGS, algorithms=frozenset({"ES256", word}))


# -- whom they make --------------------------------------------------------------------------


async def test_a_claimed_address_takes_no_account_over(host: Host) -> None:
    """A local user and two of the host's may show one address, and stay three."""
    async with host.database.identity() as identity:
        local = await identity.create_user("ann@example.org", "hash")
    first, second = await host.come(), await host.come(sub="u-2")
    assert len({local.id, first.user_id, second.user_id}) == 3
    async with host.database.identity() as identity:
        assert await identity.user_by_email("ann@example.org") == (local, "hash")
        key = f"subject:{subject_digest(ISSUER, 'u-1')}"
        found = await identity.user_by_email(key)
        assert found is not None
        assert found[1] == "!"


async def test_an_address_follows_the_claim(host: Host) -> None:
    """A token without one, or with none that is one, shows ours."""
    assert (await host.come(email="new@example.org")).email == "new@example.org"
    digest = subject_digest(ISSUER, "u-1")
    for claim in (None, "no address", 7):
        assert (await host.come(email=claim)).email == f"user-{digest[:16]}@host.invalid"


async def test_a_role_follows_the_claim(host: Host) -> None:
    """Up and down, the highest of several words, unknown words are the default's."""
    roles = {"boss": Role.ADMIN, "staff": Role.VIEWER}
    host = host.with_settings(role_claim="groups", roles=roles)
    assert (await host.come(groups=["staff", "boss"])).role is Role.ADMIN
    assert (await host.come(groups="staff")).role is Role.VIEWER
    assert (await host.come(groups=["odd", 7])).role is Role.MEMBER
    assert (await host.come()).role is Role.MEMBER
    workspace = (await host.come()).workspace_id
    async with host.database.reading(workspace) as work:
        events = await work.audit.following(None, None, 100)
    assert [(event.action, event.details.get("role")) for event in events] == [
        ("user.create", "ADMIN"),
        ("user.role", "VIEWER"),
        ("user.role", "MEMBER"),
    ]


async def test_without_a_claim_for_them_roles_are_given_here(host: Host) -> None:
    """A token then leaves a member's role alone."""
    came = await host.come()
    async with host.database.work(came.workspace_id) as work:
        assert await work.subjects.set_role(came.user_id, Role.ADMIN)
    assert (await host.come()).role is Role.ADMIN


async def test_the_last_owner_stays_one(host: Host) -> None:
    """A claim does not leave a workspace without; with another owner it counts."""
    roles = {"owner": Role.OWNER, "user": Role.MEMBER}
    host = host.with_settings(role_claim="role", roles=roles)
    assert (await host.come(role="owner")).role is Role.OWNER
    assert (await host.come(role="user")).role is Role.OWNER
    assert (await host.come(sub="u-2", role="owner")).role is Role.OWNER
    host.clock.pass_(300)  # until then the same demand is not tried again
    assert (await host.come(role="user")).role is Role.MEMBER


async def test_the_claim_names_the_workspace(host: Host) -> None:
    """One that there is; others are made only where the operator allows that."""
    host = host.with_settings(workspace_claim="tenant")
    default = await host.come(tenant="default")
    with pytest.raises(Unauthenticated, match="no workspace"):
        await host.come(tenant="acme")
    for claim in (None, "", "Acme", "a b", "../x", 7, ["default"], "x" * 64):
        await host.refuses(signed(ED, claims(tenant=claim)))
    made = await host.with_settings(workspace_claim="tenant", create_workspaces=True).come(
        tenant="acme"
    )
    assert made.user_id == default.user_id
    assert made.workspace_id != default.workspace_id


async def test_many_first_tokens_at_once_make_one_user(host: Host) -> None:
    """A page opens ten requests; each of them would be the first."""
    came = await asyncio.gather(*(host.come(jti=str(n)) for n in range(10)))
    assert len(set(came)) == 1


async def test_who_was_removed_comes_again_with_a_token(host: Host) -> None:
    """The identity provider decides who is a member; what was remembered is forgotten."""
    came = await host.come()
    host.tokens.forget_members()
    assert await host.come() == came
