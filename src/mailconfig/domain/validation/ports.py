"""Rules for port and TLS mode."""

from collections.abc import Iterator
from typing import Final

from mailconfig.domain.issues import ValidationCode, ValidationIssue
from mailconfig.domain.phrases import N_, phrase
from mailconfig.domain.servers import DEFAULT_PORTS, MailProtocol, TransportSecurity
from mailconfig.domain.validation.case import Case, ServerCase, error, warning

PORT_MAX: Final = 65535
"""Ports are 16 bits wide (RFC 9293, section 3.1)."""

_TLS, _STARTTLS = TransportSecurity.TLS, TransportSecurity.STARTTLS

USUAL_SECURITY: Final = {
    MailProtocol.IMAP: {993: _TLS, 143: _STARTTLS},
    MailProtocol.SMTP: {
        465: _TLS,
        587: _STARTTLS,
        25: _STARTTLS,
        2525: _STARTTLS,
        2587: _STARTTLS,
        2465: _TLS,
        8465: _TLS,
    },
}
"""TLS mode that each port is known for (RFC 8314 and the usual way around closed ports)."""

_FOREIGN: Final = {
    110: "POP3",
    995: "POP3",
    80: phrase("web pages"),
    443: phrase("web pages"),
    22: "SSH",
    21: "FTP",
    4190: phrase("mail filters (Sieve)"),
}
"""Ports of protocols that are not spoken here."""


def port_is_given(case: Case) -> Iterator[ValidationIssue]:
    """Each server has a port."""
    for server in case.servers:
        if server.draft.port is None:
            suggestion = str(_usual_port(server))
            message = N_("Enter the port.")
            yield error(ValidationCode.REQUIRED, server.path("port"), message, suggestion)


def security_is_given(case: Case) -> Iterator[ValidationIssue]:
    """Each server has a TLS mode."""
    for server in case.servers:
        if server.draft.security is None:
            message = N_("Choose how the connection is protected.")
            suggestion = _usual_security(server).value
            yield error(ValidationCode.REQUIRED, server.path("security"), message, suggestion)


def port_is_in_range(case: Case) -> Iterator[ValidationIssue]:
    """A port is a number from 1 to 65535."""
    for server in case.servers:
        port = server.draft.port
        if port is not None and not 1 <= port <= PORT_MAX:
            message = phrase("A port is a number from 1 to {most}.", most=PORT_MAX)
            suggestion = str(_usual_port(server))
            yield error(ValidationCode.OUT_OF_RANGE, server.path("port"), message, suggestion)


def port_is_of_the_protocol(case: Case) -> Iterator[ValidationIssue]:
    """The port is not known for another protocol, such as 993 for sending."""
    for server in case.servers:
        port, owner = server.draft.port, _owner(server)
        if port is not None and owner is not None:
            message = phrase(
                "Port {port} is for {owner}, not for {purpose}.",
                port=port,
                owner=owner,
                purpose=_PURPOSES[server.protocol],
            )
            code = ValidationCode.PORT_PROTOCOL_MISMATCH
            yield warning(code, server.path("port"), message, str(_usual_port(server)))


def port_fits_the_security(case: Case) -> Iterator[ValidationIssue]:
    """Port and TLS mode belong together: 993 and 465 with TLS, 143 and 587 with STARTTLS."""
    for server in case.servers:
        port, security = server.draft.port, server.draft.security
        usual = USUAL_SECURITY[server.protocol].get(port or 0)
        pairs = [(known.port, known.security) for known in server.listed]
        if security is None or usual in (None, security) or (port, security) in pairs:
            continue
        if security is not TransportSecurity.NONE:
            yield _mismatch(server, pairs)


def connection_is_protected(case: Case) -> Iterator[ValidationIssue]:
    """The secret does not travel in clear text, unless the operator allows that."""
    for server in case.servers:
        if server.draft.security is not TransportSecurity.NONE:
            continue
        level = warning if case.policy.allow_plaintext else error
        message = N_("Without encryption anybody on the way can read the password.")
        suggestion = _usual_security(server).value
        yield level(ValidationCode.INSECURE, server.path("security"), message, suggestion)


def _mismatch(server: ServerCase, pairs: list[tuple[int, TransportSecurity]]) -> ValidationIssue:
    """Blame the port where the catalogue knows this server with the chosen mode only."""
    port, security = server.draft.port or 0, server.draft.security
    code = ValidationCode.PORT_SECURITY_MISMATCH
    right_port = next((known for known, mode in pairs if mode is security), None)
    if right_port is not None and port not in {known for known, _ in pairs}:
        message = phrase(
            "This server does not use port {port} but port {right}.", port=port, right=right_port
        )
        return warning(code, server.path("port"), message, str(right_port))
    usual = _usual_security(server)
    message = phrase(
        "Port {port} is used with {usual}, not with {chosen}.",
        port=port,
        usual=_words(usual),
        chosen=_words(security),
    )
    return warning(code, server.path("security"), message, usual.value)


def _owner(server: ServerCase) -> str | None:
    """Name what a port is known for, None where that is this protocol, or nothing special."""
    port = server.draft.port or 0
    if any(known.port == port for known in server.listed):
        return None
    if port in USUAL_SECURITY[server.protocol]:
        return None
    for protocol, ports in USUAL_SECURITY.items():
        if port in ports:
            return _USES[protocol]
    return _FOREIGN.get(port)


_PURPOSES: Final = {MailProtocol.IMAP: phrase("receiving"), MailProtocol.SMTP: phrase("sending")}
_USES: Final = {
    MailProtocol.IMAP: phrase("receiving (IMAP)"),
    MailProtocol.SMTP: phrase("sending (SMTP)"),
}


def _words(security: TransportSecurity | None) -> str:
    return "STARTTLS" if security is _STARTTLS else "SSL/TLS"


def _usual_port(server: ServerCase) -> int:
    """Return the port that goes with the chosen TLS mode: the catalogue's or the registered."""
    security = server.draft.security
    for known in server.listed:
        if security in (None, known.security):
            return known.port
    return DEFAULT_PORTS[(server.protocol, security or _TLS)]


def _usual_security(server: ServerCase) -> TransportSecurity:
    """Return the TLS mode that goes with the port: the catalogue's or the registered one."""
    for known in server.listed:
        if known.port == server.draft.port and known.security is not TransportSecurity.NONE:
            return known.security
    return USUAL_SECURITY[server.protocol].get(server.draft.port or 0, _TLS)
