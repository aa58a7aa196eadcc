"""Checks of the ways out, by the code that the product uses: the DNS, mail ports of a host."""

import time
from typing import Final

from mailconfig.bootstrap.checkup.advice import DNS, PORTS
from mailconfig.bootstrap.checkup.values import Checked, bad, fine, warning
from mailconfig.domain.reachability import PortReach, PortScout, PortState
from mailconfig.domain.resolution import (
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    Resolver,
)

_STATES: Final = {
    PortState.OPEN: "open",
    PortState.REFUSED: "refused",
    PortState.SILENT: "silent",
    PortState.UNREACHABLE: "without a route",
    PortState.NOT_ALLOWED: "not allowed by MAILCONFIG_EGRESS_ALLOW_PORTS",
}
"""How ports are told, in this order; a family without an address is not told."""


async def check_dns(resolver: Resolver, name: str) -> Checked:
    """Look up one name."""
    started = time.perf_counter()
    try:
        found = await resolver.addresses(name.lower())
    except (NameNotFound, NameWithoutAddress):
        answer = f"The DNS answers in {_ms(started)} ms, but knows no address of {name}."
        return warning("dns", answer, "Give a name that exists: mailconfig doctor --name NAME")
    except NameTemporary:
        return bad("dns", f"No DNS server has an answer about {name}.", DNS)
    count = f"{len(found)} address{'' if len(found) == 1 else 'es'}"
    return fine("dns", f"The DNS knows {count} of {name}, in {_ms(started)} ms.")


def _ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


async def check_ports(scout: PortScout, host: str, seconds: float) -> Checked:
    """Say which mail ports of a host answer from here."""
    return judged_ports(host, await scout.scout(host, seconds))


def judged_ports(host: str, reaches: tuple[PortReach, ...]) -> Checked:
    """Judge a port matrix: one open port is enough to know that there is a way."""
    told = "; ".join(
        f"{word}: {', '.join(sorted(ports, key=int))}"
        for state, word in _STATES.items()
        if (ports := {str(reach.port) for reach in reaches if reach.state is state})
    )
    if not told:
        advice = "Check the name, and MAILCONFIG_EGRESS_ALLOW_NETWORKS for a private address."
        return bad("ports", f"{host} has no address that may be dialled.", advice)
    found = f"Ports of {host} from here: {told}."
    if any(reach.state is PortState.OPEN for reach in reaches):
        return fine("ports", found)
    return bad("ports", found, PORTS)
