"""Forms of the GraphQL multipart request specification, part by part."""

import json
from collections.abc import AsyncIterator

import pytest

from mailconfig.graphql.multipart import FormLimits, parts_of, read_form
from mailconfig.graphql.refusals import Problem, Refused
from mailconfig.graphql.requests import GraphQLRequest

LIMITS = FormLimits(max_files=3, max_field_bytes=2000, max_paths=4)
SYNTAX, SHAPE, TOO_LARGE = Problem.SYNTAX, Problem.SHAPE, Problem.TOO_LARGE
TYPE = "multipart/form-data; boundary=b"


def field(name: str, value: object) -> bytes:
    """Return a part with JSON."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + text


def file(name: str, content: bytes = b"content", filename: str = "a.txt") -> bytes:
    """Return a part with a file."""
    named = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
    return named.encode() + content


async def read(
    *parts: bytes, content_type: str = TYPE, boundary: bytes = b"b"
) -> tuple[GraphQLRequest, list[tuple[str | None, bytes]]]:
    """Read a form; return the request and the name and content of the files in variable `v`."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    body += b"--" + boundary + b"--\r\n"

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 7):  # no part comes whole
            yield body[start : start + 7]

    form = await parts_of(content_type, stream(), LIMITS)  # type: ignore[arg-type] # a generator
    try:
        request = read_form(form, LIMITS)
        values = (request.variables or {}).get("v", [])
        return request, [(item.filename, await item.read()) for item in values]
    finally:
        await form.close()


def operations(*values: object) -> bytes:
    """Return the field with a list of values in variable `v`."""
    return field("operations", {"query": "{ a }", "variables": {"v": list(values)}})


async def test_files_take_their_places() -> None:
    """One, several, and one in two places, which each reader reads whole."""
    _, files = await read(
        operations(None, None, None),
        field("map", {"x": ["variables.v.1"], "y": ["variables.v.0", "variables.v.2"]}),
        file("x", b"1", "one"),
        file("y", b"2", "two"),
    )
    assert files == [("two", b"2"), ("one", b"1"), ("two", b"2")]


async def test_order_and_other_fields_do_not_matter() -> None:
    """Clients differ in the order; a form may carry a little beside the request."""
    _, files = await read(
        file("0"), field("map", {"0": ["variables.v.0"]}), field("csrf", b"x"), operations(None)
    )
    assert files == [("a.txt", b"content")]


async def test_a_form_may_have_no_files() -> None:
    """Its map is empty then."""
    request, files = await read(operations(), field("map", {}))
    assert (request.query, files) == ("{ a }", [])


async def test_names_are_utf_8() -> None:
    """Of files and of parts, as browsers write them."""
    _, files = await read(
        operations(None),
        field("map", {"\N{SNOWMAN}": ["variables.v.0"]}),
        file("\N{SNOWMAN}", filename="\N{EURO SIGN}.txt"),
    )
    assert files == [("\N{EURO SIGN}.txt", b"content")]


async def test_text_is_utf_8_whatever_the_form_says() -> None:
    """A charset beside the boundary changes nothing; bytes that are none are refused."""
    said = "multipart/form-data; charset=utf-16; boundary=b"
    variables = {"v": [], "t": "\N{EURO SIGN}"}
    text = json.dumps({"query": "a", "variables": variables}, ensure_ascii=False).encode()
    request, _ = await read(field("operations", text), field("map", {}), content_type=said)
    assert request.variables == variables
    with pytest.raises(Refused) as caught:
        await read(field("operations", b'{"query": "\xe9"}'), field("map", {}))
    assert caught.value.problem is SYNTAX


PATHS: list[tuple[object, Problem]] = [
    # map, what is wrong
    (None, SHAPE),
    ([], SHAPE),
    ({"0": None}, SHAPE),
    ({"0": "variables.v.0"}, SHAPE),
    ({"0": []}, SHAPE),
    ({"0": [None]}, SHAPE),
    ({"0": [["variables", "v", 0]]}, SHAPE),
    ({"0": [""]}, SHAPE),
    ({"0": ["variables"]}, SHAPE),
    ({"0": ["query"]}, SHAPE),
    ({"0": ["extensions.v.0"]}, SHAPE),
    ({"0": ["0.variables.v.0"]}, SHAPE),
    ({"0": ["variables.v"]}, SHAPE),
    ({"0": ["variables.w"]}, SHAPE),
    ({"0": ["variables.v.1"]}, SHAPE),
    ({"0": ["variables.v.-1"]}, SHAPE),
    ({"0": ["variables.v.+0"]}, SHAPE),
    ({"0": ["variables.v.0_0"]}, SHAPE),
    ({"0": ["variables.v. 0"]}, SHAPE),
    ({"0": ["variables.v.\N{ARABIC-INDIC DIGIT ZERO}"]}, SHAPE),
    ({"0": ["variables.v.\N{SUPERSCRIPT TWO}"]}, SHAPE),
    ({"0": ["variables.v." + "9" * 5000]}, TOO_LARGE),
    ({"0": ["variables.v." + "9" * 1000]}, SHAPE),
    ({"0": ["variables.v.0.a"]}, SHAPE),
    ({"0": ["variables.v.0", "variables.v.0"]}, SHAPE),
    ({"0": ["variables.v.0"] * 5}, TOO_LARGE),
    ({"1": ["variables.v.0"]}, SHAPE),
    ({}, SHAPE),
    ({"0": ["variables.v.0"], "1": ["variables.v.0"]}, SHAPE),
]


