"""Reads manifests of trusted documents: bytes of a file in, names and texts out.

Code generation writes them beside the clients, in one of three shapes, all JSON:

    {"sha256:...": "query ...", ...}      client preset of GraphQL Code Generator, Relay, urql
    [["...", "query ..."], ...]           older Relay
    {"operations": [{"id": "...", "body": "query ..."}, ...]}      Apollo

A document goes by its name in the manifest, with and without "sha256:", and by the SHA-256 of its
text, which is what clients with `extensions.persistedQuery` send. Whether a text is a document of
the schema is not known here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

PREFIX: Final = "sha256:"
"""What names of the SHA-256 of a text begin with (GraphQL over HTTP, persisted documents)."""
_PAIR: Final = 2


class ManifestError(ValueError):
    """A file is no manifest; the message says why and never quotes it."""


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """One document of a manifest."""

    id: str
    """Its name, as the manifest has it."""
    text: str
    """The document."""

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in lower-case hex."""
        return digest_of(self.text)

    @property
    def is_misnamed(self) -> bool:
        """Whether the name promises the SHA-256 of the text and is that of another one."""
        return self.id.startswith(PREFIX) and self.id != PREFIX + self.digest


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in lower-case hex."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def read_manifest(content: bytes) -> tuple[TrustedDocument, ...]:
    """Return the documents of a manifest in their order; raises ManifestError."""
    try:
        given: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ManifestError("it is not JSON in UTF-8") from error
    found = tuple(TrustedDocument(*pair) for pair in _pairs(given))
    if not found:
        raise ManifestError("it holds no documents")
    names = [document.id for document in found]
    if len(set(names)) < len(names):
        raise ManifestError("it holds one id twice")
    return found


def index(documents: Iterable[TrustedDocument]) -> Mapping[str, str]:
    """Return the texts by all names that requests may use, without the prefix.

    Raises ManifestError where one name means two texts.
    """
    texts: dict[str, str] = {}
    for document in documents:
        for name in {document.id.removeprefix(PREFIX), document.digest}:
            if texts.setdefault(name, document.text) != document.text:
                raise ManifestError(f"{name} names two texts")
    return texts


def _pairs(given: object) -> Iterable[tuple[str, str]]:
    """Yield ids and texts; raises ManifestError for another shape."""
    if isinstance(given, dict) and isinstance(given.get("operations"), list):
        given = [
            (item.get("id"), item.get("body")) if isinstance(item, dict) else item
            for item in given["operations"]
        ]
    elif isinstance(given, dict):
        given = list(given.items())
    if not isinstance(given, list):
        raise ManifestError("it is neither an object nor a list")
    for item in given:
        if not (
            isinstance(item, list | tuple)
            and len(item) == _PAIR
            and all(isinstance(part, str) and part for part in item)
        ):
            raise ManifestError("each document must have an id and a text")
        yield item[0], item[1]
