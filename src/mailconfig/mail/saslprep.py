"""SASLprep (RFC 4013): user names and passwords in the one form in which SCRAM compares them."""

import stringprep
import unicodedata
from typing import Final

_PROHIBITED: Final = (
    stringprep.in_table_c12,  # non-ASCII space
    stringprep.in_table_c21_c22,  # control characters
    stringprep.in_table_c3,  # private use
    stringprep.in_table_c4,  # non-characters
    stringprep.in_table_c5,  # surrogates
    stringprep.in_table_c6,  # inappropriate for plain text
    stringprep.in_table_c7,  # inappropriate for canonical representation
    stringprep.in_table_c8,  # change of display
    stringprep.in_table_c9,  # tagging
    stringprep.in_table_a1,  # unassigned in Unicode 3.2
)


class Unpreparable(ValueError):
    """The text holds characters that SASLprep forbids; it is not part of the message."""


def prepared(text: str) -> str:
    """Return the text mapped, normalised (NFKC) and checked. Raises Unpreparable."""
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each  # section 2.1: spaces become one kind,
        for each in text
        if not stringprep.in_table_b1(each)  # what is commonly mapped to nothing goes
    )
    normal = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)  # section 2.2, Unicode 3.2
    if any(forbidden(each) for forbidden in _PROHIBITED for each in normal):  # section 2.3
        raise Unpreparable("prohibited characters")
    _check_direction(normal)
    return normal


def _check_direction(text: str) -> None:
    """Section 2.4: right-to-left text stands alone and at both ends (RFC 3454, section 6)."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    alone = not any(map(stringprep.in_table_d2, text))
    if not (alone and stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise Unpreparable("mixed directions")
