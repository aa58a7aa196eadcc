"""docs/security.md: each requirement names a proof that is there, or says why not."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"\| (V\d{1,2}(?:\.\d{1,2}){0,2}) \| ([^|]+) \| ([^|]+) \|")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
PAGE = re.compile(r"`(docs/[\w/]+\.md)`")
NAMED = re.compile(r"(?<![\w/])(?:tests|docs)/[\w/]+\.\w+")
REASONS = ("not met: ", "does not apply: ")


def rows() -> list[tuple[str, str, str]]:
    """Return requirement, topic and proof of each line of the table."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| V")]
    found = [match.groups() for line in lines if (match := ROW.fullmatch(line))]
    assert len(found) == len(lines) > 50
    return [(id, topic, proof) for id, topic, proof in found]


@cache
def functions_in(path: str) -> frozenset[str]:
    """Return the names of the functions in a file; of no file, none."""
    if not (ROOT / path).is_file():
        return frozenset()
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in body if isinstance(node, kinds))


def is_proof(id: str, text: str) -> bool:
    """Tell a test that is there; a page proves only what asks for documentation (Vx.1)."""
    if test := TEST.fullmatch(text):
        return test[2] in functions_in(test[1])
    page = PAGE.fullmatch(text)
    return page is not None and id.split(".")[1] == "1" and (ROOT / page[1]).is_file()


def test_each_requirement_stands_once_and_in_order() -> None:
    """By number, as ASVS has them."""
    ids = [tuple(map(int, id[1:].split("."))) for id, _, _ in rows()]
    assert ids == sorted(set(ids))


def test_each_proof_is_there() -> None:
    """Tests by file and name, pages by file, else the reason why there is none."""
    wrong = [
        (id, text)
        for id, _, proof in rows()
        if not proof.startswith(REASONS)
        for text in proof.split(", ")
        if not is_proof(id, text)
    ]
    assert wrong == []


def test_reasons_name_files_that_are_there() -> None:
    """What is not met may still point at what there is, and each reason says something."""
    reasons = {id: proof for id, _, proof in rows() if proof.startswith(REASONS)}
    named = {(id, path) for id, text in reasons.items() for path in NAMED.findall(text)}
    assert sorted(each for each in named if not (ROOT / each[1]).is_file()) == []
    assert [id for id, text in reasons.items() if len(text.partition(": ")[2]) < 10] == []


def test_what_is_no_proof() -> None:
    """A renamed test, a missing file, a file alone, and a page for what a test has to prove."""
    here = "tests/test_security_page.py"
    assert is_proof("V1.2.4", f"`{here}::test_what_is_no_proof`")
    assert is_proof("V6.1.1", "`docs/security.md`")
    assert not is_proof("V1.2.4", f"`{here}::test_that_is_not_there`")
    assert not is_proof("V1.2.4", "`tests/test_nowhere.py::test_what_is_no_proof`")
    assert not is_proof("V1.2.4", f"`{here}`")
    assert not is_proof("V1.2.4", f"`{here}::rows`")
    assert not is_proof("V6.2.1", "`docs/security.md`")
    assert not is_proof("V6.1.1", "`docs/nowhere.md`")
