"""Whether the process lives (/healthz) and whether it can serve (/readyz)."""

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailconfig.domain.errors import MailconfigError
from mailconfig.services.health import HealthService

_log = logging.getLogger(__name__)

PATHS: Final = frozenset({"/healthz", "/readyz"})
"""Asked by address too, whatever the names of this service are."""


def health_routes(health: HealthService) -> list[Route]:
    """Return both routes; they tell states, never reasons, since anybody may ask."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        try:
            ready = await health.ready()
        except MailconfigError:
            _log.warning("not ready", exc_info=True)
            ready = False
        if ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)

    return [
        Route("/healthz", healthz, methods=["GET"], name="healthz"),
        Route("/readyz", readyz, methods=["GET"], name="readyz"),
    ]
