"""A submission server that throws all away and counts by Message-ID; in a process of its own.

    python sink.py CERTIFICATE KEY PASSWORD

It listens with TLS on one port and with STARTTLS on another, and prints both as JSON. Lines on
standard input ask it: `mark` begins a new count, `look` prints what came since. It ends with its
standard input.

One thread for each connection: on the one core that it has, that costs a third of what an event
loop would. Needs nothing but Python, so that it starts at once. Must not be used for anything but
measuring.
"""

import json
import os
import re
import socket
import ssl
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

_MESSAGE_ID: Final = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_END: Final = b"\r\n.\r\n"
_CHUNK_BYTES: Final = 256 * 1024
_EXTENSIONS: Final = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


@dataclass
class Book:
    """What arrived."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: set[bytes] = field(default_factory=set)
    """All Message-IDs since the start."""
    twice: int = 0
    """Messages whose Message-ID had come before, since the start."""
    size: int = 0
    """Bytes of the content of messages since the mark, dots as they travelled."""
    connections: int = 0
    """That signed in since the mark."""
    times: list[float] = field(default_factory=list)
    """When they came, in seconds of any clock."""

    def enter(self, content: bytes) -> None:
        """Count a message."""
        found = _MESSAGE_ID.search(content, 0, 4096)
        id = found[1] if found else b""
        with self.lock:
            if id in self.seen:
                self.twice += 1
                return
            self.seen.add(id)
            self.times.append(time.monotonic())
            self.size += len(content)

    def rate(self) -> float:
        """Return messages a second, of those in the middle.

        A tenth at either end is left out: there a sender has fewer under way than it could, and
        what it had prepared comes in a burst.
        """
        low, high = len(self.times) // 10, len(self.times) * 9 // 10
        if high <= low:
            return 0.0
        return (high - low) / (self.times[high] - self.times[low])

    def mark(self) -> None:
        """Begin a new count."""
        with self.lock:
            self.size = self.connections = 0
            self.times.clear()

    def look(self) -> str:
        """Return the count as JSON, with the processor time of this process."""
        with self.lock:
            return json.dumps(
                {
                    "count": len(self.times),
                    "twice": self.twice,
                    "size": self.size,
                    "connections": self.connections,
                    "rate": self.rate(),
                    "cpu_seconds": time.process_time(),
                }
            )


class Gone(Exception):
    """The client has hung up."""


class Talk:
    """One connection."""

    def __init__(
        self,
        book: Book,
        context: ssl.SSLContext,
        password: str,
        tls_first: bool,
        wire: socket.socket,
    ) -> None:
        self._wire = wire
        self._book = book
        self._context = context
        self._password = password
        self._tls_first = tls_first
        self._is_tls = False
        self._unread = bytearray()

    def run(self) -> None:
        """Talk until either side leaves."""
        try:
            if self._tls_first:
                self._start_tls()
            self._say("220 sink.test ESMTP")
            while self._answer(*self._through(b"\r\n").decode("ascii").partition(" ")[::2]):
                pass
        except (Gone, OSError):
            pass
        finally:
            self._wire.close()

    def _start_tls(self) -> None:
        self._wire = self._context.wrap_socket(self._wire, server_side=True)
        self._is_tls = True

    def _answer(self, verb: str, rest: str) -> bool:
        """Answer a command; False after the last one."""
        verb = verb.upper()
        if verb == "EHLO":
            self._say_all("sink.test", *_EXTENSIONS, "AUTH PLAIN" if self._is_tls else "STARTTLS")
        elif verb == "STARTTLS":
            self._say("220 2.0.0 go on")
            self._start_tls()
        elif verb == "AUTH":
            self._sign_in(rest)
        elif verb == "DATA":
            self._say("354 go on")
            self._book.enter(self._through(_END))
            self._say("250 2.0.0 queued")
        elif verb == "QUIT":
            self._say("221 2.0.0 bye")
            return False
        else:
            self._say("250 2.0.0 fine")
        return True

    def _sign_in(self, words: str) -> None:
        _, _, given = words.partition(" ")
        if not given:
            self._say("334 ")
            given = self._through(b"\r\n").decode("ascii")
        if self._is_tls and b64decode(given).split(b"\0")[-1].decode() == self._password:
            self._book.connections += 1
            self._say("235 2.7.0 welcome")
        else:
            self._say("535 5.7.8 no")

    def _say(self, line: str) -> None:
        self._wire.sendall(f"{line}\r\n".encode())

    def _say_all(self, *lines: str) -> None:
        said = [f"250-{line}\r\n" for line in lines[:-1]]
        self._wire.sendall("".join([*said, f"250 {lines[-1]}\r\n"]).encode())

    def _through(self, end: bytes) -> bytes:
        """Return all up to the next end, which goes as well; of a message its line end stays."""
        start = 0
        while (place := self._unread.find(end, start)) < 0:
            start = max(0, len(self._unread) - len(end) + 1)
            chunk = self._wire.recv(_CHUNK_BYTES)
            if not chunk:
                raise Gone
            self._unread += chunk
        kept = place + (2 if end == _END else 0)
        found = bytes(self._unread[:kept])
        del self._unread[: place + len(end)]
        return found


def _serve(listener: socket.socket, made: Callable[[socket.socket], Talk]) -> None:
    while True:
        wire, _ = listener.accept()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=made(wire).run, daemon=True).start()


def main(certificate: str, key: str, password: str) -> None:
    """Serve until the standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    book = Book()
    ports = {}
    for name, tls_first in (("tls", True), ("starttls", False)):
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        ports[name] = listener.getsockname()[1]
        made = partial(Talk, book, context, password, tls_first)
        threading.Thread(target=_serve, args=(listener, made), daemon=True).start()
    print(json.dumps(ports), flush=True)
    for line in sys.stdin:
        if line.strip() == "mark":
            book.mark()
        print(book.look(), flush=True)
    sys.stdout.flush()
    os._exit(0)  # threads wait in the kernel, and nothing of theirs is worth an orderly end


if __name__ == "__main__":
    main(*sys.argv[1:])
