"""A headless Chromium, driven by the Chrome DevTools Protocol: what a page does, seen by a browser.

    with chromium(tmp_path) as page:
        page.open("http://127.0.0.1:8000/graphql")
        page.run("document.title")

Must not be used for strangers' pages: it runs without its sandbox, as root.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 30.0
"""For the start, and for whatever a page is waited for."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
)


class Page:
    """One tab."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._numbers = count(1)
        self.complaints: list[str] = []
        """What the browser's console said, violations of the page's policy among it."""
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def keep_policies(self, *, keep: bool) -> None:
        """Choose whether pages that are opened from now on are held to their own CSP."""
        self._call("Page.setBypassCSP", enabled=not keep)

    def run(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return the value of a JavaScript expression in the page; promises are waited for."""
        given = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._call("Runtime.evaluate", **given, userGesture=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.run(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.05)

    def picture(self, path: Path, width: int, height: int, *, dark: bool = False) -> None:
        """Save what the page looks like in a window of that size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._wire.recv(SECONDS))
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        if message["method"] == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"]["text"])


@contextmanager
def chromium(folder: Path, *flags: str) -> Iterator[Page]:
    """Run a browser with a fresh profile; skips where there is none, fails in CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail("SERVER MISSING: Chromium is not installed", pytrace=False)
        pytest.skip("SERVER MISSING: Chromium is not installed")
    profile = folder / "profile"
    words = [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            with connect(_tab(profile / "DevToolsActivePort"), max_size=None) as wire:
                yield Page(wire)
        finally:
            process.terminate()
            process.wait(SECONDS)


def _tab(note: Path) -> str:
    """Return the address of the first tab's debugger, once the browser has written its port."""
    deadline = time.monotonic() + SECONDS
    while not (note.exists() and note.read_text().count("\n")):
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port = note.read_text().split("\n")[0]
    tabs = httpx.get(f"http://127.0.0.1:{port}/json/list").json()
    return next(str(tab["webSocketDebuggerUrl"]) for tab in tabs if tab["type"] == "page")
