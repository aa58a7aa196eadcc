"""Classes of values: which objects are no more than they look like.

graphql-core treats exceptions as errors and awaits awaitables wherever they stand, and a compiled
function must leave both to it. Looking at the class once is enough, and cheap, as long as nothing
about it is dynamic.
"""

from collections.abc import Callable
from typing import Any, Final

from graphql.pyutils import UndefinedType

_MOST_CLASSES: Final = 100
"""Classes remembered for one place of a selection, so that classes made on the fly fill nothing."""
_DYNAMIC: Final = ("__await__", "__getattr__")
"""Attributes of classes whose objects may be awaitable."""


def is_inert(cls: type[Any]) -> bool:
    """Tell whether objects of a class are neither null, exceptions, awaitables nor dynamic."""
    return (
        cls is not type(None)
        and not issubclass(cls, BaseException | UndefinedType)
        and not any(hasattr(cls, name) for name in _DYNAMIC)
        and getattr(cls, "__getattribute__", None) is object.__getattribute__
    )


def fitting(bound: type[Any]) -> Callable[[type[Any]], bool]:
    """Return the check that a class is inert and a subclass of `bound`; it remembers verdicts."""
    known: dict[type[Any], bool] = {}

    def fits(cls: type[Any]) -> bool:
        verdict = known.get(cls)
        if verdict is None:
            verdict = issubclass(cls, bound) and is_inert(cls)
            if len(known) < _MOST_CLASSES:
                known[cls] = verdict
        return verdict

    return fits
