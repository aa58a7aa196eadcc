"""Forged tokens over HTTP: access, embed and host tokens, wrong in one thing only.

Each forgery is shown to the whole application, which answers as if nobody were there, asks no
address that a token names and writes nothing. The same token signed anew without a fault opens.
"""

import hmac
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.api import SIGNING_KEY
from kit.attacks import Purse, errors_of, graphql, open_purse
from kit.attacks_jwt import forgeries, read, written
from kit.rowdump import all_rows
from mailconfig.settings import Settings
from mailconfig.storage.signingkeys import signing_ring

QUERY = "{ viewer { id } }"
LIST = "{ configs { nodes { id } } }"
PREFIX = {"access": "", "embed": "mce_", "host": ""}


@pytest.fixture
def engine() -> str:
    """Signatures are not stored."""
    return "sqlite"


@pytest.fixture
async def purse(
    app_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Purse]:
    """One of each kind."""
    async with open_purse(app_settings, tmp_path, monkeypatch) as opened:
        yield opened


def keys(purse: Purse) -> Mapping[str, Ed25519PrivateKey]:
    """Return the key that signs tokens of each kind."""
    seed = signing_ring(SIGNING_KEY).signing.seed
    embed = hmac.digest(seed, b"mailconfig embed tokens", sha256)
    return {
        "access": Ed25519PrivateKey.from_private_bytes(seed),
        "embed": Ed25519PrivateKey.from_private_bytes(embed),
        "host": purse.pair.private,
    }


async def viewer(purse: Purse, text: str) -> object:
    """Return whom a token lets in; None for nobody."""
    answer = await graphql(purse.api, QUERY, Authorization=f"Bearer {text}")
    return answer.json()["data"]["viewer"]


async def test_no_forged_token_lets_in(purse: Purse) -> None:
    """None of some hundred, of each kind; they all read alike, and nothing is fetched for them."""
    real = {kind: purse.held[kind].removeprefix(prefix) for kind, prefix in PREFIX.items()}
    for kind, private in keys(purse).items():
        header, payload = read(real[kind])
        anew = written(header, payload, private.sign)
        assert await viewer(purse, PREFIX[kind] + anew) is not None, kind
    before = await all_rows(purse.api.settings.effective_database_url)
    asked = [request.host for request in purse.web.requests]
    sentences = set()
    for kind, private in keys(purse).items():
        others = {name: text for name, text in real.items() if name != kind}
        made = list(forgeries(real[kind], private, others))
        assert len(made) > 90
        for name, text in made:
            shown = f"Bearer {PREFIX[kind]}{text}"
            assert await viewer(purse, PREFIX[kind] + text) is None, (kind, name)
            answer = await graphql(purse.api, LIST, Authorization=shown)
            assert '"UNAUTHENTICATED"' in errors_of(answer), (kind, name)
            assert answer.json()["data"] == {"configs": None}, (kind, name)
            sentences.add(answer.json()["errors"][0]["message"])
    # The end of a token that is ours by its signature may be told; all else reads alike.
    assert sentences <= {
        "The access token is not valid.",
        "The access token has expired.",
        "The embed token is not valid.",
        "The embed token has expired.",
    }
    assert "keys.evil.example" not in purse.web.names
    assert {request.host for request in purse.web.requests} <= {*asked, "id.example.test"}
    assert await all_rows(purse.api.settings.effective_database_url) == before


async def test_keys_of_one_kind_sign_no_other(purse: Purse) -> None:
    """Claims and header of one kind, right in everything, under the key of each other kind."""
    real = {kind: purse.held[kind].removeprefix(prefix) for kind, prefix in PREFIX.items()}
    for kind, text in real.items():
        header, payload = read(text)
        for other, private in keys(purse).items():
            shown = PREFIX[kind] + written(header, payload, private.sign)
            assert (await viewer(purse, shown) is not None) == (other == kind), (kind, other)
