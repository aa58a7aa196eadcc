"""Secrets stay where they belong: after a long session they are in no log, answer, row or file.

The session runs twice: against `mailconfig serve` on SQLite, as an operator runs it, and in this
process on PostgreSQL. Mail servers publish all that they are sent, in many forms. What is left is
searched in more forms than the product knows; the search itself is tried on planted canaries.
"""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from kit import serving as processes
from kit.api import MEMBER, PASSWORD, serving
from kit.certs import CertificateKit, ssl_server_context
from kit.echoes import echoing
from kit.journey import HOST, LOGIN, SUBMIT, Journey
from kit.leaks import Place, files_below, forms, leaks, new_secret, new_token
from kit.rowdump import all_rows, row_bytes
from mailconfig.bootstrap import Network, key_file
from mailconfig.log import LogSettings, configure
from mailconfig.settings import Settings

SOCKET = "graphql-transport-ws"
ALLOWED = [
    # What the login answers, to whom it answers.
    ("access token", "answer to login"),
    ("access token's signature", "answer to login"),
    ("session cookie", "answer to login"),
    ("socket's access token", "socket"),
    # Names of a document are told to whoever wrote it, and only to them: they need to know which.
    # Neither a value nor a name in JSON ever is.
    ("name", "answer to name"),
    ("name", "answer to name by GET"),
    # The user name of an address is told to whoever asked for its servers.
    ("address to find", "answer to discovery"),
]
"""Secrets that belong somewhere."""


ECHOED = {
    "answer to everything",
    "answer to test",
    "answer to test of draft",
    "answer to test of refused draft",
    "answer to test of token",
    "answer to test of refused token",
    "answer to test of secret as user",
    "answer to explanation of pasted message",
    "answer to explanation of pasted login",
    "answer to explanation of pasted environment",
    "answer to explanation of pasted call",
}
"""Answers with words of a server that had published the secret, or of a pasted text."""


def echoed(journey: Journey) -> set[str]:
    """Return the answers in which something stands in place of a secret."""
    return {place.name for place in journey.answers if b"***" in place.content}


@asynccontextmanager
async def mail_servers(folder: Path) -> AsyncIterator[tuple[int, int, Path]]:
    """Run the echoing servers; yield their ports and the file of whom to trust."""
    kit = CertificateKit(folder)
    async with echoing(ssl_server_context(kit.issue("localhost", HOST))) as (imap, smtp):
        yield imap, smtp, kit.ca_pem


@pytest.mark.parametrize("name", forms("x"))
def test_every_form_is_found(name: str) -> None:
    """The search finds each form of a password and of a token, amid other bytes."""
    for secret in (new_secret(), new_token()):
        place = Place("log", b"\x00 before " + forms(secret)[name] + b" after \xff")
        found = leaks({"canary": secret}, [place])
        assert f"canary in log: {name}" in found
        assert leaks({"canary": secret}, [place], [("canary", "log")]) == []
        assert leaks({"canary": new_secret()}, [place]) == []


def test_a_part_of_a_secret_is_found() -> None:
    """Neither cutting a secret off nor escaping its rarer characters hides it."""
    secret = new_secret()
    place = Place("log", secret[:21].encode())
    assert "canary in log: part, raw" in leaks({"canary": secret}, [place])


async def test_a_planted_canary_is_found_in_every_place(
    app_settings: Settings, tmp_path: Path
) -> None:
    """In a row, in a file of the data folder, and not in the folder of keys."""
    canary = new_secret()
    async with serving(app_settings) as api:
        await api.stored(MEMBER, name=canary)
    rows = row_bytes(await all_rows(app_settings.effective_database_url))
    assert leaks({"canary": canary}, [Place("rows", rows)])
    for folder in ("blobs", "keys"):
        path = tmp_path / "planted" / folder / "file"
        path.parent.mkdir(parents=True)
        path.write_text(canary)
    places = list(files_below(tmp_path / "planted", without="keys"))
    assert [place.name for place in places] == ["blobs/file"]
    assert leaks({"canary": canary}, places)


