"""Reads forms of the GraphQL multipart request specification, strictly.

Two fields and the files: `operations` holds a request with null where files belong, `map` tells
for each file the paths of those nulls. Whoever could put a file anywhere else could replace the
document or break what reads it, so a path leads through `variables`, by keys that exist and
indexes in digits, onto a null. A form needs a header that other sites cannot send, since browsers
send forms with cookies and without asking (CSRF). Never quotes what it read.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from mailconfig.graphql.context import CSRF_HEADER
from mailconfig.graphql.refusals import Problem, Refused
from mailconfig.graphql.requests import GraphQLRequest, parsed_json, request_of

_PREFLIGHTED: Final = ("Apollo-Require-Preflight", "GraphQL-Require-Preflight", CSRF_HEADER)
"""A form of another site can send multipart with our cookie, but none of these headers."""
_MAX_FIELDS: Final = 4
"""The specification has two fields, operations and map; a form may carry a little beside them."""
_MAX_BOUNDARY_BYTES: Final = 70
"""RFC 2046, section 5.1.1."""
_MAX_INDEX_DIGITS: Final = 6
"""No list of a request has a million items; longer numbers only cost time."""
_PAST_A_LIMIT: Final = ("Too many ", "Part exceeded ")
"""Where the words of Starlette's form parser begin that speak of our limits."""


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Limits of forms, after those of the npm package graphql-upload."""

    max_files: int
    """Most files."""
    max_field_bytes: int
    """Longest part that is no file."""
    max_paths: int = 100
    """Most places that the files of a form are put at, together."""


def check_preflight(headers: Headers) -> None:
    """Raise Refused where a page of another site could have sent the form."""
    if not any(name in headers for name in _PREFLIGHTED):
        wanted = ", ".join(_PREFLIGHTED)
        raise Refused(Problem.PREFLIGHT, f"Send one of these headers: {wanted}.")


async def parts_of(
    content_type: str,
    stream: AsyncGenerator[bytes, None],
    limits: FormLimits,
    *,
    max_fields: int = _MAX_FIELDS,
) -> FormData:
    """Split a body into its parts; who gets them closes them. Raises Refused.

    Names and fields are text in latin-1, which is their bytes, one character each.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        raise Refused(Problem.SYNTAX, "The form has no boundary.")
    # Starlette falls back to latin-1 where text is no UTF-8; asked for it, nothing gets lost.
    quoted = boundary.decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    described = f'multipart/form-data; charset=latin-1; boundary="{quoted}"'

    async def whole() -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not parser.ended:  # told inside of the parser, which closes its files then
            raise MultiPartException("The form is cut off.")

    parser = _Parser(
        Headers({"Content-Type": described}),
        whole(),
        max_files=limits.max_files,
        max_fields=max_fields,
        max_part_size=limits.max_field_bytes,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith(_PAST_A_LIMIT):
            raise Refused(Problem.TOO_LARGE, error.message) from error
        raise Refused(Problem.SYNTAX, "The multipart body cannot be read.") from error


def read_form(parts: FormData, limits: FormLimits) -> GraphQLRequest:
    """Read the request of a form, its files in their places; raises Refused."""
    fields: dict[str, bytes] = {}
    files: dict[str, UploadFile] = {}
    for raw, part in parts.multi_items():
        name = _as_utf_8(raw)
        if name in fields or name in files:
            raise Refused(Problem.SHAPE, "Two parts of the form have one name.")
        if isinstance(part, UploadFile):
            files[name] = part
        else:
            fields[name] = part.encode("latin-1")
    for name in ("operations", "map"):
        if name not in fields:
            raise Refused(Problem.SHAPE, f"The form has no field `{name}`.")
    request = request_of(parsed_json(fields["operations"], "`operations`"))
    paths = _paths(parsed_json(fields["map"], "`map`"), limits.max_paths)
    if paths.keys() != files.keys():
        raise Refused(Problem.SHAPE, "The files of the form are not those of its `map`.")
    for name, file in files.items():
        file.filename = _as_utf_8(file.filename or "")
        for path, reader in zip(paths[name], _readers(file, len(paths[name])), strict=True):
            _put(request.variables, path, reader)
    return request


class _Parser(MultiPartParser):
    """Starlette's parser, which takes a form without its end and forgets the file that it is in."""

    ended = False
    """Whether the last boundary has come."""

    def on_end(self) -> None:
        """Take note of the last boundary."""
        self.ended = True


class OneReader(UploadFile):
    """One of several readers of a part, with a position of its own: each reads all of it."""

    def __init__(self, part: UploadFile, turn: asyncio.Lock) -> None:
        """Read a part that others read as well, one at a time."""
        super().__init__(part.file, size=part.size, filename=part.filename, headers=part.headers)
        self._turn = turn
        self._position = 0

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        async with self._turn:
            await super().seek(self._position)
            data = await super().read(size)
            self._position += len(data)
        return data

    async def seek(self, offset: int) -> None:
        """Go to a position from the start."""
        self._position = offset


def _readers(file: UploadFile, count: int) -> list[UploadFile]:
    if count == 1:
        return [file]
    turn = asyncio.Lock()
    return [OneReader(file, turn) for _ in range(count)]


def _paths(value: object, most: int) -> Mapping[str, list[str]]:
    """Check the form of `map`: each file's name to its paths."""
    if not isinstance(value, dict):
        raise Refused(Problem.SHAPE, "`map` must be an object.")
    for paths in value.values():
        if not isinstance(paths, list) or not paths:
            raise Refused(Problem.SHAPE, "Each member of `map` must be a list of paths.")
        if not all(isinstance(path, str) for path in paths):
            raise Refused(Problem.SHAPE, "Each path in `map` must be a string.")
    if sum(map(len, value.values())) > most:
        raise Refused(Problem.TOO_LARGE, f"Too many paths. `map` has at most {most}.")
    return value


def _put(variables: dict[str, Any] | None, path: str, file: UploadFile) -> None:
    """Replace the null at a path with a file."""
    first, *keys = path.split(".")
    if first != "variables" or not keys:
        raise Refused(Problem.SHAPE, "A path in `map` leads through `variables`.")
    place: Any = variables
    for key in keys[:-1]:
        place = place[_key(place, key)]
    last = _key(place, keys[-1])
    if place[last] is not None:
        raise Refused(Problem.SHAPE, "A path in `map` does not lead to a null.")
    place[last] = file


def _key(place: object, key: str) -> str | int:
    """Return the key or index of a value that exists."""
    if isinstance(place, dict) and key in place:
        return key
    if isinstance(place, list) and key.isascii() and key.isdecimal():
        index = int(key) if len(key) <= _MAX_INDEX_DIGITS else len(place)
        if index < len(place):
            return index
    raise Refused(Problem.SHAPE, "A path in `map` leads nowhere.")


def _as_utf_8(text: str) -> str:
    """Return the text of bytes in latin-1; what is no UTF-8 stays as it is."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text
