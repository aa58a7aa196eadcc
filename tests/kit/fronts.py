"""Sites over https on 127.0.0.1: one before the product, as an operator's proxy, and an attacker's.

    with relaying(kit.issue("app.test"), port, target), pages(kit.issue("evil.test"), {"/": html}):
        ...

Each serves in threads of its own. Must not be used outside of tests.
"""

import re
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, BaseServer, ThreadingTCPServer
from typing import cast

from kit.certs import CertificatePaths, ssl_server_context

_CHUNK = 65536
_HEAD = re.compile(rb"[A-Z]+ /\S* HTTP/1\.1\r\n")
_IDLE_SECONDS = 60.0


class _Server(ThreadingTCPServer):
    """Accepts TLS; a handshake that fails is its client's affair."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers open connections that they do not use."""


@contextmanager
def relaying(paths: CertificatePaths, port: int, target: tuple[str, int]) -> Iterator[list[str]]:
    """Hand what comes over TLS at a port to a plain one, and back.

    Yields the request lines that came, in their order.
    """
    context = ssl_server_context(paths)
    lines: list[str] = []

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            raw = cast("socket.socket", self.request)
            with (
                context.wrap_socket(raw, server_side=True) as client,
                socket.create_connection(target) as server,
            ):
                _relay(client, server, lines)

    with _running(_Server(("127.0.0.1", port), Relay)):
        yield lines


def _relay(client: ssl.SSLSocket, server: socket.socket, lines: list[str]) -> None:
    """Copy both ways until either side ends."""
    other: dict[socket.socket, socket.socket] = {client: server, server: client}
    with suppress(OSError):
        while True:
            ready = (
                [client]
                if client.pending()
                else select.select([client, server], [], [], _IDLE_SECONDS)[0]
            )
            for source in ready:
                data = source.recv(_CHUNK)
                if not data:
                    return
                if source is client and _HEAD.match(data):
                    lines.append(data.partition(b"\r\n")[0].decode("latin-1"))
                other[source].sendall(data)
            if not ready:
                return


@contextmanager
def pages(paths: CertificatePaths, port: int, contents: Mapping[str, str]) -> Iterator[None]:
    """Serve pages by path over TLS at a port; others are 404."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = contents.get(self.path)
            body = (found or "").encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - as above
    context = ssl_server_context(paths)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _running(server):
        yield


@contextmanager
def _running(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
