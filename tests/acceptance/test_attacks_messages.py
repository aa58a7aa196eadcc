"""Header injection: no text of a message becomes a header, a part or a recipient of its own.

The texts are found by walking the schema; each is sent with each payload. Whatever the application
makes of it - it refuses the message, or carries the text as data - the bytes that would go out have
the headers, parts and recipients that were asked for, and no others (CVE-2024-6923 and its kind).
"""

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from kit.api import MEMBER, Api, serving
from kit.attacks_inputs import Path, ways
from kit.worlds import mutation
from mailconfig.graphql.schema import build_schema
from mailconfig.settings import Settings

MARK = "Injected"
PAYLOADS = (
    f"\r\n{MARK}: 1",
    f"\n{MARK}: 1",
    f"\r{MARK}: 1",
    f"\r\n\r\n{MARK}: 1",
    f"\r\n {MARK}: 1\r\nBcc: {MARK}@example.org",
    f"\x0b{MARK}: 1",
    f"\x85{MARK}: 1",
    f"\u2028{MARK}: 1",
    f"\x00{MARK}: 1",
    f"=?utf-8?q?=0D=0A{MARK}=3A_1?=",
    f'">, {MARK}@example.org <',
    f"\r\n--\r\nContent-Type: text/html\r\n\r\n{MARK}",
    f"{MARK}" * 200,
    f"{MARK} ü" * 40,
)
"""What might end a line or a word, begin a part, or name somebody else."""
PREVIEW = mutation("previewEmail", "PreviewEmailInput", "preview { content recipients sender }")
UPLOAD = mutation("uploadFile", "UploadFileInput", "file { id }")


@pytest.fixture
def engine() -> str:
    """A message is written before storage is asked."""
    return "sqlite"


def box(name: str) -> list[dict[str, str]]:
    """Return a mailbox."""
    return [{"address": f"{name}@example.org", "name": name}]


async def letter(api: Api) -> dict[str, Any]:
    """Return a message in which every text is given."""
    place = {"variables.input.file": ("a.txt", b"a file\n", "text/plain")}
    variables = {"input": {"kind": "ATTACHMENT", "file": None}}
    stored = (await api.upload(MEMBER, UPLOAD, variables, place))["data"]["uploadFile"]
    source = {"fileId": stored["file"]["id"]}
    return {
        "configId": await api.stored(MEMBER),
        "to": box("to"),
        "cc": box("cc"),
        "bcc": box("bcc"),
        "replyTo": box("reply"),
        "senderName": "Ann",
        "subject": "Hi",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "signature": {"text": "Ann", "html": "<b>Ann</b>"},
        "attachments": [{"source": source, "filename": "b.txt", "contentId": "b"}],
        "headers": [{"name": "X-Campaign", "value": "7"}],
        "listUnsubscribe": {"mailto": "out@example.org", "url": "https://example.org/out"},
        "inReplyTo": "<1@example.org>",
        "references": ["<1@example.org>"],
    }


def texts() -> list[Path]:
    """Return the ways to the texts of a message, below its input."""
    return [
        way.path[1:]
        for way in ways(build_schema().graphql_schema, leaves=True)
        if way.name == "previewEmail" and str(way.kind) in {"String", "EmailAddress"}
    ]


def placed(value: Any, path: Path, leaf: str) -> Any:  # noqa: ANN401 - JSON
    """Return an input with a text at the end of a way."""
    if isinstance(value, list):
        return [placed(value[0], path, leaf)]
    if not path:
        return leaf
    return {**value, path[0]: placed(value[path[0]], path[1:], leaf)}


def at(value: Any, path: Path) -> str:  # noqa: ANN401 - JSON
    """Return the text at the end of a way."""
    for name in path:
        value = (value[0] if isinstance(value, list) else value)[name]
    return str(value[0] if isinstance(value, list) else value)


def shape(part: Message) -> list[Any]:
    """Return the names of the headers, and the shapes of all parts."""
    inner: Sequence[Any] = part.get_payload() if part.is_multipart() else ()
    return [sorted(part.keys()), *map(shape, inner)]


async def test_no_text_becomes_a_header(app_settings: Settings) -> None:
    """Headers, parts and recipients stay what they were; line ends of ours are the only ones."""
    carried: set[Path] = set()
    changes = {"messages_per_minute": 100_000, "points_per_minute": 10**9}
    async with serving(app_settings.model_copy(update=changes)) as api:
        good = await letter(api)

        async def written(given: dict[str, Any]) -> dict[str, Any] | None:
            answer = await api.call(MEMBER, PREVIEW, {"input": given})
            payload = (answer.get("data") or {}).get("previewEmail") or {}
            found: dict[str, Any] | None = payload.get("preview")
            return found

        plain = await written(good)
        assert plain is not None
        asked = shape(message_from_bytes(plain["content"].encode()))
        for path in texts():
            for payload in PAYLOADS:
                for text in (at(good, path) + payload, payload):
                    found = await written(placed(good, path, text))
                    if found is None:
                        continue
                    carried.add(path)
                    content = found["content"]
                    assert not re.search(r"\r(?!\n)|(?<!\r)\n|\x00", content), (path, text)
                    if path != ("headers", "name"):
                        assert shape(message_from_bytes(content.encode())) == asked, (path, text)
                    assert len(found["recipients"]) == len(plain["recipients"]), (path, text)
                    if path[-1] != "address":
                        assert found["recipients"] == plain["recipients"], (path, text)
                    assert found["sender"] == plain["sender"], (path, text)
    assert {("subject",), ("text",), ("html",), ("to", "name"), ("senderName",)} <= carried
    assert ("to", "address") not in carried


def test_every_text_is_tried() -> None:
    """A text that a message gets newly must be in the letter above, or the walk above fails."""
    assert len(texts()) >= 22