async def test_a_session_of_the_product_leaks_nothing(tmp_path: Path) -> None:
    """`mailconfig serve` on SQLite at DEBUG: logs, output, answers, database, WAL and blobs."""
    data = tmp_path / "instance" / "data"
    password = "canary of the first user 7Qx"
    words = ("--data", data, "--email", processes.EMAIL, "--role", "owner")
    done = processes.run("user", "create", *words, given=f"{password}\n", LOG_LEVEL="DEBUG")
    assert done.returncode == 0, done.stderr
    async with mail_servers(tmp_path / "certificates") as (imap, smtp, trusted):
        limits = {
            "LOG_LEVEL": "DEBUG",
            "CA_FILE": trusted,
            "EGRESS_ALLOW_NETWORKS": "127.0.0.0/8",
            "EGRESS_ALLOW_PORTS": f"{imap},{smtp}",
            "LOGIN_ATTEMPTS_PER_MINUTE": 100,
        }
        with processes.serving(data, **limits) as served:
            async with httpx.AsyncClient(base_url=served.address, timeout=40) as client:
                journey = Journey(client, imap, smtp)
                await journey.sign_in(processes.EMAIL, password)
                await journey.use()
                await journey.ask()
                await journey.misuse()
                await by_socket(journey, served.address, password)
            running = list(files_below(served.data.parent, without="keys"))
            assert served.stop() == 0
    journey.kept |= keys_in(data)
    places = [*running, *files_below(served.data.parent, without="keys"), *journey.answers]
    places.append(Place("command", f"{done.stdout} {done.stderr}".encode()))
    names = {place.name for place in places}
    assert {"server.log", "server.out", "data/mailconfig.db", "data/mailconfig.db-wal"} <= names
    assert '"level":"debug"' in served.log.read_text()
    assert leaks(journey.kept, places, ALLOWED) == []
    assert echoed(journey) == ECHOED


@pytest.fixture
def engine() -> str:
    """Only PostgreSQL: on SQLite the session runs in a process of its own."""
    return "postgresql"


async def test_a_session_on_postgresql_leaks_nothing(
    app_settings: Settings, tmp_path: Path
) -> None:
    """The same session; every value of every table, the log in its form for people, the files."""
    async with mail_servers(tmp_path / "certificates") as (imap, smtp, trusted):
        settings = app_settings.model_copy(
            update={
                "ca_file": trusted,
                "egress_allow_networks": (ip_network("127.0.0.0/8"),),
                "egress_allow_ports": (imap, smtp),
            }
        )
        with logged() as log:
            async with serving(settings, Network(settings).prober) as api:  # type: ignore[arg-type]
                journey = Journey(api.client, imap, smtp)
                await journey.sign_in(f"{MEMBER}@example.org", PASSWORD)
                await journey.use()
                await journey.ask()
                await journey.misuse()
    journey.kept["encryption key"] = str(settings.encryption_keys).partition(":")[2]
    journey.kept["signing key"] = str(settings.signing_key)
    rows = await all_rows(settings.effective_database_url)
    assert len(rows["configs"]) == 1
    places = [
        Place("rows", row_bytes(rows)),
        Place("log", log.getvalue().encode()),
        *files_below(settings.data_dir, without="keys"),
        *journey.answers,
    ]
    assert leaks(journey.kept, places, ALLOWED) == []
    assert echoed(journey) == ECHOED


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Collect the log of this process at DEBUG, in lines for people."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    configure(LogSettings(level="DEBUG"), stream=written)
    try:
        yield written
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def keys_in(data: Path) -> dict[str, str]:
    """Return the keys of an instance, which are secrets outside of their folder."""
    (line,) = key_file(Settings(data_dir=data)).read_text().split()
    signing = (data / "keys" / "signing.key").read_text().strip()
    return {"encryption key": line.partition(":")[2], "signing key": signing}


async def by_socket(journey: Journey, address: str, password: str) -> None:
    """Sign in and submit over a socket, and be refused with a bad token."""
    url = address.replace("http://", "ws://") + "/graphql"
    async with connect(url, subprotocols=[SOCKET]) as socket:  # type: ignore[list-item]
        await say(socket, "connection_init", {"Authorization": f"Bearer {journey.token}"})
        given = {"email": processes.EMAIL, "password": password}
        answers = [await asked(socket, "1", LOGIN, given)]
        found = json.loads(answers[0])["payload"]["data"]["login"]["session"]["accessToken"]
        journey.kept["socket's access token"] = found
        form = journey.form("socket", emailAddress="socket@example.net")
        answers.append(await asked(socket, "2", SUBMIT, form))
        form = journey.form("bad socket form", port=journey.secret("socket port"))
        answers.append(await asked(socket, "3", SUBMIT, form))
    async with connect(url, subprotocols=[SOCKET]) as socket:  # type: ignore[list-item]
        bad = {"Authorization": f"Bearer {journey.bearer('socket token')}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": bad}))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        answers.append(str(closed.value))
    async with connect(url, subprotocols=[SOCKET]) as socket:  # type: ignore[list-item]
        await say(socket, "connection_init", {})
        answers.append(await asked(socket, "1", SUBMIT, journey.form("socket of nobody")))
    journey.answers.append(Place("socket", "".join(answers).encode()))


async def say(socket: ClientConnection, kind: str, payload: object) -> None:
    """Send the first message and expect the acknowledgement."""
    await socket.send(json.dumps({"type": kind, "payload": payload}))
    assert json.loads(await socket.recv())["type"] == "connection_ack"


async def asked(socket: ClientConnection, name: str, query: str, given: object) -> str:
    """Run an operation and return its first message."""
    payload = {"query": query, "variables": {"input": given}}
    await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
    async with asyncio.timeout(20):
        while True:
            message = str(await socket.recv())
            if json.loads(message)["type"] in {"next", "error"}:
                return message
