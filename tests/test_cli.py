"""The command line as people and scripts use it: each command in a process of its own."""

import asyncio
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit.database import KEY_TEXT
from kit.postgres import PostgresServer
from kit.records import make_tenant, password
from kit.serving import START_SECONDS, command, environment, make_owner, run, serving
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.keys import KeyFile
from mailconfig.storage.sealing import Keyring

ROOT = Path(__file__).parent.parent
COMMANDS = [
    "audit",
    "backup",
    "discover",
    "doctor",
    "documents",
    "explain",
    "keys",
    "migrate",
    "providers",
    "restore",
    "schema",
    "serve",
    "simulator",
    "test",
    "user",
    "worker",
    "workspace",
]
TYPED = "a long enough password"
WELCOME = re.compile(
    r"\n  Explorer and API  (http://127\.0\.0\.1:\d+)/graphql\n"
    r"  First sign-in     owner@example\.com\n"
    r"  Password          [\w-]{24}   \(shown only now\)\n"
    r"(  Demo mailboxes    docs/demo\.md   \(password demo\)\n"
    r"  Try               ann@well\.localhost\n"
    r"  IMAP              imap\.well\.localhost:\d+/tls\n"
    r"  SMTP              smtp\.well\.localhost:\d+/starttls\n)\n"
)
USAGE_ERRORS = [
    pytest.param(["nonsense"], id="no such command"),
    pytest.param(["serve", "--port", "abc"], id="port is a word"),
    pytest.param(["serve", "--port", "65536"], id="port is too large"),
    pytest.param(["serve", "--speed", "9"], id="no such option"),
    pytest.param(["user", "create"], id="e-mail is missing"),
    pytest.param(["user", "create", "--email", "a@b.example", "--role", "king"], id="no such role"),
    pytest.param(["keys", "rotate", "--batch", "0"], id="empty batches"),
    pytest.param(["test"], id="address is missing"),
]
BAD_SETTINGS = [
    ("PORT", "70000", "MAILCONFIG_PORT: Input should be less than or equal to 65535."),
    ("LOG_LEVEL", "LOUD", "MAILCONFIG_LOG_LEVEL: Unknown level: 'LOUD'."),
    ("DATABASE_URL", "my database", "MAILCONFIG_DATABASE_URL: it is no URL of a database."),
    (
        "DATABASE_URL",
        "mysql://ann:geheim@localhost/mail",
        "MAILCONFIG_DATABASE_URL: mysql is not supported; use sqlite or postgresql.",
    ),
    (
        # nothing listens on port 1
        "DATABASE_URL",
        "postgresql://ann:geheim@127.0.0.1:1/mail",
        "The database is busy or cannot be reached.",
    ),
    ("ENCRYPTION_KEYS", "geheim", "An encryption key is not of the form id:base64."),
    (
        "SIGNING_KEY",
        "geheim",
        "The signing key is not 32 bytes in base64. Make one with: openssl rand -base64 32",
    ),
    ("CA_FILE", "/none.pem", "MAILCONFIG_CA_FILE: /none.pem is no file of PEM certificates."),
    (
        "BLOB_URL",
        "ftp://files",
        "MAILCONFIG_BLOB_URL: a blob store is s3://bucket/prefix or file:///folder.",
    ),
    (
        "DNS_SERVERS",
        "resolver.example",
        "MAILCONFIG_DNS_SERVERS: 'resolver.example' does not appear to be an IPv4 or IPv6 address.",
    ),
    ("DATA_DIR", "/dev/null", "/dev/null: File exists."),
]
"""Setting, value, and what the person who started the server reads."""


def failed(done: "subprocess.CompletedProcess[str]") -> tuple[int, str, str]:
    """Return status, standard output and standard error without the line's end."""
    return done.returncode, done.stdout, done.stderr.removesuffix("\n")


