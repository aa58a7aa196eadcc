"""Asking servers without credentials whether they are mail servers with a valid certificate.

What is knocked at: rows of the catalogue that nobody has confirmed, and guessed names. There is no
secret and no sender in any request, so that nothing about the user leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from mailconfig.domain.diagnostics.codes import DiagnosticCode
from mailconfig.domain.discovery.values import FoundServer, Proposal
from mailconfig.domain.probes import Prober, ProbeRequest, ProbeStep, ProbeTarget
from mailconfig.domain.servers import ServerSettings, TransportSecurity

MARGIN_SECONDS: Final = 0.1
"""What is left of a source's time to report in; the rest is for those who are asked."""


@dataclass(frozen=True, slots=True)
class Knocker:
    """Probes servers without credentials."""

    prober: Prober

    async def confirmed(self, proposal: Proposal, seconds: float) -> Proposal | None:
        """Return the proposal with the servers that answered; None where none did."""
        answered = await self.answering(proposal.incoming + proposal.outgoing, seconds)
        incoming = tuple(server for server in proposal.incoming if server in answered)
        outgoing = tuple(server for server in proposal.outgoing if server in answered)
        if not incoming and not outgoing:
            return None
        return replace(proposal, incoming=incoming, outgoing=outgoing)

    async def answering(
        self, servers: Sequence[FoundServer], seconds: float
    ) -> tuple[FoundServer, ...]:
        """Return the servers that answered within the time, in their order.

        All are asked at once. The rest is cancelled as soon as the best of each protocol is known:
        one that answered, with every server before it refused.
        """
        results: dict[FoundServer, bool] = {}
        with anyio.move_on_after(max(seconds - MARGIN_SECONDS, 0)):
            async with anyio.create_task_group() as group:

                async def ask(server: FoundServer) -> None:
                    results[server] = await self._answers(server, seconds)
                    if _decided(servers, results):
                        group.cancel_scope.cancel()

                for server in servers:
                    group.start_soon(ask, server)
        return tuple(server for server in servers if results.get(server))

    async def _answers(self, server: FoundServer, seconds: float) -> bool:
        """Tell whether TLS, greeting and capabilities are well; clear text never is."""
        if server.security is TransportSecurity.NONE:
            return False
        settings = ServerSettings(server.protocol, server.host, server.port, server.security)
        request = ProbeRequest((ProbeTarget(settings, None),), seconds)
        outcomes = await self.prober.probe(request, _unreported)
        return all(outcome.code is DiagnosticCode.OK for outcome in outcomes)


def _unreported(_step: ProbeStep) -> None:
    """Nobody watches the steps of a knock."""


def _decided(servers: Sequence[FoundServer], results: dict[FoundServer, bool]) -> bool:
    """Tell whether the first answering server of every protocol is known."""
    for protocol in {server.protocol for server in servers}:
        for server in servers:
            if server.protocol is not protocol:
                continue
            if server not in results:
                return False
            if results[server]:
                break
    return True
