"""Telling cheaply that an expression cannot match: the letters that it needs are not in the text.

A text's pairs and triples of letters are noted once; each alternative of each row then costs one
comparison of sets, and only the few that could match are searched. It must never turn a match
away: what it does not understand it lets pass.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

_LENGTHS: Final = (1, 2, 3)
"""Letters noted together; single ones for scripts whose words are that short."""

_EQUAL: Final[dict[int, str | int]] = {
    0x130: "i",  # with a dot above
    0x131: "i",  # without a dot
    0x17F: "s",  # long s
    0xB5: 0x3BC,  # micro sign, mu
    0x3C2: 0x3C3,  # final sigma
    0x3D0: 0x3B2,  # forms of Greek letters in formulas: beta, theta, phi, pi, kappa, rho, epsilon
    0x3D1: 0x3B8,
    0x3D5: 0x3C6,
    0x3D6: 0x3C0,
    0x3F0: 0x3BA,
    0x3F1: 0x3C1,
    0x3F5: 0x3B5,
    0x1E9B: 0x1E61,  # long s with dot
}
"""Letters that match each other without regard to case, but differ when lowered (module re)."""

_MEMBER: Final = re.compile(
    r"\\(?:[dDwWsS]|(?P<zero>[bBAZ])|(?P<white>[nrt])|(?P<kept>[^0-9A-Za-z])|\w)"
    r"|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\((?:\?(?:P<\w+>|[a-z]*(?:-[a-z]+)?:|<?(?P<look>[=!])|>))?)"
    r"|(?P<end>[)|])|(?P<any>[.^$])|(?P<letter>.)",
    re.DOTALL,
)
_COUNT: Final = re.compile(r"(?:[?*+]|\{(?P<least>\d*)(?:,\d*)?\})[?+]?")
_WHITE: Final = {"n": "\n", "r": "\r", "t": "\t"}

Group = frozenset[str]
"""Pairs and triples of letters that a text must hold all of."""
Clause = frozenset[Group]
"""Groups of which a text must hold at least one."""


def fold(text: str) -> str:
    """Make letters equal that an expression takes for equal whatever their case."""
    return text.translate(_EQUAL).lower()


def grams(text: str) -> frozenset[str]:
    """Note the letters, pairs and triples of a text."""
    folded = fold(text)
    return frozenset(
        folded[at : at + length] for length in _LENGTHS for at in range(len(folded) - length + 1)
    )


@dataclass(slots=True)
class _Branch:
    """One alternative while it is read: what it needs, and the run of letters it is in."""

    start: int
    clauses: list[Clause] = field(default_factory=list)
    run: str = ""

    def flush(self) -> None:
        """Note the run of letters that ends here."""
        run, self.run = fold(self.run), ""
        length = min(len(run), _LENGTHS[-1])
        if length > 1 or not run.isascii():
            group = frozenset(run[at : at + length] for at in range(len(run) - length + 1))
            self.clauses.append(frozenset({group}))


class _Reader:
    """Reads an expression's source once, from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def branches(self) -> list[tuple[str, list[Clause]]]:
        """Read up to the closing bracket or the end; each alternative with its own source."""
        found = []
        while True:
            branch = _Branch(self._at)
            self._sequence(branch)
            found.append((self._source[branch.start : self._at], branch.clauses))
            if self._at >= len(self._source) or self._source[self._at] == ")":
                return found
            self._at += 1

    def _sequence(self, branch: _Branch) -> None:
        while member := _MEMBER.match(self._source, self._at):
            if member["end"]:
                break
            self._at = member.end()
            letter = _letter(member)
            if member["open"]:
                self._group(branch, looks=member["look"] is not None)
            elif letter is not None:
                self._add(branch, letter)
            elif not member["zero"] and member["any"] not in {"^", "$"}:
                self._optional()
                branch.flush()
        branch.flush()

    def _add(self, branch: _Branch, letter: str) -> None:
        """Put a letter to the run; one that may be missing or comes again ends it."""
        counted = self._source[self._at : self._at + 1] in set("?*+{")
        if self._optional():
            branch.flush()
            return
        branch.run += letter
        if counted:
            branch.flush()

    def _group(self, branch: _Branch, *, looks: bool) -> None:
        alternatives = self.branches()
        self._at += 1
        optional = self._optional()
        if looks:
            return
        branch.flush()
        if not optional:
            branch.clauses += _joined([clauses for _, clauses in alternatives])

    def _optional(self) -> bool:
        """Read a count, if there is one; tell whether it allows none at all."""
        count = _COUNT.match(self._source, self._at)
        if count is None:
            return False
        self._at = count.end()
        return count[0][0] in "?*" or count["least"] in {"", "0"}


def _letter(member: re.Match[str]) -> str | None:
    white = member["white"]
    return _WHITE[white] if white else member["kept"] or member["letter"]


def _joined(alternatives: list[list[Clause]]) -> list[Clause]:
    """Say what one of several alternatives needs: the surest groups of each, any of them."""
    if len(alternatives) == 1:
        return alternatives[0]
    if not all(alternatives):
        return []
    return [frozenset[Group]().union(*map(_surest, alternatives))]


def _surest(clauses: list[Clause]) -> Clause:
    """Put together what is needed in any case; where nothing is, take the shortest choice."""
    needed = _needed(clauses)
    return frozenset({needed}) if needed else min(clauses, key=len)


def _needed(clauses: list[Clause]) -> Group:
    return frozenset[str]().union(
        *(group for clause in clauses if len(clause) == 1 for group in clause)
    )


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative of an expression, and what a text must hold for it to match."""

    source: str
    all_of: Group
    any_of: tuple[Clause, ...]

    def may_match(self, noted: frozenset[str]) -> bool:
        """Tell whether a text with these letters could match."""
        return self.all_of <= noted and all(
            any(map(noted.issuperset, each)) for each in self.any_of
        )

    def search(self, text: str) -> bool:
        """Search a text for this alternative."""
        return _compiled(self.source).search(text) is not None


@lru_cache(maxsize=8_192)
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source, re.IGNORECASE)


def alternatives(pattern: str) -> tuple[Alternative, ...]:
    """Take an expression apart at its outermost bars."""
    return tuple(_alternatives(pattern))


def _alternatives(pattern: str) -> Iterator[Alternative]:
    for source, clauses in _Reader(pattern).branches():
        several = {clause for clause in clauses if len(clause) > 1}
        yield Alternative(source, _needed(clauses), tuple(sorted(several, key=len)))


class Words:
    """An expression whose alternatives are searched only if a text has their letters."""

    __slots__ = ("_parts", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        """The source; case does not matter."""
        self._parts: tuple[Alternative, ...] | None = None

    def found(self, text: str, noted: frozenset[str]) -> bool:
        """Tell whether a text, whose letters were noted, holds one of the alternatives."""
        if self._parts is None:
            self._parts = alternatives(self.pattern)
        return any(part.may_match(noted) and part.search(text) for part in self._parts)

    def search(self, text: str) -> bool:
        """Tell the same of a text that is looked at once."""
        return self.found(text, grams(text))


def joined(patterns: Iterable[str]) -> Words:
    """Make one of several expressions."""
    return Words("|".join(patterns))
