"""The form of API keys, which a scanner checks without us."""

import base64
import re
import secrets
import zlib

import pytest

from mailconfig.domain.apikeys import key_of, read_scopes, well_formed, written
from mailconfig.domain.identity import Scope

RANDOM = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


def _checksum(body: str) -> str:
    """Work the checksum out as docs/machines.md says it."""
    words = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = zlib.crc32(body.encode())
    return "".join(words[number // 62**place % 62] for place in range(5, -1, -1))


def test_a_key_has_its_documented_form() -> None:
    """Prefix, 43 characters of chance, and six that can be worked out from the others."""
    key = key_of(RANDOM)
    assert re.fullmatch(r"mck_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}", key)
    assert key[:-6] == f"mck_{RANDOM}"
    assert key[-6:] == _checksum(f"mck_{RANDOM}")
    assert well_formed(key)


def test_every_fresh_key_is_well_formed() -> None:
    """Also those whose chance holds - and _."""
    assert all(well_formed(key_of(secrets.token_urlsafe(32))) for _ in range(200))


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: key + "a",
        lambda key: key[:10] + ("x" if key[10] != "x" else "y") + key[11:],
        lambda key: key.replace("mck_", "mce_"),
        lambda key: key[:-6] + "000000",
        lambda key: key[:4] + "é" + key[5:],
        lambda key: key[:4] + "+" + key[5:],
        lambda _: "mck_",
        lambda _: "",
    ],
    ids=[
        "shorter",
        "longer",
        "letter",
        "prefix",
        "checksum",
        "not-ascii",
        "other-base64",
        "prefix-alone",
        "empty",
    ],
)
def test_a_changed_word_is_no_key(change: object) -> None:
    """One character is enough."""
    assert callable(change)
    assert not well_formed(change(key_of(RANDOM)))


def test_scopes_are_written_in_their_order_and_read_back() -> None:
    """A row holds words with spaces between them; a word that is none is an error."""
    text = written([Scope.TESTS_RUN, Scope.CONFIGS_READ, Scope.TESTS_RUN])
    assert text == "configs:read tests:run"
    assert read_scopes(text) == {Scope.CONFIGS_READ, Scope.TESTS_RUN}
    assert read_scopes("") == frozenset()
    with pytest.raises(ValueError, match="everything"):
        read_scopes("everything")
