"""Runs what the image's steps made as a container would: starts it, asks its health, stops it.

Proves that the wheel holds its data files, the query page among them, and that the health check's
own command works. Uses the environment of the image only; the settings of the shell are not handed
on.
"""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tools.dockerfile import health_command

_START_SECONDS: Final = 30
"""As long as the image's start period."""
_STOP_SECONDS: Final = 15
"""Docker kills after 10; a busy machine gets a little more."""


def main(image: Path) -> int:
    """Check the image folder, with `opt` and `data` in it; return an exit status."""
    page = any(image.glob("opt/lib/python*/site-packages/mailconfig/http/graphiql/manifest.json"))
    environment = {"PATH": f"{image / 'opt' / 'bin'}:/usr/bin:/bin", "HOME": str(image / "data")}
    port = _free_port()
    command = [str(image / "opt/bin/mailconfig"), "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--data", str(image / "data")]
    with subprocess.Popen(command, env=environment, cwd=image) as server:  # noqa: S603 - ours
        try:
            healthy = _becomes_healthy(server, environment, port)
        finally:
            server.send_signal(signal.SIGTERM)
            status = server.wait(_STOP_SECONDS)
    # uvicorn ends itself by the signal it got, once all is closed.
    clean = status in {0, -signal.SIGTERM}
    sys.stdout.write(f"image: healthy {healthy}, query page {page}, ended with {status}\n")
    return 0 if healthy and page and clean else 1


def _becomes_healthy(
    server: "subprocess.Popen[bytes]", environment: dict[str, str], port: int
) -> bool:
    """Ask as Docker does until the answer is yes, the server ends, or the start period is over."""
    words = [word.replace(":8000/", f":{port}/") for word in health_command()]
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        done = subprocess.run(words, env=environment, capture_output=True, check=False)  # noqa: S603 - ours
        if done.returncode == 0:
            return True
        time.sleep(0.5)
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
