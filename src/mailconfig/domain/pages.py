"""Keyset pages: what is asked for and what comes back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

PAGE_MAX: Final = 100
"""Most rows of a page; more is refused, not clamped, so that no client misses rows silently."""
PAGE_DEFAULT: Final = 20
"""Rows of a page when neither first nor last is given."""

RowT = TypeVar("RowT")


class OrderDirection(StrEnum):
    """Direction of a sort."""

    ASC = "ASC"
    """Smallest first."""
    DESC = "DESC"
    """Largest first."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """Place of a row in a list: the value of the sort key, as text, and the id."""

    value: str
    id: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page: `limit` rows after or before a place, from the start or, with `backward`, the end."""

    limit: int = PAGE_DEFAULT
    after: Keyset | None = None
    before: Keyset | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Rows in list order, with the place of each and whether more lie on either side."""

    rows: tuple[RowT, ...]
    keys: tuple[Keyset, ...]
    has_next: bool
    has_previous: bool