def test_help_lists_the_commands() -> None:
    """`mailconfig --help` names every command and ends with 0."""
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    named = re.findall(r"^│ ([a-z]+) +[A-Z]", done.stdout, re.MULTILINE)
    assert named == COMMANDS


@pytest.mark.parametrize("words", USAGE_ERRORS)
def test_a_wrong_command_line_is_status_2(words: list[str], tmp_path: Path) -> None:
    """Who mistypes a command gets exit status 2 and a box with the reason, no traceback."""
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("╭─ Error ─")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("setting", "value", "sentence"), BAD_SETTINGS)
def test_a_wrong_setting_is_one_sentence(
    setting: str, value: str, sentence: str, tmp_path: Path
) -> None:
    """A setting that is of no use stops the start with one sentence, without its secret."""
    done = run("serve", cwd=tmp_path, **{"PORT": 0, setting: value})
    assert failed(done) == (1, "", sentence)


def test_serve_greets_once_and_ends_with_0(tmp_path: Path) -> None:
    """In development the address and the first sign-in are printed last, the password only once;
    the log has one line, and SIGTERM ends it with status 0.
    """
    with serving(tmp_path / "data", "first", MODE="development") as served:
        printed = WELCOME.fullmatch(served.out.read_text())
        assert printed is not None
        assert printed[1] == served.address
        assert served.stop() == 0
        assert [event["event"] for event in served.events()] == ["serving"]
    with serving(tmp_path / "data", "second", MODE="development") as served:
        demo = re.sub(r":\d+/", ":0/", printed[2])
        welcome = f"\n  Explorer and API  {served.address}/graphql\n{demo}\n"
        assert re.sub(r"localhost:\d+/", "localhost:0/", served.out.read_text()) == welcome
        assert served.stop() == 0


def test_serve_without_the_demonstration(tmp_path: Path) -> None:
    """MAILCONFIG_DEMO=false leaves development as it is otherwise; =true works in production."""
    with serving(tmp_path / "without", "without", MODE="development", DEMO="false") as served:
        assert "Demo" not in served.out.read_text()
    with serving(tmp_path / "with", "with", DEMO="true") as served:
        assert served.out.read_text() == ""
        assert served.stop() == 0


def test_the_simulator_alone(tmp_path: Path) -> None:
    """`mailconfig simulator` prints all addresses with their servers, writes its authority for
    other clients, and ends by Ctrl+C.
    """
    ca = tmp_path / "ca.pem"
    with (
        subprocess.Popen(
            command("simulator", "--port", "0", "--ca", ca),
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        ExitStack() as ending,
    ):
        ending.callback(process.kill)
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "The password is demo. Ctrl+C ends it.\n"))
        assert lines[0] == "Demo: All is well\n"
        servers = re.match(r"  imap\.well\.localhost:(\d+)/tls  smtp\.well\.localhost:", lines[1])
        assert servers is not None
        address, code, *happens = lines[2].split()
        assert (address, code, happens[0]) == ("ann@well.localhost", "OK", "Everything")
        context = ssl.create_default_context(cafile=ca)
        host = "imap.well.localhost"
        with (
            socket.create_connection(("127.0.0.1", int(servers[1])), START_SECONDS) as clear,
            context.wrap_socket(clear, server_hostname=host) as connection,
        ):
            assert connection.recv(100) == b"* OK IMAP server ready\r\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(START_SECONDS) == 130


