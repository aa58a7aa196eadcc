"""Trusted documents from settings: what is read at the start, and what refuses it."""

from pathlib import Path
from typing import Any

import pytest

from mailconfig.bootstrap.documents import trusted_documents
from mailconfig.domain.errors import Fault
from mailconfig.graphql.requests import GraphQLRequest
from mailconfig.settings import Settings

QUERY = "{ csrfToken }"


def settings(**changes: object) -> Settings:
    """Return settings with these changes."""
    return Settings().model_copy(update=changes)


def test_the_files_are_read(tmp_path: Path) -> None:
    """All of them; requests name documents of each."""
    paths = []
    for name in ("web", "app"):
        path = tmp_path / f"{name}.json"
        path.write_text(f'{{"{name}": "query {name} {QUERY}"}}')
        paths.append(path)
    found = trusted_documents(settings(documents_mode="require", documents_files=tuple(paths)))
    for name in ("web", "app"):
        asked = GraphQLRequest(None, None, None, None, name)
        assert found.text_of(asked) == f"query {name} {QUERY}"


@pytest.mark.parametrize(
    ("content", "changes", "sentence"),
    [
        (None, {"documents_files": ()}, "MAILCONFIG_DOCUMENTS_MODE=require needs"),
        (b"{}", {}, "is no manifest of documents: it holds no documents."),
        (None, {}, "No such file or directory."),
        (b'{"a": "{ a }"}', {"learned_documents": 1}, "MAILCONFIG_LEARNED_DOCUMENTS must be 0"),
    ],
)
def test_what_refuses_the_start(
    tmp_path: Path, content: bytes | None, changes: dict[str, Any], sentence: str
) -> None:
    """One sentence that says what to do."""
    path = tmp_path / "documents.json"
    if content is not None:
        path.write_bytes(content)
    given = {"documents_mode": "require", "documents_files": (path,)} | changes
    with pytest.raises(Fault) as refusal:
        trusted_documents(settings(**given))
    assert sentence in refusal.value.message


def test_files_with_one_id_for_two_texts(tmp_path: Path) -> None:
    """Which of them a client meant cannot be told."""
    paths = (tmp_path / "1.json", tmp_path / "2.json")
    for path in paths:
        path.write_text(f'{{"a": "{{ {path.stem[-1]} }}"}}')
    with pytest.raises(Fault, match=r"^MAILCONFIG_DOCUMENTS_FILES: a names two texts\.$"):
        trusted_documents(settings(documents_mode="allow", documents_files=paths))
