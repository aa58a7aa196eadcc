"""Signing keys: forms, the file, rotation, and servers that notice it."""

import asyncio
import base64
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailconfig.domain.signing import Signer
from mailconfig.storage import signingkeys
from mailconfig.storage.keys import Key, KeyRefused
from mailconfig.storage.signingkeys import (
    GivenSigningKeys,
    SigningKeys,
    ensure_signing_key_file,
    generate_signing_key,
    parse_signing_keys,
    rotate_signing_keys,
    signing_key_file,
)

BARE = "q0m3fIh8v0aV2w3aJwEo3nXc5uJYlqk1yYzR7m5lq2E="
OTHER = generate_signing_key(datetime(2026, 11, 1, tzinfo=UTC))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = 24 * 3600


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is to be."""
    return tmp_path / "keys" / "signing.key"


def ids(path: Path) -> list[str]:
    """Return the ids in a file, in their order."""
    return [key.id for key in signing_key_file(path).read()]


def test_a_bare_key_has_an_id_of_its_own() -> None:
    """Each process derives the same one, which tells nothing of the key."""
    ((first,), (second,)) = parse_signing_keys(BARE), parse_signing_keys(f"\n{BARE}\n")
    assert first == second
    assert first.material == base64.b64decode(BARE)
    assert len(first.id) == 16
    assert first.id not in BARE


def test_several_keys_are_newest_first() -> None:
    """With commas or lines, bare ones among them."""
    for text in (f"{OTHER.line()},{BARE}", f"# keys\n{OTHER.line()}\n\n{BARE}\n"):
        assert [key.material for key in parse_signing_keys(text)] == [
            OTHER.material,
            base64.b64decode(BARE),
        ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The signing key is not 32 bytes in base64."),
        ("geheim", "The signing key is not 32 bytes in base64."),
        ("id:geheim", "The signing key is not 32 bytes in base64."),
        (base64.b64encode(bytes(32)).decode(), "A signing key is not random"),
        (base64.b64encode(b"password" * 4).decode(), "A signing key is not random"),
        (f"no id:{BARE}", "A signing key is not random, or its id"),
        (f":{BARE}", "A signing key is not random, or its id"),
        (f"a:{BARE},a:{BARE}", "Two signing keys have the same id."),
    ],
)
def test_other_texts_are_refused(text: str, sentence: str) -> None:
    """With a sentence that does not repeat them."""
    with pytest.raises(KeyRefused) as refused:
        parse_signing_keys(text)
    assert refused.value.message.startswith(sentence)
    assert "geheim" not in refused.value.message
    assert BARE not in refused.value.message


def test_the_file_is_made_once_and_for_its_owner(path: Path) -> None:
    """A second process finds the first one's key."""
    ensure_signing_key_file(path, NOW)
    first = path.read_text()
    ensure_signing_key_file(path, NOW)
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyRefused, match="may be read by others"):
        SigningKeys(signing_key_file(path))


def test_rotation_keeps_what_may_be_in_use(path: Path) -> None:
    """A key goes when the one after it is older than the overlap; a bare one goes likewise."""
    path.parent.mkdir()
    path.write_text(f"{BARE}\n")
    path.chmod(0o600)
    (bare,) = ids(path)
    first, dropped = rotate_signing_keys(path, NOW, 2 * DAY)
    assert (ids(path), dropped) == ([first.id, bare], ())
    second, dropped = rotate_signing_keys(path, NOW + timedelta(days=1), 2 * DAY)
    assert (ids(path), dropped) == ([second.id, first.id, bare], ())
    third, dropped = rotate_signing_keys(path, NOW + timedelta(days=2), 2 * DAY)
    assert ids(path) == [third.id, second.id, first.id]
    assert [key.id for key in dropped] == [bare]
    fourth, dropped = rotate_signing_keys(path, NOW + timedelta(days=9), 0)
    assert ids(path) == [fourth.id]
    assert [key.id for key in dropped] == [third.id, second.id, first.id]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "signing.key",
        "signing.key.lock",
    ]


async def test_a_running_server_notices(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key verifies at once and signs when all have noticed it; a dropped one is no more."""
    seconds = 1000.0
    monkeypatch.setattr(signingkeys.time, "monotonic", lambda: seconds)
    ensure_signing_key_file(path, NOW)
    (old,) = ids(path)
    keys = SigningKeys(signing_key_file(path))
    signer = Signer(keys.ring).derive("test")
    before = signer.sign("x")
    new, _ = rotate_signing_keys(path, NOW, DAY)
    await keys.refresh()
    fresh = Signer(new.material).derive("test").sign("x")
    assert (keys.ring.signing.id, signer.sign("x")) == (old, before)
    assert signer.verify(fresh, "x")
    seconds += 2.9
    await keys.refresh()
    assert keys.ring.signing.id == old
    seconds += 0.1
    await keys.refresh()
    assert (keys.ring.signing.id, signer.sign("x")) == (new.id, fresh)
    assert signer.verify(before, "x")
    rotate_signing_keys(path, NOW, 0)
    await keys.refresh()
    assert not signer.verify(before, "x")
    assert not signer.verify(fresh, "x")
    assert [key.id for key in keys.ring.keys] == ids(path)


def test_a_broken_file_changes_nothing(path: Path) -> None:
    """The keys that are known go on."""
    ensure_signing_key_file(path, NOW)
    keys = SigningKeys(signing_key_file(path))
    known = keys.ring.keys
    path.write_text("geheim")
    with pytest.raises(KeyRefused):
        asyncio.run(keys.refresh())
    path.unlink()
    asyncio.run(keys.refresh())
    assert keys.ring.keys is known


async def test_given_keys_never_change() -> None:
    """From the settings they are read once."""
    keys = SigningKeys(GivenSigningKeys(f"{Key('b', OTHER.material).line()},{BARE}"))
    known = keys.ring.keys
    await keys.refresh()
    assert keys.ring.keys is known
    assert keys.ring.signing.id == "b"