def test_serve_in_production_makes_no_user(tmp_path: Path) -> None:
    """In production nothing is printed, and Ctrl+C ends with the status of an interrupt."""
    with serving(tmp_path / "data") as served:
        assert served.out.read_text() == ""
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(START_SECONDS) == 130
    make_owner(tmp_path / "data")


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """A port in use stops the start before anything is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), "--data", tmp_path / "data", MODE="development")
    sentence = f"Cannot listen on 127.0.0.1 port {port}: Address already in use."
    assert failed(done) == (1, "", f"{sentence} Take another one: --port.")
    assert not (tmp_path / "data").exists()


@pytest.mark.servers
def test_postgresql_is_migrated_by_command(postgres: PostgresServer, tmp_path: Path) -> None:
    """On an empty PostgreSQL `serve` says what to run; after that it serves."""
    url = postgres.create_database()
    given = {"DATABASE_URL": url, "ENCRYPTION_KEYS": KEY_TEXT}
    refused = "The database has not the schema of this version. Run: mailconfig migrate"
    for words in (["serve", "--port", "0"], ["keys", "rotate"]):
        done = run(*words, "--data", tmp_path / "data", **given)
        assert failed(done) == (1, "", refused)
    done = run("migrate", "--data", tmp_path / "data", **given)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"The database is at \d{4}\.\n", done.stdout)
    with serving(tmp_path / "data", **given) as served:
        assert served.stop() == 0


def test_user_create_reads_the_password_from_a_pipe(tmp_path: Path) -> None:
    """The first line of standard input is the password; it is not repeated anywhere."""
    words = ["user", "create", "--data", tmp_path / "data", "--email"]
    done = run(*words, "Ann@Example.com", "--role", "viewer", given=f"{TYPED}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Ann@Example.com is viewer of default.\n"
    again = run(*words, "ann@example.com", given=f"{TYPED}\n")
    assert failed(again) == (1, "", "There is such a user already.")
    done = run(*words, "nobody", given="short\n")
    reasons = "email: This is no e-mail address. password: Use at least 12 characters."
    assert failed(done) == (1, "", reasons)


@pytest.mark.parametrize(
    ("second", "status", "words"),
    [
        (TYPED, 0, "ann@example.com is member of default.\n"),
        ("another long password", 1, "The two passwords differ; no user was made."),
    ],
)
def test_user_create_asks_on_a_terminal(
    second: str, status: int, words: str, tmp_path: Path
) -> None:
    """On a terminal the password is asked for twice and not shown."""
    master, slave = os.openpty()
    create = command("user", "create", "--data", tmp_path / "data", "--email", "ann@example.com")
    with subprocess.Popen(
        create,
        stdin=slave,
        stderr=slave,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown = _read_until(master, "Password of the new user: ")
        os.write(master, f"{TYPED}\n".encode())
        shown += _read_until(master, "Once more: ")
        os.write(master, f"{second}\n".encode())
        assert process.stdout is not None
        printed = process.stdout.read() if status == 0 else ""
        shown += _read_until(master, "" if status == 0 else words)
        assert process.wait(START_SECONDS) == status
    os.close(master)
    assert words in (printed if status == 0 else shown)
    assert TYPED not in shown + printed


def _read_until(descriptor: int, words: str) -> str:
    """Read from a terminal until it shows the words."""
    shown = ""
    while words not in shown:
        shown += os.read(descriptor, 1024).decode()
    return shown


def store_secret(data: Path) -> None:
    """Put a secret into the database of a data folder."""

    async def store() -> None:
        settings = StorageSettings(f"sqlite:///{data / 'mailconfig.db'}")
        database = Database.open(settings, Keyring(KeyFile(data / "keys" / "encryption.keys")))
        tenant = await make_tenant(database, "acme")
        async with database.work(tenant.workspace_id) as work:
            await work.secrets.add("incoming", password("kept"))
        await database.close()

    asyncio.run(store())


def test_keys_are_generated_and_rotated(tmp_path: Path) -> None:
    """A first key, a newer one on top, and all secrets under the newest; then nothing is left."""
    data = tmp_path / "data"
    path = data / "keys" / "encryption.keys"
    done = run("keys", "generate", "--data", data)
    (first,) = KeyFile(path).read()
    assert done.stdout == f"Key {first.id} is the first one. Keep a copy of {path}.\n"
    store_secret(data)
    done = run("keys", "generate", "--data", data)
    newest = KeyFile(path).read()[0]
    sentence = f"Key {newest.id} is the newest now. Re-encrypt with: mailconfig keys rotate\n"
    assert (done.returncode, done.stdout) == (0, sentence)
    done = run("keys", "rotate", "--data", data)
    assert (done.returncode, done.stdout) == (0, "1 re-encrypted, none left\n")
    done = run("keys", "rotate", "--data", data)
    assert (done.returncode, done.stdout) == (0, "0 re-encrypted, none left\n")


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    """Beside a database with secrets neither `generate` nor `serve` makes a new first key, and
    `rotate` under a foreign key says that one is left.
    """
    data = tmp_path / "data"
    path = data / "keys" / "encryption.keys"
    run("keys", "generate", "--data", data)
    store_secret(data)
    path.unlink()
    sentence = (
        f"The database holds encrypted secrets, but {path} is missing. Restore it from your"
        " backup; a new key could not open them."
    )
    for words in (["keys", "generate"], ["serve", "--port", "0"]):
        assert failed(run(*words, "--data", data)) == (1, "", sentence)
    assert not path.exists()
    done = run("keys", "rotate", "--data", data, ENCRYPTION_KEYS=KEY_TEXT)
    left = "0 re-encrypted, 1 left"
    assert failed(done) == (1, f"{left}\n", f"{left}: no key opens 1.")


def test_generate_prints_a_key_for_the_environment(tmp_path: Path) -> None:
    """With the keyring in the environment a key is printed, and no file is made."""
    done = run("keys", "generate", cwd=tmp_path, ENCRYPTION_KEYS=KEY_TEXT)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"restart:\n\d{8}-[0-9a-f]{8}:[\w+/]{43}=\n$", done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_schema_is_the_file_in_the_repository(tmp_path: Path) -> None:
    """`mailconfig schema` prints what schema.graphql holds, without making anything."""
    done = run("schema", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "schema.graphql").read_text()
    assert list(tmp_path.iterdir()) == []


def test_providers_are_a_table(tmp_path: Path) -> None:
    """A search prints one row a provider with its first servers; without a hit it ends with 1."""
    done = run("providers", "fastmail", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["Id", "Name", "IMAP", "SMTP"],
        ["fastmail", "Fastmail", "imap.fastmail.com:993/tls", "smtp.fastmail.com:465/tls"],
    ]
    done = run("providers", "no such provider", cwd=tmp_path)
    assert failed(done) == (1, "", "No provider is known by that name or domain.")


def test_a_closed_pipe_is_no_traceback() -> None:
    """`mailconfig providers | head -1` says nothing about the pipe that head has closed."""
    words = " ".join(command("providers"))
    done = subprocess.run(
        ["bash", "-c", f"{words} | {sys.executable} -c 'pass'; exit ${{PIPESTATUS[0]}}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed(done) == (1, "", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nobody"], "emailAddress: This is no e-mail address."),
        (
            ["ann@nowhere.example"],
            (
                "ann@nowhere.example: No server is known for this domain: "
                "name the servers with --imap and --smtp."
            ),
        ),
        (
            ["ann@example.com", "--imap", "imap.example.com"],
            "--imap: Write it as host:port/tls, host:port/starttls or -.",
        ),
        (
            ["ann@example.com", "--imap", "imap.example.com:993/tls"],
            "password: There is no terminal to ask on: give --password-stdin.",
        ),
    ],
)
def test_what_cannot_be_tested_is_one_sentence(words: list[str], sentence: str) -> None:
    """`mailconfig test` with input that is of no use says so and ends with 1."""
    assert failed(run("test", *words)) == (1, "", sentence)


def test_findings_about_the_form_stop_the_test() -> None:
    """An error of the form is told as the API tells it, and nothing is dialled."""
    words = ["ann@example.com", "--imap", "imap.example.com:993/none", "--password-stdin"]
    done = run("test", *words, given="a password\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("incoming.security: ")
