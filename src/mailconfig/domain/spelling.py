"""Typing errors in the domains of known providers: gmial.com, hotmail.con; and imitations.

A finding is a hint for a person. The real danger is the false alarm on somebody's own domain, so
each rule below demands more the shorter or the less known a name is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import idna

POPULAR_DOMAINS: Final = frozenset(
    {
        "gmail.com", "googlemail.com",
        "outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr",
        "hotmail.de", "hotmail.it", "hotmail.es", "outlook.de", "outlook.fr", "outlook.es",
        "yahoo.com", "ymail.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es",
        "yahoo.co.in", "yahoo.com.br", "yahoo.co.jp", "aol.com",
        "icloud.com", "me.com", "mac.com",
        "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "t-online.de", "freenet.de",
        "mail.com", "fastmail.com", "zoho.com",
        "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "libero.it", "comcast.net",
        "verizon.net", "btinternet.com", "mail.ru", "yandex.ru", "yandex.com",
        "qq.com", "163.com", "126.com", "naver.com", "seznam.cz",
    }
)  # fmt: skip
"""Domains of services with tens of millions of users, from which most typing errors come."""

_COM_SLIPS: Final = frozenset({"co", "cm", "om"})
"""Top levels that exist but are mostly met as a mistyped com below a popular name."""
_POPULAR_LABEL_CHARS: Final = 5
"""From here on one error in a popular name is taken for one: gmail, yahoo."""
_LABEL_CHARS: Final = 6
"""The same for every other name of the catalogue."""
_LONG_LABEL_CHARS: Final = 7
"""From here on two errors in a popular name are taken for one name: hotmail, outlook."""


_DRAWN_LIKE: Final = str.maketrans(
    "\u0430\u0455\u0441\u0501\u0435\u04bb\u0456\u0458\u043a\u04cf\u043c\u043e\u0440"  # Cyrillic
    "\u051b\u0442\u0475\u051d\u0445\u0443"
    "\u03b1\u03bf\u03c1\u03bd\u03c5\u03b9\u03ba\u03c4"  # Greek
    "\u0131\u0261\u0269\u0140"  # Latin beyond ASCII
    "\u0585\u0578\u057d",  # Armenian
    "ascdehijklmopqtvwxyaopvuiktigilonu",
)
"""Letters of other alphabets and the Latin ones that they are drawn like.

Not the full table of confusables (Unicode UTS 39): these make nearly all that are met.
"""


_KEPT: Final = 1000
"""Domains whose neighbour is remembered: people of one organisation share theirs, and comparing
it with all known ones takes a millisecond."""
_KEPT_CHARS: Final = 253
"""No longer name is a domain (RFC 1035, section 3.1), and none that is one fills memory."""


def drawn_alike(domain: str) -> str | None:
    """Return the ASCII name that a domain of A-labels is drawn like, None where there is none."""
    if "xn--" not in domain:
        return None
    try:
        drawn = idna.decode(domain).translate(_DRAWN_LIKE)
    except idna.IDNAError:
        return None
    return drawn if drawn.isascii() else None


def edit_distance(one: str, other: str, limit: int = 2) -> int:
    """Count insertions, deletions, replacements and swaps of neighbours between two words.

    The optimal string alignment form of the Damerau-Levenshtein distance; beyond `limit` the
    answer is `limit + 1`.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        line = [row]
        for column, right in enumerate(other, 1):
            cost = min(line[-1] + 1, last[column] + 1, last[column - 1] + (left != right))
            swapped = row > 1 and column > 1 and left == other[column - 2] and one[row - 2] == right
            line.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(line) > limit:
            return limit + 1
        before, last = last, line
    return min(last[-1], limit + 1)


class Spelling:
    """Finds the known domain that somebody probably meant; immutable after construction."""

    __slots__ = ("_by_label", "_by_suffix", "_dotless", "_exists", "_kept")

    def __init__(self, domains: Iterable[str], suffix_exists: Callable[[str], bool]) -> None:
        self._exists = suffix_exists
        by_label: defaultdict[str, list[str]] = defaultdict(list)
        by_suffix: defaultdict[str, list[str]] = defaultdict(list)
        self._dotless: dict[str, str] = {}
        for domain in sorted(domains):
            label, _, suffix = domain.partition(".")
            by_label[label].append(suffix)
            by_suffix[suffix].append(label)
            if domain in POPULAR_DOMAINS:
                self._dotless[domain.replace(".", "")] = domain
        self._by_label = {label: tuple(found) for label, found in by_label.items()}
        self._by_suffix = {suffix: tuple(found) for suffix, found in by_suffix.items()}
        self._kept = lru_cache(maxsize=_KEPT)(self._nearest)

    def nearest(self, domain: str) -> str | None:
        """Return the known domain next to an unknown one, None where none is near enough."""
        return self._kept(domain) if len(domain) <= _KEPT_CHARS else self._nearest(domain)

    def _nearest(self, domain: str) -> str | None:
        if "." not in domain:
            return self._dotless.get(domain)
        label, _, suffix = domain.partition(".")
        found = [*self._other_suffix(label, suffix), *self._other_label(label, suffix)]
        if not found:
            return None
        return min(found, key=lambda item: (item[1] not in POPULAR_DOMAINS, *item))[1]

    def _other_suffix(self, label: str, suffix: str) -> Iterable[tuple[int, str]]:
        """Yield domains of the same first label behind a suffix that looks mistyped."""
        for known in self._by_label.get(label, ()):
            domain = f"{label}.{known}"
            famous = domain in POPULAR_DOMAINS and len(label) >= _POPULAR_LABEL_CHARS
            if self._slip(suffix, known) and (famous or not self._exists(suffix)):
                yield 1, domain

    def _other_label(self, label: str, suffix: str) -> Iterable[tuple[int, str]]:
        """Yield domains whose first label is near, behind the same suffix or a mistyped one."""
        for known_suffix in (suffix, "com"):
            slip = known_suffix != suffix
            if slip and not self._slip(suffix, known_suffix):
                continue
            for known in self._by_suffix.get(known_suffix, ()):
                popular = f"{known}.{known_suffix}" in POPULAR_DOMAINS
                distance = edit_distance(label, known, _errors_allowed(known, popular=popular))
                if _near(label, known, distance, popular=popular) and (popular or not slip):
                    yield distance + slip, f"{known}.{known_suffix}"

    def _slip(self, typed: str, known: str) -> bool:
        """Tell whether a suffix is a mistyped one: it does not exist, or is a slip for com."""
        if typed == known or edit_distance(typed, known, 1) > 1:
            return False
        return (known == "com" and typed in _COM_SLIPS) or not self._exists(typed)


def _errors_allowed(known: str, *, popular: bool) -> int:
    return 2 if popular and len(known) >= _LONG_LABEL_CHARS else 1


def _near(label: str, known: str, distance: int, *, popular: bool) -> bool:
    """Judge the distance of two different labels by how long and how known the second one is."""
    if not 0 < distance <= _errors_allowed(known, popular=popular):
        return False
    if len(known) >= (_POPULAR_LABEL_CHARS if popular else _LABEL_CHARS):
        return True
    # Of short names only swapped letters are taken for an error: gxm.de, but not gmy.de.
    return popular and sorted(label) == sorted(known)
