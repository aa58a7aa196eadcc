"""Keys of the keyring: how they are written, made, judged and kept in a file.

A key is 32 random bytes with an id. Written form: `id:base64`. A key file holds one key a line,
the newest first; empty lines and lines that begin with # are skipped. Its mode is 0600.

Must not: log or repeat a key in an error.
"""

import base64
import binascii
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from mailconfig.domain.errors import Fault

KEY_BYTES: Final = 32
"""AES-256."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LEAST_DISTINCT: Final = 16
"""32 random bytes have about 30 distinct values; fewer than 16 never happen (p < 1e-15)."""
_DATE: Final = re.compile(r"(\d{8})(?:-|$)")
"""How ids of keys begin that `generate_key` has made."""
_PRINTABLE: Final = range(0x20, 0x7F)


class KeyRefused(Fault):
    """A key, a key file or the lack of one is not acceptable; the message says what to do."""

    code = "KEY_REFUSED"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the keyring."""

    id: str
    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse ids that cannot be written and weak material, by KeyRefused."""
        if not _ID.fullmatch(self.id):
            raise KeyRefused("A key id is 1 to 32 letters, digits, - or _.")
        weakness = _weakness(self.material)
        if weakness:
            raise KeyRefused(f"Key {self.id} {weakness}. Make one with: mailconfig keys generate")

    def line(self) -> str:
        """Return the written form."""
        return f"{self.id}:{base64.b64encode(self.material).decode()}"


def _weakness(material: bytes) -> str | None:
    """Name what makes a key guessable, or None: length, patterns, text instead of chance."""
    if len(material) != KEY_BYTES:
        return f"has {len(material)} bytes instead of {KEY_BYTES}"
    written = base64.b64encode(material).decode()
    periods = range(1, KEY_BYTES // 2 + 1)
    wrong = {
        "is a plain sequence": len({(b - a) % 256 for a, b in pairwise(material)}) == 1,
        "is not random: too few different bytes": len(set(material)) < _LEAST_DISTINCT,
        "repeats itself": any(material[period:] == material[:-period] for period in periods),
        "is readable text, not random bytes": all(byte in _PRINTABLE for byte in material),
        # By chance once in 10 billion keys.
        "is words that were taken for base64, not random bytes": written
        in {written.lower(), written.upper()},
    }
    return next((why for why, applies in wrong.items() if applies), None)


def generate_key(now: datetime) -> Key:
    """Make a key; its id begins with the date, so that people can tell keys apart."""
    return Key(f"{now:%Y%m%d}-{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))


def parse_keys(text: str) -> tuple[Key, ...]:
    """Read keys, newest first, separated by commas or lines.

    Raises KeyRefused for none, an unreadable or weak one, or an id used twice.
    """
    lines = (line.strip() for line in re.split(r"[,\n]", text))
    keys = tuple(_parse_key(line) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise KeyRefused("There is no encryption key. Make one with: mailconfig keys generate")
    if len({key.id for key in keys}) < len(keys):
        raise KeyRefused("Two encryption keys have the same id.")
    return keys


def _parse_key(line: str) -> Key:
    """Read one `id:base64`; the text itself never gets into the error."""
    id, colon, encoded = line.partition(":")
    try:
        material = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:  # without one the text is a key and no id, which errors would show
        raise KeyRefused("An encryption key is not of the form id:base64.")
    return Key(id, material)


class KeySource(Protocol):
    """Where the keyring gets its keys."""

    def stamp(self) -> object:
        """Return a value that changes when the keys do. May block."""
        ...

    def read(self) -> tuple[Key, ...]:
        """Return the keys, newest first; raises KeyRefused. May block."""
        ...


class GivenKeys:
    """Keys from the settings: `id:base64`, comma separated, newest first."""

    def __init__(self, text: str) -> None:
        self._keys = parse_keys(text)

    def stamp(self) -> object:
        """Never changes."""
        return None

    def read(self) -> tuple[Key, ...]:
        """Return the keys as given."""
        return self._keys


class KeyFile:
    """Keys from a file that may be replaced while we run."""

    def __init__(self, path: Path, parse: Callable[[str], tuple[Key, ...]] = parse_keys) -> None:
        self.path = path
        self._parse = parse

    def stamp(self) -> object:
        """Return what tells one state of the file from another."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino)

    def read(self) -> tuple[Key, ...]:
        """Return the keys; refuses a missing file and one that others may read."""
        try:
            with self.path.open(encoding="ascii") as lines:
                mode = os.fstat(lines.fileno()).st_mode
                text = lines.read()
        except FileNotFoundError:
            raise KeyRefused(f"There is no key file {self.path}.") from None
        except UnicodeDecodeError:
            raise KeyRefused(f"{self.path} is no key file.") from None
        if mode & 0o077:
            raise KeyRefused(f"{self.path} may be read by others. Run: chmod 600 {self.path}")
        return self._parse(text)


def ensure_key_file(path: Path, now: datetime, *, has_secrets: bool) -> bool:
    """Create a key file with one key where there is none; tell whether it was created.

    `has_secrets` says whether the database holds ciphertext already: then a missing file means a
    lost key, and a new one would only hide that. Raises KeyRefused. Safe against two processes.
    """
    with locked(path):
        if path.exists():
            return False
        if has_secrets:
            raise KeyRefused(
                f"The database holds encrypted secrets, but {path} is missing. Restore it from"
                " your backup; a new key could not open them."
            )
        replace_file(path, generate_key(now).line() + "\n")
        return True


def add_key(path: Path, key: Key) -> None:
    """Put a key on top of a key file, at once for every reader; creates the file."""
    with locked(path):
        older = KeyFile(path).read() if path.exists() else ()
        if any(known.id == key.id for known in older):
            raise KeyRefused(f"There is a key {key.id} already.")
        replace_file(path, "".join(f"{each.line()}\n" for each in (key, *older)))


def key_days(id: str, now: datetime) -> int | None:
    """Return the age of a key in days, by the date that its id begins with; None without one."""
    match = _DATE.match(id)
    try:
        born = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return None if born is None else max((now - born).days, 0)


def renew_key(path: Path, now: datetime, days: int) -> Key | None:
    """Put a new key on top of a key file whose newest is that old; None where it is not.

    A key whose id tells no date is old. Of several processes one makes the key. Raises KeyRefused.
    """
    with locked(path):
        keys = KeyFile(path).read()
        age = key_days(keys[0].id, now)
        if age is not None and age < days:
            return None
        key = generate_key(now)
        replace_file(path, "".join(f"{each.line()}\n" for each in (key, *keys)))
        return key


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time write the key file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, text: str) -> None:
    """Write a file with mode 0600 so that after a crash either the old or the new one is there."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as lines:
        lines.write(text)
        lines.flush()
        os.fsync(lines.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
