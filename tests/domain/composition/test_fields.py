"""Claims about single header fields: what is plain, what is encoded, where lines break."""

import pytest

from mailconfig.domain.addresses import parse_address
from mailconfig.domain.composition.fields import (
    Field,
    address_list,
    ascii_name,
    plain,
    unstructured,
    with_parameters,
)

SUBJECTS = {
    "plain": ("Hello, world", b"Subject: Hello, world\r\n"),
    "folded": (
        "word " * 15 + "end",
        b"Subject:" + b" word" * 13 + b"\r\n word word end\r\n",
    ),
    "q": ("Caf\u00e9 at 9", b"Subject: =?utf-8?q?Caf=C3=A9_at_9?=\r\n"),
    "b": ("привет", b"Subject: =?utf-8?b?0L/RgNC40LLQtdGC?=\r\n"),
    "looks-encoded": ("=?a?q?b?=", b"Subject: =?utf-8?b?PT9hP3E/Yj89?=\r\n"),
    "space-around": (" a", b"Subject: =?utf-8?q?_a?=\r\n"),
    "long-word": (
        "a" * 65,
        b"Subject: =?utf-8?q?" + b"a" * 55 + b"?=\r\n =?utf-8?q?" + b"a" * 10 + b"?=\r\n",
    ),
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_free_text(case: str) -> None:
    """Text is plain where it can be, else the shorter encoding."""
    text, written = SUBJECTS[case]
    assert unstructured("Subject", text).written() == written


NAMES = {
    "none": (None, b"<a@b.example>"),
    "blank": (" ", b"<a@b.example>"),
    "atoms": ("Alice Liddell", b"Alice Liddell <a@b.example>"),
    "dot": ("A. Liddell", b'"A. Liddell" <a@b.example>'),
    "quotes": ('A "B" \\ C', b'"A \\"B\\" \\\\ C" <a@b.example>'),
    "address": ("eve@example.net", b'"eve@example.net" <a@b.example>'),
    "two-spaces": ("A  B", b"=?utf-8?q?A__B?= <a@b.example>"),
    "umlaut": ("J\u00f6rg", b"=?utf-8?b?SsO2cmc=?= <a@b.example>"),
    "looks-encoded": ("=?x?q?y?=", b"=?utf-8?b?PT94P3E/eT89?= <a@b.example>"),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case: str) -> None:
    """Names are atoms, a quoted string, or encoded words."""
    name, written = NAMES[case]
    field = address_list("To", [(parse_address("a@b.example"), name)])
    assert field.written() == b"To: " + written + b"\r\n"


PARAMETERS = {
    "token": ("a-b.pdf", b" filename=a-b.pdf"),
    "space": ("a b.pdf", b' filename="a b.pdf"'),
    "quote": ('a".pdf', b" filename*=utf-8''a%22.pdf"),
    "umlaut": ("ä'.pdf", b" filename*=utf-8''%C3%A4%27.pdf"),
    "looks-encoded": ("=?a?q?b?=", b" filename*=utf-8''%3D%3Fa%3Fq%3Fb%3F%3D"),
    "long": (
        "a" * 60 + "ä",
        b"\r\n filename*0*=utf-8''" + b"a" * 55 + b";\r\n filename*1*=aaaaa%C3%A4",
    ),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_file_names(case: str) -> None:
    """File names are tokens, quoted strings, or in the pieces of RFC 2231."""
    name, written = PARAMETERS[case]
    field = with_parameters("X", "inline", [("filename", name)])
    assert field.written() == b"X: inline;" + written + b"\r\n"


FALLBACKS = [
    ("a.pdf", "a.pdf"),
    ("Größe 2.pdf", "Groe_2.pdf"),  # no part of a sharp s is ASCII
    ("Čaj é.tar.gz", "Caj_e_tar.gz"),
    ("漢字.pdf", "attachment.pdf"),
    ("漢字", "attachment"),
    (".bashrc", "attachment.bashrc"),
    ('a"b;c\\d.txt', "a_b_c_d.txt"),
    ("a" * 100 + "." + "b" * 100, "a" * 40 + "." + "b" * 40),
]


@pytest.mark.parametrize(("name", "fallback"), FALLBACKS)
def test_names_in_ascii(name: str, fallback: str) -> None:
    """The plain name tells what it can."""
    assert ascii_name(name) == fallback


@pytest.mark.parametrize(
    "field",
    [
        Field("Sub ject", ("a",), "a"),
        Field("Subject:", ("a",), "a"),
        Field("Subject\r\nBcc", ("a",), "a"),
        Field("", ("a",), "a"),
        Field("Subject", (), ""),
        Field("Subject", ("a", " "), "a"),
        Field("Subject", ("a\r\nBcc: b",), "a"),
        Field("Subject", ("a\0",), "a"),
        Field("Subject", ("=?utf-8?q?=0A?=",), "\n"),
        plain("Subject", ""),
    ],
    ids=repr,
)
def test_what_no_header_can_hold(field: Field) -> None:
    """Names and values that would be more than one field are not written."""
    with pytest.raises(ValueError, match="not a"):
        field.written()
