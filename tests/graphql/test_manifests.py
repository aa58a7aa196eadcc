"""Manifests of trusted documents: the shapes that code generation writes, and what is none."""

import json
from hashlib import sha256

import pytest

from mailconfig.graphql.manifests import (
    ManifestError,
    TrustedDocument,
    digest_of,
    index,
    read_manifest,
)

ONE, TWO = "query One { viewer { id } }", "query Two { csrfToken }"
FOUND = (TrustedDocument("a", ONE), TrustedDocument("b", TWO))


@pytest.mark.parametrize(
    "manifest",
    [
        # GraphQL Code Generator, urql, Relay.
        {"a": ONE, "b": TWO},
        # Older Relay.
        [["a", ONE], ["b", TWO]],
        # Apollo's generate-persisted-query-manifest.
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [
                {"id": "a", "name": "One", "type": "query", "body": ONE},
                {"id": "b", "name": "Two", "type": "query", "body": TWO},
            ],
        },
    ],
    ids=["codegen", "relay", "apollo"],
)
def test_shapes_of_manifests(manifest: object) -> None:
    """Each tool's file gives the same documents, in its order."""
    assert read_manifest(json.dumps(manifest).encode()) == FOUND


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON in UTF-8"),
        (b"\xff", "it is not JSON in UTF-8"),
        (b"7", "it is neither an object nor a list"),
        (b"{}", "it holds no documents"),
        (b"[]", "it holds no documents"),
        (b'{"a": 7}', "each document must have an id and a text"),
        (b'{"a": ""}', "each document must have an id and a text"),
        (b'{"": "query A { a }"}', "each document must have an id and a text"),
        (b'[["a"]]', "each document must have an id and a text"),
        (b'["a"]', "each document must have an id and a text"),
        (b'{"operations": [{"id": "a"}]}', "each document must have an id and a text"),
        (b'{"operations": ["a"]}', "each document must have an id and a text"),
        (b'[["a", "b"], ["a", "c"]]', "it holds one id twice"),
    ],
)
def test_files_that_are_no_manifests(content: bytes, reason: str) -> None:
    """One sentence each, which quotes nothing."""
    with pytest.raises(ManifestError, match=f"^{reason}$"):
        read_manifest(content)


def test_a_document_goes_by_its_id_and_by_its_hash() -> None:
    """With the prefix or without; ids of other kinds are known beside the hash."""
    digest = sha256(ONE.encode()).hexdigest()
    assert index([TrustedDocument(f"sha256:{digest}", ONE), TrustedDocument("md5", TWO)]) == {
        digest: ONE,
        "md5": TWO,
        digest_of(TWO): TWO,
    }


def test_one_name_for_two_texts_is_refused() -> None:
    """Over all files: which of them were meant could not be told."""
    with pytest.raises(ManifestError, match=r"^a names two texts$"):
        index([TrustedDocument("a", ONE), TrustedDocument("a", TWO)])
    assert index([TrustedDocument("a", ONE), TrustedDocument("a", ONE)])["a"] == ONE


def test_an_id_that_promises_another_hash() -> None:
    """Only ids that begin with sha256: promise anything."""
    assert TrustedDocument(f"sha256:{digest_of(TWO)}", ONE).is_misnamed
    assert not TrustedDocument(f"sha256:{digest_of(ONE)}", ONE).is_misnamed
    assert not TrustedDocument(digest_of(TWO), ONE).is_misnamed
