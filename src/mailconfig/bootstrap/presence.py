"""The limits of sockets and event streams, from the settings."""

from strawberry.http.websocket_origin import normalize_origin

from mailconfig.graphql.presence import LiveLimits
from mailconfig.settings import Settings


def live_limits(settings: Settings) -> LiveLimits:
    """Return the limits of what stays connected."""
    return LiveLimits(
        connections=settings.live_connections,
        connections_per_client=settings.live_connections_per_client,
        init_seconds=settings.socket_init_seconds,
        operations=settings.socket_operations,
        message_bytes=settings.socket_message_bytes,
        messages_per_second=settings.socket_messages_per_second,
        ping_seconds=settings.live_ping_seconds,
        pong_seconds=settings.live_pong_seconds,
        send_seconds=settings.live_send_seconds,
        recheck_seconds=settings.live_recheck_seconds,
        origin=normalize_origin(settings.public_url) if settings.public_url else None,
        listed_origins=frozenset(settings.cors_origins),
    )
