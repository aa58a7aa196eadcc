"""The port matrix: which ports of a host answer from here, over IPv4 and IPv6.

Implements `domain.reachability.PortScout`. Connects and hangs up; nothing is said to anybody, and
what egress does not allow is not dialled.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mailconfig.domain.reachability import MATRIX_PORTS, IpVersion, PortReach, PortState
from mailconfig.domain.resolution import ResolutionError
from mailconfig.egress import (
    ConnectError,
    ConnectRefused,
    ConnectReset,
    ConnectTimeout,
    ConnectUnreachable,
    Egress,
    EgressRefused,
    Route,
)

_STATES: Final[dict[type[ConnectError], PortState]] = {
    ConnectRefused: PortState.REFUSED,
    ConnectReset: PortState.REFUSED,
    ConnectTimeout: PortState.SILENT,
    ConnectUnreachable: PortState.UNREACHABLE,
}
"""How a port failed."""
_VERSIONS: Final = {IpVersion.IPV4: 4, IpVersion.IPV6: 6}
_ADDRESSES_MAX: Final = 2
"""Of a family that are dialled on each port; more of them only fill the table of descriptors."""
_CONCURRENT: Final = 20
"""Looks at once in this process; each dials up to 24 times side by side."""


class EgressPortScout:
    """Dials through egress."""

    def __init__(self, egress: Egress, concurrent: int = _CONCURRENT) -> None:
        self._egress = egress
        self._places = asyncio.Semaphore(concurrent)

    async def scout(self, host: str, seconds: float) -> tuple[PortReach, ...]:
        """Dial all ports in both families side by side, see `domain.reachability.PortScout`.

        Waiting for a place counts; who gets none in time learns nothing.
        """
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                await self._places.acquire()
        except TimeoutError:
            return ()
        try:
            return await self._scouted(host, end)
        finally:
            self._places.release()

    async def _scouted(self, host: str, end: float) -> tuple[PortReach, ...]:
        try:
            async with asyncio.timeout_at(end):
                routes = await self._routes(host)
        except (ResolutionError, TimeoutError):
            return ()
        if not any(routes):
            return ()
        cells = [
            self._cell(port, version, route, end)
            for port, route in zip(MATRIX_PORTS, routes, strict=True)
            for version in IpVersion
        ]
        async with asyncio.TaskGroup() as group:
            dialled = [group.create_task(cell) for cell in cells]
        return tuple(task.result() for task in dialled)

    async def _routes(self, host: str) -> Sequence[Route | None]:
        """Return the way to each port; None where egress has none."""
        asked = [asyncio.create_task(self._route(host, port)) for port in MATRIX_PORTS]
        try:
            return await asyncio.gather(*asked)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.wait(asked)

    async def _route(self, host: str, port: int) -> Route | None:
        try:
            return await self._egress.resolve(host, port)
        except EgressRefused:
            return None

    async def _cell(
        self, port: int, version: IpVersion, route: Route | None, end: float
    ) -> PortReach:
        if route is None:
            return PortReach(port, version, PortState.NOT_ALLOWED)
        wanted = _VERSIONS[version]
        addresses = tuple(each for each in route.addresses if each.version == wanted)
        addresses = addresses[:_ADDRESSES_MAX]
        if not addresses:
            return PortReach(port, version, PortState.NO_ADDRESS)
        clock = asyncio.get_running_loop().time
        started = clock()
        state = await self._dialled(replace(route, addresses=addresses), max(end - started, 0))
        return PortReach(port, version, state, round((clock() - started) * 1000))

    async def _dialled(self, route: Route, seconds: float) -> PortState:
        try:
            connection = await self._egress.connect(route, seconds)
        except ConnectError as error:
            return _STATES[type(error)]
        connection.socket.close()
        return PortState.OPEN
