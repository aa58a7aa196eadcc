"""A scripted HTTPS server for the sources of discovery."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kit.certs import CertificateKit
from kit.web import WebServer


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[WebServer]:
    """A server without pages; after the test every client has hung up."""
    async with WebServer(CertificateKit(tmp_path)) as server:
        yield server
        await server.quiet()
