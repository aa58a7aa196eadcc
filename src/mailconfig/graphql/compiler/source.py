"""Python source in the making: lines, names and constants. Knows nothing of GraphQL.

Nothing that a client sent is ever written into a line but through `repr` of a response name, whose
letters GraphQL's grammar limits to those of identifiers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

Function = Callable[[Any], Any]
"""From a value to its part of the answer; None where the general way must be taken."""


_BODY: Final = 2
"""Depth of the lines of a function: within its `try`."""


class Source:
    """The body of one function of one argument, `source`."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._lines: list[str] = []
        self._depth = _BODY
        self._constants: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._count = 0

    def add(self, line: str) -> None:
        """Append a line at the present depth."""
        self._lines.append("    " * self._depth + line)

    def begin(self, line: str) -> None:
        """Add a line that runs before all others, once."""
        self._first.append("    " * _BODY + line)

    def leave_if(self, condition: str) -> None:
        """Append the check that gives up where the condition holds."""
        self.add(f"if {condition}: return None")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Append a line that opens a block; what is added meanwhile stands in it."""
        self.add(head)
        self._depth += 1
        yield
        self._depth -= 1

    def variable(self) -> str:
        """Return a fresh name."""
        self._count += 1
        return f"v{self._count}"

    def constant(self, value: object) -> str:
        """Return the name under which the function sees a value; one name for each object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"k{len(self._names)}"
            self._constants[name] = value
        return name

    def text(self) -> str:
        """Return the source of the whole function.

        Whatever raises here - a missing attribute, a value that a scalar refuses - raises in
        graphql-core again, which knows its path: so every exception leaves, too.
        """
        head = ["def project(source):", "    try:"]
        tail = ["    except Exception: return None", ""]
        return "\n".join([*head, *self._first, *self._lines, *tail])

    def function(self) -> Function:
        """Return the function."""
        namespace = dict(self._constants)
        exec(compile(self.text(), "<projection>", "exec"), namespace)  # noqa: S102 - our own  # nosec B102
        made: Function = namespace["project"]
        return made
