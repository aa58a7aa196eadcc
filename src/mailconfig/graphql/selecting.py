"""Which fields a client selected below a field, so that reads ask for no more than that.

The selection is read once for each document and field, and what was made of it is kept for as
long as the document's syntax tree is. It holds every field that the document names there, those
under @skip and @include too: reading a column in vain is cheaper than reading the tree anew.
"""

import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    SelectionSetNode,
)

from mailconfig.graphql.context import Info

Tree = Mapping[str, "Tree"]
"""Names of fields in the schema's spelling, with what is selected below each."""
_T = TypeVar("_T")

_known: Final[dict[tuple[object, ...], tuple["weakref.ref[FieldNode]", Any]]] = {}
"""What was made, by the identity of the field's nodes; an entry leaves with its document."""


def selected(info: Info, read: Callable[[Tree], _T]) -> _T:
    """Return what `read` makes of the selection below the present field."""
    # Strawberry's own `selected_fields` converts every field and argument anew on each request.
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001 - as said; it has no other name
    key = (read, *map(id, raw.field_nodes))
    found = _known.get(key)
    if found is not None:
        made: _T = found[1]
        return made
    made = read(tree(raw.field_nodes, raw.fragments))
    # One of several nodes is enough: they leave memory together, with their document.
    reference = weakref.ref(raw.field_nodes[0], lambda _: _known.pop(key, None))
    _known[key] = reference, made
    return made


def tree(nodes: list[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> Tree:
    """Return what is selected below some nodes of one field, all fragments spread out."""
    found: dict[str, Any] = {}
    for node in nodes:
        if node.selection_set is not None:
            _add(found, node.selection_set, fragments)
    return found


def _add(
    found: dict[str, Any],
    selection_set: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> None:
    for selection in selection_set.selections:
        if isinstance(selection, FieldNode):
            below = found.setdefault(selection.name.value, {})
            if selection.selection_set is not None:
                _add(below, selection.selection_set, fragments)
        elif isinstance(selection, FragmentSpreadNode):
            _add(found, fragments[selection.name.value].selection_set, fragments)
        else:
            _add(found, selection.selection_set, fragments)  # type: ignore[attr-defined] # inline
