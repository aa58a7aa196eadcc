"""Layouts: objects out of rows, and lists that make them when somebody looks."""

from enum import Enum
from typing import Any

import pytest

from mailconfig.graphql.layouts import (
    Column,
    Constant,
    Layout,
    Listed,
    Looked,
    Made,
    Origin,
    Part,
    Within,
    Word,
)


class Mode(Enum):
    """An enum."""

    ON = "on"


class Thing:
    """A class whose objects hold whatever is put into them."""


WORDS = {"on": Mode.ON}
INNER = Layout(Thing, {"first": Column(0)})
ORIGINS: list[tuple[Origin, list[Any], object]] = [
    (Column(1), [0, "x"], "x"),
    (Word(0, WORDS), ["on"], Mode.ON),
    (Word(0, WORDS), [Mode.ON], Mode.ON),
    (Word(0, WORDS), [None], None),
    (Word(0, WORDS), ["off"], "off"),
    (Word(0, WORDS), [["on"]], ["on"]),
    (Made(0, len), ["four"], 4),
    (Made(0, lambda value: value is None), [None], True),
    (Looked(0), ["known"], 7),
    (Looked(0), ["unknown"], None),
    (Looked(0), [None], None),
    (Constant(5), [], 5),
    (Part(1, INNER), ["x", None], None),
    (Within(0, INNER), [None], None),
]


@pytest.mark.parametrize(("origin", "row", "expected"), ORIGINS, ids=map(str, range(len(ORIGINS))))
def test_where_attributes_come_from(origin: Origin, row: list[Any], expected: object) -> None:
    """Each kind of origin makes its attribute of a row, or of what is known."""
    made = Layout(Thing, {"it": origin}).made(row, {"known": 7})
    assert type(made) is Thing
    assert vars(made) == {"it": expected}


def test_objects_within_objects() -> None:
    """A part takes its values from the same row, what is within from a row in the row."""
    layout = Layout(Thing, {"part": Part(1, INNER), "within": Within(1, INNER), "own": Column(0)})
    made: Any = layout.made(("a", ("b",)), {})
    assert made.own == made.part.first == "a"
    assert made.within.first == "b"


def test_a_list_of_rows_is_a_sequence_of_objects() -> None:
    """Objects are made when they are looked at, once; length needs none."""
    read = []

    def noted(value: object) -> object:
        read.append(value)
        return value

    rows = Listed(Layout(Thing, {"it": Made(0, noted)}), [("a",), ("b",)], {})
    assert len(rows) == 2
    assert read == []
    assert [vars(made) for made in rows] == [{"it": "a"}, {"it": "b"}]
    assert rows[-1] is list(rows)[1]
    assert rows[:1] == [rows[0]]
    assert read == ["a", "b"]
