"""TLS that we offer: suites and versions of the contexts that carry secrets, and who is refused."""

import asyncio
import re
import ssl
from pathlib import Path

import pytest

from kit.certs import CertificateKit, ssl_server_context
from mailconfig.mail.tls import TlsContexts, TlsSettings, _inspecting

HOST = "mail.example.test"
WEAK = re.compile(r"RC4|3DES|DES-|NULL|EXP|anon|ADH|AECDH|MD5|SEED|IDEA|CAMELLIA|PSK|SRP|CCM8")
"""What has no place in a suite that carries a password (RFC 9325, section 4.1)."""


async def test_suites_are_strong() -> None:
    """128 bits at least, forward secrecy, a server that shows itself; nine with AEAD come first."""
    context = await TlsContexts(TlsSettings()).verified()
    suites = context.get_ciphers()
    assert len(suites) >= 9
    for suite in suites:
        assert suite["strength_bits"] >= 128, suite["name"]
        assert not WEAK.search(suite["name"]), suite["name"]
        assert suite["protocol"] in {"TLSv1.2", "TLSv1.3"}, suite["name"]
        assert suite["kea"] in {"kx-any", "kx-ecdhe", "kx-dhe"}, suite["name"]
        assert suite["auth"] in {"auth-any", "auth-ecdsa", "auth-rsa"}, suite["name"]
    assert all(suite["aead"] for suite in suites[:9])
    assert (context.minimum_version, context.options & ssl.OP_NO_COMPRESSION) == (
        ssl.TLSVersion.TLSv1_2,
        ssl.OP_NO_COMPRESSION,
    )


def test_the_context_that_only_looks_has_no_anonymous_suites() -> None:
    """It takes old ones, to tell what a server has; it verifies nothing, and carries nothing."""
    names = [suite["name"] for suite in _inspecting().get_ciphers()]
    assert [name for name in names if re.search(r"ADH|AECDH|anon", name)] == []


@pytest.mark.parametrize(
    "suites",
    [
        "AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=0",  # RSA key exchange
        "NULL-SHA256:ECDHE-RSA-NULL-SHA:@SECLEVEL=0",
        "ADH-AES256-GCM-SHA384:AECDH-AES256-SHA:@SECLEVEL=0",
        "ECDHE-RSA-AES256-SHA:@SECLEVEL=0",  # SHA-1
    ],
    ids=["no forward secrecy", "no encryption", "nobody's certificate", "SHA-1"],
)
async def test_servers_with_weak_suites_alone_are_refused(tmp_path: Path, suites: str) -> None:
    """In the handshake, before a byte of ours: the same server with others is taken."""
    kit = CertificateKit(tmp_path)
    issued = kit.issue(HOST)
    context = await TlsContexts(TlsSettings(system_trust=False, ca_file=kit.ca_pem)).verified()
    for offered, taken in ((suites, False), ("ECDHE+AESGCM", True)):
        server = ssl_server_context(issued)
        server.maximum_version = ssl.TLSVersion.TLSv1_2
        server.set_ciphers(offered)
        assert await shakes_hands(server, context) is taken


async def shakes_hands(server: ssl.SSLContext, context: ssl.SSLContext) -> bool:
    """Tell whether the client's context comes to terms with the server's."""

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=server)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        try:
            async with asyncio.timeout(10):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=context, server_hostname=HOST
                )
        except (ssl.SSLError, ConnectionResetError):  # its alert may be lost
            return False
        writer.close()
        return True
