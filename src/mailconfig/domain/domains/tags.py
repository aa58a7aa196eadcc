"""Tag lists, the form of DKIM, DMARC, MTA-STS and TLS-RPT records: `v=X; name=value; ...`."""

from collections.abc import Mapping
from typing import Final

from mailconfig.domain.text import cut, tidy

SHOWN_MAX_CHARACTERS: Final = 1000
"""How much of a record is shown: a DKIM key of 4096 bits has about 750."""


def tags_of(text: str) -> Mapping[str, str]:
    """Return the tags by lower-case name; the first of a repeated name counts, junk is skipped."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def is_version(text: str, version: str) -> bool:
    """Tell whether a record begins with `v=version`, white space around the equals sign allowed."""
    name, _, value = text.split(";", maxsplit=1)[0].partition("=")
    return name.strip().lower() == "v" and value.strip() == version


def shown(text: str) -> str:
    """Return a stranger's record as it may be shown."""
    return cut(tidy(text), SHOWN_MAX_CHARACTERS)
