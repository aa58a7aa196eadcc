"""The command line: serve, migrate, user, keys, schema, providers, test.

Every command takes its settings from the environment; options win over it. What a person can mend
is one sentence on standard error and exit status 1; a wrong command line is exit status 2. Standard
output is the command's answer and never holds a secret, but for the first password in development.
"""

import asyncio
import errno
import getpass
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import uvicorn
from cyclopts import App, Parameter
from cyclopts.validators import Number
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import State

from mailconfig import log
from mailconfig.app import create_app
from mailconfig.bootstrap import (
    catalogue,
    check_ca_file,
    key_file,
    migrate_embedded,
    open_database,
    open_instance,
    storage_settings,
)
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import InvalidInput, MailconfigError
from mailconfig.domain.identity import Role
from mailconfig.domain.secrets import Secret
from mailconfig.graphql.schema import sdl
from mailconfig.settings import LogFormat, Mode, Settings, load
from mailconfig.storage.keys import KeyFile, add_key, generate_key
from mailconfig.storage.migration import current_revision, head_revision
from mailconfig.storage.migration import migrate as migrate_database
from mailconfig.storage.rotation import BATCH
from mailconfig.storage.rotation import rotate as rotate_secrets
from mailconfig.storage.settings import database_url
from mailconfig.terminal import show_providers, show_test

app = App(
    name="mailconfig",
    help="Connect the mailboxes of your users: check, test, explain and store their settings.",
    help_format="plaintext",
)
user = App(name="user", help="Users of mailconfig itself.")
keys = App(name="keys", help="Encryption keys of stored secrets.")
app.command(user)
app.command(keys)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_FIRST_USER: Final = "owner@example.com"
_GRACE_SECONDS: Final = 5
"""What open requests and streams get on SIGTERM; Docker kills after 10."""
_TESTS_SECONDS: Final = 3
"""What connection tests get of it that somebody waits for; then they end, and with them streams."""
_PORT_MAX: Final = 65535
Data = Annotated[Path | None, Parameter("--data", help="Folder of keys, database and files.")]


# ---- start and end of the process --------------------------------------------------------------


def main() -> NoReturn:
    """Run the command line; ends the process with the command's exit status."""
    try:
        result = app(exit_on_error=True, print_error=True, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe has seen enough; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except (MailconfigError, ValidationError, OSError) as error:
        _log.debug("the command failed", exc_info=True)
        _fail(_sentence(error))
    sys.exit(result if isinstance(result, int) else 0)


def _sentence(error: MailconfigError | ValidationError | OSError) -> str:
    """Return what went wrong, for the person at the keyboard."""
    match error:
        case InvalidInput():
            return " ".join(f"{'.'.join(issue.path)}: {issue.message}" for issue in error.issues)
        case MailconfigError():
            return error.message
        case ValidationError():
            return "\n".join(_setting(item) for item in error.errors(include_input=False))
        case OSError():
            return f"{error.filename}: {error.strerror}." if error.filename else f"{error}."


def _setting(item: ErrorDetails) -> str:
    name = "_".join(str(part) for part in item["loc"][:1]).upper()
    return f"MAILCONFIG_{name}: {item['msg'].removeprefix('Value error, ')}."


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)


def _settings(**given: object) -> Settings:
    """Read the settings and start the log; ends the process when they are of no use."""
    settings = load(**given)
    as_json = settings.log_format is LogFormat.JSON
    with _meant_for("MAILCONFIG_LOG_LEVEL"):
        log.configure(log.LogSettings(level=settings.log_level, json=as_json))
    with _meant_for("MAILCONFIG_DATABASE_URL"):
        database_url(storage_settings(settings))
    with _meant_for("MAILCONFIG_CA_FILE"):
        check_ca_file(settings)
    return settings


@contextmanager
def _meant_for(setting: str) -> Iterator[None]:
    """Name the setting that a refused value came from, and end the process."""
    try:
        yield
    except ValueError as error:
        _fail(f"{setting}: {error}.")


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


