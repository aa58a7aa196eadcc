"""What a connection test found beyond its steps: the case of its cause, ports, a round trip."""

from dataclasses import replace

from mailconfig.domain import arrivals, diagnostics, reachability
from mailconfig.domain.arrivals import MessageFolder
from mailconfig.domain.diagnostics.engine import describe
from mailconfig.domain.probes import ConnectionTest, ProbeStep, StepStatus
from mailconfig.domain.providers import Provider
from mailconfig.domain.reachability import IpVersion, PortState
from mailconfig.graphql.describing import object_type


@object_type
class PortReach:
    """Whether one port of the server's host answers from here, over one version of IP."""

    port: int
    """TCP port."""
    version: IpVersion
    """Version of IP."""
    state: PortState
    """What happened."""
    duration_ms: int | None
    """Milliseconds until the answer; null where nothing was dialled."""


@object_type
class RoundTrip:
    """A message that the account sent to itself."""

    folder: MessageFolder | None
    """Kind of folder that it came to; null when it was not found."""
    folder_name: str | None
    """Name of that folder."""
    seconds: float | None
    """From the acceptance by the outgoing server until it was seen."""
    authentication_results: list[str]
    """Authentication-Results fields of the message (RFC 8601)."""
    removed: bool
    """Whether no copy that was found is left."""
    message_id: str
    """Its Message-ID, with angle brackets."""


def port_reach(found: reachability.PortReach) -> PortReach:
    """Show a cell of the port matrix."""
    return PortReach(
        port=found.port,
        version=found.version,
        state=found.state,
        duration_ms=found.duration_ms,
    )


def round_trip(found: arrivals.RoundTrip | None) -> RoundTrip | None:
    """Show a round trip."""
    if found is None:
        return None
    return RoundTrip(
        folder=found.folder,
        folder_name=found.folder_name,
        seconds=found.seconds,
        authentication_results=list(found.authentication_results),
        removed=found.removed,
        message_id=found.message_id,
    )


def root_cause(test: ConnectionTest, provider: Provider | None) -> diagnostics.Diagnosis | None:
    """Describe why a test did not pass, as its own case is; None where nothing is wrong."""
    if test.code is None or test.code is diagnostics.DiagnosticCode.OK:
        return None
    return _of_the_case(
        test, describe(test.code, test.code_protocol, provider, test.server_reply, test.fix)
    )


def step_finding(
    test: ConnectionTest, step: ProbeStep, provider: Provider | None
) -> diagnostics.Diagnosis | None:
    """Describe what a step found; None where nothing is wrong."""
    if step.code is None:
        return None
    found = describe(step.code, step.protocol, provider, step.detail.server_reply)
    is_cause = (step.code, step.protocol) == (test.code, test.code_protocol)
    if step.status is StepStatus.FAILED and is_cause:
        return _of_the_case(test, found)
    return found


def _of_the_case(test: ConnectionTest, found: diagnostics.Diagnosis) -> diagnostics.Diagnosis:
    """Put what is special about a case over what is always true of its code."""
    return replace(
        found,
        retryable=found.retryable if test.retryable is None else test.retryable,
        fixable_by=test.fixable_by or found.fixable_by,
    )
