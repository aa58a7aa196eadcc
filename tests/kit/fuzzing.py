"""Malformed requests of every kind, made from a seed: each can be made again by its number.

    for number in range(2000):
        sent = malformed(seed=7, number=number)

Nothing is random but by the seed. Where a value stands, `MARKER` may stand, as if it were
somebody's password: it must not come back. Bodies and forms are made here, what they hold in
`fuzzwords`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import quote, urlencode

from kit.fuzzwords import MARKER, NESTED, broken_text, document, junk, operation, twisted

Header = tuple[bytes, bytes]
TEXTUAL: Final = b"application/json"


@dataclass
class Malformed:
    """One request; most are wrong in some way, some are right by chance."""

    number: int
    kind: str
    method: str = "POST"
    query_string: bytes = b""
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    pieces: int = 1
    """In how many messages the body comes."""
    hangs_up: bool = False
    """Whether the client leaves before the last piece."""


def malformed(seed: int, number: int) -> Malformed:
    """Return a request by its number."""
    random = Random(f"{seed} {number}")  # noqa: S311 - the same requests each time
    kind = random.choice(list(KINDS))
    sent = Malformed(number, kind)
    KINDS[kind](random, sent)
    _headers(random, sent)
    sent.pieces = random.choice([1, 1, 1, 2, 7])
    sent.hangs_up = random.random() < 0.02
    return sent


def _json(sent: Malformed, body: bytes) -> None:
    sent.headers.append((b"content-type", TEXTUAL))
    sent.body = body


def _shapes(random: Random, sent: Malformed) -> None:
    """JSON whose members have wrong types."""
    members: object = operation(random)
    for _ in range(random.randint(1, 3)):
        members = twisted(random, members)
    _json(sent, json.dumps(members).encode())


def _bytes(random: Random, sent: Malformed) -> None:
    """JSON that is cut off, garbled, or in another encoding."""
    text = json.dumps(operation(random), ensure_ascii=random.random() < 0.5)
    choices: list[Callable[[], bytes]] = [
        lambda: broken_text(random, text.encode()),
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-8-sig"),
        lambda: text.encode("utf-32-le"),
        lambda: text.replace("a", "\\ud800", 1).encode(),
        lambda: text.replace(":", ": // comment\n", 1).encode(),
        lambda: text.encode() + random.choice([b"}", b"\0", b" {}", b"\xff", b"null"]),
        lambda: text.encode()[: random.randrange(len(text))],
        bytes,
    ]
    _json(sent, random.choice(choices)())


def _numbers(random: Random, sent: Malformed) -> None:
    """Numbers that no machine word holds, in variables and in documents."""
    odd = ["9" * 5000, "-" + "9" * 400, "1e999", "-1e-999", "NaN", "Infinity", "0x10", "01", "1."]
    odd += ["18446744073709551616", "-9223372036854775809", "1E400", "1" + "0" * 309, "--1", "+1"]
    number = random.choice(odd)
    query = random.choice(
        [
            "query ($v: Int) { configs(first: $v) { totalCount } }",
            "query ($v: ID!) { node(id: $v) { id } }",
            f"{{ configs(first: {number}) {{ totalCount }} }}",
            f"{{ node(id: {number}) {{ id }} }}",
            f"mutation {{ validate(input: {{draft: {{metadata: {{a: {number}}}}}}}) {{ valid }} }}",
        ]
    )
    _json(sent, f'{{"query": {json.dumps(query)}, "variables": {{"v": {number}}}}}'.encode())


def _nesting(random: Random, sent: Malformed) -> None:
    """What is deep or long: lists, objects, documents."""
    depth = random.choice([90, 101, 250, 300, 900, 1030, 5000])
    value = random.choice(NESTED)(depth)
    metadata = "mutation ($v: JSONObject!) { validate(input: {draft: {metadata: $v}}) { valid } }"
    texts = [
        value,
        f'{{"query": {json.dumps(metadata)}, "variables": {{"v": {value}}}}}',
        f'{{"query": "{{ __typename }}", "extensions": {{"v": {value}}}}}',
        json.dumps({"query": "{ viewer " * depth + "}" * depth}),
        json.dumps({"query": "{ node(id: " + "[" * depth + "]" * depth + ") { id } }"}),
        json.dumps({"query": "query ($a: " + "[" * depth + "ID" + "]" * depth + ") { a }"}),
    ]
    _json(sent, random.choice(texts).encode())


def _sizes(random: Random, sent: Malformed) -> None:
    """Many of something, or much of it."""
    count = random.choice([20, 200, 3000])
    queries = [
        "{" + " ".join(f"a{n}: __typename" for n in range(count)) + "}",
        "{" + "__typename " * count + "}",
        "{ __typename " + "@include(if: true) " * count + "}",
        " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(count)) + "{ ...F0 }",
        " ".join(f"query Q{n} {{ __typename }}" for n in range(count)),
        "query (" + " ".join(f"$v{n}: Int" for n in range(count)) + ") { __typename }",
        "#" * count * 100,
        '{ node(id: "' + "x" * count * 100 + '") { id } }',
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    ]
    members = {"query": random.choice(queries), "variables": {f"v{n}": n for n in range(count)}}
    _json(sent, json.dumps(members).encode())


def _documents(random: Random, sent: Malformed) -> None:
    """Documents whose tokens are lost, doubled, swapped or strange."""
    members = operation(random)
    members["query"] = document(random, str(members["query"]))
    if random.random() < 0.3:
        members["operationName"] = random.choice(["", "A", MARKER, "__typename"])
    _json(sent, json.dumps(members).encode())


def _urls(random: Random, sent: Malformed) -> None:
    """Query strings."""
    sent.method = random.choice(["GET", "GET", "HEAD", "POST"])
    members = operation(random)
    params = {
        "query": str(members["query"]),
        "variables": random.choice(["", "null", "{", "[]", "7", f'"{MARKER}"', "[" * 3000]),
        "extensions": random.choice(["", "{}", "x", f'{{"{MARKER}": {{}}}}']),
        "operationName": random.choice(["", "null", "A", MARKER]),
    }
    kept = {name: value for name, value in params.items() if random.random() < 0.6}
    text = urlencode(kept).encode()
    choices: list[Callable[[], bytes]] = [
        lambda: text,
        lambda: text + b"&" + text,
        lambda: text.replace(b"%", b"%%", 1),
        lambda: b"query=%ff%fe&variables=%c3%28",
        lambda: broken_text(random, text),
        lambda: b"&".join([b"a=b"] * 1000),
        lambda: b"query=" + quote("{ viewer " * 3000).encode(),
        lambda: b"documentId=" + quote(MARKER).encode(),
        lambda: b"query=" + bytes(range(128, 256)),
        lambda: b";;&&==&=&query",
    ]
    sent.query_string = random.choice(choices)()


def _methods(random: Random, sent: Malformed) -> None:
    """Other methods, with a fine body."""
    methods = ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "get", "X" * 300]
    sent.method = random.choice(methods)
    _json(sent, json.dumps(operation(random)).encode())


def _types(random: Random, sent: Malformed) -> None:
    """A fine body under another name, or in another coding."""
    names = [b"", b"text/plain", b"application/graphql", b"application/x-www-form-urlencoded"]
    names += [b"application/json; charset=utf-16", b"application/json;charset", b"APPLICATION/JSON"]
    names += [b"application/json; charset=" + MARKER.encode(), b";", b"/", b"multipart/mixed", b","]
    names += [b"application/json; boundary=b", b"multipart/form-data", b"\xff\xfe", b"*/*"]
    names += [b"multipart/form-data; boundary=", b"multipart/form-data; boundary=" + b"b" * 3000]
    names += [b'multipart/form-data; boundary="', b"multipart/form-data; boundary=\xff\xfe\x00"]
    sent.headers.append((b"content-type", random.choice(names)))
    if random.random() < 0.2:
        coding = random.choice([b"gzip", b"identity", b"br, gzip", b"", b"\xff"])
        sent.headers.append((b"content-encoding", coding))
    if random.random() < 0.7:
        sent.headers.append((b"graphql-require-preflight", b"1"))
    sent.body = json.dumps(operation(random)).encode()


def _forms(random: Random, sent: Malformed) -> None:
    """Forms whose fields have wrong shapes."""
    file = "mutation ($v: UploadFileInput!) { uploadFile(input: $v) { errors { message } } }"
    operations: object = {"query": file, "variables": {"v": {"file": None, "kind": "ATTACHMENT"}}}
    paths: object = {"0": ["variables.v.file"]}
    if random.random() < 0.5:
        operations = twisted(random, operations)
    if random.random() < 0.7:
        paths = random.choice([twisted(random, paths), {"0": [_path(random)]}])
    fields = {"operations": json.dumps(operations).encode(), "map": json.dumps(paths).encode()}
    for name in list(fields):
        change = random.random()
        if change < 0.1:
            del fields[name]
        elif change < 0.2:
            fields[name] = broken_text(random, fields[name])
    parts = [_part(random, name, value) for name, value in fields.items()]
    count = random.choice([0, 1, 1, 1, 1, 1, 1, 2, 11, 30])
    for number in range(count):
        name = random.choice([str(number)] * 20 + ["0", MARKER, "operations", ""])
        parts.append(_part(random, name, b"content of a file", f"{number}.txt"))
    random.shuffle(parts)
    boundary = b"b" * random.choice([1, 30, 70])
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    body += b"--" + boundary + b"--\r\n"
    if random.random() < 0.3:
        body = broken_text(random, body)
    if random.random() < 0.1:
        body = body.replace(b"\r\n", b"\n")
    sent.headers.append((b"content-type", b"multipart/form-data; boundary=" + boundary))
    if random.random() < 0.95:
        sent.headers.append((b"graphql-require-preflight", b"1"))
    sent.body = body


def _path(random: Random) -> object:
    """Return a path of a map that leads anywhere."""
    steps = [
        "variables",
        "v",
        "file",
        "0",
        "-1",
        "+1",
        "1_0",
        "\N{SUPERSCRIPT TWO}",
        "9" * 5000,
        "",
    ]
    steps += [
        "query",
        "__class__",
        "constructor",
        MARKER,
        "kind",
        "\N{ARABIC-INDIC DIGIT ONE}",
        " ",
    ]
    path = ".".join(random.choice(steps) for _ in range(random.randint(0, 5)))
    return random.choice([path, path, f"variables.{path}", f"variables.v.{path}", junk(random)])


def _part(random: Random, name: str, content: bytes, filename: str | None = None) -> bytes:
    """Return a part, whose headers may be strange."""
    disposition = f'form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [b"Content-Disposition: " + disposition.encode()]
    odd = [
        b"Content-Type: text/plain; charset=" + MARKER.encode(),
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment",
        b"X: " + b"y" * 5000,
        b"no colon",
        b": no name",
        b"X\xff: \xfe",
        b" folded",
        b"Content-Disposition: form-data; name=\xff; filename=\xfe",
        b"Content-Disposition: form-data; name*=utf-8''%ff; filename*=utf-8''%ff",
        b"Content-Length: -1",
    ]
    if random.random() < 0.1:
        lines.insert(random.choice([0, 1]), random.choice(odd))
    if random.random() < 0.03:
        lines = lines * 20
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def _headers(random: Random, sent: Malformed) -> None:
    """Add headers that any request may have, most of them strange."""
    marker = MARKER.encode()
    odd: dict[bytes, list[bytes]] = {
        b"accept": [
            b"application/graphql-response+json",
            b"text/event-stream",
            b"*/*;q=0",
            b"text/html",
            b"application/json;q=x, ;;;,,,",
            b",".join([b"a/b"] * 2000),
            b"\xff\xfe",
            b"multipart/mixed",
            b'application/json;x="',
            b"application/json;q=1.\xb2",
        ],
        b"accept-language": [b"de", b"*;q=x", b"x" * 5000, b"\xff", b"-,-;q=-1", marker],
        b"authorization": [b"Bearer " + marker, b"Basic " + marker, b"", b"Bearer", b"\xff" * 9],
        b"cookie": [b"mailconfig_session=" + marker, b"=;=;", b"\xff", b"a" * 5000, b'a="'],
        b"x-csrf-token": [marker, b"", b"\xff"],
        b"content-length": [b"-1", b"abc", b"9" * 30, b"9" * 5000, b"", b"5", b"\xb2", b"0x5"],
        b"x-request-id": [b"short", b"x" * 65, b"\r\ninjected: 1", b"\xff" * 20],
        b"host": [b"", b"a" * 300, b"[::1", b"\xff", b"a b", b"a:99999999"],
        b"origin": [b"null", b"https://evil.example", b"\xff", b"http://[::1", b"://"],
        b"sec-fetch-site": [b"cross-site", b"\xff"],
        b"expect": [b"100-continue"],
        b"x-forwarded-for": [b"\xff", b"256.1.1.1", b"," * 500],
        b"x-padding": [b"x" * 40_000],
    }
    for name, values in odd.items():
        if random.random() < (0.25 if name == b"accept" else 0.04):
            sent.headers.append((name, random.choice(values)))


KINDS: Final[dict[str, Callable[[Random, Malformed], None]]] = {
    "shapes": _shapes,
    "bytes": _bytes,
    "numbers": _numbers,
    "nesting": _nesting,
    "sizes": _sizes,
    "documents": _documents,
    "urls": _urls,
    "methods": _methods,
    "types": _types,
    "forms": _forms,
}
"""What is wrong with a request, and what makes it so."""
