"""The trusted documents of an instance, from its settings and files."""

from collections.abc import Sequence
from pathlib import Path

from mailconfig.domain.errors import Fault
from mailconfig.graphql.documents import DocumentsMode, LearningLimits, TrustedDocuments
from mailconfig.graphql.manifests import ManifestError, TrustedDocument, index, read_manifest
from mailconfig.settings import Settings


def trusted_documents(settings: Settings) -> TrustedDocuments:
    """Read the manifests; raises Fault with what to do."""
    mode = DocumentsMode(settings.documents_mode)
    if mode is DocumentsMode.REQUIRE and not settings.documents_files:
        raise Fault("MAILCONFIG_DOCUMENTS_MODE=require needs MAILCONFIG_DOCUMENTS_FILES.")
    if mode is DocumentsMode.REQUIRE and settings.learned_documents:
        raise Fault("MAILCONFIG_LEARNED_DOCUMENTS must be 0 where documents are required.")
    try:
        texts = index(_read(settings.documents_files))
    except ManifestError as error:
        raise Fault(f"MAILCONFIG_DOCUMENTS_FILES: {error}.") from error
    return TrustedDocuments(
        mode,
        texts,
        LearningLimits(settings.learned_documents, settings.max_query_characters),
        staff_may_send=settings.serves_explorer,
    )


def manifest(path: Path) -> tuple[TrustedDocument, ...]:
    """Read one manifest; raises Fault with what is wrong."""
    try:
        return read_manifest(path.read_bytes())
    except ManifestError as error:
        raise Fault(f"{path} is no manifest of documents: {error}.") from error
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}.") from error


def _read(paths: Sequence[Path]) -> list[TrustedDocument]:
    return [document for path in paths for document in manifest(path)]
