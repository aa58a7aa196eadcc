"""GET /exports/{workspace_id}/workspace.zip: all that a workspace owns, by a signed link.

The archive is made while it is sent, so that its length is not known before; a download that was
cut off lacks its manifest, and the directory without which no program opens it. Links that are
wrong, old, or of those who are no owners any more get one answer.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mailconfig.domain.errors import NotFound
from mailconfig.domain.request import request_id
from mailconfig.http.files import content_disposition
from mailconfig.services.exports import ExportService


def export_route(exports: ExportService) -> Route:
    """Return the route of exports."""

    async def download(request: Request) -> Response:
        try:
            chunks = await exports.open_signed(
                request.path_params["workspace_id"],
                request.query_params.get("expires", ""),
                request.query_params.get("signature", ""),
            )
        except NotFound as exc:
            about = {"code": exc.code, "message": exc.message, "requestId": request_id.get()}
            return JSONResponse({"error": about}, 404, {"Cache-Control": "no-store"})
        headers = {
            "Content-Disposition": content_disposition("workspace.zip"),
            "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Cross-Origin-Resource-Policy": "same-site",
            "Referrer-Policy": "no-referrer",
        }
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/zip")
        return StreamingResponse(chunks, headers=headers, media_type="application/zip")

    path = "/exports/{workspace_id}/workspace.zip"
    return Route(path, download, methods=["GET"], name="export")
