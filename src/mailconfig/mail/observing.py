"""From a failure on a connection to what the diagnosis is told, the same for tests and trips."""

from typing import Final

from mailconfig.domain.diagnostics import Observation, Phase
from mailconfig.domain.diagnostics.values import Failure
from mailconfig.domain.probes import ProbeTarget
from mailconfig.domain.resolution import (
    NameNotFound,
    NameTemporary,
    NameWithoutAddress,
    ResolutionError,
)
from mailconfig.domain.servers import MailProtocol
from mailconfig.egress import (
    ConnectRefused,
    ConnectReset,
    ConnectTimeout,
    ConnectUnreachable,
    EgressError,
    EgressRefused,
)
from mailconfig.mail.failures import DialogueFailed

ExpectedError = DialogueFailed | ResolutionError | EgressError | TimeoutError
"""How a step can end early."""

ASKING: Final = {MailProtocol.IMAP: Phase.CAPABILITY, MailProtocol.SMTP: Phase.EHLO}
"""Phase in which a server of the protocol tells what it offers."""

_FAILURES: Final[dict[type[Exception], Failure]] = {
    NameNotFound: Failure.NAME_NOT_FOUND,
    NameWithoutAddress: Failure.NAME_WITHOUT_ADDRESS,
    NameTemporary: Failure.NAME_TEMPORARY,
    EgressRefused: Failure.EGRESS_REFUSED,
    ConnectRefused: Failure.REFUSED,
    ConnectReset: Failure.CLOSED,
    ConnectTimeout: Failure.TIMEOUT,
    ConnectUnreachable: Failure.UNREACHABLE,
    TimeoutError: Failure.TIMEOUT,
}
"""What the errors of other modules mean here."""


def translated(error: ExpectedError) -> DialogueFailed:
    """Return the failure that an error means."""
    if isinstance(error, DialogueFailed):
        return error
    return DialogueFailed(_FAILURES.get(type(error), Failure.UNREACHABLE))


def observed(
    target: ProbeTarget,
    phase: Phase,
    failed: DialogueFailed,
    *,
    capabilities: tuple[str, ...],
    tls_active: bool,
) -> Observation:
    """Return all that is known about a failure."""
    server = target.settings
    return Observation(
        protocol=server.protocol,
        phase=phase,
        host=server.host,
        port=server.port,
        security=server.security,
        failure=failed.failure,
        text=failed.text,
        reply_code=failed.reply_code,
        enhanced_code=failed.enhanced_code,
        response_code=failed.response_code,
        capabilities=capabilities,
        tls_active=tls_active,
        tls_verify_code=failed.tls_verify_code,
        provider_id=target.provider_id,
        username=server.username,
    )
