"""Claims about every draft: what was meant arrives, and nothing else."""

import unicodedata
from email.utils import getaddresses

from hypothesis import given
from hypothesis import strategies as st

from kit.composing import ALICE, BOB, issues, modern, names, old, words, write
from mailconfig.domain.composition import Attachment, ExtraHeader, NamedAddress
from mailconfig.domain.composition.fields import encoded_words, unstructured
from mailconfig.domain.validation.texts import has_unfit_characters

_SIGNS = st.characters(exclude_categories=["Cs"])
_PLAIN = st.sampled_from("abc ,;:\"\\()<>@=?_%*'.-äß€漢😀\u0301\u200d")
LINES = (
    st.text(st.one_of(_PLAIN, _SIGNS), max_size=150)
    .map(lambda text: "".join(sign for sign in text if not has_unfit_characters(sign)).strip())
    .filter(lambda text: "=?" not in text)
)
"""What the rules take as one line."""
TEXTS = st.text(
    st.one_of(_SIGNS.filter(lambda sign: sign != "\0"), st.sampled_from("\n\r\t .=-\u2028F")),
    max_size=400,
)
"""What the rules take as a body."""


def plain_and_short(content: bytes) -> bool:
    """Tell whether bytes are ASCII lines of at most 78, ended by CR LF."""
    lines = content.split(b"\r\n")
    return (
        content.isascii()
        and not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
        and all(len(line) <= 78 for line in lines)
    )


@given(LINES)
def test_subjects_survive(subject: str) -> None:
    """Both readers find the subject that was meant, and no other header."""
    content = write(subject=subject).content
    expected = ["Date", "From", "To", *(["Subject"] if subject else [])]
    expected += ["Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert names(old(content)) == names(modern(content)) == expected
    assert (modern(content)["Subject"] or "") == subject
    assert words(old(content)["Subject"].replace("\r\n", "") if subject else "") == subject
    assert plain_and_short(content)


@given(st.lists(LINES, min_size=1, max_size=4))
def test_names_of_people_survive(shown: list[str]) -> None:
    """Names of recipients arrive with their addresses, whatever signs they hold."""
    boxes = tuple(NamedAddress(f"r{number}@example.org", name) for number, name in enumerate(shown))
    content = write(to=boxes).content
    raw = old(content)["To"].replace("\r\n", "")
    assert [(words(name), address) for name, address in getaddresses([raw])] == [
        (name, f"r{number}@example.org") for number, name in enumerate(shown)
    ]
    read = modern(content)["To"].addresses
    assert [each.addr_spec for each in read] == [box.address for box in boxes]
    assert plain_and_short(content)


@given(TEXTS)
def test_texts_survive(text: str) -> None:
    """A text arrives sign by sign; only its line ends become CR LF, the last one is added."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    meant = lines if lines.endswith("\n") else f"{lines}\n"
    if not text.strip():
        return
    content = write(text=text).content
    assert modern(content).get_content().replace("\r\n", "\n") == meant
    payload = old(content).get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == meant
    assert plain_and_short(content)


@given(TEXTS, TEXTS)
def test_texts_survive_beside_each_other(text: str, html: str) -> None:
    """Text and HTML of one message arrive as they are."""
    if not text.strip() or not html.strip():
        return
    message = modern(write(text=text, html=html).content)
    bodies = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    meant = [each.replace("\r\n", "\n").replace("\r", "\n") for each in (text, html)]
    assert bodies == [each if each.endswith("\n") else f"{each}\n" for each in meant]


@given(LINES.filter(bool), st.binary(max_size=300))
def test_files_survive(name: str, data: bytes) -> None:
    """A file arrives with its name and its bytes, for both readers."""
    content = write(attachments=(Attachment(name, "application/pdf", data),)).content
    part = next(modern(content).iter_attachments())
    assert part.get_filename() == name
    assert part.get_payload(decode=True) == data
    earlier = list(old(content).walk())[-1]
    assert earlier.get_filename() == name
    assert earlier.get_payload(decode=True) == data
    assert earlier.get_param("name").isascii()
    assert plain_and_short(content)


@given(LINES.filter(bool))
def test_values_of_own_headers_survive(value: str) -> None:
    """A header of the sender's own choice arrives once, with its value."""
    content = write(headers=(ExtraHeader("X-Own", value),)).content
    assert names(old(content)).count("X-Own") == 1
    assert words(old(content)["X-Own"].replace("\r\n", "")) == value
    assert max(map(len, content.split(b"\r\n"))) <= 998


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_encoded_words_hold_whole_characters(text: str) -> None:
    """Each encoded word is at most as long as asked for and can be decoded by itself."""
    found = list(encoded_words(text, 64))
    assert max(map(len, found)) <= 64
    assert "".join(map(words, found)) == text


@given(st.text(max_size=40))
def test_no_text_is_more_than_one_line(text: str) -> None:
    """Free text of any kind, also one that the rules refuse, becomes one header or an error."""
    try:
        written = unstructured("Subject", text).written()
    except ValueError:
        return
    assert written.isascii()
    assert written.endswith(b"\r\n")
    for line in written[:-2].split(b"\r\n")[1:]:
        assert line.startswith(b" ")
        assert line.strip()


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_what_the_rules_take_can_be_written(subject: str, name: str, text: str) -> None:
    """A draft without an error is written without one; names keep to their order."""
    fields = {
        "subject": subject,
        "to": (NamedAddress("bob@example.org", name),),
        "cc": (NamedAddress("carol@example.org", subject),),
        "text": text,
        "attachments": (Attachment(name, "text/plain", b"x"),),
        "headers": (ExtraHeader("X-Own", text),),
    }
    if any(severity == "ERROR" for severity, *_ in issues(**fields)):
        return
    composed = write(**fields)
    assert composed.content.isascii()
    assert [each.address for each in composed.recipients] == [BOB.address, "carol@example.org"]
    assert ALICE.address in old(composed.content)["From"]
    assert "Bcc" not in names(old(composed.content))


def test_combining_signs_are_kept_as_typed() -> None:
    """Texts are not normalised: a decomposed letter arrives decomposed."""
    subject = unicodedata.normalize("NFD", "Äpfel")
    assert modern(write(subject=subject).content)["Subject"] == subject
