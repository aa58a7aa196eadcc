"""The list of common passwords: what is on it, and how it is read."""

from importlib.resources import files

import pytest

from mailconfig.storage.commonpasswords import DIGEST_BYTES, is_common


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "qwertyuiop",
        "123456789012",
        "1qaz2wsx3edc",
        "motherfucker",
        "passwordpassword",
        "PassWord1",  # in another case than on the list
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",  # in full width (NFKC)
    ],
)
def test_common_ones_are_found(password: str) -> None:
    """Short and long ones, in any case and width."""
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    ["", "correct horse battery", "pass word 1 and more", "\udc80" * 12, "x" * 1024],
)
def test_others_are_not(password: str) -> None:
    """Nor does any text break the search, not even half a surrogate pair."""
    assert not is_common(password)


def test_the_list_is_sorted_and_long() -> None:
    """A search by halves needs rows in order; the first and the last row are found as well."""
    listed = files("mailconfig.storage").joinpath("commonpasswords.bin").read_bytes()
    rows = [listed[at : at + DIGEST_BYTES] for at in range(0, len(listed), DIGEST_BYTES)]
    assert (len(rows), len(listed) % DIGEST_BYTES) == (85_008, 0)
    assert rows == sorted(set(rows))
