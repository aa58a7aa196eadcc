"""Trusted documents: which text a request runs in each mode, and which it may not."""

from collections.abc import Mapping
from typing import Any

import pytest

from mailconfig.graphql.documents import (
    DocumentsMode,
    LearnedDocuments,
    LearningLimits,
    TrustedDocuments,
)
from mailconfig.graphql.manifests import TrustedDocument, digest_of, index
from mailconfig.graphql.refusals import Refused
from mailconfig.graphql.requests import GraphQLRequest

KNOWN, OTHER = "query Known { csrfToken }", "query Other { viewer { id } }"
DIGEST = digest_of(KNOWN)
TEXTS = index([TrustedDocument(f"sha256:{DIGEST}", KNOWN), TrustedDocument("short", OTHER + " ")])
OFF, ALLOW, REQUIRE = DocumentsMode.OFF, DocumentsMode.ALLOW, DocumentsMode.REQUIRE
BAD, UNKNOWN = "BAD_REQUEST", "PERSISTED_DOCUMENT_NOT_FOUND"
MISS, NOT_HERE = "PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"


def asked(
    query: str | None = None,
    document_id: str | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> GraphQLRequest:
    """Return a request."""
    return GraphQLRequest(query, None, None, dict(extensions or {}) or None, document_id)


def hashed(digest: object, query: str | None = None, version: object = 1) -> GraphQLRequest:
    """Return a request of Apollo's protocol."""
    persisted = {"version": version, "sha256Hash": digest}
    return asked(query, extensions={"persistedQuery": persisted})


def outcome(documents: TrustedDocuments, request: GraphQLRequest) -> str:
    """Return the text to run, or the code of the refusal."""
    try:
        return documents.text_of(request)
    except Refused as refused:
        return refused.code


@pytest.mark.parametrize(
    ("request_", "off", "allow", "require"),
    [
        # A text, known or not.
        (asked(KNOWN), KNOWN, KNOWN, KNOWN),
        (asked(OTHER), OTHER, OTHER, UNKNOWN),
        # A name, with and without its prefix, of both kinds of id.
        (asked(document_id=f"sha256:{DIGEST}"), UNKNOWN, KNOWN, KNOWN),
        (asked(document_id=DIGEST), UNKNOWN, KNOWN, KNOWN),
        (asked(document_id="short"), UNKNOWN, OTHER + " ", OTHER + " "),
        (asked(document_id="sha256:00"), UNKNOWN, UNKNOWN, UNKNOWN),
        (asked(document_id=""), UNKNOWN, UNKNOWN, UNKNOWN),
        # A name wins over a text; without trusted documents nobody looks at it.
        (asked(OTHER, f"sha256:{DIGEST}"), OTHER, KNOWN, KNOWN),
        (asked(OTHER, "sha256:00"), OTHER, UNKNOWN, UNKNOWN),
        # Apollo's way: by the hash of the text, whatever the manifest calls it.
        (hashed(DIGEST), NOT_HERE, KNOWN, KNOWN),
        (hashed(digest_of(OTHER + " ")), NOT_HERE, OTHER + " ", OTHER + " "),
        (hashed("00"), NOT_HERE, MISS, UNKNOWN),
        (hashed("00", OTHER), OTHER, OTHER, UNKNOWN),
        (hashed(DIGEST, KNOWN), KNOWN, KNOWN, KNOWN),
        # Of the wrong form.
        (hashed(7), BAD, BAD, BAD),
        (hashed(""), BAD, BAD, BAD),
        (hashed(DIGEST, version=2), BAD, BAD, BAD),
        (asked(extensions={"persistedQuery": "x"}), BAD, BAD, BAD),
        # Nothing.
        (asked(), BAD, BAD, BAD),
        (asked(""), BAD, BAD, BAD),
    ],
)
def test_what_is_run_in_each_mode(
    request_: GraphQLRequest, off: str, allow: str, require: str
) -> None:
    """The text, or the code that clients act on."""
    found = [outcome(TrustedDocuments(mode, TEXTS), request_) for mode in (OFF, ALLOW, REQUIRE)]
    assert found == [off, allow, require]


def test_documents_are_learned_from_clients() -> None:
    """Apollo's protocol: hash alone, hash and text, then the hash alone works for everybody."""
    documents = TrustedDocuments(OFF, learning=LearningLimits(documents=2))
    digest = digest_of(OTHER)
    told = [outcome(documents, request) for request in (hashed(digest), hashed(digest, OTHER))]
    assert told == [MISS, OTHER]
    assert outcome(documents, hashed(digest)) == OTHER


def test_a_text_of_another_hash_is_not_learned() -> None:
    """Else one client could give all others a document of its own."""
    documents = TrustedDocuments(OFF, learning=LearningLimits(documents=2))
    assert outcome(documents, hashed(digest_of(OTHER), KNOWN)) == BAD
    assert outcome(documents, hashed(digest_of(OTHER))) == MISS


def test_what_is_learned_is_bounded() -> None:
    """By number, by bytes, and by the length of one; the least recently used leave."""
    learned = LearnedDocuments(LearningLimits(documents=2, characters=40, bytes=4 * 50))
    texts = [f"query Q{number} {{ csrfToken }}" for number in range(3)]
    for text in texts[:2]:
        learned.learn(digest_of(text), text)
    learned.get(digest_of(texts[0]))
    learned.learn(digest_of(texts[2]), texts[2])
    assert [learned.get(digest_of(text)) for text in texts] == [texts[0], None, texts[2]]
    large = "query Large { csrfToken " + " " * 10 + "}"
    learned.learn(digest_of(large), large)
    assert (len(learned), learned.get(digest_of(large))) == (1, large)
    longer = "#" * 41
    learned.learn(digest_of(longer), longer)
    assert learned.get(digest_of(longer)) is None
