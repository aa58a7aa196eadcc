"""Sealing: what opens, what does not, and how a running keyring learns of new keys."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from mailconfig.domain.errors import SecretUnreadable
from mailconfig.storage import sealing
from mailconfig.storage.keys import GivenKeys, KeyFile, add_key, generate_key
from mailconfig.storage.sealing import Keyring, SealContext

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTEXT = SealContext(UUID(int=1), UUID(int=2), "incoming", "password")
PLAIN = b"tr\xc3\xa4umerei"


def ring(*keys: sealing.Key) -> Keyring:
    """A keyring of keys, newest first."""
    return Keyring(GivenKeys(",".join(key.line() for key in keys)))


def test_what_is_sealed_opens() -> None:
    """A value opens in its context, shows nothing of itself and never looks the same twice."""
    keyring = ring(generate_key(NOW))
    one, two = keyring.seal(PLAIN, CONTEXT), keyring.seal(PLAIN, CONTEXT)
    assert keyring.open(one.ciphertext, CONTEXT) == PLAIN
    assert PLAIN not in one.ciphertext
    assert one.ciphertext != two.ciphertext
    assert keyring.open(keyring.seal(b"", CONTEXT).ciphertext, CONTEXT) == b""


def test_the_format_is_the_documented_one() -> None:
    """Version, length of the key id, key id, 12 bytes of nonce, then text and 16 bytes of tag."""
    key = generate_key(NOW)
    sealed = ring(key).seal(PLAIN, CONTEXT)
    header = bytes([1, len(key.id)]) + key.id.encode()
    assert sealed.key_id == key.id
    assert sealed.ciphertext.startswith(header)
    assert len(sealed.ciphertext) == len(header) + 12 + len(PLAIN) + 16


def test_any_flipped_bit_is_noticed() -> None:
    """Each single bit of a sealed value, flipped, makes it unreadable."""
    keyring = ring(generate_key(NOW))
    sealed = keyring.seal(PLAIN, CONTEXT).ciphertext
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SecretUnreadable):
            keyring.open(bytes(changed), CONTEXT)


def test_any_cut_is_noticed() -> None:
    """Each shorter value and a longer one are unreadable."""
    keyring = ring(generate_key(NOW))
    sealed = keyring.seal(PLAIN, CONTEXT).ciphertext
    for length in range(len(sealed)):
        with pytest.raises(SecretUnreadable):
            keyring.open(sealed[:length], CONTEXT)
    with pytest.raises(SecretUnreadable):
        keyring.open(sealed + b"\0", CONTEXT)


@pytest.mark.parametrize(
    "context",
    [
        SealContext(UUID(int=9), UUID(int=2), "incoming", "password"),  # another workspace
        SealContext(UUID(int=1), UUID(int=9), "incoming", "password"),  # another row
        SealContext(UUID(int=2), UUID(int=1), "incoming", "password"),  # the two swapped
        SealContext(UUID(int=1), UUID(int=2), "outgoing", "password"),  # another purpose
        SealContext(UUID(int=1), UUID(int=2), "incoming", "access_token"),  # another kind
        SealContext(UUID(int=1), UUID(int=2), "incomingpass", "word"),  # another border
    ],
)
def test_a_moved_value_does_not_open(context: SealContext) -> None:
    """A value is bound to workspace, row, purpose and kind."""
    keyring = ring(generate_key(NOW))
    with pytest.raises(SecretUnreadable, match="changed or moved"):
        keyring.open(keyring.seal(PLAIN, CONTEXT).ciphertext, context)


def test_an_older_key_opens_and_a_newer_one_seals() -> None:
    """With a new key on top old values open, new ones carry its id; without the old key not."""
    old, new = generate_key(NOW), generate_key(NOW)
    before = ring(old).seal(PLAIN, CONTEXT)
    both = ring(new, old)
    assert both.open(before.ciphertext, CONTEXT) == PLAIN
    assert both.seal(PLAIN, CONTEXT).key_id == new.id
    with pytest.raises(SecretUnreadable, match="not in the keyring"):
        ring(new).open(before.ciphertext, CONTEXT)


def test_a_key_of_the_same_id_is_not_the_same_key() -> None:
    """The id only finds the key; other material under it does not open."""
    one, two = generate_key(NOW), generate_key(NOW)
    sealed = ring(one).seal(PLAIN, CONTEXT)
    with pytest.raises(SecretUnreadable):
        ring(sealing.Key(one.id, two.material)).open(sealed.ciphertext, CONTEXT)


async def test_a_running_keyring_takes_up_a_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is put on top of the file is used without a restart; an unknown one at once."""
    path, first = tmp_path / "keys", generate_key(NOW)
    add_key(path, first)
    running, other = Keyring(KeyFile(path)), Keyring(KeyFile(path))
    second = generate_key(NOW)
    add_key(path, second)
    await running.refresh()
    assert running.newest_id == first.id  # asked again within a second
    await running.refresh(needed=second.id)
    assert running.newest_id == second.id
    assert running.knows(first.id)
    monkeypatch.setattr(sealing, "_REFRESH_SECONDS", 0.0)
    await other.refresh()
    assert other.newest_id == second.id


async def test_a_vanished_key_file_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running server goes on with the keys it has."""
    path, key = tmp_path / "keys", generate_key(NOW)
    add_key(path, key)
    keyring = Keyring(KeyFile(path))
    path.unlink()
    monkeypatch.setattr(sealing, "_REFRESH_SECONDS", 0.0)
    await keyring.refresh()
    assert keyring.newest_id == key.id


def test_a_keyring_shows_ids_only() -> None:
    """The repr names the keys and nothing else."""
    key = generate_key(NOW)
    assert repr(ring(key)) == f"Keyring({key.id})"


def test_what_a_value_is_bound_to() -> None:
    """The associated data are these very bytes: others would make all stored secrets unreadable."""
    ids = UUID(int=1), UUID(int=2)
    context = SealContext(*ids, "incoming", "password")
    assert context.associated_data("k1") == (
        b"\x00\x11mailconfig secret\x00\x01\x01\x00\x02k1"
        b"\x00\x10"
        + ids[0].bytes
        + b"\x00\x10"
        + ids[1].bytes
        + b"\x00\x08incoming\x00\x08password"
    )
