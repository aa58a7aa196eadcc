"""Refusals with the path of the input field that they are about.

What does not exist and what may not be seen have one answer, with the field that named it.

Must not tell the two apart: a path, a code or a sentence of its own for one of them would tell
who guesses ids which objects exist.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mailconfig.domain.errors import InvalidInput, NotFound, SecretRequired
from mailconfig.domain.submission import rollback_path


@contextmanager
def named_by(*path: str) -> Iterator[None]:
    """Give a NotFound that is raised inside the path of the input field that held the id."""
    try:
        yield
    except NotFound as error:
        raise NotFound(path) from error


@contextmanager
def of_rollback() -> Iterator[None]:
    """Give what is refused about a secret the path that it has in a rollback's input."""
    try:
        yield
    except SecretRequired as error:
        raise SecretRequired(rollback_path(error.path)) from error
    except InvalidInput as error:
        issues = (replace(issue, path=rollback_path(issue.path)) for issue in error.issues)
        raise InvalidInput(tuple(issues)) from error
