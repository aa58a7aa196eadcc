"""Languages: what a reader wants, and how a text is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconfig.domain.languages import Language, Languages, placeholders
from mailconfig.domain.phrases import joined, phrase

EN, DE, FR = Language.ENGLISH, Language.GERMAN, Language.FRENCH
GERMAN = {
    "Enter the port.": "Geben Sie den Port ein.",
    "Use port {port} for {name}.": "Nehmen Sie für {name} den Port {port}.",
    "password": "Passwort",
    "Enter the {secret}.": "Geben Sie das {secret} ein.",
    "At most {most:,} bytes.": "Höchstens {most:,} Bytes.",
    "Not {this}.": "Nicht {that}.",
    "Broken {this}.": "Kaputt {this",
    "Deep {this}.": "Tief {this.nothing}.",
}
LANGUAGES = Languages(
    {DE: GERMAN, FR: {"At most {most:,} bytes.": "Au plus {most:,} octets."}}, default=EN
)


def test_english_is_the_text_itself() -> None:
    """The source needs no catalogue."""
    assert LANGUAGES.say(EN, "Enter the port.") == "Enter the port."
    assert LANGUAGES.say(EN, phrase("Use port {port}.", port=587)) == "Use port 587."


def test_a_marked_text_is_translated() -> None:
    """By its own words."""
    assert LANGUAGES.say(DE, "Enter the port.") == "Geben Sie den Port ein."


def test_a_phrase_is_translated_by_its_template() -> None:
    """Values move to where the other language has them."""
    made = phrase("Use port {port} for {name}.", port=587, name="Example")
    assert LANGUAGES.say(DE, made) == "Nehmen Sie für Example den Port 587."


def test_phrases_inside_are_translated_and_other_values_are_not() -> None:
    """A word of ours is said in the language; the same word from a stranger stays."""
    ours = phrase("Enter the {secret}.", secret=phrase("password"))
    theirs = phrase("Enter the {secret}.", secret="password")
    assert LANGUAGES.say(DE, ours) == "Geben Sie das Passwort ein."
    assert LANGUAGES.say(DE, theirs) == "Geben Sie das password ein."


def test_joined_sentences_are_translated_one_by_one() -> None:
    """A sentence without a translation stays English and holds up no other one."""
    made = joined("Enter the port.", phrase("See {url}", url="https://example.com/"))
    assert LANGUAGES.say(DE, made) == "Geben Sie den Port ein. See https://example.com/"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (EN, "At most 5,242,880 bytes."),
        (DE, "Höchstens 5.242.880 Bytes."),
        (FR, "Au plus 5\u202f242\u202f880 octets."),
    ],
)
def test_digits_are_grouped_as_the_language_does(language: Language, sentence: str) -> None:
    """A format of the template follows the language."""
    assert LANGUAGES.say(language, phrase("At most {most:,} bytes.", most=5_242_880)) == sentence


@pytest.mark.parametrize("template", ["Not {this}.", "Broken {this}.", "Deep {this}."])
def test_a_translation_that_does_not_fit_is_not_used(template: str) -> None:
    """Another placeholder, a broken one, or one that reaches into a value: English, no error."""
    made = phrase(template, this="x")
    assert LANGUAGES.say(DE, made) == str(made)


def test_what_is_said_is_a_plain_string() -> None:
    """No phrase leaves: JSON and databases get what they know."""
    made = phrase("Not {this}.", this="x")
    assert {type(LANGUAGES.say(language, made)) for language in Language} == {str}


ACCEPTED = [
    (None, EN),
    ("", EN),
    ("de", DE),
    ("DE-at", DE),  # tags ignore case (RFC 5646, section 2.1.1)
    ("de-Latn-AT-1996", DE),  # subtags fall off one by one (RFC 4647, section 3.4)
    ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", FR),  # the example of every handbook
    ("en;q=0.2, de;q=0.9", DE),  # weights beat the order
    ("fr, de", FR),  # equal weights: the order counts
    ("sv, de;q=0.1", DE),  # the best one that there is
    ("sv, da", EN),  # none that there is
    ("*", EN),  # any: the default
    ("sv, *;q=0.5, de;q=0.4", EN),
    ("de;q=0, fr;q=0.1", FR),
    ("de-AT, de;q=0", EN),  # refused, however it is written
    ("de;q=0", EN),
    ("de;q=0.000", EN),
    (" de ; q=0.5 , fr ; Q=0.4 ", DE),  # white space and the case of q mean nothing
    ("de;q=1.001, fr;q=0.1", FR),  # no weight at all (RFC 9110, section 12.4.2)
    ("de;q=abc, fr;q=0.1", FR),
    ("de;level=1, fr;q=0.1", FR),
    ("de;q=1;q=1, fr;q=0.1", FR),
    ("d€, ;;,,==, fr", FR),
    ("deutsch", EN),  # a well-formed tag of no language of ours
    (",".join(["sv"] * 31 + ["de"]), DE),
    (",".join(["sv"] * 32 + ["de"]), EN),  # past the bound nothing is read
]


@pytest.mark.parametrize(("field", "language"), ACCEPTED)
def test_accept_language(field: str | None, language: Language) -> None:
    """The field is read as RFC 9110 says; what is garbage is passed over."""
    assert LANGUAGES.best(field) is language


def test_a_field_too_long_to_be_kept_is_read_all_the_same() -> None:
    """What is kept is bounded; what is read is not."""
    assert LANGUAGES.best(f"sv{', da' * 20};q=0.{' ' * 300}5, de;q=0.1") is DE


def test_the_default_is_the_operators() -> None:
    """Who asks for nothing that there is gets the operator's language."""
    german = Languages({}, default=DE)
    assert [german.best(field) for field in (None, "sv", "*", "fr")] == [DE, DE, DE, FR]


@given(st.text(max_size=300))
def test_any_field_has_an_answer(field: str) -> None:
    """No field is an error."""
    assert isinstance(LANGUAGES.best(field), Language)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", DE),
        ("fr-FR", FR),
        ("EN-us-x-private", EN),
        ("sv", None),
        ("", None),
        ("*", None),
        ("de_AT", None),  # a locale's name is no tag
        ("de-", None),
        ("de" + "-latn" * 7, None),  # longer than any tag
    ],
)
def test_tags(tag: str, language: Language | None) -> None:
    """BCP 47 tags are looked up; anything else names no language."""
    assert LANGUAGES.named(tag) is language


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("de_AT.UTF-8", DE),
        ("fr_FR@euro", FR),
        ("fr", FR),
        ("C", EN),
        ("C.UTF-8", EN),
        ("POSIX", EN),
        ("sv_SE.UTF-8", DE),
        ("", DE),
        (None, DE),
    ],
)
def test_locales(name: str | None, language: Language) -> None:
    """A POSIX locale names its language, C is English, and no locale is the default."""
    assert Languages({}, default=DE).of_locale(name) is language


def test_placeholders() -> None:
    """The names that a template wants, without their formats; doubled braces are text."""
    assert placeholders("{a} {b:,} {a} {{c}}") == {"a", "b"}
    with pytest.raises(ValueError, match="expected '}'"):
        placeholders("{a")
