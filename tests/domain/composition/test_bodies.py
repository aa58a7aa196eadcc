"""Claims about bodies: the parts that a message needs, their encodings, and signatures."""

from email.message import Message
from typing import Any

import pytest

from kit.composing import MESSAGE_ID, NOW, letter, modern, old, write
from mailconfig.domain.composition import Attachment, Signature, compose

PDF = Attachment("a.pdf", "application/pdf", b"%PDF")
LOGO = Attachment("logo.png", "image/png", b"PNG", "logo")
HTML = "<img src=cid:logo>x"


def tree(part: Message) -> str:
    """Return the types of a message and its parts, with those inside in brackets."""
    inside = part.get_payload()
    if not isinstance(inside, list):
        return part.get_content_subtype()
    parts = ", ".join(tree(each) for each in inside if isinstance(each, Message))
    return f"{part.get_content_subtype()}({parts})"


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({}, "plain"),
    "html": ({"text": None, "html": "<p>x"}, "alternative(plain, html)"),
    "html-without-text": ({"text": None, "html": "<img src=x>"}, "html"),
    "both": ({"html": "<p>x"}, "alternative(plain, html)"),
    "inline": (
        {"html": HTML, "attachments": (LOGO,)},
        "related(alternative(plain, html), png)",
    ),
    "inline-without-html": ({"attachments": (LOGO,)}, "mixed(plain, png)"),
    "text-and-file": ({"attachments": (PDF,)}, "mixed(plain, pdf)"),
    "only-a-file": ({"text": None, "attachments": (PDF,)}, "mixed(pdf)"),
    "everything": (
        {"html": HTML, "attachments": (PDF, LOGO, PDF)},
        "mixed(related(alternative(plain, html), png), pdf, pdf)",
    ),
    "image-of-the-signature": (
        {"html": "<p>x", "signature": Signature(html="y", image=LOGO)},
        "related(alternative(plain, html), png)",
    ),
    "image-without-html": ({"signature": Signature(text="y", image=LOGO)}, "plain"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_levels(case: str) -> None:
    """A message has the levels that it needs, and no more."""
    fields, shape = SHAPES[case]
    assert tree(old(write(**fields).content)) == shape


ENCODINGS = {
    "short-ascii": ("Hi\n\tyou\n", "7bit", b"Hi\r\n\tyou\r\n"),
    "no-last-line-end": ("Hi", "7bit", b"Hi\r\n"),
    "mixed-line-ends": ("a\rb\r\nc\n", "7bit", b"a\r\nb\r\nc\r\n"),
    "long-line": ("a" * 80, "quoted-printable", b"a" * 75 + b"=\r\naaaaa\r\n"),
    "space-at-the-end": ("a \n", "quoted-printable", b"a=20\r\n"),
    "dot": (".\n", "quoted-printable", b"=2E\r\n"),
    "from": ("From me\n", "quoted-printable", b"=46rom me\r\n"),
    "control": ("a\fb\n", "quoted-printable", b"a=0Cb\r\n"),
    "umlaut": ("Grüße und so weiter\n", "quoted-printable", b"Gr=C3=BC=C3=9Fe und so weiter\r\n"),
    "cyrillic": ("привет\n", "base64", b"0L/RgNC40LLQtdGCDQo=\r\n"),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_texts_are_encoded_as_little_as_needed(case: str) -> None:
    """A text is sent as it is where nothing can harm it, else in the shorter encoding."""
    text, encoding, body = ENCODINGS[case]
    content = write(text=text).content
    assert old(content)["Content-Transfer-Encoding"] == encoding
    assert content.partition(b"\r\n\r\n")[2] == body


SIGNATURES: dict[str, tuple[Signature, str, str]] = {
    "both": (
        Signature("Me", "<i>Me</i>"),
        "Hi\n\n-- \nMe\n",
        '<p>Hi</p>\n<div class="signature">-- <br>\n<i>Me</i></div>\n',
    ),
    "text": (
        Signature("A & B\nC"),
        "Hi\n\n-- \nA & B\nC\n",
        '<p>Hi</p>\n<div class="signature">-- <br>\nA &amp; B<br>\nC</div>\n',
    ),
    "html": (
        Signature(html="<p>A &amp; B"),
        "Hi\n\n-- \nA & B\n",
        '<p>Hi</p>\n<div class="signature">-- <br>\n<p>A &amp; B</div>\n',
    ),
    "empty": (Signature(" ", None), "Hi\n", "<p>Hi</p>\n"),
    "image": (
        Signature("Me", "<i>Me</i>", LOGO),
        "Hi\n\n-- \nMe\n",
        (
            '<p>Hi</p>\n<div class="signature">-- <br>\n<i>Me</i>'
            '<div><img src="cid:logo" alt=""></div></div>\n'
        ),
    ),
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_signatures(case: str) -> None:
    """A signature stands below its delimiter in both texts."""
    signature, text, html = SIGNATURES[case]
    message = modern(write(text="Hi\n", html="<p>Hi</p>", signature=signature).content)
    shown = {
        part.get_content_subtype(): part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if part.get_content_maintype() == "text"
    }
    assert shown == {"plain": text, "html": html}


def test_signatures_stand_inside_the_body() -> None:
    """The signature goes before the last end of the body, and is in the text that is made."""
    message = modern(
        write(text=None, html="<BODY>x</BODY ></html>", signature=Signature("Me")).content
    )
    text, html = (part.get_content() for part in message.iter_parts())
    assert html.replace("\r\n", "\n") == (
        '<BODY>x\n<div class="signature">-- <br>\nMe</div>\n</BODY ></html>\n'
    )
    assert text.replace("\r\n", "\n") == "x\n\n-- \nMe\n"


def test_files_keep_type_and_charset() -> None:
    """A text file keeps its charset; a message as a file is opaque, since it is sent in base64."""
    files = (
        Attachment("a.csv", "text/csv; charset=iso-8859-1", b"\xe4"),
        Attachment("a.eml", "message/rfc822", b"Subject: x\r\n\r\n"),
    )
    parts = list(modern(write(attachments=files).content).iter_attachments())
    assert [part.get_content_type() for part in parts] == ["text/csv", "application/octet-stream"]
    assert parts[0].get_content() == "ä"
    assert parts[1].get_payload(decode=True) == b"Subject: x\r\n\r\n"


def test_a_source_of_tokens_that_repeats_itself() -> None:
    """Boundaries of two levels are never the same: a source of one token is refused."""
    with pytest.raises(ValueError, match="repeats"):
        compose(letter(html=HTML, attachments=(LOGO,)), MESSAGE_ID, NOW, lambda: "0")
