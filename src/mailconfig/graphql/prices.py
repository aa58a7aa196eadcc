"""Prices: how many points an operation costs, as a sum of products of page sizes.

One point stands for one object that the answer may hold, in the manner of GitHub's node count.
Sizes that come by variables stay names, so that a document is measured once and priced for each
request by a few multiplications. Must not know the schema: `limits` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

CEILING: Final = 10**9
"""Where counts stop growing: far above every limit, and small enough for quick arithmetic."""
_MOST_TERMS: Final = 16
"""Products kept apart in one price; beyond it variables count as the largest page, so that
fragments in fragments with a variable each cannot make a short document slow to measure."""


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of a list whose size variables say."""

    names: tuple[str, ...]
    """Variables of its slicing arguments; the largest that has a value counts."""
    floor: int | None
    """What a slicing argument beside them says in the document itself."""
    default: int
    """Rows when none has a value."""
    most: int
    """Rows that the field accepts at most."""

    def rows(self, variables: Mapping[str, Any]) -> int:
        """Return the rows; what the field will refuse counts as what it could be at most."""
        sizes = [] if self.floor is None else [self.floor]
        for name in self.names:
            value = variables.get(name)
            if isinstance(value, list):
                sizes.append(len(value))
            elif isinstance(value, int):
                sizes.append(value)
        return max(0, min(max(sizes, default=self.default), self.most))


Term = tuple[Size, ...]
"""Sizes that are multiplied with one another."""


@dataclass(frozen=True, slots=True)
class Price:
    """Points of an operation."""

    known: int = 0
    """Points that no variable changes."""
    terms: Mapping[Term, int] = field(default_factory=dict)
    """Points to multiply with the sizes of their term."""

    def points(self, variables: Mapping[str, Any]) -> int:
        """Return the points of a request with these variables, at most CEILING."""
        total = self.known
        for term, points in self.terms.items():
            total += points * prod(size.rows(variables) for size in term)
        return min(total, CEILING)

    def plus(self, other: "Price") -> "Price":
        """Return the sum."""
        if not other.terms:
            return Price(min(self.known + other.known, CEILING), self.terms)
        terms = dict(self.terms)
        for term, points in other.terms.items():
            terms[term] = min(terms.get(term, 0) + points, CEILING)
        return _bounded(self.known + other.known, terms)

    def times(self, rows: int | Size) -> "Price":
        """Return the price of so many rows."""
        if isinstance(rows, int):
            terms = {term: min(points * rows, CEILING) for term, points in self.terms.items()}
            return Price(min(self.known * rows, CEILING), terms)
        terms = {(*term, rows): points for term, points in self.terms.items()}
        if self.known:
            terms[(rows,)] = self.known
        return _bounded(0, terms)


def _bounded(known: int, terms: dict[Term, int]) -> Price:
    if len(terms) <= _MOST_TERMS:
        return Price(min(known, CEILING), terms)
    largest = (points * prod(size.most for size in term) for term, points in terms.items())
    return Price(min(known + sum(largest), CEILING))
