"""`mailconfig serve`: the server process from its first check to its end."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Annotated, Final

import uvicorn
from cyclopts import Parameter
from cyclopts.validators import Number
from starlette.datastructures import State

from mailconfig.app import create_app
from mailconfig.bootstrap import open_instance
from mailconfig.bootstrap.checkup import Verdict, check_start
from mailconfig.bootstrap.listening import server_config
from mailconfig.cli.application import (
    PORT_MAX,
    Data,
    app,
    fail,
    prepare_schema,
    read_settings,
    run,
)
from mailconfig.domain.clock import utc_now
from mailconfig.domain.demo import Demo
from mailconfig.domain.secrets import Secret
from mailconfig.settings import Mode, Settings
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.server import Simulator

_log = logging.getLogger(__name__)
_FIRST_USER: Final = "owner@example.com"
_GRACE_SECONDS: Final = 5
"""What open requests and streams get on SIGTERM; Docker kills after 10."""
_TESTS_SECONDS: Final = 3
"""What connection tests get of it that somebody waits for; then they end, and with them streams."""
_COLLECTED_EACH: Final = 5_000
"""How many more objects were made than let go before young ones are looked through for garbage;
Python's own choice is 700 to 2,000."""


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to bind.")] = None,
    port: Annotated[
        int | None,
        Parameter(help="Port to bind; 0 takes a free one.", validator=Number(gte=0, lte=PORT_MAX)),
    ] = None,
    data: Data = None,
) -> None:
    """Serve the API; an empty data folder becomes an instance of its own without questions."""
    settings = read_settings(host=host, port=port, data_dir=data)
    # uvicorn ends itself by the signal that stopped it; this makes it exit status 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        # First of all, so that ports that are taken leave no user whose password nobody saw.
        sockets = [stack.enter_context(listener) for listener in _listeners(settings)]
        simulator = _simulator(settings, stack)
        password = run(_prepare(settings))
        _refuse_dangers(settings)
        served = create_app(settings, demo=simulator.demo if simulator else None)
        config = server_config(served, settings, _GRACE_SECONDS)
        where = settings.public_url or _address(sockets[0])
        tried = partial(_announce, settings, where, password, simulator)
        _Server(config, served.state, tried, simulator).run(sockets)


class _Server(uvicorn.Server):
    """uvicorn's server, which tells whether it serves and ends open tests for its own end.

    A simulator lives in the same loop, from before the start until after the end.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        state: State,
        tried: Callable[[bool], None],
        simulator: Simulator | None,
    ) -> None:
        super().__init__(config)
        self._state = state
        self._tried = tried
        self._simulator = simulator

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve as uvicorn does, beside the simulator."""
        async with self._simulator.running() if self._simulator else nullcontext():
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell whether it serves."""
        try:
            await super().startup(sockets)
        finally:
            self._tried(self.started)
        # What is there now stays to the end. Looking through it again and again for garbage would
        # stop all requests for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        # What requests make is nearly all gone with them, by counting references.
        gc.set_threshold(_COLLECTED_EACH)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for open requests as uvicorn does, but not for slow tests to the very end."""
        stop_tests = self._state.runner.cancel_all
        timer = asyncio.get_running_loop().call_later(_TESTS_SECONDS, stop_tests)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()


def _listeners(settings: Settings) -> list[socket.socket]:
    """Listen on every address of the host; ends the process with a sentence where that fails."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        places = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_listener(family, address) for family, address in places]
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while", maxsplit=1)[0]
        hint = " Take another one: --port." if error.errno == errno.EADDRINUSE else ""
        fail(f"Cannot listen on {settings.host} port {settings.port}: {reason}.{hint}")


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.create_server(address, family=family)
    # asyncio sets this for sockets that name their protocol, which these do not; without it the
    # kernel holds the body of each answer back until the client acknowledges the head: 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _prepare(settings: Settings) -> Secret | None:
    """Build the instance once, so that what is wrong is a sentence; make the first user."""
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        if settings.mode is not Mode.DEVELOPMENT:
            return None
        return await instance.services.identity.first_user(_FIRST_USER)


def _refuse_dangers(settings: Settings) -> None:
    """Log what speaks against serving like this; in production end the process for the worst."""
    for checked in check_start(settings, utc_now(), os.environ):
        if checked.verdict is Verdict.BAD and settings.mode is Mode.PRODUCTION:
            fail(f"{checked.found} {checked.advice}")
        _log.warning("%s %s", checked.found, checked.advice)


def _simulator(settings: Settings, stack: ExitStack) -> Simulator | None:
    """Take the ports of the demonstration, where there is to be one, until the stack unwinds."""
    if not settings.serves_demo:
        return None
    simulator = Simulator.bind(SERVICES, settings.simulator_port)
    stack.callback(simulator.close)
    return simulator


def _announce(
    settings: Settings,
    where: str,
    password: Secret | None,
    simulator: Simulator | None,
    up: bool,
) -> None:
    """Tell the log, and in development the person who has just started it."""
    if up:
        _log.info("serving", extra={"address": where, "mode": settings.mode.value})
    if settings.mode is not Mode.DEVELOPMENT:
        return
    page = "Explorer and API" if settings.serves_explorer else "API"
    lines = [f"  {page:<18}{where}/graphql"] if up else []
    if password is not None:
        lines.append(f"  {'First sign-in':<18}{_FIRST_USER}")
        lines.append(f"  {'Password':<18}{password.reveal()}   (shown only now)")
    if up and simulator is not None:
        lines += _demo_lines(simulator.demo)
    print("\n".join(["", *lines, ""]), flush=True)


def _demo_lines(demo: Demo) -> list[str]:
    """Show where the demonstration is described, and the account that passes."""
    first = demo.providers[0]
    lines = [
        f"  {'Demo mailboxes':<18}docs/demo.md   (password {demo.password})",
        f"  {'Try':<18}{first.accounts[0].address}",
    ]
    for server in (first.incoming, first.outgoing):
        mode = server.security.value.lower()
        lines.append(f"  {server.protocol.value:<18}{server.host_template}:{server.port}/{mode}")
    return lines
