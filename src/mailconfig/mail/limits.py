"""What a connection test may take of time and memory; every number says why it has this size."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The prober's part of the settings. Times are seconds, sizes are bytes."""

    concurrent_tests: int = 100
    """Tests at once in this process; two TLS connections take about 0.7 MiB, mostly asyncio's."""
    connect_seconds: float = 5.0
    """Each of: look-up, TCP connection, TLS handshake. A healthy far server needs under one."""
    greeting_seconds: float = 5.0
    """For the first line; servers that make clients wait on purpose do so on port 25."""
    silence_seconds: float = 1.5
    """Of a port that may wait for TLS, before TLS is tried beside; greetings take under one."""
    command_seconds: float = 10.0
    """For each later step; servers delay the answer to a wrong password by 2 to 8 s."""
    inspect_seconds: float = 3.0
    """For the second handshake that only reads the certificate of a server that was refused."""
    smtp_line_bytes: int = 8 * 1024
    """RFC 5321 section 4.5.3.1.5 allows 512; known servers stay below 1 KiB."""
    imap_line_bytes: int = 64 * 1024
    """RFC 9051 names no limit; capability and flag lists of real servers stay below 8 KiB."""
    connection_bytes: int = 256 * 1024
    """For all that a server sends in one test; a talkative real one sends 10 KiB."""
    literal_bytes: int = 16 * 1024
    """Longest IMAP literal; nothing that a test asks for needs one."""
    response_lines: int = 1000
    """Lines in answer to one command; EHLO has about 20, EXAMINE about 10."""
    capabilities: int = 200
    """Words of CAPABILITY or lines of EHLO; the longest real list has about 60."""
    ehlo_name: str = "[127.0.0.1]"
    """Our name in EHLO (RFC 5321 section 4.1.1.1): a domain name or an address literal."""
    client_name: str = "mailconfig"
    """Our name in ID (RFC 2971); providers such as NetEase refuse clients that do not tell."""
    client_version: str = "1"
    """Our version in ID."""
