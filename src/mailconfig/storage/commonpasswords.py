"""Which passwords are common, by a list that ships with the package.

`commonpasswords.bin` beside this file holds 85,008 passwords of at least 8 characters, as the
first 5 bytes of their SHA-256, sorted: it names none of them, one lookup reads it and keeps nothing
of it, and of 13 million other passwords about one is refused by chance.

It was made by `tools.common_passwords`, which names its sources and says what was taken.
"""

from bisect import bisect_left
from hashlib import sha256
from importlib.resources import files
from typing import Final
from unicodedata import normalize

DIGEST_BYTES: Final = 5
"""Four would refuse one of 50,000 passwords that are not on the list."""
LISTED_MIN_CHARS: Final = 8
"""No shorter password is allowed by any setting."""


def is_common(password: str) -> bool:
    """Tell a common password, in any case and width; reads a file, so call it in a thread."""
    listed = files("mailconfig.storage").joinpath("commonpasswords.bin").read_bytes()
    digest = digest_of(password)
    row = bisect_left(
        range(len(listed) // DIGEST_BYTES), digest, key=lambda number: _row(listed, number)
    )
    return _row(listed, row) == digest


def digest_of(password: str) -> bytes:
    """Return how the list writes a password."""
    return sha256(folded(password).encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def folded(text: str) -> str:
    """Return a text without its case and width (Unicode 16, section 3.13, NFKC_Casefold)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def _row(listed: bytes, number: int) -> bytes:
    return listed[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
