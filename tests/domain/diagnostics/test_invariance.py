r"""What must not matter: which host of a family, session ids, quoting, wrapping, the client's name.

A third of the lines of the files of texts, each changed in one way at a time, keep their answers.
"""

import json
import re
import textwrap
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from kit.texts import Answer, Row, answer, load, observed
from mailconfig.domain.diagnostics.families import WELL_KNOWN_HOSTS, families_of, receives_mail

HERE = Path(__file__).parent
NAMES = ("connection", "delivery", "known", "mixed", "paraphrases")


def sampled(row: Row) -> bool:
    """Choose a third of the lines, the same in every run."""
    return sha256(row["text"].encode()).digest()[0] % 3 == 0


ROWS = [
    row | {"id": f"{name}:{row['id']}"}
    for name in NAMES
    for row in load(HERE / f"texts_{name}.jsonl")
    if sampled(row)
]

_SESSION = re.compile(r"\b(?!0x)(?=[a-z0-9]*\d)(?=\d*[a-z])[a-z0-9]{12,}\b")
_OUTLOOK = re.compile(r"\[[A-Z0-9]{12,}\.[A-Z0-9]+\.PROD\.OUTLOOK\.COM[^\]]*\]", re.IGNORECASE)


def other_session(text: str) -> str:
    """Exchange what servers make up for each session."""
    text = _OUTLOOK.sub(
        "[AB0P123CA0456.ABCP123.PROD.OUTLOOK.COM 2031-05-06T07:08:09.010Z 08DABCDEF0123456]", text
    )
    return _SESSION.sub("a1b2c3d4e5f6a7b8", text)


def as_json(text: str) -> str:
    """Put a text into an object, as an API's error."""
    return json.dumps({"ok": False, "error": {"message": text}})


def as_ascii_json_in_json(text: str) -> str:
    """Escape a text twice, as a log line of an API's error."""
    return json.dumps({"log": json.dumps({"detail": text})})


def quoted(text: str) -> str:
    """Put a text into quotes."""
    return f'Reason: "{text}"'


def logged(text: str) -> str:
    """Put a logger's words before a text."""
    return f"2031-05-06 07:08:09,010 ERROR [worker-3] jobs.sync: {text}"


def raised_in_python(text: str) -> str:
    """Put an exception's class before a text."""
    return f"backend.errors.SyncError: {text}"


def raised_in_node(text: str) -> str:
    """Put a text into what Node shows of an error."""
    return f"Error: {text}\n    at Object.run (/app/dist/worker.js:12:34)"


def raised_in_java(text: str) -> str:
    """Put a class before a text and a frame behind it."""
    return f"com.example.SyncFault: {text}\n\tat com.example.Sync.run(Sync.java:42)"


def wrapped_in_go(text: str) -> str:
    """Put the words of a caller before a text."""
    return f"failed to send email: {text}"


def as_bytes(text: str) -> str:
    """Show the text's bytes as Python does."""
    return f"(-1, {text.encode()!r})"


def folded(text: str) -> str:
    """Break lines at 72 characters, as a mail program does."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, 72, break_long_words=False, break_on_hyphens=False))
        for line in text.split("\n")
    )


CHANGES = [
    other_session,
    as_json,
    as_ascii_json_in_json,
    quoted,
    logged,
    raised_in_python,
    raised_in_node,
    raised_in_java,
    wrapped_in_go,
    as_bytes,
    folded,
]


def other_host(host: str) -> str:
    """Return another host of the same kind: same family, as well known, an MX or not."""
    if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", host) or re.fullmatch(r"[\d.]+", host):
        return host  # an address, or no host name: what it is decides
    if not families_of(host, None, "") and not WELL_KNOWN_HOSTS.fullmatch(host):
        return "mx7.another.example" if receives_mail(host) else "post.another.example"
    first, _, rest = host.partition(".")
    swapped = {"imap": "smtp", "smtp": "imap"}.get(first, first) + "." + rest
    alike = families_of(swapped, None, "") == families_of(host, None, "") and bool(
        WELL_KNOWN_HOSTS.fullmatch(swapped)
    ) == bool(WELL_KNOWN_HOSTS.fullmatch(host))
    return swapped if alike else host


@cache
def unchanged() -> dict[str, Answer]:
    """Answer each line as it stands, once."""
    return {row["id"]: answer(observed(row)) for row in ROWS}


def changed(ask: Callable[[Row], Answer]) -> list[str]:
    """Name the lines whose answer is another after a change."""
    return [
        f"{row['id']} ({row['label']}): {unchanged()[row['id']]} became {given}"
        for row in ROWS
        if (given := ask(row)) != unchanged()[row["id"]]
    ]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_how_a_text_was_handed_on_does_not_matter(change: Callable[[str], str]) -> None:
    """Code, retryable and who can mend it stay what they were."""
    assert changed(lambda row: answer(observed(row, text=change(row["text"])))) == []


def test_which_host_of_a_family_it_was_does_not_matter() -> None:
    """Another host of the same provider, or of nobody known, gets the same answer."""

    def ask(row: Row) -> Answer:
        host = row["host"]
        if not host:
            return answer(observed(row))
        other = other_host(host)
        return answer(observed(row, text=row["text"].replace(host, other), host=other))

    assert changed(ask) == []
