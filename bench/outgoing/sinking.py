"""Starts the sink and asks it what has arrived."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rivals.load import LOAD_CORE

from kit.servers import GOOD_HOST, Certificates

PASSWORD: Final = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the sink counted since the last mark."""

    count: int
    """Different messages, by Message-ID."""
    twice: int
    """Messages that had come before, since the sink's start."""
    size: int
    """Bytes of content."""
    connections: int
    rate: float
    """Messages a second, of the eight tenths in the middle."""
    cpu_seconds: float
    """Of the sink, since its start."""


@dataclass(frozen=True, slots=True)
class Sink:
    """The running sink."""

    tls: int
    starttls: int
    """Its ports."""
    ca: str
    """PEM file of the root that signed its certificate."""
    process: "subprocess.Popen[str]"

    def mark(self) -> Arrived:
        """Begin a new count."""
        return Arrived(**self._asked("mark"))

    def look(self) -> Arrived:
        """Return what arrived since."""
        return Arrived(**self._asked("look"))

    def _asked(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def sink(certificates: Certificates) -> Iterator[Sink]:
    """Run the sink on the core that is not the senders' until the block ends."""
    leaf = certificates.cert[GOOD_HOST], certificates.key[GOOD_HOST]
    program = str(Path(__file__).with_name("sink.py"))
    with subprocess.Popen(
        ["taskset", "-c", str(LOAD_CORE), sys.executable, program, *leaf, PASSWORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            yield Sink(ports["tls"], ports["starttls"], certificates.ca, process)
        finally:
            process.terminate()
