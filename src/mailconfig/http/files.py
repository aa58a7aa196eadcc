"""GET and HEAD /files/{file_id}/{filename}: files by signed links that expire.

Content comes from strangers and is served from our own origin, so it is always a download
(`Content-Disposition: attachment`), never sniffed, and without rights if a browser renders it all
the same (CSP sandbox). It is not cached: a link ends when it ends.

Bytes that fail their authentication are not served. The first chunk is checked before the headers
go out; where a later one fails, the response is cut off short of its Content-Length, which clients
see as a failed download. Links that are wrong, old, or of files that are gone get one answer.
"""

import logging
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mailconfig.domain.errors import Fault, NotFound
from mailconfig.domain.files import StoredFile
from mailconfig.domain.request import request_id
from mailconfig.services.files import FileService

_log = logging.getLogger(__name__)

_ATTR_CHARS: Final = "!#$&+-.^_`|~"
"""RFC 8187, section 3.2.1: what stays as it is in an extended value, beside letters and digits."""


def file_route(files: FileService) -> Route:
    """Return the route of downloads; it answers HEAD as well."""

    async def download(request: Request) -> Response:
        try:
            file, chunks = await files.open_signed(
                request.path_params["file_id"],
                request.path_params["filename"],
                request.query_params.get("expires", ""),
                request.query_params.get("signature", ""),
            )
            first = await anext(chunks, b"")
        except NotFound as exc:
            return _refused(404, exc.code, exc.message)
        except Fault:
            _log.exception("a file cannot be served")
            return _refused(500, Fault.code, "The file cannot be served.")
        if request.method == "HEAD":
            return Response(headers=_headers(file))
        return StreamingResponse(_chained(first, chunks), headers=_headers(file))

    return Route("/files/{file_id}/{filename}", download, methods=["GET"], name="file")


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _headers(file: StoredFile) -> dict[str, str]:
    return {
        "Content-Type": file.content_type,
        "Content-Length": str(file.size),
        "Content-Disposition": content_disposition(file.filename),
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        # Front ends on a sibling host may show a picture, other sites may not.
        "Cross-Origin-Resource-Policy": "same-site",
        "Referrer-Policy": "no-referrer",
        "Accept-Ranges": "none",
    }


def content_disposition(filename: str) -> str:
    """Return the header's value (RFC 6266), the name in ASCII and in UTF-8 (RFC 8187)."""
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_"
        for char in filename
    )
    extended = quote(filename, safe=_ATTR_CHARS)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}"


def _refused(status: int, code: str, message: str) -> JSONResponse:
    body = {"error": {"code": code, "message": message, "requestId": request_id.get()}}
    return JSONResponse(body, status, {"Cache-Control": "no-store"})
