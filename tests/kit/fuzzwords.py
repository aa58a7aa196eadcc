"""What `fuzzing` puts into requests: operations of our schema, junk, and ways to break both.

Secrets are `MARKER` wherever an input takes one, so that an echo of it is found.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from kit.api import form, server

MARKER: Final = "hunter2-7f3c9e51d0b84a66"
"""What nobody may say again."""
NESTED: Final[tuple[Callable[[int], str], ...]] = (
    lambda depth: "[" * depth + "]" * depth,
    lambda depth: '{"a":' * depth + "1" + "}" * depth,
    lambda depth: '[{"a":' * depth + "null" + "}]" * depth,
    lambda depth: "[" * depth,
)
"""JSON of a depth."""
_TOKENS: Final = (
    *("{", "}", "(", ")", "[", "]", ":", "$", "@", "...", "!", "|", "&", "=", '"', '"""', "#"),
    *("query", "mutation", "subscription", "fragment", "on", "null", "true", "type", "extend"),
    *("\N{ZERO WIDTH SPACE}", "\N{BYTE ORDER MARK}", "\0", "\N{SNOWMAN}", "\\u{110000}", "\x7f"),
    *('"\\ud800"', '"\\q"', "0x1", "1.", "-", "9" * 30, "@skip(if: $x)", "@include", "__schema"),
    *("__typename", f'"{MARKER}"', "...F", "$a: Int = [", '{a: "' + MARKER + '"}'),
)
_SECRET: Final = {"password": MARKER}


def operation(random: Random) -> dict[str, Any]:
    """Return a request that is fine."""
    query, variables = random.choice(_operations())
    return {"query": query, "variables": json.loads(json.dumps(variables))}


def _operations() -> list[tuple[str, dict[str, Any]]]:
    draft = {
        "emailAddress": "ann@example.net",
        "incoming": server("imap.example.net", secret=_SECRET),
        "outgoing": server("smtp.example.net", secret=_SECRET),
    }
    return [
        ("{ viewer { email role } }", {}),
        ("query ($id: ID!) { node(id: $id) { id __typename } }", {"id": "UHJvdmlkZXI6Z21haWw"}),
        (
            "query ($n: Int) { configs(first: $n) { totalCount edges { cursor node { id } } } }",
            {"n": 3},
        ),
        (
            "mutation ($v: SubmitInput!) { submit(input: $v) { errors { __typename message } } }",
            {"v": form(**draft)},
        ),
        (
            "mutation ($v: ValidateInput!) { validate(input: $v) { valid issues { message } } }",
            {"v": {"draft": draft}},
        ),
        (
            "mutation ($v: LoginInput!) { login(input: $v) { errors { message } } }",
            {"v": {"email": "member@example.org", "password": MARKER}},
        ),
        (
            "mutation ($v: TestConnectionInput!) { testConnection(input: $v) { test { id } } }",
            {"v": {"draft": draft}},
        ),
    ]


def junk(random: Random) -> object:
    """Return a value of any JSON type."""
    values: list[object] = [None, True, False, 0, -1, 1.5, 2**31, 2**63, -(2**53), "", MARKER]
    values += [
        [],
        {},
        [MARKER],
        {"a": MARKER},
        {MARKER: 1},
        {"password": MARKER},
        "\0",
        "\N{SNOWMAN}",
        "x" * 9000,
    ]
    values += [[[[]]], {"": {"": ""}}, "__proto__", [None] * 50, "\N{RIGHT-TO-LEFT OVERRIDE}", "7"]
    return random.choice(values)


def twisted(random: Random, value: object) -> object:
    """Return a copy with one place replaced, lost or doubled."""
    copy = json.loads(json.dumps([value]))
    place, key = random.choice(list(_places(copy)))
    change = random.random()
    if change < 0.7:
        place[key] = junk(random)
    elif change < 0.85 and isinstance(place, dict):
        del place[key]
    elif isinstance(place, dict):
        place[random.choice(["extra", "", "query", "__proto__", MARKER])] = junk(random)
    else:
        place[key] = [place[key]]
    return copy[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Yield each container with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in list(pairs):
        yield value, key
        if isinstance(child, dict | list):
            yield from _places(child)


def broken_text(random: Random, text: bytes) -> bytes:
    """Return bytes with some of them lost, doubled, changed or added."""
    broken = bytearray(text or b"x")
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(broken))
        match random.randrange(5):
            case 0:
                broken[at] = random.randrange(256)
            case 1:
                del broken[at : at + random.randint(1, 10)]
            case 2:
                broken[at:at] = random.randbytes(random.randint(1, 6))
            case 3:
                broken[at:at] = broken[at : at + 20]
            case _:
                broken[at:at] = random.choice(
                    [b'"', b"\\", b"\0", b"{", b"]", b"\r\n", b"--", b":"]
                )
        broken = broken or bytearray(b"x")
    return bytes(broken)


def document(random: Random, text: str) -> str:
    """Return a document with some of its words lost, doubled, swapped or strange."""
    words = text.replace("{", " { ").replace("}", " } ").replace("(", " ( ").split()
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(words))
        match random.randrange(4):
            case 0 if len(words) > 1:
                del words[at]
            case 1:
                words.insert(at, words[random.randrange(len(words))])
            case 2:
                words.insert(at, random.choice(_TOKENS))
            case _:
                words[at] = random.choice(_TOKENS)
    return " ".join(words)
