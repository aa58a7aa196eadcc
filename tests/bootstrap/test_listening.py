"""How uvicorn serves."""

import asyncio

from mailconfig.bootstrap.listening import server_config
from mailconfig.settings import Settings


async def _app(*_: object) -> None: ...


def test_the_event_loop_is_asyncio_s() -> None:
    """Also where uvloop is installed, which uvicorn would take by itself."""
    config = server_config(_app, Settings(), 2)
    factory = config.get_loop_factory()
    assert factory is not None
    loop = factory()
    loop.close()
    assert isinstance(loop, asyncio.BaseEventLoop)
