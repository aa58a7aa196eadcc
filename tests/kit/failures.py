"""Short spelling of observations for tables of failure texts."""

from mailconfig.domain.diagnostics.values import Observation, Phase
from mailconfig.domain.servers import MailProtocol, TransportSecurity

_PROTOCOLS = {"imap": MailProtocol.IMAP, "smtp": MailProtocol.SMTP}
_MODES = {
    "tls": TransportSecurity.TLS,
    "starttls": TransportSecurity.STARTTLS,
    "plain": TransportSecurity.NONE,
}


def seen(where: str, text: str, offers: str = "") -> Observation:
    """Build an observation of a text.

    `where` is "protocol/phase host:port/mode": protocol is imap, smtp or another word for none;
    host, port and mode may be missing, as in "smtp/auth" or "imap/auth :993/tls".
    """
    step, _, server = where.partition(" ")
    protocol, _, phase = step.partition("/")
    address, _, mode = server.partition("/")
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "")
    return Observation(
        protocol=_PROTOCOLS.get(protocol),
        phase=Phase(phase) if phase else None,
        host=host or None,
        port=int(port) if port else None,
        security=_MODES.get(mode),
        text=text,
        capabilities=tuple(offers.split(",")) if offers else (),
    )
