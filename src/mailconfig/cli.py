"""The command line: serve, migrate, user, keys, schema, providers, test.

Every command takes its settings from the environment; options win over it. Errors that a person
can mend are one sentence on standard error and exit status 1.
"""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import uvicorn
from cyclopts import App, Parameter
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from mailconfig import log
from mailconfig.app import create_app
from mailconfig.bootstrap import (
    catalogue,
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
from mailconfig.storage.keys import add_key, generate_key
from mailconfig.storage.migration import current_revision, head_revision
from mailconfig.storage.migration import migrate as migrate_database
from mailconfig.terminal import show_test

app = App(
    name="mailconfig", help="Connect mailboxes: find, check, test, store.", help_format="plaintext"
)
user = App(name="user", help="Users of mailconfig itself.")
keys = App(name="keys", help="Encryption keys of stored secrets.")
app.command(user)
app.command(keys)

_T = TypeVar("_T")
_FIRST_USER = "owner@example.com"
_ROTATION_BATCH = 100
Data = Annotated[Path | None, Parameter("--data", help="Folder of keys, database and files.")]


def main() -> NoReturn:
    """Run the command line; ends the process with the command's exit status."""
    try:
        result = app(exit_on_error=True, print_error=True, result_action="return_value")
    except InvalidInput as error:
        _fail(" ".join(issue.message for issue in error.issues))
    except MailconfigError as error:
        _fail(error.message)
    except ValidationError as error:
        _fail("\n".join(_setting(item) for item in error.errors(include_input=False)))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(result if isinstance(result, int) else 0)


def _setting(item: ErrorDetails) -> str:
    name = "_".join(str(part) for part in item["loc"][:1]).upper()
    return f"MAILCONFIG_{name}: {item['msg']}"


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)


def _settings(**given: object) -> Settings:
    settings = load(**given)
    as_json = settings.log_format is LogFormat.JSON
    log.configure(log.LogSettings(level=settings.log_level, json=as_json))
    return settings


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to bind.")] = None,
    port: Annotated[int | None, Parameter(help="Port to bind.")] = None,
    data: Data = None,
) -> None:
    """Serve the API; an empty data folder becomes an instance of its own without questions."""
    settings = _settings(host=host, port=port, data_dir=data)
    _run(_prepare(settings))
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=10,
        ws_max_size=settings.max_body_bytes,
    )
    uvicorn.Server(config).run()


async def _prepare(settings: Settings) -> None:
    await migrate_embedded(settings)
    database = storage_settings(settings)
    if await current_revision(database) != head_revision():
        _fail("The database has another schema. Run: mailconfig migrate")
    async with open_instance(settings) as instance:
        if settings.mode is not Mode.DEVELOPMENT:
            return
        password = await instance.services.identity.first_user(_FIRST_USER)
        address = f"http://{settings.host}:{settings.port}"
        print(f"mailconfig serves {address}/graphql", flush=True)
        if password is not None:
            print("First sign-in, shown only now:", flush=True)
            print(f"  e-mail    {_FIRST_USER}\n  password  {password.reveal()}", flush=True)


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
    role: Annotated[str, Parameter(help="owner, admin, member or viewer.")] = "member",
    workspace: Annotated[str, Parameter(help="Workspace; made when it is new.")] = "default",
    data: Data = None,
) -> None:
    """Make a user; the password is read from standard input."""
    settings = _settings(data_dir=data)
    try:
        parsed = Role(role.upper())
    except ValueError:
        _fail(f"{role} is no role; take owner, admin, member or viewer.")
    password = Secret(sys.stdin.readline().rstrip("\r\n"))
    _run(_create_user(settings, email, password, parsed, workspace))
    print(f"{email} is {parsed.value.lower()} of {workspace}.")


async def _create_user(
    settings: Settings, email: str, password: Secret, role: Role, workspace: str
) -> None:
    await migrate_embedded(settings)
    async with open_instance(settings) as instance:
        await instance.services.identity.create_user(email, password, role, workspace)


@keys.command
def generate(*, data: Data = None) -> None:
    """Put a fresh key on top of the keyring; with keys in the environment, print one for it."""
    settings = _settings(data_dir=data)
    key = generate_key(utc_now())
    if settings.encryption_keys is not None:
        print(f"Put this in front of MAILCONFIG_ENCRYPTION_KEYS, then restart:\n{key.line()}")
        return
    add_key(key_file(settings), key)
    print(f"Key {key.id} is the newest now. Re-encrypt with: mailconfig keys rotate")


@keys.command
def rotate(
    *,
    batch: Annotated[int, Parameter(help="Secrets of one transaction.")] = _ROTATION_BATCH,
    data: Data = None,
) -> None:
    """Re-encrypt all secrets under the newest key, while servers run; can be resumed."""
    _run(_rotate(_settings(data_dir=data), batch))


async def _rotate(settings: Settings, batch: int) -> None:
    await migrate_embedded(settings)
    database = await open_database(settings)
    total = 0
    try:
        while True:
            async with database.system() as system:
                progress = await system.rotate(batch)
            total += progress.done
            if progress.left == 0:
                break
            print(f"{total} re-encrypted, {progress.left} left", flush=True)
            if progress.done == 0:
                _fail(f"{progress.left} secrets could not be re-encrypted; their key is missing.")
    finally:
        await database.close()
    print(f"{total} re-encrypted, none left")


@app.command
def schema() -> None:
    """Print the GraphQL schema in SDL."""
    print(sdl(), end="")


@app.command
def providers(
    search: Annotated[str, Parameter(help="Part of the name or a domain.")] = "",
) -> None:
    """List known mail providers with their first servers."""
    rows = catalogue(_settings())
    console = Console()
    for row in rows.search(search) if search else rows.providers:
        servers = [*row.incoming[:1], *row.outgoing[:1]]
        where = ", ".join(f"{server.host_template}:{server.port}" for server in servers)
        state = row.status.value.lower() if not servers else ""
        console.print(f"{row.id:<28} {row.name}  {where or state}", highlight=False, markup=False)


@app.command(name="test")
def try_mailbox(
    address: Annotated[str, Parameter(help="E-mail address of the mailbox.")],
    *,
    imap: Annotated[
        str | None, Parameter(help="IMAP server as host:port/tls, /starttls or /none; - for none.")
    ] = None,
    smtp: Annotated[str | None, Parameter(help="SMTP server, as for --imap.")] = None,
    username: Annotated[str | None, Parameter(help="Name to sign in with.")] = None,
    password_stdin: Annotated[
        bool, Parameter(help="Read the password from standard input instead of asking.")
    ] = False,
) -> int:
    """Test a mailbox from the terminal; exit status 0 when all is well, else 1."""
    return _run(show_test(_settings(), address, imap, smtp, username, password_stdin))