async def _prepare_schema(settings: Settings) -> None:
    """Bring SQLite to the newest schema; end the process where PostgreSQL has another one."""
    await migrate_embedded(settings)
    if await current_revision(storage_settings(settings)) != head_revision():
        _fail("The database has not the schema of this version. Run: mailconfig migrate")


# ---- serve -------------------------------------------------------------------------------------


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to bind.")] = None,
    port: Annotated[
        int | None,
        Parameter(help="Port to bind; 0 takes a free one.", validator=Number(gte=0, lte=_PORT_MAX)),
    ] = None,
    data: Data = None,
) -> None:
    """Serve the API; an empty data folder becomes an instance of its own without questions."""
    settings = _settings(host=host, port=port, data_dir=data)
    # uvicorn ends itself by the signal that stopped it; this makes it exit status 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        # First of all, so that a port that is taken leaves no user whose password nobody saw.
        sockets = [stack.enter_context(listener) for listener in _listeners(settings)]
        password = _run(_prepare(settings))
        served = create_app(settings)
        config = uvicorn.Config(
            served,
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws_max_size=settings.max_body_bytes,
        )
        where = settings.public_url or _address(sockets[0])
        tried = partial(_announce, settings, where, password)
        _Server(config, served.state, tried).run(sockets)


class _Server(uvicorn.Server):
    """uvicorn's server, which tells whether it serves and ends open tests for its own end."""

    def __init__(self, config: uvicorn.Config, state: State, tried: Callable[[bool], None]) -> None:
        super().__init__(config)
        self._state = state
        self._tried = tried

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell whether it serves."""
        try:
            await super().startup(sockets)
        finally:
            self._tried(self.started)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for open requests as uvicorn does, but not for slow tests to the very end."""
        stop_tests = self._state.runner.cancel_all
        timer = asyncio.get_running_loop().call_later(_TESTS_SECONDS, stop_tests)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()


def _listeners(settings: Settings) -> list[socket.socket]:
    """Listen on every address of the host; ends the process with a sentence where that fails."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        places = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [socket.create_server(address, family=family) for family, address in places]
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while", maxsplit=1)[0]
        hint = " Take another one: --port." if error.errno == errno.EADDRINUSE else ""
        _fail(f"Cannot listen on {settings.host} port {settings.port}: {reason}.{hint}")


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _prepare(settings: Settings) -> Secret | None:
    """Build the instance once, so that what is wrong is a sentence; make the first user."""
    await _prepare_schema(settings)
    async with open_instance(settings) as instance:
        if settings.mode is not Mode.DEVELOPMENT:
            return None
        return await instance.services.identity.first_user(_FIRST_USER)


def _announce(settings: Settings, where: str, password: Secret | None, up: bool) -> None:
    """Tell the log, and in development the person who has just started it."""
    if up:
        _log.info("serving", extra={"address": where, "mode": settings.mode.value})
    if settings.mode is not Mode.DEVELOPMENT:
        return
    page = "Explorer and API" if settings.serves_explorer else "API"
    lines = [f"  {page:<18}{where}/graphql"] if up else []
    if password is not None:
        lines.append(f"  {'First sign-in':<18}{_FIRST_USER}")
        lines.append(f"  {'Password':<18}{password.reveal()}   (shown only now)")
    print("\n".join(["", *lines, ""]), flush=True)


# ---- database, users, keys ---------------------------------------------------------------------


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the database to the schema of this version."""
    settings = _settings(data_dir=data)
    _run(migrate_database(storage_settings(settings)))
    print(f"The database is at {head_revision()}.")


@user.command
def create(
    *,
    email: Annotated[str, Parameter(help="Address to sign in with.")],
    role: Annotated[
        Role,
        Parameter(help="What the user may do; each role may do what those after it may."),
    ] = Role.MEMBER,
    workspace: Annotated[str, Parameter(help="Workspace; made when it is new.")] = "default",
    data: Data = None,
) -> None:
    """Make a user; the password is read from standard input, or asked for on a terminal."""
    settings = _settings(data_dir=data)
    password = _new_password()
    _run(_create_user(settings, email, password, role, workspace))
    print(f"{email} is {role.value.lower()} of {workspace}.")


