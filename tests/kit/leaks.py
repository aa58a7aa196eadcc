"""Searching for secrets: every form in which a program may write one, in everything it left.

    found = leaks({"password": text}, [Place("log", log.read_bytes())])

Knows nothing of the product's own list of forms, on purpose: one that is forgotten there is found
here. A secret has a core of letters and digits of its own, so that a part of it is found as well.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

_CORE_CHARS: Final = 20
"""Random letters and digits in each secret; 10 of them never come together by chance."""


def new_secret() -> str:
    """Return a password that looks different in every form."""
    return f'{secrets.token_hex(_CORE_CHARS // 2)} "Z\\q7%/+&=<ü>'


def new_token() -> str:
    """Return an access token, in the characters that HTTP allows."""
    return f"ya29.{secrets.token_hex(_CORE_CHARS // 2)}-._~"


def forms(secret: str) -> dict[str, bytes]:
    """Return the forms of a text, by name."""
    raw = secret.encode()
    quoted = quote(secret, safe="")
    as_json = json.dumps(secret)[1:-1]
    found = {
        "raw": raw,
        "percent": quoted.encode(),
        "percent in lower case": _lower_escapes(quoted).encode(),
        "form": quote_plus(secret).encode(),
        "JSON": as_json.encode(),
        "JSON without escapes of letters": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "JSON inside of JSON": json.dumps(as_json)[1:-1].encode(),
        "Python": repr(secret)[1:-1].encode(),
        "Python bytes": repr(raw)[2:-1].encode(),
        "UTF-16 little endian": secret.encode("utf-16-le"),
        "UTF-16 big endian": secret.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "upper-case hex": raw.hex().upper().encode(),
    }
    for offset in range(3):
        inner = _inner_base64(raw, offset)
        found[f"base64 at {offset}"] = inner
        found[f"base64url at {offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def _lower_escapes(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _inner_base64(raw: bytes, offset: int) -> bytes:
    """Return the characters that depend on `raw` alone when `offset` bytes stand before it."""
    padded = bytes(offset) + raw
    whole = base64.b64encode(padded)
    return whole[-(-offset * 8 // 6) : len(padded) * 8 // 6]


@dataclass(frozen=True)
class Place:
    """Bytes that the product left, and where."""

    name: str
    content: bytes


def leaks(
    kept: Mapping[str, str], places: Iterable[Place], allowed: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Say which secrets are where, in which form; `allowed` names pairs of secret and place."""
    ways = {name: _needles(secret) for name, secret in kept.items()}
    legal = set(allowed)
    return [
        f"{name} in {place.name}: {form}"
        for place in places
        for name, needles in ways.items()
        if (name, place.name) not in legal
        for form, needle in needles.items()
        if needle in place.content
    ]


def _needles(secret: str) -> dict[str, bytes]:
    """Return the forms of the whole secret and of its longest run of letters and digits."""
    plain = "".join(each if each.isascii() and each.isalnum() else " " for each in secret)
    core = max(plain.split(), key=len)
    return forms(secret) | {f"part, {name}": form for name, form in forms(core).items()}


def files_below(folder: Path, *, without: str) -> Iterator[Place]:
    """Yield all files of a folder but those in a folder of that name."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and without not in inside.parts:
            yield Place(str(inside), path.read_bytes())
