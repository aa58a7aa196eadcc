"""Trusted documents: requests name what code generation wrote down, and servers may demand it.

A request names its document by `documentId`, or by `extensions.persistedQuery.sha256Hash` as
clients of Apollo and urql do. Three modes: `off` runs what requests bring; `allow` knows the
manifest as well; `require` runs nothing else, so that nobody can ask what no client of ours asks.
With `require` staff may still send texts, for the explorer, where there is one.

Documents may also be learned from clients (Apollo's automatic persisted queries): who sends text
and hash together may send the hash alone from then on. That saves bytes and protects nothing, so
it is off unless asked for, forgets the least recently used, and never goes with `require`.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from mailconfig.domain.errors import Unauthenticated
from mailconfig.domain.identity import Role
from mailconfig.graphql.context import Context
from mailconfig.graphql.manifests import PREFIX, digest_of
from mailconfig.graphql.refusals import Problem, Refused
from mailconfig.graphql.requests import Documents, GivenDocuments, GraphQLRequest

NOT_FOUND: Final = "PERSISTED_DOCUMENT_NOT_FOUND"
"""Code of a request whose document is not in the manifest."""
LEARNABLE: Final = "PERSISTED_QUERY_NOT_FOUND"
"""Code that makes clients of Apollo's protocol send the text beside the hash."""
UNSUPPORTED: Final = "PERSISTED_QUERY_NOT_SUPPORTED"
"""Code that makes them send the text from now on."""
_STAFF: Final = Role.ADMIN
"""Who may send any text all the same, and higher roles."""
_VERSION: Final = 1
"""The one version of Apollo's protocol."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class DocumentsMode(StrEnum):
    """Which documents are run."""

    OFF = "off"
    """Those that requests bring."""
    ALLOW = "allow"
    """Those and the manifest's."""
    REQUIRE = "require"
    """The manifest's alone."""


@dataclass(frozen=True, slots=True)
class LearningLimits:
    """How much is learned from clients."""

    documents: int = 0
    """Most documents; 0: none is learned."""
    characters: int = 64 * 1024
    """Longest of them."""
    bytes: int = 4 * 1024 * 1024
    """Most memory of their texts."""


class LearnedDocuments:
    """Texts by their hash, as clients sent them; the least recently used leave first."""

    def __init__(self, limits: LearningLimits) -> None:
        self._limits = limits
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many documents are known."""
        return len(self._texts)

    def __bool__(self) -> bool:
        """Tell whether anything is ever learned."""
        return self._limits.documents > 0

    def get(self, digest: str) -> str | None:
        """Return the text with that hash."""
        text = self._texts.get(digest)
        if text is not None:
            self._texts.move_to_end(digest)
        return text

    def learn(self, digest: str, text: str) -> None:
        """Keep a text; raises Refused where the hash is that of another one."""
        if digest_of(text) != digest:
            raise Refused(Problem.SHAPE, "`sha256Hash` is not the hash of `query`.")
        if len(text) > self._limits.characters or digest in self._texts:
            return
        self._texts[digest] = text
        self._bytes += _size(text)
        while len(self._texts) > self._limits.documents or self._bytes > self._limits.bytes:
            _, forgotten = self._texts.popitem(last=False)
            self._bytes -= _size(forgotten)


class TrustedDocuments:
    """Implements `requests.Documents`."""

    def __init__(
        self,
        mode: DocumentsMode,
        texts: Mapping[str, str] = _NOTHING,
        learning: LearningLimits | None = None,
        *,
        staff_may_send: bool = False,
    ) -> None:
        """Know the texts of an index of manifests (`manifests.index`).

        `staff_may_send` lets staff send any text where documents are required.
        """
        self._mode = mode
        self._texts = _NOTHING if mode is DocumentsMode.OFF else texts
        self._own = frozenset(self._texts.values())
        self._learned = LearnedDocuments(learning or LearningLimits())
        self._given = GivenDocuments()
        self.staff_may_send = staff_may_send

    def text_of(self, request: GraphQLRequest) -> str:
        """Return the text to run; raises Refused where there is none, or it is not trusted."""
        if request.document_id is not None:
            found = self._texts.get(request.document_id.removeprefix(PREFIX))
            if found is not None:
                return found
            if self._mode is not DocumentsMode.OFF or request.query is None:
                raise _not_found()
        digest = None if self._is_plain(request) else _digest(request.extensions)
        if digest is None:
            return self._sent(request)
        return self._texts.get(digest) or self._by_hash(digest, request)

    def _is_plain(self, request: GraphQLRequest) -> bool:
        """Tell whether the text is there and nothing else is looked at."""
        return self._mode is DocumentsMode.OFF and not self._learned and request.query is not None

    def _sent(self, request: GraphQLRequest) -> str:
        text = self._given.text_of(request)
        if self._mode is DocumentsMode.REQUIRE and text not in self._own:
            raise _not_found()
        return text

    def _by_hash(self, digest: str, request: GraphQLRequest) -> str:
        if self._mode is DocumentsMode.REQUIRE:
            if not request.query:
                raise _not_found()
            return self._sent(request)
        if request.query is None:
            found = self._learned.get(digest)
            if found is not None:
                return found
            known = self._learned or self._mode is DocumentsMode.ALLOW
            raise _unknown_hash() if known else _unsupported()
        if self._learned:
            self._learned.learn(digest, request.query)
        return self._given.text_of(request)


async def text_for(documents: Documents, request: GraphQLRequest, context: Context) -> str:
    """Return the text to run, also one that only staff may send; raises Refused."""
    try:
        return documents.text_of(request)
    except Refused as refused:
        if (
            refused.code == NOT_FOUND
            and request.query
            and isinstance(documents, TrustedDocuments)
            and documents.staff_may_send
            and await _is_staff(context)
        ):
            return request.query
        raise


async def _is_staff(context: Context) -> bool:
    try:
        principal = await context.caller_or_none()
    except Unauthenticated:
        return False
    return principal is not None and principal.at_least(_STAFF)


def _digest(extensions: Mapping[str, Any] | None) -> str | None:
    """Return the hash that a request names its document by; raises Refused for another form."""
    given = (extensions or {}).get("persistedQuery")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("version") != _VERSION:
        raise Refused(Problem.SHAPE, "`persistedQuery` must be an object of version 1.")
    digest = given.get("sha256Hash")
    if not isinstance(digest, str) or not digest:
        raise Refused(Problem.SHAPE, "`sha256Hash` must be a string.")
    return digest


def _size(text: str) -> int:
    return 4 * len(text)  # a character of a Python string takes four bytes at most


def _not_found() -> Refused:
    return Refused(Problem.DOCUMENT, "There is no trusted document of this id.", code=NOT_FOUND)


def _unknown_hash() -> Refused:
    # Older clients look at this message, not at the code.
    return Refused(Problem.DOCUMENT, "PersistedQueryNotFound", code=LEARNABLE)


def _unsupported() -> Refused:
    return Refused(Problem.DOCUMENT, "PersistedQueryNotSupported", code=UNSUPPORTED)