def _new_password() -> Secret:
    if not sys.stdin.isatty():
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    password = getpass.getpass("Password of the new user: ")
    if getpass.getpass("Once more: ") != password:
        _fail("The two passwords differ; no user was made.")
    return Secret(password)


async def _create_user(
    settings: Settings, email: str, password: Secret, role: Role, workspace: str
) -> None:
    await _prepare_schema(settings)
    async with open_instance(settings) as instance:
        await instance.services.identity.create_user(email, password, role, workspace)


@keys.command
def generate(*, data: Data = None) -> None:
    """Put a fresh key on top of the keyring; with keys in the environment, print one for it."""
    settings = _settings(data_dir=data)
    path = key_file(settings)
    if settings.encryption_keys is not None:
        line = generate_key(utc_now()).line()
        print(f"Put this in front of MAILCONFIG_ENCRYPTION_KEYS, then restart:\n{line}")
    elif path.exists():
        key = generate_key(utc_now())
        add_key(path, key)
        print(f"Key {key.id} is the newest now. Re-encrypt with: mailconfig keys rotate")
    else:
        _run(_make_first_key(settings))
        print(f"Key {KeyFile(path).read()[0].id} is the first one. Keep a copy of {path}.")


async def _make_first_key(settings: Settings) -> None:
    """Make a missing key file; refused beside a database that holds secrets."""
    await _prepare_schema(settings)
    await (await open_database(settings)).close()


@keys.command
def rotate(
    *,
    batch: Annotated[
        int, Parameter(help="Secrets of one transaction.", validator=Number(gte=1))
    ] = BATCH,
    data: Data = None,
) -> None:
    """Re-encrypt all secrets under the newest key, while servers run; can be resumed."""
    _run(_rotate(_settings(data_dir=data), batch))


async def _rotate(settings: Settings, batch: int) -> None:
    await _prepare_schema(settings)
    database = await open_database(settings)
    total = unreadable = left = 0
    try:
        async for progress in rotate_secrets(database, batch):
            total, left = total + progress.done, progress.left
            unreadable += len(progress.unreadable)
            if left:
                print(f"{total} re-encrypted, {left} left", flush=True)
    finally:
        await database.close()
    if left:
        reason = f"no key opens {unreadable}" if unreadable else "run this again"
        _fail(f"{total} re-encrypted, {left} left: {reason}.")
    print(f"{total} re-encrypted, none left")


# ---- what needs no instance --------------------------------------------------------------------


@app.command
def schema() -> None:
    """Print the GraphQL schema in SDL."""
    print(sdl(), end="")


@app.command
def providers(
    search: Annotated[str, Parameter(help="Part of the name or of a domain.")] = "",
) -> int:
    """List known mail providers with their first servers; exit status 1 when none is found."""
    rows = catalogue(_settings())
    return show_providers(rows.search(search) if search else rows.providers)


@app.command(name="test")
def try_mailbox(
    address: Annotated[str, Parameter(help="E-mail address of the mailbox.")],
    /,
    *,
    imap: Annotated[
        str | None,
        Parameter(help="IMAP server as host:port/tls, /starttls or /none; - for none."),
    ] = None,
    smtp: Annotated[str | None, Parameter(help="SMTP server, as for --imap.")] = None,
    username: Annotated[
        str | None, Parameter(help="Name to sign in with; else what the provider expects.")
    ] = None,
    password_stdin: Annotated[
        bool,
        Parameter(help="Read the password from standard input instead of asking.", negative=""),
    ] = False,
) -> int:
    """Test a mailbox as the API does, with a line for each step; exit status 1 when it fails.

    Servers that are not named come from the provider of the address.
    """
    return show_test(_settings(), address, imap, smtp, username, password_stdin)
