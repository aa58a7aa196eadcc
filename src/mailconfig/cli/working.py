"""`mailconfig worker`: sends messages, beside `serve` or instead of the worker that it has."""

import asyncio
import logging
import signal

from mailconfig.bootstrap import open_instance
from mailconfig.cli.application import Data, app, prepare_schema, read_settings, run
from mailconfig.settings import Settings

_log = logging.getLogger(__name__)


@app.command
def worker(*, data: Data = None) -> None:
    """Send messages that are due; on SIGTERM give back what has not gone out, then end."""
    run(_work(read_settings(data_dir=data)))


async def _work(settings: Settings) -> None:
    await prepare_schema(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with open_instance(settings) as instance, instance.outgoing.running():
        _log.info("sending messages")
        await stopped.wait()
        _log.info("stopping")
