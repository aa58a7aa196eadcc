"""How uvicorn serves an instance: connections that have bounds, and nothing that it logs itself."""

import uvicorn
from starlette.types import ASGIApp

from mailconfig.http.connections import http_connection, socket_connection
from mailconfig.settings import Settings

_FRAMES_A_MESSAGE = 10
"""Pings and fragments that a client may send for each message that it may send."""


def server_config(app: ASGIApp, settings: Settings, grace_seconds: int) -> uvicorn.Config:
    """Return the server's configuration; on its end, open requests get `grace_seconds`."""
    frames = _FRAMES_A_MESSAGE * settings.socket_messages_per_second
    return uvicorn.Config(
        app,
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
        # None: uvicorn's own variable, else this machine. It takes the right-most address that is
        # not a trusted proxy's, so that nothing a client wrote counts.
        forwarded_allow_ips=[*map(str, settings.trusted_proxies)] or None,
        timeout_graceful_shutdown=grace_seconds,
        ws_max_size=settings.socket_message_bytes,
        ws_ping_interval=settings.live_ping_seconds,
        ws_ping_timeout=settings.live_pong_seconds,
        # Compressed, a few bytes are a message of the largest size; and each socket costs more.
        ws_per_message_deflate=False,
    )
