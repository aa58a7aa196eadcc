"""How uvicorn serves an instance: connections that have bounds, and nothing that it logs itself."""

import os
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mailconfig.http.connections import http_connection, socket_connection
from mailconfig.settings import Settings

_FRAMES_A_MESSAGE: Final = 10
"""Pings and fragments that a client may send for each message that it may send."""
PROXIES: Final = "FORWARDED_ALLOW_IPS"
"""uvicorn's variable for the addresses of proxies, read where our setting is not set."""


def server_config(app: ASGIApp, settings: Settings, grace_seconds: int) -> uvicorn.Config:
    """Return the server's configuration; on its end, open requests get `grace_seconds`."""
    frames = _FRAMES_A_MESSAGE * settings.socket_messages_per_second
    return uvicorn.Config(
        app,
        # uvicorn would take uvloop, which comes along with another package.
        loop="asyncio",
        http=http_connection(
            settings.live_send_seconds,
            # More than the application takes, so that mostly it can say what is too large.
            2 * (settings.max_header_bytes + settings.max_url_bytes),
            settings.head_seconds,
        ),
        ws=socket_connection(settings.live_send_seconds, frames),
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        # uvicorn takes the right-most address that is not a trusted proxy's, so that nothing a
        # client wrote counts. By default it believes whoever is on this machine; here nobody is
        # believed who was not named, and then requests need not pass what reads those headers.
        proxy_headers=bool(settings.trusted_proxies) or PROXIES in os.environ,
        forwarded_allow_ips=[*map(str, settings.trusted_proxies)] or None,
        timeout_graceful_shutdown=grace_seconds,
        ws_max_size=settings.socket_message_bytes,
        ws_ping_interval=settings.live_ping_seconds,
        ws_ping_timeout=settings.live_pong_seconds,
        # Compressed, a few bytes are a message of the largest size; and each socket costs more.
        ws_per_message_deflate=False,
    )
