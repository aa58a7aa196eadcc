"""Answers that are the same for everyone, kept as the bytes that were written.

The catalogue of providers does not change while the process runs, and who asks makes no difference
to what it holds: an operation that asks for nothing else is carried out once for each document,
variables and language. Afterwards its `data` is put into answers as it is, and clients that send
its ETag back over GET are told that they have it (RFC 9110, section 13.1.2).

Only `data` without errors is kept: what an answer says beside it, such as what is left of the
caller's points, belongs to the request. Admission, budgets and guards run before anything here is
looked at. Bounded by bytes; texts of callers count, so that nobody fills memory by varying them.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson
from graphql import FieldNode, OperationType

from mailconfig.graphql.admission import Met
from mailconfig.graphql.plans import Operation, Plan
from mailconfig.graphql.shared import SharedData

SHARED_FIELDS: Final = frozenset({"providers", "provider", "__typename"})
"""Fields of Query that answer everybody alike."""
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Of answers, documents and variables: the whole catalogue in a hundred ways."""
_LARGEST_BYTES: Final = 1024 * 1024
"""Of one of them."""

Key = tuple[str, str | None, bytes, str]
"""Document, operation, variables and language."""


class SharedAnswers:
    """The answers that are kept, the least recently used leaving first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, SharedData] = OrderedDict()
        self.kept_bytes = 0
        """Of answers and of what they are found by."""

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def get(self, key: Key) -> SharedData | None:
        """Return a kept answer."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def had(
        self, met: Met, variables: Mapping[str, Any] | None, language: str, if_none_match: str
    ) -> SharedData | None:
        """Return the kept answer to an operation, where a client says that it has it."""
        key = shared_key(met.plan, met.operation, variables, language)
        found = self.get(key) if key else None
        return found if found is not None and found.is_known(if_none_match) else None

    def put(self, key: Key, data: Mapping[str, Any]) -> SharedData:
        """Write an answer, and keep it when it is not too large."""
        text = orjson.dumps(data)
        made = SharedData(text, f'W/"{sha256(text).hexdigest()[:32]}"')
        size = _size(key, made)
        if size > _LARGEST_BYTES or key in self._kept:
            return made
        self._kept[key] = made
        self.kept_bytes += size
        while self.kept_bytes > self._most_bytes:
            self.kept_bytes -= _size(*self._kept.popitem(last=False))
        return made


def _size(key: Key, data: SharedData) -> int:
    document, name, variables, _ = key
    return len(document) + len(name or "") + len(variables) + len(data.written) + 500


def is_shared(operation: Operation) -> bool:
    """Tell whether an operation asks for nothing but what is the same for everyone."""
    return operation.kind is OperationType.QUERY and all(
        isinstance(selection, FieldNode) and selection.name.value in SHARED_FIELDS
        for selection in operation.node.selection_set.selections
    )


def shared_key(
    plan: Plan, operation: Operation, variables: Mapping[str, Any] | None, language: str
) -> Key | None:
    """Return what an answer is kept under; None for operations that ask for anything else."""
    if not is_shared(operation):
        return None
    try:
        given = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS) if variables else b""
    except orjson.JSONEncodeError:  # a file, where nothing takes one
        return None
    return plan.text, operation.name, given, str(language)  # members of enums hash slowly
