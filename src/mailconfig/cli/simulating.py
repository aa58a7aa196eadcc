"""`mailconfig simulator`: the simulated mail servers by themselves, for any mail program."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from mailconfig.cli.application import PORT_MAX, app, read_settings, run
from mailconfig.domain.demo import Demo
from mailconfig.domain.providers import ProviderServer
from mailconfig.simulator.scenarios import SERVICES
from mailconfig.simulator.server import Simulator


@app.command
def simulator(
    *,
    port: Annotated[
        int | None,
        Parameter(
            help="First of their ports; 0 takes free ones.", validator=Number(gte=0, lte=PORT_MAX)
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        Parameter(help="File to write the certificate of their authority to, for clients."),
    ] = None,
) -> None:
    """Run mail servers on this machine that fail as real providers do, until Ctrl+C.

    `mailconfig serve` runs the same ones by itself in development mode.
    """
    settings = read_settings(simulator_port=port)
    servers = Simulator.bind(SERVICES, settings.simulator_port)
    try:
        if ca is not None:
            ca.write_text(servers.demo.trust_anchor, encoding="ascii")
        _show(servers.demo)
        run(_serve(servers))
    finally:
        servers.close()


async def _serve(servers: Simulator) -> None:
    async with servers.running():
        await asyncio.Event().wait()


def _show(demo: Demo) -> None:
    """Print each provider with its servers, and below it each address with what will happen."""
    for provider in demo.providers:
        places = f"{_place(provider.incoming)}  {_place(provider.outgoing)}"
        print(f"{provider.name}\n  {places}")
        for account in provider.accounts:
            print(f"  {account.address:<34} {account.code:<32} {account.happens}")
    print(f"\nThe password is {demo.password}. Ctrl+C ends it.", flush=True)


def _place(server: ProviderServer) -> str:
    return f"{server.host_template}:{server.port}/{server.security.value.lower()}"
