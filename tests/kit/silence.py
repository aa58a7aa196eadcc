"""A way to PostgreSQL that falls silent, as through a firewall that has forgotten a connection.

async with Silence.before(settings) as (silence, behind):
    ... connect by the settings `behind` ...
    silence.falls()
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from mailconfig.storage.settings import StorageSettings, database_url


@dataclass(slots=True)
class Silence:
    """A way to the server that stops carrying anything, with all connections left as they are."""

    host: str
    port: int
    carries: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def before(cls, settings: StorageSettings) -> AsyncIterator[tuple[Self, StorageSettings]]:
        """Open it; yields settings that lead through it as well."""
        url = database_url(settings)
        made = cls(str(url.host), url.port or 0)
        made.carries.set()
        server = await asyncio.start_server(made._carry, "127.0.0.1", 0)
        through = url.set(port=server.sockets[0].getsockname()[1])
        yield made, StorageSettings(through.render_as_string(hide_password=False))
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        for writer in made.writers:
            writer.transport.abort()
        closing = (writer.wait_closed() for writer in made.writers)
        await asyncio.gather(*closing, return_exceptions=True)

    def falls(self) -> None:
        """Carry nothing from here on."""
        self.carries = asyncio.Event()

    def ends(self) -> None:
        """Carry what new connections send; older ones stay forgotten."""
        self.carries = asyncio.Event()
        self.carries.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward = await asyncio.open_connection(self.host, self.port)
        self.writers += [writer, onward[1]]
        for source, target in ((reader, onward[1]), (onward[0], writer)):
            self.tasks.add(asyncio.create_task(self._pump(source, target, self.carries)))

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carries: asyncio.Event
    ) -> None:
        while chunk := await reader.read(65536):
            await self.carries.wait()
            if self.carries is not carries:
                await asyncio.sleep(3600)
            writer.write(chunk)
        writer.close()
