"""Keys: what is refused, how files are written and noticed."""

import base64
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailconfig.storage.keys import (
    Key,
    KeyFile,
    KeyRefused,
    add_key,
    ensure_key_file,
    generate_key,
    parse_keys,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = base64.b64decode("mTlUDB5vlc+3LLwJQrU9Oxx8kNYOrxa1QOmUupCIe4g=")


@pytest.mark.parametrize(
    ("material", "reason"),
    [
        (GOOD[:31], "31 bytes instead of 32"),
        (GOOD[:16], "16 bytes instead of 32"),
        (GOOD + b"x", "33 bytes instead of 32"),
        (b"", "0 bytes instead of 32"),
        (bytes(32), "plain sequence"),  # what a forgotten initialisation leaves
        (b"\xff" * 32, "plain sequence"),
        (bytes(range(32)), "plain sequence"),  # the sample of many tutorials
        (bytes(range(32, 0, -1)), "plain sequence"),
        (bytes(range(0, 64, 2)), "plain sequence"),
        (GOOD[:8] * 4, "too few different bytes"),
        (GOOD[:15] + GOOD[:15] + GOOD[:2], "too few different bytes"),
        (b"correct horse battery staple 32!", "readable text"),
        (b"0123456789abcdefFEDCBA9876543210", "readable text"),  # hex taken for bytes
    ],
)
def test_weak_keys_are_refused(material: bytes, reason: str) -> None:
    """Guessable material is refused with a reason and without repeating it."""
    with pytest.raises(KeyRefused, match=reason) as refusal:
        Key("k", material)
    assert "mailconfig keys generate" in refusal.value.message


@pytest.mark.parametrize("id", ["", "a:b", "a b", "é", "x" * 33, "a\n"])
def test_key_ids_are_plain(id: str) -> None:
    """An id must fit into a line and into one byte of length."""
    with pytest.raises(KeyRefused, match="key id"):
        Key(id, GOOD)


def test_a_key_does_not_show_itself() -> None:
    """Neither repr nor refusal of a key holds its material."""
    key = Key("k", GOOD)
    assert repr(key) == "Key(id='k')"
    with pytest.raises(KeyRefused) as refusal:
        parse_keys("k:hunter2hunter2!")
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_keys_are_read_newest_first() -> None:
    """Commas and lines separate keys; comments and spaces do not count."""
    one, two = generate_key(NOW), generate_key(NOW)
    assert parse_keys(f" {two.line()} , {one.line()}") == (two, one)
    assert parse_keys(f"# keys\n\n{two.line()}\n{one.line()}\n") == (two, one)
    assert one.id.startswith("20261122-")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no encryption key"),
        ("# nothing", "no encryption key"),
        ("mTlUDB5vlc+3LLwJQrU9Oxx8kNYOrxa1QOmUupCIe4g=", "form id:base64"),
        ("key 1:mTlUDB5vlc+3LLwJQrU9Oxx8kNYOrxa1QOmUupCIe4g=", "key id"),
        ("k:not base64", "form id:base64"),
        (f"k:{base64.b64encode(GOOD).decode()}," * 2, "same id"),
    ],
)
def test_unreadable_key_texts_are_refused(text: str, reason: str) -> None:
    """Each mistake in a list of keys has its sentence."""
    with pytest.raises(KeyRefused, match=reason):
        parse_keys(text)


def test_a_missing_file_is_created_once(tmp_path: Path) -> None:
    """The first start makes a key with mode 0600; the next one finds it."""
    path = tmp_path / "data" / "keys"
    assert ensure_key_file(path, NOW, has_secrets=False) is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = KeyFile(path).read()
    assert len(keys) == 1
    assert ensure_key_file(path, NOW, has_secrets=True) is False
    assert KeyFile(path).read() == keys


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    """With ciphertext in the database a missing key file is refused and nothing is created."""
    with pytest.raises(KeyRefused, match="Restore it"):
        ensure_key_file(tmp_path / "keys", NOW, has_secrets=True)
    assert not (tmp_path / "keys").exists()


def test_concurrent_starts_agree_on_one_key(tmp_path: Path) -> None:
    """Of eight first starts at once exactly one creates the key."""
    created = []

    def start() -> None:
        created.append(ensure_key_file(tmp_path / "keys", NOW, has_secrets=False))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(created) == [False] * 7 + [True]
    assert len(KeyFile(tmp_path / "keys").read()) == 1


def test_a_new_key_goes_on_top(tmp_path: Path) -> None:
    """Adding keeps the older keys, the mode, and changes the stamp."""
    path, first, second = tmp_path / "keys", generate_key(NOW), generate_key(NOW)
    add_key(path, first)
    before = KeyFile(path).stamp()
    add_key(path, second)
    assert KeyFile(path).read() == (second, first)
    assert KeyFile(path).stamp() != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeyRefused, match="already"):
        add_key(path, first)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keys", "keys.lock"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The refusal says which command mends it."""
    path = tmp_path / "keys"
    add_key(path, generate_key(NOW))
    path.chmod(mode)
    with pytest.raises(KeyRefused, match="chmod 600"):
        KeyFile(path).read()


def test_other_files_are_no_key_files(tmp_path: Path) -> None:
    """A missing and a binary file have their own sentences."""
    with pytest.raises(KeyRefused, match="There is no key file"):
        KeyFile(tmp_path / "keys").read()
    path = tmp_path / "binary"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, bytes(range(256)))
    os.close(descriptor)
    with pytest.raises(KeyRefused, match="no key file"):
        KeyFile(path).read()


@pytest.mark.parametrize(
    ("material", "why"),
    [
        (bytes(32), "is a plain sequence"),
        (bytes(range(16)) * 2, "repeats itself"),
        (bytes.fromhex("8f3ac1d2e4b5967708192a3b4c5d6e7f") * 2, "repeats itself"),
        (b"correct horse battery staple 123", "is readable text, not random bytes"),
        (
            base64.b64decode("correcthorsebatterystaplecorrecthorsebatter="),
            "is words that were taken for base64, not random bytes",
        ),
        (
            base64.b64decode("CHANGETHISBEFORETHEFIRSTSTARTOFTHESERVICEOK="),
            "is words that were taken for base64, not random bytes",
        ),
    ],
)
def test_words_and_patterns_are_no_keys(material: bytes, why: str) -> None:
    """What people type instead of a random key is named for what it is."""
    with pytest.raises(KeyRefused, match=rf"^Key k {why}\. Make one with: mailconfig keys gen"):
        Key("k", material)
