"""Claims about ports and TLS modes."""

from dataclasses import replace

import pytest

from kit.drafts import GMAIL_IMAP, GMAIL_SMTP, draft, found
from mailconfig.domain.servers import TransportSecurity
from mailconfig.domain.validation import ValidationPolicy

TLS, STARTTLS, NONE = TransportSecurity.TLS, TransportSecurity.STARTTLS, TransportSecurity.NONE

Issue = tuple[str, str, str, str | None]


def _found(
    side: str,
    port: int | None,
    security: TransportSecurity | None,
    host: str = "mail.example.com",
    policy: ValidationPolicy | None = None,
) -> list[Issue]:
    base = GMAIL_IMAP if side == "incoming" else GMAIL_SMTP
    server = replace(base, host=host, port=port, security=security)
    other = "outgoing" if side == "incoming" else "incoming"
    issues = found(draft(**{side: server, other: None}), policy=policy)
    return [item for item in issues if item[2].endswith(("port", "security"))]


FITTING = [
    ("incoming", 993, TLS),
    ("incoming", 143, STARTTLS),
    ("outgoing", 465, TLS),
    ("outgoing", 587, STARTTLS),
    ("outgoing", 25, STARTTLS),
    ("outgoing", 2525, STARTTLS),
    ("outgoing", 2465, TLS),
    ("incoming", 10993, TLS),  # an own choice
    ("outgoing", 10025, STARTTLS),
]


@pytest.mark.parametrize(("side", "port", "security"), FITTING)
def test_fitting_pairs(side: str, port: int, security: TransportSecurity) -> None:
    """Registered pairs and free ports pass."""
    assert _found(side, port, security) == []


MISMATCH = [
    ("incoming", 993, STARTTLS, "TLS"),
    ("incoming", 143, TLS, "STARTTLS"),
    ("outgoing", 465, STARTTLS, "TLS"),
    ("outgoing", 587, TLS, "STARTTLS"),
    ("outgoing", 25, TLS, "STARTTLS"),
    ("outgoing", 2525, TLS, "STARTTLS"),
]


@pytest.mark.parametrize(("side", "port", "security", "right"), MISMATCH)
def test_mismatch(side: str, port: int, security: TransportSecurity, right: str) -> None:
    """A port with the other TLS mode suggests the mode that goes with the port."""
    assert _found(side, port, security) == [
        ("WARNING", "PORT_SECURITY_MISMATCH", f"{side}.security", right)
    ]


def test_the_catalogue_knows_better() -> None:
    """Implicit TLS on port 587 passes at the provider that has it, STARTTLS does not."""
    assert _found("outgoing", 587, TLS, "mobile.charter.net") == []


def test_the_port_is_blamed_where_the_server_has_one_mode() -> None:
    """A known server without the typed port suggests its own port for the chosen mode."""
    assert _found("outgoing", 465, STARTTLS, "smtp.office365.com") == [
        ("WARNING", "PORT_SECURITY_MISMATCH", "outgoing.port", "587")
    ]


FOREIGN = [
    ("outgoing", 993, TLS, "465"),
    ("outgoing", 143, STARTTLS, "587"),
    ("outgoing", 995, TLS, "465"),  # POP3
    ("outgoing", 110, STARTTLS, "587"),
    ("incoming", 465, TLS, "993"),
    ("incoming", 587, STARTTLS, "143"),
    ("incoming", 25, STARTTLS, "143"),
    ("incoming", 995, TLS, "993"),
    ("incoming", 110, STARTTLS, "143"),
    ("incoming", 443, TLS, "993"),
]


@pytest.mark.parametrize(("side", "port", "security", "right"), FOREIGN)
def test_ports_of_other_protocols(
    side: str, port: int, security: TransportSecurity, right: str
) -> None:
    """A port of another protocol suggests this one's port for the chosen mode, and only that."""
    assert _found(side, port, security) == [
        ("WARNING", "PORT_PROTOCOL_MISMATCH", f"{side}.port", right)
    ]


@pytest.mark.parametrize("port", [0, -1, 65536, 10**30])
def test_range(port: int) -> None:
    """A port outside 1 to 65535 is an error."""
    assert _found("incoming", port, TLS) == [("ERROR", "OUT_OF_RANGE", "incoming.port", "993")]


@pytest.mark.parametrize("port", [1, 65535])
def test_ends_of_the_range(port: int) -> None:
    """The first and the last port pass."""
    assert _found("incoming", port, TLS) == []


REQUIRED = [
    ("incoming", None, TLS, [("ERROR", "REQUIRED", "incoming.port", "993")]),
    ("incoming", None, STARTTLS, [("ERROR", "REQUIRED", "incoming.port", "143")]),
    ("outgoing", None, STARTTLS, [("ERROR", "REQUIRED", "outgoing.port", "587")]),
    ("outgoing", 587, None, [("ERROR", "REQUIRED", "outgoing.security", "STARTTLS")]),
    ("outgoing", 10465, None, [("ERROR", "REQUIRED", "outgoing.security", "TLS")]),
]


@pytest.mark.parametrize(("side", "port", "security", "issues"), REQUIRED)
def test_required(
    side: str, port: int | None, security: TransportSecurity | None, issues: list[Issue]
) -> None:
    """A missing port or mode is an error that suggests the one that goes with the other."""
    assert _found(side, port, security) == issues


PLAIN = [
    ("incoming", 993, "TLS"),
    ("incoming", 143, "STARTTLS"),
    ("outgoing", 25, "STARTTLS"),
    ("outgoing", 3025, "TLS"),
]


@pytest.mark.parametrize(("side", "port", "right"), PLAIN)
def test_plain_text(side: str, port: int, right: str) -> None:
    """Without encryption is refused; where the operator allows it, it is still told."""
    path = f"{side}.security"
    assert _found(side, port, NONE) == [("ERROR", "INSECURE", path, right)]
    allowed = ValidationPolicy(allow_plaintext=True)
    assert _found(side, port, NONE, policy=allowed) == [("WARNING", "INSECURE", path, right)]
