"""Whether the store of shared limits answers, for whoever checks a deployment.

`storage.sharedlimits` counts in memory while the store is away, and so cannot tell.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from mailconfig.domain.errors import Fault
from mailconfig.storage.sharedlimits import SharedLimits


async def ping_limit_store(url: str, seconds: float) -> None:
    """Ask the store for an answer; raises Fault for no such URL and where there is none."""
    await SharedLimits(url).close()  # judges the URL; nothing is connected yet
    # Valkey speaks the same protocol, so its schemes are other words for the same.
    address = "redis" + url.removeprefix("redis").removeprefix("valkey")
    try:
        store = Redis.from_url(address, socket_timeout=seconds, socket_connect_timeout=seconds)
    except ValueError as error:
        raise Fault("it is no URL of a store.") from error
    try:
        await store.ping()  # type: ignore[misc] # its type is that of the blocking client too
    except (RedisError, OSError) as error:
        raise Fault("The store of limits does not answer.") from error
    finally:
        await store.aclose()
