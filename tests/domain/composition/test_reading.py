"""Claims about the second look: whatever differs from what was meant is a fault."""

import pytest

from mailconfig.domain.composition.bodies import Entity
from mailconfig.domain.composition.fields import Field, plain
from mailconfig.domain.composition.reading import confirm
from mailconfig.domain.errors import Fault

TEXT = Entity((plain("Content-Type", "text/plain"),), b"x")
FIELDS = (plain("To", "a@b.example"), plain("Content-Type", 'multipart/mixed; boundary="=_1"'))
BODY = b"--=_1\r\nContent-Type: text/plain\r\n\r\nx\r\n--=_1--\r\n"
MEANT = Entity(FIELDS, BODY, (TEXT,))
ADDRESSES = {"to": ["a@b.example"]}
GOOD = MEANT.written()


def test_what_was_meant_passes() -> None:
    """Equal names, addresses and parts are no fault."""
    confirm(GOOD, MEANT, ADDRESSES, utf8=False)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"Bcc: c@d.example\r\n" + GOOD, id="another-header"),
        pytest.param(GOOD.replace(b"To: ", b"Cc: "), id="other-header"),
        pytest.param(GOOD.replace(b"To: a@b.example\r\n", b""), id="missing-header"),
        pytest.param(GOOD.replace(b"a@b.example", b"a@b.example, c@d.example"), id="recipient"),
        pytest.param(GOOD.replace(b"a@b.example", b"c@d.example"), id="other-recipient"),
        pytest.param(GOOD.replace(b"To: a@b.example", b"To: a@b.example\r\n\r\n"), id="early-end"),
        pytest.param(GOOD.replace(b"To: a@b", b"To: \r\nno colon\r\na@b"), id="no-header"),
        pytest.param(GOOD.replace(b'"=_1"\r\n', b'"=_1"\r\nno colon\r\n'), id="last-line"),
        pytest.param(GOOD.replace(b"x\r\n", b"x\r\n--=_1\r\n\r\ny\r\n"), id="another-part"),
        pytest.param(GOOD.replace(b"text/plain\r\n", b"text/plain\r\nX-A: b\r\n"), id="of-a-part"),
        pytest.param(GOOD.replace(b"--=_1--", b"--=_1"), id="open-end"),
        pytest.param(GOOD.replace(b"x\r\n", b"x\n"), id="bare-lf"),
        pytest.param(GOOD.replace(b"x\r\n", b"x\r\r\n"), id="bare-cr"),
        pytest.param(GOOD.replace(b"x\r\n", b"x\0\r\n"), id="nul"),
        pytest.param(GOOD.replace(b"x\r\n", b"\xc3\xa4\r\n"), id="8bit-body"),
        pytest.param(GOOD.replace(b"x\r\n", b"x" * 999 + b"\r\n"), id="long-line"),
        pytest.param(GOOD.replace(b"a@b", "ä@b".encode()), id="8bit-header"),
        pytest.param(GOOD[:-2], id="no-line-end"),
    ],
)
def test_what_was_not_meant_is_a_fault(content: bytes) -> None:
    """Each difference is found."""
    assert content != GOOD
    with pytest.raises(Fault):
        confirm(content, MEANT, ADDRESSES, utf8=False)


@pytest.mark.parametrize("name", ["Bcc", "bcc", "Cc", "Sender", "Reply-To"])
def test_people_that_nobody_meant(name: str) -> None:
    """A header that names people is a fault even where the header was meant."""
    more = Entity((Field(name, ("c@d.example",), "c@d.example"), *FIELDS), BODY, (TEXT,))
    with pytest.raises(Fault, match="names others"):
        confirm(more.written(), more, ADDRESSES, utf8=False)


def test_addresses_beyond_ascii() -> None:
    """Such an address is compared as it is, where SMTPUTF8 allows it."""
    meant = Entity((plain("To", "<jörg@b.example>"),), b"x\r\n")
    content = meant.written()
    confirm(content, meant, {"to": ["jörg@b.example"]}, utf8=True)
    with pytest.raises(Fault, match="names others"):
        confirm(content, meant, {"to": ["jorg@b.example"]}, utf8=True)
