"""Names of files: nothing that leaves a folder, hides an ending or breaks a line survives."""

import pytest

from mailconfig.services.filenames import FILENAME_MAX_BYTES, clean_filename, with_ending


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("logo.png", "logo.png"),
        ("Grüße an alle.pdf", "Grüße an alle.pdf"),
        ("Gru\u0308ße", "Grüße"),  # one form of the same letters
        ("日本語.txt", "日本語.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("a/", "file"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("photo\u202egnp.exe", "photognp.exe"),  # right-to-left override
        ("a\u200bb\ufeff.txt", "ab.txt"),  # zero width
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("a\u2028b", "a b"),
        ("  a   b . ", "a b"),
        ('a"b<c>d|e?f*g:h', "a_b_c_d_e_f_g_h"),
        ("\ud800x", "x"),  # a lone surrogate
        ("", "file"),
        (None, "file"),
        ("\u202e", "file"),
    ],
)
def test_cleaning(name: str | None, clean: str) -> None:
    """Each name has exactly one clean form, and cleaning it again changes nothing."""
    assert clean_filename(name) == clean
    assert clean_filename(clean) == clean


@pytest.mark.parametrize("letter", ["a", "ü", "😀"])
def test_long_names_are_cut_before_the_ending(letter: str) -> None:
    """A long name keeps its ending and whole characters, within the bytes that are allowed."""
    name = clean_filename(letter * 500 + ".pdf")
    assert name.endswith(letter + ".pdf")
    assert FILENAME_MAX_BYTES - 4 < len(name.encode()) <= FILENAME_MAX_BYTES


def test_endings() -> None:
    """A name gets the ending of its type unless it has one, any case."""
    assert with_ending("a.JPEG", (".jpg", ".jpeg")) == "a.JPEG"
    assert with_ending("a.html", (".jpg", ".jpeg")) == "a.html.jpg"
    assert len(with_ending("a" * 180, (".jpg",)).encode()) == FILENAME_MAX_BYTES
