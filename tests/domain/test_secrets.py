"""Secrets as values that cannot be printed by accident."""

import copy
import json
import pickle

import pytest

from mailconfig.domain.secrets import NewSecret, Secret, SecretKind

TEXT = "hunter2-hunter2"


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(TEXT)),
        str(Secret(TEXT)),
        f"{Secret(TEXT)}",
        f"{Secret(TEXT):>40}",
        repr(NewSecret(SecretKind.PASSWORD, Secret(TEXT))),
        repr([Secret(TEXT)]),
    ],
)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    """repr, str and format show a mask, also inside of other values."""
    assert TEXT not in shown


def test_only_reveal_gives_it_out() -> None:
    """The text comes out where it is asked for by name."""
    assert Secret(TEXT).reveal() == TEXT


def test_it_is_not_serialised() -> None:
    """Neither pickle nor JSON take it."""
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT))
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))


def test_copies_are_the_same_object() -> None:
    """Copying a draft does not copy its secrets around."""
    secret = Secret(TEXT)
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret


def test_equality_is_by_text() -> None:
    """Two secrets of the same text are equal; an empty one is false."""
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert not Secret("")
