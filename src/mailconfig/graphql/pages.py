"""Connections: page arguments, signed cursors and the types that all connections share.

A cursor is versioned and signed: `1.<value>.<id>.<signature>`, where the value is the row's sort
key. It is bound to its list, so that a cursor of one order is refused by another.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Annotated, Any, Final, TypeVar

import strawberry

from mailconfig.domain.errors import InvalidInput
from mailconfig.domain.issues import ValidationCode
from mailconfig.domain.pages import PAGE_DEFAULT, PAGE_MAX, Keyset, Page, PageRequest
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.signing import Signer
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import object_type
from mailconfig.graphql.selecting import Tree, selected

_VERSION: Final = "1"
_VALUES_MAX: Final = 100
"""Values of one list: as many as a page has rows. Drivers take some ten thousand parameters for a
whole statement."""
_EdgeT = TypeVar("_EdgeT")

First = Annotated[
    int | None, strawberry.argument(description="Rows from the start, 1 to 100; 20 by default.")
]
After = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="Rows from the end, 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]


@object_type
class PageInfo:
    """Where a page starts and ends. Cursors are opaque and signed."""

    has_next_page: bool
    """Whether rows follow this page."""
    has_previous_page: bool
    """Whether rows precede this page."""
    start_cursor: str | None
    """Cursor of the first row, null on an empty page."""
    end_cursor: str | None
    """Cursor of the last row, null on an empty page."""


def page_info(cursors: Sequence[str], *, has_next: bool, has_previous: bool) -> PageInfo:
    """Return the page info of rows with these cursors."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


class Cursors(Enum):
    """Which cursors of a page were selected; each takes longer than its row does."""

    NONE = auto()
    """None at all."""
    ENDS = auto()
    """Those of the first and the last row."""
    ALL = auto()
    """Those of all rows."""

    @staticmethod
    def of(connection: Tree) -> "Cursors":
        """Return which cursors the selection of a connection needs."""
        if "cursor" in connection.get("edges", {}):
            return Cursors.ALL
        info = connection.get("pageInfo", {})
        return Cursors.ENDS if "startCursor" in info or "endCursor" in info else Cursors.NONE

    def made(self, signer: Signer, listing: str, keys: Sequence[Keyset]) -> list[str]:
        """Return a cursor for each key, empty where it was not selected."""
        made = [""] * len(keys)
        chosen = range(len(keys)) if self is Cursors.ALL else {0, len(keys) - 1}
        if keys and self is not Cursors.NONE:
            for at in chosen:
                made[at] = encode_cursor(signer, listing, keys[at])
        return made


def page_parts(
    info: Info,
    listing: str,
    page: Page[Any],
    edge: Callable[..., _EdgeT],
    nodes: Sequence[object],
) -> tuple[list[_EdgeT], PageInfo]:
    """Return edges and page info of a page whose rows are shown as `nodes`.

    `edge` is a type whose fields are `cursor` and `node`. Cursors, which `listing` binds to their
    list, are made where they were selected.
    """
    cursors = selected(info, Cursors.of).made(info.context.services.cursors, listing, page.keys)
    edges = [edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)]
    return edges, page_info(cursors, has_next=page.has_next, has_previous=page.has_previous)


def encode_cursor(signer: Signer, listing: str, key: Keyset) -> str:
    """Return the cursor of a row; `listing` names the list and its order."""
    value = urlsafe_b64encode(key.value.encode()).rstrip(b"=").decode()
    signature = signer.sign(_VERSION, listing, key.value, key.id)
    return f"{_VERSION}.{value}.{key.id}.{signature}"


def decode_cursor(signer: Signer, listing: str, cursor: str, field: str) -> Keyset:
    """Return the place that a cursor means; raises InvalidInput for one that is not ours."""
    version, _, rest = cursor.partition(".")
    value, _, rest = rest.partition(".")
    key_id, _, signature = rest.partition(".")
    try:
        padded = value.encode("ascii") + b"=" * (-len(value) % 4)
        text = urlsafe_b64decode(padded).decode()
        valid = signer.verify(signature, version, listing, text, key_id)
    except ValueError:
        valid = False
        text = ""
    if not valid or version != _VERSION:
        raise _invalid(N_("This cursor does not belong to this list."), field)
    return Keyset(text, key_id)


def check_length(values: Sequence[object] | None, *path: str) -> None:
    """Raise InvalidInput for a list of ids or conditions that is too long to be looked up."""
    if values is not None and len(values) > _VALUES_MAX:
        message = phrase("At most {most} values at once.", most=_VALUES_MAX)
        raise InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, *path)


def page_request(
    signer: Signer,
    listing: str,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> PageRequest:
    """Return what the arguments ask for; raises InvalidInput for what no page can be."""
    if first is not None and last is not None:
        raise _invalid(N_("Give first or last, not both."), "last")
    field, limit = ("last", last) if last is not None else ("first", first)
    limit = PAGE_DEFAULT if limit is None else limit
    if not 1 <= limit <= PAGE_MAX:
        raise _invalid(phrase("A page has 1 to {most} rows.", most=PAGE_MAX), field)
    return PageRequest(
        limit=limit,
        after=decode_cursor(signer, listing, after, "after") if after is not None else None,
        before=decode_cursor(signer, listing, before, "before") if before is not None else None,
        backward=last is not None,
    )


def _invalid(message: str, field: str) -> InvalidInput:
    return InvalidInput.of(ValidationCode.OUT_OF_RANGE, message, field)
