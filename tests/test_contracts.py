"""The contract tools: example documents, their manifest, and what counts as a breaking change."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

from kit.node import ROOT, TOOLS, node_command, run_node
from mailconfig.graphql.manifests import read_manifest

DOCUMENTS = sorted((TOOLS / "documents").glob("*.graphql"))
MANIFEST = TOOLS / "documents.json"
BEFORE = """
type Query { kept: Int gone: Int left: Int @deprecated(reason: "Use kept.") }
"""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema that is in the repository; `make schema-check` compares it with the code."""
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def root_fields(schema: GraphQLSchema) -> list[str]:
    """Return the names of all root fields."""
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return sorted(name for root in roots if root for name in root.fields)


def test_every_root_field_has_an_example_document(schema: GraphQLSchema) -> None:
    """There is one file for each query, mutation and subscription, and no other."""
    assert [path.stem for path in DOCUMENTS] == root_fields(schema)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_an_example_document_is_valid(schema: GraphQLSchema, path: Path) -> None:
    """It can be sent as it stands: one operation, named after the one field that it asks for."""
    document = parse(path.read_text(encoding="utf-8"))
    assert validate(schema, document) == []
    (operation,) = (
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    asked = [selection.name.value for selection in operation.selection_set.selections]  # type: ignore[attr-defined] # fields
    assert asked == [path.stem]
    assert operation.name is not None
    assert operation.name.value == path.stem[0].upper() + path.stem[1:]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_an_example_shows_failures(schema: GraphQLSchema, path: Path) -> None:
    """Whatever has `errors` is asked for their type, sentence and path."""
    text = path.read_text(encoding="utf-8")
    if schema.mutation_type and path.stem in schema.mutation_type.fields:
        assert re.search(r"errors \{\s+__typename\s+message\s+path\b", text)


def test_the_manifest_is_of_these_documents() -> None:
    """documents.json has each document, by the hash of its text, fit for this server."""
    manifest = json.loads(MANIFEST.read_text())
    digests = {f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in manifest.values()}
    assert digests == manifest.keys()
    operations = r"\b(?:query|mutation|subscription) (\w+)"
    named = sorted(re.findall(operations, " ".join(manifest.values())))
    assert named == sorted(path.stem[0].upper() + path.stem[1:] for path in DOCUMENTS)
    assert len(read_manifest(MANIFEST.read_bytes())) == len(DOCUMENTS)


class Repository:
    """A repository of git with one schema."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet")

    def git(self, *words: str) -> None:
        """Run a command of git, as nobody in particular."""
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, schema: str, tag: str | None = None) -> None:
        """Commit a schema, as a release where there is a tag."""
        (self.folder / "schema.graphql").write_text(schema)
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "schema: change")
        if tag is not None:
            self.git("tag", tag)

    def compare(self, *baseline: str) -> tuple[int, str, str]:
        """Run the comparison; return its status, what it says and what it complains about."""
        words = node_command(TOOLS, TOOLS / "breaking.mjs", *baseline)
        done = run_node(words, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose first release has the schema above."""
    made = Repository(tmp_path)
    made.commit(BEFORE, "v1.0")
    return made


def test_a_field_that_is_gone_breaks_clients(repository: Repository) -> None:
    """What was removed since the release without notice fails and is named."""
    repository.commit('type Query { kept: Int left: Int @deprecated(reason: "Use kept.") }')
    status, said, complaints = repository.compare()
    assert (status, said) == (1, "1 changes since v1.0, 1 of them break clients.\n")
    assert complaints.startswith("BREAKS Field 'gone' was removed from object type 'Query'")


def test_a_deprecated_field_may_go(repository: Repository) -> None:
    """What the release had deprecated may be removed."""
    repository.commit("type Query { kept: Int gone: Int new: Int }")
    assert repository.compare() == (
        0,
        "2 changes since v1.0, 0 of them break clients.\n",
        "",
    )


def test_a_release_is_compared_with_the_one_before(repository: Repository) -> None:
    """A tag at HEAD itself is not the yardstick."""
    repository.commit("type Query { kept: Int }", "v2.0")
    status, said, _ = repository.compare()
    assert status == 1
    assert "since v1.0" in said


def test_a_baseline_may_be_named(repository: Repository) -> None:
    """Any revision can be compared with; one that there is not is an error."""
    repository.commit(BEFORE)
    assert repository.compare("HEAD~1")[0] == 0
    assert repository.compare("nowhere") == (2, "", "nowhere has no schema.graphql.\n")


def test_before_the_first_release_nothing_breaks(tmp_path: Path) -> None:
    """Without a release it says so and passes."""
    unreleased = Repository(tmp_path)
    unreleased.commit(BEFORE)
    unreleased.commit("type Query { other: Int }")
    said = "No release before this one: the schema may change at will.\n"
    assert unreleased.compare() == (0, said, "")
