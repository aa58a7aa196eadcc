"""Reading requests: bytes in, a request or a refusal out."""

import json

import pytest

from mailconfig.graphql.refusals import Problem, Refused
from mailconfig.graphql.requests import (
    MAX_DEPTH,
    Body,
    GivenDocuments,
    GraphQLRequest,
    body_of,
    nests_deeper,
    read_json,
    read_url,
)

SYNTAX, SHAPE, MEDIA_TYPE = Problem.SYNTAX, Problem.SHAPE, Problem.MEDIA_TYPE
FULL = {
    "query": "query A { a }",
    "variables": {"a": [1, None, {"b": "\N{SNOWMAN}"}]},
    "operationName": "A",
    "extensions": {"e": 1},
    "documentId": "sha256:00",
}
READ = GraphQLRequest(
    query="query A { a }",
    variables={"a": [1, None, {"b": "\N{SNOWMAN}"}]},
    operation_name="A",
    extensions={"e": 1},
    document_id="sha256:00",
)


def test_all_members_are_read() -> None:
    """Those that the protocol has; others are ignored, and the last of two wins."""
    given = json.dumps(FULL | {"other": 1, "id": [2]}).encode()
    assert read_json(given) == READ
    assert read_json(b'{"query": "a", "query": "b"}').query == "b"


def test_null_is_absence() -> None:
    """For each member; whether a query is there is for `documents` to say."""
    nothing = GraphQLRequest(None, None, None, None, None)
    assert read_json(json.dumps(dict.fromkeys(FULL)).encode()) == nothing
    assert read_json(b"{}") == nothing


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", SYNTAX),
        (b"{", SYNTAX),
        (b"{}{}", SYNTAX),
        (b"NaN", SYNTAX),
        (b"\xef\xbb\xbf{}", SYNTAX),
        ('{"query": "a"}'.encode("utf-16"), SYNTAX),
        (b'{"query": "\xff"}', SYNTAX),
        (b'{"query": "\\ud800"}', SYNTAX),
        (b'{"variables": {"a": ' + b"9" * 5000 + b"}}", SYNTAX),
        (b"[" * 100_000, SYNTAX),
        (b"null", SHAPE),
        (b"[]", SHAPE),
        (b"7", SHAPE),
        (b'"x"', SHAPE),
        *((json.dumps({name: 7}).encode(), SHAPE) for name in FULL),
        *((json.dumps({name: [1]}).encode(), SHAPE) for name in FULL),
        *((json.dumps({name: {}}).encode(), SHAPE) for name in ("query", "operationName")),
        *((json.dumps({name: "x"}).encode(), SHAPE) for name in ("variables", "extensions")),
        (b'{"query": false}', SHAPE),
    ],
    ids=lambda given: given[:30].decode("latin-1") if isinstance(given, bytes) else given.name,
)
def test_what_is_no_request_is_refused(body: bytes, problem: Problem) -> None:
    """What cannot be parsed, and what can and is of the wrong shape; nothing is quoted."""
    with pytest.raises(Refused) as caught:
        read_json(body)
    assert caught.value.problem is problem


def test_nesting_ends_at_a_level() -> None:
    """One level more than is allowed is refused; brackets in strings are no nesting."""
    for depth, refused in ((MAX_DEPTH - 1, False), (MAX_DEPTH, True)):
        body = b'{"variables": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        if refused:
            with pytest.raises(Refused):
                read_json(body)
        else:
            assert read_json(body).variables is not None
    assert read_json(json.dumps({"query": "{" * 1000}).encode()).query == "{" * 1000


def test_depth_is_counted_without_a_stack() -> None:
    """Values of any depth are measured."""
    value: object = 1
    for _ in range(50_000):
        value = [value]
    assert nests_deeper(value, 49_999)
    assert not nests_deeper([[1], {"a": [2]}], 3)
    assert nests_deeper([[1], {"a": [2]}], 2)
    while isinstance(value, list):  # taken apart from the outside: freeing it whole recurses
        value = value.pop()


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        (b"query=%7Ba%7D", GraphQLRequest("{a}", None, None, None, None)),
        (b"query=a+b%20c", GraphQLRequest("a b c", None, None, None, None)),
        (
            b"query=a&variables=%7B%22b%22:1%7D&extensions={}&operationName=c&documentId=d",
            GraphQLRequest("a", {"b": 1}, "c", {}, "d"),
        ),
        # Empty is absent, but for the query, whose emptiness is told later.
        (
            b"query=&variables=&extensions=&operationName=&documentId=",
            GraphQLRequest("", None, None, None, None),
        ),
        (b"variables=null&extensions=null", GraphQLRequest(None, None, None, None, None)),
        (b"operationName=null", GraphQLRequest(None, None, "null", None, None)),
        (b"utm_source=x&utm_source=y&&=", GraphQLRequest(None, None, None, None, None)),
        (b"", GraphQLRequest(None, None, None, None, None)),
    ],
)
def test_query_strings_are_read(query_string: bytes, expected: GraphQLRequest) -> None:
    """As application/x-www-form-urlencoded has them."""
    assert read_url(query_string) == expected


@pytest.mark.parametrize(
    ("query_string", "problem"),
    [
        (b"query=%ff", SYNTAX),
        (b"query=\xff", SYNTAX),
        (b"&".join([b"a=1"] * 33), SYNTAX),
        (b"query=a&query=b", SHAPE),
        (b"query=a&variables=%7B", SHAPE),
        (b"query=a&variables=[]", SHAPE),
        (b"query=a&variables=7", SHAPE),
        (b"query=a&extensions=x", SHAPE),
        (b"query=a&variables=" + b"[" * 3000, SHAPE),
    ],
)
def test_query_strings_are_strict(query_string: bytes, problem: Problem) -> None:
    """What is ambiguous or no text is refused."""
    with pytest.raises(Refused) as caught:
        read_url(query_string)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", Body.JSON),
        ("Application/JSON; charset=UTF-8", Body.JSON),
        ('application/json;charset="utf8"; x=1', Body.JSON),
        ("multipart/form-data; boundary=b", Body.FORM),
        ("Multipart/Form-Data", Body.FORM),
    ],
)
def test_bodies_are_told_by_their_type(content_type: str, body: Body) -> None:
    """In any case, with parameters; identity is no coding."""
    assert body_of(content_type) is body
    assert body_of(content_type, "identity") is body


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/jsonx", "application/json; charset=utf-16", ";", "json"],
)
def test_other_bodies_are_refused(content_type: str | None) -> None:
    """415; the answer names what is read here."""
    with pytest.raises(Refused) as caught:
        body_of(content_type)
    assert caught.value.problem is MEDIA_TYPE
    assert caught.value.headers == {"Accept-Post": "application/json, multipart/form-data"}


@pytest.mark.parametrize(("query", "problem"), [(None, SHAPE), ("", SYNTAX)])
def test_a_request_without_a_document_is_none(query: str | None, problem: Problem) -> None:
    """Nothing is not well-formed; an empty text is, and is no document."""
    documents = GivenDocuments()
    assert documents.text_of(READ) == "query A { a }"
    with pytest.raises(Refused) as caught:
        documents.text_of(GraphQLRequest(query, None, None, None, "sha256:00"))
    assert caught.value.problem is problem
