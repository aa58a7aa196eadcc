"""Names of uploaded files: what a stranger typed becomes what may be shown and saved.

Threat: a name that leaves its folder, hides its ending by bidirectional marks (RLO: "gnp.exe"
shown as "exe.png"), breaks a header or a log line, or is too long to save.
"""

import re
import unicodedata
from typing import Final

FILENAME_MAX_BYTES: Final = 180
"""In UTF-8. File systems take 255; this leaves room for what programs add."""
_FALLBACK: Final = "file"
_RESERVED: Final = re.compile(r'[<>:"|?*]')
"""Characters that Windows has other uses for."""
_ENDING_MAX: Final = 16
"""Longest part after the last dot that is kept whole when a name is cut."""


def clean_filename(name: str | None) -> str:
    """Return the last part of a name without control, format and reserved characters.

    At most FILENAME_MAX_BYTES; "file" when nothing is left. The ending survives a cut.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    # Categories C*: control, format (bidi and zero-width), surrogate, private, unassigned;
    # Z*: separators, of which U+2028 breaks lines.
    shown = "".join(
        " " if unicodedata.category(char)[0] == "Z" else char
        for char in unicodedata.normalize("NFC", last)
        if unicodedata.category(char)[0] != "C"
    )
    plain = " ".join(_RESERVED.sub("_", shown).split()).strip(". ")
    return _cut(plain) or _FALLBACK


def with_ending(name: str, endings: tuple[str, ...]) -> str:
    """Return the name with one of the endings, the first one appended if it has none of them."""
    if name.lower().endswith(endings):
        return name
    return _cut(name, room=len(endings[0])) + endings[0]


def _cut(name: str, room: int = 0) -> str:
    limit = FILENAME_MAX_BYTES - room
    if len(name.encode()) <= limit:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > _ENDING_MAX:
        stem, dot, ending = name, "", ""
    kept = stem.encode()[: limit - len((dot + ending).encode())].decode(errors="ignore")
    return kept.rstrip() + dot + ending
