"""`mailconfig documents check`: a manifest against the schema and its limits."""

import json
from pathlib import Path

from kit.serving import run
from mailconfig.graphql.manifests import digest_of

GOOD = "query Good { viewer { id } }"
UNKNOWN = "query Unknown {\n  viewer { nothing }\n}"
ROWS = "id provider { id } incoming { host } tests(first: 100) { nodes { steps { id } } }"
COSTLY = f"query Costly {{ configs(first: 100) {{ nodes {{ {ROWS} }} }} }}"


def test_a_manifest_that_fits(tmp_path: Path) -> None:
    """The number of its documents, and exit status 0."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({f"sha256:{digest_of(GOOD)}": GOOD}))
    done = run("documents", "check", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 document, no faults.\n", "")


def test_every_fault_has_its_place(tmp_path: Path) -> None:
    """File, id, line and column, for what the schema, the limits or the ids refuse."""
    path = tmp_path / "documents.json"
    path.write_text(
        json.dumps(
            {
                "fine": GOOD,
                "unknown": UNKNOWN,
                "broken": "query {",
                "costly": COSTLY,
                "sha256:00": GOOD + " ",
                "empty": "fragment F on Viewer { id }",
            }
        )
    )
    done = run("documents", "check", path)
    assert done.returncode == 1
    *faults, last = done.stdout.splitlines()
    assert [line.removeprefix(f"{path}: ") for line in faults] == [
        "unknown:2:12: Cannot query field 'nothing' on type 'Viewer'.",
        "broken:1:8: Syntax Error: Expected Name, found <EOF>.",
        "costly:1:1: The operation costs more than 10000 points.",
        "sha256:00:1:1: The id is not the hash of the document.",
        "empty:1:1: Fragment 'F' is never used.",
    ]
    assert last == "6 documents, 5 faults."


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    """A manifest may fit one instance and not another."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"deep": "{ viewer { id } a: viewer { id } b: viewer { id } }"}))
    assert run("documents", "check", path).returncode == 0
    done = run("documents", "check", path, MAX_QUERY_ALIASES=1)
    assert "deep:1:1: The operation has more than 1 aliases." in done.stdout
    assert done.returncode == 1


def test_a_file_that_is_no_manifest(tmp_path: Path) -> None:
    """A sentence on standard error."""
    path = tmp_path / "documents.json"
    path.write_text("[]")
    done = run("documents", "check", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{path} is no manifest of documents: it holds no documents.\n"
