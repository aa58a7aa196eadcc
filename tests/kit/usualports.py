"""The real servers at the usual ports: 143, 993, 25, 465, 587 of a loopback address of its own.

    with usual_ports(dovecot, postfix) as address:
        ... connect to address, 993 ...

Each block draws another address of 127.0.0.0/8, so that tests run side by side. Needs the right to
bind low ports, which the servers' own tests have anyway. Must not change what passes through.
"""

import asyncio
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from kit.dovecot import Dovecot
from kit.postfix import Postfix
from kit.servers import FAR, START_SECONDS

_TRIES = 20


def servers_ports(dovecot: Dovecot, postfix: Postfix) -> dict[int, int]:
    """Return usual port -> the port of the server that stands behind it."""
    return {
        143: dovecot.imap_port,
        993: dovecot.imaps_port,
        25: postfix.relay_port,
        465: postfix.submissions_port,
        587: postfix.submission_port,
    }


@contextmanager
def usual_ports(ports: Mapping[int, int]) -> Iterator[str]:
    """Pass connections on until the block ends; yields the address."""
    relay = _Relay(ports)
    relay.start()
    try:
        yield relay.address
    finally:
        relay.stop()


class _Relay:
    """Listeners in a thread and loop of their own."""

    def __init__(self, ports: Mapping[int, int]) -> None:
        self.address = ""
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._started, self._stopping = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._error: OSError | None = None

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        assert self._started.wait(START_SECONDS)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        try:
            servers = await self._listening()
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listening(self) -> list[asyncio.Server]:
        for attempt in range(_TRIES):
            octets = (random.randint(2, 250) for _ in range(3))  # noqa: S311 - no secret
            address = ".".join(map(str, (127, *octets)))
            try:
                servers = [await self._listen(address, *pair) for pair in self._ports.items()]
            except OSError:
                if attempt == _TRIES - 1:
                    raise
            else:
                self.address = address
                return servers
        raise AssertionError("unreachable")

    async def _listen(self, address: str, port: int, target: int) -> asyncio.Server:
        async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            behind_reader, behind_writer = await asyncio.open_connection(FAR, target)
            ways = (_copy(reader, behind_writer), _copy(behind_reader, writer))
            await asyncio.gather(*ways)

        return await asyncio.start_server(passed_on, address, port)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