@pytest.mark.parametrize(("given", "problem"), PATHS, ids=lambda given: str(given)[:40])
async def test_paths_lead_onto_a_null_of_the_variables(given: object, problem: Problem) -> None:
    """By keys that exist and indexes in digits; files are those of the map, all of them."""
    with pytest.raises(Refused) as caught:
        await read(operations(None), field("map", given), file("0"))
    assert caught.value.problem is problem


FORMS: dict[str, tuple[list[bytes], Problem]] = {
    "no operations": ([field("map", {})], SHAPE),
    "no map": ([operations()], SHAPE),
    "two operations": ([operations(), operations(), field("map", {})], SHAPE),
    "two maps": ([operations(), field("map", {}), field("map", {})], SHAPE),
    "operations as a file": ([file("operations"), field("map", {})], SHAPE),
    "two files of one name": (
        [operations(None), field("map", {"0": ["variables.v.0"]}), file("0"), file("0")],
        SHAPE,
    ),
    "a file of a field's name": (
        [operations(None), field("map", {"map": ["variables.v.0"]}), file("map")],
        SHAPE,
    ),
    "a batch": ([field("operations", [{"query": "{ a }"}]), field("map", {})], SHAPE),
    "operations of no JSON": ([field("operations", b"{"), field("map", {})], SYNTAX),
    "a map of no JSON": ([operations(), field("map", b"")], SYNTAX),
    "too many files": ([operations(), field("map", {}), *map(file, "0123")], TOO_LARGE),
    "too many fields": ([field(name, b"") for name in "abcde"], TOO_LARGE),
    "a field too long": ([field("operations", b" " * 2001)], TOO_LARGE),
    "a part without a name": ([b"Content-Disposition: form-data\r\n\r\nx"], SYNTAX),
    "a part without headers": ([b"\r\nx"], SYNTAX),
    "a header too long": ([b"X: " + b"y" * 5000 + b"\r\n\r\nx"], SYNTAX),
    "too many headers": ([b"X: y\r\n" * 20 + b"\r\nx"], SYNTAX),
}


@pytest.mark.parametrize("name", FORMS)
async def test_forms_are_strict(name: str) -> None:
    """What is twice, missing, of another kind or too much is refused."""
    parts, problem = FORMS[name]
    with pytest.raises(Refused) as caught:
        await read(*parts)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\n" + file("0"),
        b"--b\r\n" + file("0") + b"\r\n--b",
        b"--b\r\n" + file("0") + b"\r\n--b\r\n" + file("1"),
        b"--b\r\n" + operations() + b"\r\n--b\r\n" + field("map", {}) + b"\r\n",
    ],
)
async def test_a_form_has_an_end(body: bytes) -> None:
    """One that is cut off is refused, and the temporary file that it was in is closed."""

    async def stream() -> AsyncIterator[bytes]:
        yield body

    with pytest.raises(Refused) as caught:
        await parts_of(TYPE, stream(), LIMITS)  # type: ignore[arg-type] # a generator
    assert caught.value.problem is SYNTAX


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        f"multipart/form-data; boundary={'b' * 71}",
        "multipart/form-data; boundary=another",
        "multipart/form-data; boundary*=utf-8''b",
    ],
)
async def test_boundaries_are_those_of_the_form(content_type: str) -> None:
    """Without one, or with another, there are no parts."""
    with pytest.raises(Refused):
        await read(operations(), field("map", {}), content_type=content_type)


async def test_boundaries_may_have_any_characters() -> None:
    """RFC 2046 allows spaces and signs in quotes."""
    boundary = "a '()+_,-./:=?b"
    quoted = f'multipart/form-data; boundary="{boundary}"'
    request, _ = await read(
        operations(), field("map", {}), content_type=quoted, boundary=boundary.encode()
    )
    assert request.query == "{ a }"
