"""Phrases: English strings that remember how they were made."""

import copy
import pickle
from collections.abc import Callable

import pytest

from mailconfig.domain.phrases import N_, Phrase, joined, phrase


def test_marking_changes_nothing() -> None:
    """A marked text is the text itself."""
    text = "Enter the port."
    assert N_(text) is text


def test_a_phrase_is_its_english_sentence() -> None:
    """It equals, hashes and prints as the filled template, and keeps template and values."""
    made = phrase("Use port {port} for {name}.", port=587, name="Example")
    assert made == "Use port 587 for Example."
    assert hash(made) == hash("Use port 587 for Example.")
    assert made.template == "Use port {port} for {name}."
    assert made.values == {"port": 587, "name": "Example"}


def test_braces_of_a_value_are_only_text() -> None:
    """What a stranger chose is never read as a template."""
    assert phrase("Hello {name}.", name="{port!r} {0}") == "Hello {port!r} {0}."


def test_a_value_that_is_missing_is_an_error() -> None:
    """A template without its value is a fault of the code, seen when it runs first."""
    with pytest.raises(KeyError):
        phrase("Use port {port}.")


def test_a_value_may_be_called_template() -> None:
    """The template is positional, so that values may have any name."""
    assert phrase("{template}", template="x") == "x"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_phrases(copied: Callable[[Phrase], Phrase]) -> None:
    """A copy can still be translated."""
    made = phrase("Use port {port}.", port=587)
    again = copied(made)
    assert (type(again), again.template, again.values) == (Phrase, made.template, made.values)
    assert type(pickle.loads(pickle.dumps(made))) is Phrase  # noqa: S301 - made right here


def test_joined_sentences_keep_their_parts() -> None:
    """Sentences stand one after another; each part can be said again by itself."""
    made = joined("Enter the password.", phrase("See {url}", url="https://example.com/"))
    assert made == "Enter the password. See https://example.com/"
    assert [type(part) for part in made.values.values()] == [Phrase, Phrase]
