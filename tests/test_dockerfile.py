"""The Dockerfile, which is read instead of built: stages, steps, user, health."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tools.dockerfile import PATH, Instruction, health_command, stages

ROOT = Path(__file__).parent.parent
PAGE, BUILDER, IMAGE = stages(PATH.read_text())


def texts(stage: list[Instruction], name: str) -> list[str]:
    """Return the texts of all instructions of this name."""
    return [found.text for found in stage if found.name == name]


def test_each_run_is_a_target_of_the_makefile() -> None:
    """A RUN does nothing but call targets that exist and that `make image-check` runs, too."""
    makefile = (ROOT / "Makefile").read_text()
    checked = set(re.findall(r"[\w-]+", makefile.partition("\nimage-check:")[2]))
    steps = ("packages", "image-packages", "image-wheel", "image-install", "image-data")
    runs = texts(PAGE, "RUN") + texts(BUILDER, "RUN")
    assert [run.split()[:2] for run in runs] == [
        ["make", target] for target in ("image-page", *steps)
    ]
    for run in runs:
        target = run.split()[1]
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        assert target in checked
        assert run.split()[2:] in ([], ["IMAGE=/image"])


def test_the_last_stage_builds_nothing() -> None:
    """The last stage has no RUN: no build tool, cache or source can get into it."""
    assert texts(IMAGE, "RUN") == []
    assert texts(IMAGE, "ADD") == []
    assert texts(IMAGE, "COPY") == [
        "--from=builder /image/opt /image/opt",
        "--from=builder --chown=10001:10001 /image/data /data",
    ]


def test_the_page_is_built_before_the_wheel_that_holds_it() -> None:
    """Node stays in a stage of its own; what it built is copied over the source, then packed."""
    folder = "src/mailconfig/http/graphiql"
    texts_in_order = [found.text for found in BUILDER]
    assert f"--from=page /build/{folder} {folder}" in texts_in_order
    copied = texts_in_order.index(f"--from=page /build/{folder} {folder}")
    assert texts_in_order.index("src src") < copied < texts_in_order.index("make image-wheel")
    assert re.fullmatch(r"node:\d+-trixie AS page", texts(PAGE, "FROM")[0])


def test_both_stages_have_the_same_pinned_python() -> None:
    """Base images name version and distribution, the same in both, and a Python of 3.12.5 on."""
    (first,) = texts(BUILDER, "FROM")
    (last,) = texts(IMAGE, "FROM")
    version = re.fullmatch(r"python:3\.(\d+)-([a-z]+) AS builder", first)
    assert version
    assert int(version[1]) >= 13  # the first version all of whose releases have the mended email
    assert last == f"python:3.{version[1]}-slim-{version[2]}"


def test_the_process_is_an_unprivileged_user() -> None:
    """USER is a fixed number other than root and stands before ENTRYPOINT."""
    names = [found.name for found in IMAGE]
    assert texts(IMAGE, "USER") == ["10001:10001"]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_what_starts_and_how_it_stops() -> None:
    """The image serves on port 8000 from /data and is stopped by SIGTERM."""
    commands = {found.name: found for found in IMAGE}
    assert commands["ENTRYPOINT"].words() == ["mailconfig"]
    assert commands["CMD"].words() == [
        *("serve", "--host", "0.0.0.0", "--port", "8000", "--data", "/data")
    ]
    assert commands["EXPOSE"].text == "8000"
    assert commands["VOLUME"].text == "/data"
    assert commands["STOPSIGNAL"].text == "SIGTERM"


def test_no_secret_is_in_the_image() -> None:
    """No ENV or ARG of the image names a setting or a secret."""
    text = PATH.read_text()
    assert "MAILCONFIG_" not in text
    assert not re.search(r"^\s*ARG\b", text, re.MULTILINE)


def test_nothing_but_the_copied_files_reaches_the_builder() -> None:
    """.dockerignore lets exactly the files through that the builders copy, and nothing built."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copies = [*texts(PAGE, "COPY"), *texts(BUILDER, "COPY")]
    outside = [text for text in copies if not text.startswith("--from=page ")]
    copied = {word for text in outside for word in text.split()[:-1]}
    assert lines[1] == "*"
    last = ["**/__pycache__", "**/node_modules", "src/mailconfig/http/graphiql"]
    assert lines[-len(last) :] == last
    assert allowed == copied
    assert all((ROOT / name).exists() for name in copied)


class Health(BaseHTTPRequestHandler):
    """Answers /healthz with the status that the server was given."""

    def do_GET(self) -> None:
        """Answer."""
        status = self.server.status if self.path == "/healthz" else 404  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Run a web server on a free port."""
    with HTTPServer(("127.0.0.1", 0), Health) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_follows_the_answer(
    server: HTTPServer, status: int, *, healthy: bool
) -> None:
    """The command of HEALTHCHECK succeeds on 200 and fails on 503, past any proxy setting."""
    server.status = status  # type: ignore[attr-defined]
    python, *words = health_command()
    assert python == "python"
    words = [word.replace(":8000/", f":{server.server_port}/") for word in words]
    environment = {"http_proxy": "http://127.0.0.1:1"}
    done = subprocess.run([sys.executable, *words], env=environment, check=False, timeout=30)
    assert (done.returncode == 0) is healthy
