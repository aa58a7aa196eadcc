"""Deserialization: what is read becomes numbers, texts, lists and maps, and never an object.

JSON comes from strangers; YAML only from the operator, whose file may be a stranger's all the same.
"""

import ast
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import pytest
import yaml

from kit.api import MEMBER, Api
from mailconfig.graphql.requests import MAX_DEPTH
from mailconfig.storage import catalogue
from mailconfig.storage.catalogue import CatalogueInvalid, load_catalogue

SOURCES = Path(catalogue.__file__).parents[1]
MAKERS = {
    "pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib",
    "jsonpickle", "plistlib", "xmlrpc", "ruamel", "toml", "dbm",
}  # fmt: skip
"""Modules that make objects of bytes, or that nobody here needs."""
PATIENCE = 20
"""Seconds in which a bomb is refused; one that went off would take gigabytes and hours."""


@pytest.fixture
def engine() -> str:
    """What is read is read before it is stored."""
    return "sqlite"


def bomb(levels: int, width: int) -> str:
    """Return anchors that stand for width**levels texts."""
    lines = ["a0: &a0 lol"]
    for level in range(1, levels + 1):
        items = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} [{items}]")
    return "\n".join(lines)


MARK = "made.txt"
YAML = {
    "a call": "providers: [!!python/object/apply:os.system ['touch {mark}']]",
    "an object": "providers: [!!python/object:pathlib.Path {{}}]",
    "a new object": "providers: !!python/object/new:os.system ['touch {mark}']",
    "a module": "providers: !!python/module:os",
    "a name": "providers: !!python/name:os.system",
    "a tuple": "providers: !!python/tuple [1]",
    "a verbatim tag": "providers: !<tag:yaml.org,2002:python/object/apply:os.system> [{mark}]",
    "a named handle": "%TAG !p! tag:yaml.org,2002:python/\n---\nproviders: !p!name:os.system",
    "a tag of one's own": "providers: !include /etc/passwd",
    "a class in a map": "providers: [{{'=': os.system, '__reduce__': [1], py/object: os.system}}]",
    "a bomb": bomb(12, 12),
    "a bomb as rows": bomb(9, 9) + "\nproviders: *a9",
    "a bomb in a row": bomb(9, 9) + "\nproviders: [{{id: x, name: *a9, servers: *a9}}]",
    "itself": "providers: &x [*x]",
    "a map in itself": "providers: [&x {{id: x, name: *x, hidden: *x}}]",
    "a key that is a list": "? [a, b]\n: c",
    "two documents": "providers: []\n---\nproviders: []",
    "merged from itself": "a: &a {{<<: *a}}\nproviders: []",
    "deep": "providers: " + "[" * 400 + "]" * 400,
    "bytes": "providers: !!binary aGVsbG8=",
    "a date": "providers: 2026-11-23",
}
"""What a file of rows may hold, and what makes no objects, no copies and no rows of it."""


@pytest.mark.parametrize("kind", YAML)
def test_a_catalogue_makes_no_objects(tmp_path: Path, kind: str) -> None:
    """Each is refused by name, quickly, and nothing was run."""
    mark, file = tmp_path / MARK, tmp_path / "rows.yaml"
    file.write_text(YAML[kind].format(mark=mark))
    began = monotonic()
    with pytest.raises(CatalogueInvalid) as refused:
        load_catalogue(file)
    assert monotonic() - began < PATIENCE
    assert not mark.exists()
    assert len(str(refused.value)) < 20_000


def test_all_readers_are_safe() -> None:
    """Of the whole source: no module that makes objects, and YAML by its safe loader alone."""
    loaders, imported = set(), set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("yaml."):
                given = {each.arg: ast.unparse(each.value) for each in node.keywords}
                loaders.add((ast.unparse(node.func), given.get("Loader")))
    assert imported & MAKERS == set()
    assert {"yaml", "orjson"} <= imported
    assert {each for each in loaders if each[0].startswith(("yaml.load", "yaml.unsafe"))} == {
        ("yaml.load", "yaml.CSafeLoader")
    }
    assert set(yaml.CSafeLoader.yaml_constructors) == set(yaml.SafeLoader.yaml_constructors)
    assert yaml.CSafeLoader.yaml_multi_constructors == {}


BODIES: dict[str, bytes] = {
    "nested lists": b"[" * 100_000 + b"]" * 100_000,
    "nested in variables": b'{"query":"{__typename}","variables":{"a":'
    + b"[" * 300
    + b"]" * 300
    + b"}}",
    "nested maps": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number without end": b'{"query":' + b"9" * 100_000 + b"}",
    "an exponent": b'{"query":"{__typename}","variables":1e400}',
    "NaN": b'{"query":"{__typename}","variables":{"a":NaN}}',
    "half a letter": b'{"query":"\\ud800"}',
    "bytes that are no UTF-8": b'{"query":"\xff\xfe"}',
    "another encoding": '{"query":"{__typename}"}'.encode("utf-16"),
    "a mark": b'\xef\xbb\xbf{"query":"{__typename}"}',
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "YAML": b"query: !!python/name:os.system",
    "an array of operations": b'[{"query":"{__typename}"}]',
}
"""What is no request."""


@pytest.mark.parametrize("kind", BODIES)
async def test_bodies_are_bounded(api: Api, kind: str) -> None:
    """Refused with 4xx by GraphQL and by REST, without a stack that ends the process."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {api.tokens[MEMBER]}"}
    for path in ("/graphql", "/api/email-config/"):
        answer = await api.client.post(path, content=BODIES[kind], headers=headers)
        assert answer.status_code in {400, 413, 422}, path
        assert answer.headers["content-type"].startswith("application/")
    assert (await api.data(MEMBER, "{ viewer { role } }"))["viewer"]["role"] == "MEMBER"


async def test_classes_are_names_that_nobody_knows(api: Api) -> None:
    """Members that other readers make objects of are refused as unknown, and stay text as JSON."""
    names = ("__class__", "__reduce__", "$type", "@type", "@class", "py/object", "__proto__")
    for name in names:
        given: dict[str, Any] = {"emailAddress": "ann@example.net", name: "os.system"}
        answer = await api.call(MEMBER, VALIDATE, {"input": {"draft": given}})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST", name
        stored = await api.stored(
            MEMBER, emailAddress=f"{names.index(name)}@example.net", metadata={name: "os.system"}
        )
        shown = await api.data(MEMBER, METADATA, {"id": stored})
        assert shown["config"]["metadata"] == {name: "os.system"}


VALIDATE = "mutation ($input: ValidateInput!) { validate(input: $input) { errors { message } } }"
METADATA = "query ($id: ID!) { config(id: $id) { metadata } }"


async def test_depth_is_refused_at_the_limit(api: Api) -> None:
    """The deepest that is taken is taken, one more is not: by the number, not by the stack."""
    headers = {"Authorization": f"Bearer {api.tokens[MEMBER]}"}
    for levels, taken in ((MAX_DEPTH - 2, True), (MAX_DEPTH + 1, False)):
        value: object = 1
        for _ in range(levels):
            value = [value]
        body = orjson.dumps({"query": "{ __typename }", "variables": {"unused": value}})
        sent = headers | {"Content-Type": "application/json"}
        answer = await api.client.post("/graphql", content=body, headers=sent)
        assert ("data" in answer.json()) is taken, levels
