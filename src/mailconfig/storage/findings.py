"""What a connection test found beyond its verdict, as JSON text: written and read in one place.

Absent facts are left out; a test that found nothing more has no text at all, as those have that
were stored before there were findings.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import orjson

from mailconfig.domain.arrivals import MessageFolder, RoundTrip
from mailconfig.domain.diagnostics import DiagnosticCode, FixableBy
from mailconfig.domain.probes import ConnectionTest
from mailconfig.domain.reachability import IpVersion, PortReach, PortState


class Findings(TypedDict):
    """Fields of a test that are stored as one text."""

    retryable: bool | None
    fixable_by: FixableBy | None
    ports: tuple[PortReach, ...]
    round_trip: RoundTrip | None


def findings_text(test: ConnectionTest) -> str | None:
    """Write what a test found; None if that is nothing."""
    values = {
        "retryable": test.retryable,
        "fixable_by": test.fixable_by.value if test.fixable_by else None,
        "ports": [_port_values(reach) for reach in test.ports] or None,
        "round_trip": _trip_values(test.round_trip) if test.round_trip else None,
    }
    told = {name: value for name, value in values.items() if value is not None}
    return orjson.dumps(told).decode() if told else None


def read_findings(text: str | None) -> Findings:
    """Read what `findings_text` wrote."""
    values: dict[str, Any] = orjson.loads(text) if text else {}
    fixable_by, trip = values.get("fixable_by"), values.get("round_trip")
    return {
        "retryable": values.get("retryable"),
        "fixable_by": FixableBy(fixable_by) if fixable_by else None,
        "ports": tuple(map(_read_port, values.get("ports", ()))),
        "round_trip": _read_trip(trip) if trip else None,
    }


def _port_values(reach: PortReach) -> dict[str, object]:
    return {
        "port": reach.port,
        "version": reach.version.value,
        "state": reach.state.value,
        "duration_ms": reach.duration_ms,
    }


def _read_port(values: Mapping[str, Any]) -> PortReach:
    version, state = IpVersion(values["version"]), PortState(values["state"])
    return PortReach(values["port"], version, state, values["duration_ms"])


def _trip_values(trip: RoundTrip) -> dict[str, object]:
    """The observation is left out: it is judged before anything is stored."""
    return {
        "code": trip.code.value,
        "message_id": trip.message_id,
        "folder": trip.folder.value if trip.folder else None,
        "folder_name": trip.folder_name,
        "seconds": trip.seconds,
        "authentication_results": list(trip.authentication_results),
        "removed": trip.removed,
        "server_reply": trip.server_reply,
    }


def _read_trip(values: Mapping[str, Any]) -> RoundTrip:
    return RoundTrip(
        code=DiagnosticCode(values["code"]),
        message_id=values["message_id"],
        folder=MessageFolder(values["folder"]) if values["folder"] else None,
        folder_name=values["folder_name"],
        seconds=values["seconds"],
        authentication_results=tuple(values["authentication_results"]),
        removed=values["removed"],
        server_reply=values["server_reply"],
    )
