"""Types for a schema with every kind of type, whose objects hold whatever should not be there.

Attributes hold what their fields promise, most of the time; else null, another type, an exception,
something to await, which may fail in turn, or an object of another class. Resolvers do the same and
fail. The same seed makes the same objects, so that two executors see equal ones; `calls` of the
context tells which resolvers ran, in which order.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from random import Random
from types import SimpleNamespace
from typing import Annotated, Any, cast

import strawberry

from mailconfig.graphql.scalars import EmailAddress, JSONObject


@dataclass
class Calls:
    """The context: what decides about values, and what was called."""

    seed: int
    wrong: float = 0.05
    """How often an attribute holds something else."""
    calls: list[str] = field(default_factory=list)


Info = strawberry.Info[Calls, None]
Kind = Any
"""A type as annotations have it."""
Held = Any
"""What stands in a place: the type checker is not to believe in any promise."""


class Failure(Exception):
    """What resolvers and attributes fail with."""


class Later:
    """Something to await, any number of times; it fails where its value is an exception."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, object]:
        yield from asyncio.sleep(0).__await__()
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@strawberry.enum
class Colour(Enum):
    """An enum."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


@strawberry.interface
class Named:
    """An interface."""

    name: str
    nick: str | None


@strawberry.type
class Plain:
    """An object of an interface-less type with all leaves, nullable and not."""

    text: str
    text_or_null: str | None
    whole: int
    whole_or_null: int | None
    real: float
    real_or_null: float | None
    flag: bool
    flag_or_null: bool | None
    key: strawberry.ID
    key_or_null: strawberry.ID | None
    colour: Colour
    colour_or_null: Colour | None
    moment: datetime
    moment_or_null: datetime | None
    address: EmailAddress
    address_or_null: EmailAddress | None
    data: JSONObject
    data_or_null: JSONObject | None
    texts: list[str]
    texts_or_null: list[str | None] | None
    grid: list[list[int | None]]


@strawberry.type
class Leaf(Named):
    """An object of a type with an interface."""

    plain: Plain
    plain_or_null: Plain | None


@strawberry.type
class Tree(Named):
    """An object with all kinds of fields, resolvers among them."""

    seed: strawberry.Private[int]
    leaf: Leaf
    leaf_or_null: Leaf | None
    leaves: list[Leaf]
    leaves_or_null: list[Leaf | None] | None
    plains: list[list[Plain]] | None
    named: Named
    named_or_null: Named | None
    many_named: list[Named]
    either: Annotated["Leaf | Plain", strawberry.union("Either")] | None

    @strawberry.field
    def child(self, info: Info, salt: int = 0) -> "Tree | None":
        """Resolve another one."""
        return _resolved(info, self.seed + salt + 1, Tree)

    @strawberry.field
    async def later_child(self, info: Info) -> "Tree":
        """Resolve another one, asynchronously."""
        await asyncio.sleep(0)
        return _resolved(info, self.seed + 7, Tree)

    @strawberry.field
    async def later_leaves(self, info: Info) -> list[Leaf]:
        """Resolve a list asynchronously."""
        return [_resolved(info, self.seed + n, Leaf) for n in range(3)]

    @strawberry.field
    def count(self, info: Info) -> int:
        """Resolve a leaf."""
        return _resolved(info, self.seed, int)


_MOMENTS = (
    datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC),
    datetime(1, 1, 1, 0, 0, 0, 7, tzinfo=UTC),
    datetime(2026, 3, 1, 12, 0, 0, 999999, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    datetime(2026, 3, 1, 12, 0),  # noqa: DTZ001 - naive on purpose
)
_RIGHT: dict[object, Callable[[Random], object]] = {
    str: lambda random: random.choice(["", "text", "\N{SNOWMAN}\x00"]),
    int: lambda random: random.choice([0, -1, 2147483647]),
    float: lambda random: random.choice([0.0, 1.5, -0.0, 1e300]),
    bool: lambda random: random.random() < 0.5,
    strawberry.ID: lambda random: f"id{random.randint(0, 9)}",
    Colour: lambda random: random.choice(list(Colour)),
    datetime: lambda random: random.choice(_MOMENTS),
    EmailAddress: lambda _: "ann@example.net",
    JSONObject: lambda random: random.choice(['{"a": [1, null]}', "{}", "null", "[1]"]),
}


class Text(str):
    """A subclass of str."""

    __slots__ = ()


def held(random: Random, kind: Kind, wrong: float) -> Held:
    """Return a value of a type, or a wrong one, so often."""
    return _made(random, kind, wrong, 1)


def _wrong(random: Random) -> object:
    """Return what hardly any field expects."""
    makers: list[Callable[[], object]] = [
        lambda: None,
        lambda: Failure("held"),
        lambda: Later(Failure("awaited")),
        lambda: Later(None),
        lambda: Later("later"),
        lambda: Later(3),
        lambda: Text("sub"),
        lambda: "red",
        lambda: True,
        lambda: 2**31,
        lambda: 3.0,
        lambda: float("nan"),
        lambda: float("inf"),
        lambda: b"bytes",
        lambda: {"a": 1},
        lambda: {"set"},
        lambda: (n for n in [1, 2]),
        lambda: Colour.RED,
        lambda: datetime(2026, 1, 1, tzinfo=UTC),
        lambda: object,
        lambda: SimpleNamespace(name="a namespace", nick=None, text="x"),
        lambda: [Failure("listed"), None, 1, "x"],
    ]
    return random.choice(makers)()


def _made(random: Random, kind: Kind, wrong: float, depth: int) -> Held:
    """Return a value of a type as annotations name it, or a wrong one."""
    if random.random() < wrong:
        return _wrong(random)
    options = getattr(kind, "__args__", ())
    if type(None) in options:
        some = [option for option in options if option is not type(None)]
        full = depth > 2 or random.random() < 0.25
        return None if full else _made(random, random.choice(some), wrong, depth)
    if getattr(kind, "__origin__", None) is list:
        items = [_made(random, options[0], wrong, depth + 1) for _ in range(random.randint(0, 2))]
        return random.choice([list, list, tuple])(items)
    if kind in _RIGHT:
        value = _RIGHT[kind](random)
        return Later(value) if random.random() < wrong / 2 else value
    if kind is Named:
        return _made(random, random.choice([Leaf, Leaf, Tree]), wrong, depth + 1)
    return _object(random, kind, wrong, depth)


class SubLeaf(Leaf):
    """A Python subclass of a type, unknown to the schema."""


_ANNOTATIONS: dict[type, dict[str, Any]] = {
    Plain: Plain.__annotations__,
    Leaf: {**Named.__annotations__, **Leaf.__annotations__},
    Tree: {
        **Named.__annotations__,
        **{name: kind for name, kind in Tree.__annotations__.items() if name != "seed"},
        "either": Leaf | Plain | None,
    },
}


def _object(random: Random, kind: type, wrong: float, depth: int) -> Held:
    values: dict[str, Any] = {
        name: _made(random, inner, wrong, depth + 1) for name, inner in _ANNOTATIONS[kind].items()
    }
    if kind is Tree:
        values["seed"] = random.randint(0, 99)
    if kind is Plain and random.random() < 0.1:
        return SimpleNamespace(**values)  # a type without interfaces takes any object
    return cast("Any", kind)(**values)


def _resolved(info: Info, seed: int, kind: Kind) -> Held:
    """Return what a resolver answers with, or fail; tells the context that it ran."""
    context = info.context
    context.calls.append(f"{'.'.join(map(str, _path(info)))} {seed}")
    random = Random(context.seed * 1000 + seed)  # noqa: S311 - not for secrets
    if random.random() < context.wrong:
        raise Failure(f"resolver {seed}")
    return _made(random, kind, context.wrong, 1)


def _path(info: Info) -> list[str | int]:
    return info.path.as_list()


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def tree(self, info: Info, seed: int = 1) -> Tree | None:
        """Resolve one."""
        return _resolved(info, seed, Tree)

    @strawberry.field
    async def later_tree(self, info: Info, seed: int = 2) -> Tree:
        """Resolve one that must not be null."""
        return _resolved(info, seed, Tree)

    @strawberry.field
    async def trees(self, info: Info, seed: int = 3) -> list[Tree | None]:
        """Resolve several."""
        return [_resolved(info, seed + n, Tree) for n in range(2)]

    @strawberry.field
    async def plains(self, info: Info) -> list[Plain] | None:
        """Resolve plain ones."""
        return [_resolved(info, n, Plain) for n in range(4)]

    @strawberry.field
    def named(self, info: Info, seed: int = 4) -> Named | None:
        """Resolve one of an interface."""
        return _resolved(info, seed, Named)


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    def change(self, info: Info, seed: int = 5) -> Tree | None:
        """Change something."""
        return _resolved(info, seed, Tree)

    @strawberry.mutation
    async def change_later(self, info: Info, seed: int = 6) -> Tree:
        """Change something that must not be null."""
        await asyncio.sleep(0)
        return _resolved(info, seed, Tree)

    @strawberry.mutation
    def change_leaf(self, info: Info, seed: int = 8) -> Leaf:
        """Change a plain object that must not be null."""
        return _resolved(info, seed, Leaf)
