"""What does not exist and what may not be seen: one answer for both, with the field that named it.

Must not tell the two apart: a path, a code or a sentence of its own for one of them would tell
who guesses ids which objects exist.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mailconfig.domain.errors import NotFound


@contextmanager
def named_by(*path: str) -> Iterator[None]:
    """Give a NotFound that is raised inside the path of the input field that held the id."""
    try:
        yield
    except NotFound as error:
        raise NotFound(path) from error
