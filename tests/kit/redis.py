"""A throw-away Redis on a free loopback port, which forgets everything when it ends.

    async def test_limits(redis: Redis) -> None:
        limits = SharedLimits(redis.url)

Must not be used for more than one test at a time: whoever has it may stop it.
"""

import subprocess
from dataclasses import dataclass, field

from kit.servers import LOOPBACK, find_program, free_ports, wait_for_port

_END_SECONDS = 10


@dataclass
class Redis:
    """One server."""

    port: int
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it, empty."""
        words = [find_program("redis-server"), "--port", str(self.port), "--bind", LOOPBACK]
        words += ["--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for_port(self.port)

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(_END_SECONDS)


def started() -> Redis:
    """Start a server on a free port; raises ServerMissing."""
    redis = Redis(*free_ports(1))
    redis.start()
    return redis
