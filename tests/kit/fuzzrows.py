"""Lists of rows for the schema of `fuzzschema`, by layouts good and bad, with wrong values in them.

Rows are tuples, mostly of what their layout expects; else of null, other types, exceptions, things
to await, or words of no enum. Layouts lack attributes or have constants that do not fit.
"""

from collections.abc import Hashable
from random import Random
from typing import Any, Final, cast

import strawberry

from kit.fuzzschema import (
    Colour,
    Held,
    Info,
    Leaf,
    Named,
    Tree,
    held,
)
from kit.fuzzschema import Mutation as Writes
from kit.fuzzschema import Query as Reads
from mailconfig.graphql.layouts import (
    Column,
    Constant,
    Known,
    Layout,
    Listed,
    Looked,
    Made,
    Origin,
    Part,
    Within,
    Word,
)
from mailconfig.graphql.scalars import CONFIG, EmailAddress, JSONObject

WORDS: Final = {member.value: member for member in Colour}


@strawberry.type
class Side:
    """An object whose values lie in the row of another."""

    word: Colour
    word_or_null: Colour | None
    number: int
    same: Colour


@strawberry.type
class Entry(Named):
    """What a row shows, with an interface and a resolver."""

    seed: strawberry.Private[int]
    word: Colour
    word_or_null: Colour | None
    word_as_text: str
    loud: str | None
    real: float | None
    flag: bool
    address: EmailAddress | None
    data: JSONObject | None
    texts: list[str] | None
    side: Side | None
    side_always: Side
    leaf: Leaf | None
    found: Leaf | None
    found_always: Leaf
    same: list[int]

    @strawberry.field
    def count(self, info: Info) -> int:
        """Resolve a leaf."""
        info.context.calls.append(f"count {type(self.seed).__name__}")
        return self.seed


@strawberry.type
class EntryEdge:
    """An object with a row in its row."""

    cursor: str
    node: Entry | None
    node_always: Entry


@strawberry.type
class EntryPage:
    """Lists of rows."""

    entries: list[Entry]
    entries_or_null: list[Entry | None] | None
    sides: list[Side] | None
    edges: list[EntryEdge]
    whole: int


def _loud(text: object) -> object:
    return text.upper() if isinstance(text, str) else text


_KINDS: Final[tuple[Any, ...]] = (
    int,  # 0: seed
    str,  # 1: name
    str | None,  # 2: nick
    str,  # 3: word
    str | None,  # 4: word_or_null
    str | None,  # 5: loud
    float | None,  # 6: real
    bool,  # 7: flag
    EmailAddress | None,  # 8: address
    JSONObject | None,  # 9: data
    list[str] | None,  # 10: texts
    Leaf | None,  # 11: leaf
    strawberry.ID,  # 12: key of found
    int,  # 13: number
)
"""What each position of a row holds."""
_COLOURED: Final = (3, 4)
"""Positions of words."""
_LOOKED_UP: Final = 12
"""Position of a key."""


def _side(same: object) -> Layout[Side]:
    words = {"word": Word(3, WORDS), "word_or_null": Word(4, WORDS)}
    return Layout(Side, {**words, "number": Column(13), "same": Constant(same)})


def _entry(without: frozenset[str], same: object, side: Layout[Side]) -> Layout[Entry]:
    origins: dict[str, Origin] = {
        "seed": Column(0),
        "name": Column(1),
        "nick": Column(2),
        "word": Word(3, WORDS),
        "word_or_null": Word(4, WORDS),
        "word_as_text": Word(3, WORDS),
        "loud": Made(5, _loud),
        "real": Column(6),
        "flag": Column(7),
        "address": Column(8),
        "data": Column(9),
        "texts": Column(10),
        "side": Part(4, side),
        "side_always": Part(3, side),
        "leaf": Column(11),
        "found": Looked(12),
        "found_always": Looked(12),
        "same": Constant(same),
    }
    kept = {name: origin for name, origin in origins.items() if name not in without}
    return Layout(Entry, kept)


def _edge(entry: Layout[Entry]) -> Layout[EntryEdge]:
    nodes = {"node": Within(1, entry), "node_always": Within(2, entry)}
    return Layout(EntryEdge, {"cursor": Column(0), **nodes})


_GOOD: Final = _side(Colour.GREEN)
_SIDES: Final = (_GOOD, _GOOD, _side("no colour"))
_ENTRIES: Final = (
    *[_entry(frozenset(), [1, 2], _GOOD)] * 4,
    _entry(frozenset({"nick", "texts"}), (3,), _GOOD),
    _entry(frozenset({"seed"}), "no list", _SIDES[-1]),
)
_EDGES: Final = tuple(map(_edge, _ENTRIES))


def _row(random: Random, wrong: float) -> Held:
    values = [held(random, kind, wrong) for kind in _KINDS]
    for place in _COLOURED:
        if isinstance(values[place], str) and random.random() > wrong:
            values[place] = random.choice(["red", "green", "blue", "blue", Colour.RED])
    if not isinstance(values[_LOOKED_UP], Hashable):
        values[_LOOKED_UP] = None
    return random.choice([tuple, list])(values)


def _rows(random: Random, wrong: float) -> list[Held]:
    return [_row(random, wrong) for _ in range(random.randint(0, 4))]


def _known(random: Random, wrong: float) -> Known:
    return {f"id{number}": held(random, Leaf, wrong) for number in range(9)}


def _page(random: Random, wrong: float) -> EntryPage:
    known, at = _known(random, wrong), random.randrange(len(_ENTRIES))
    paired = [(f"c{n}", row, row) for n, row in enumerate(_rows(random, wrong))]
    if random.random() < wrong:
        paired.append(("none", None, None))
    side = random.choice(_SIDES)
    lists: dict[str, Held] = {
        "entries": Listed(_ENTRIES[at], _rows(random, wrong), known),
        "entries_or_null": Listed(random.choice(_ENTRIES), _rows(random, wrong), known),
        "sides": Listed(side, _rows(random, wrong), known),
        "edges": Listed(_EDGES[at], paired, known),
    }
    return EntryPage(**lists, whole=held(random, int, wrong))


@strawberry.type
class Query(Reads):
    """Reads, lists of rows among them."""

    @strawberry.field
    def page(self, info: Info, seed: int = 9) -> EntryPage | None:
        """Resolve lists of rows."""
        info.context.calls.append(f"page {seed}")
        random = Random(info.context.seed * 1000 + seed)  # noqa: S311 - not for secrets
        return _page(random, info.context.wrong)

    @strawberry.field
    async def entries(self, info: Info, seed: int = 10) -> list[Entry]:
        """Resolve a list of rows itself."""
        info.context.calls.append(f"entries {seed}")
        random = Random(info.context.seed * 1000 + seed)  # noqa: S311 - not for secrets
        wrong = info.context.wrong
        rows: Held = Listed(_ENTRIES[0], _rows(random, wrong), _known(random, wrong))
        return cast("list[Entry]", rows)


SCHEMA = strawberry.Schema(Query, Writes, types=[Leaf, Tree], config=CONFIG)
