"""`mailconfig migrate`, `user` and `keys`: the upkeep of an instance."""

import getpass
import sys
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from mailconfig.bootstrap import key_file, open_database, open_instance, storage_settings
from mailconfig.cli.application import Data, app, fail, prepare_schema, read_settings, run
from mailconfig.domain.clock import utc_now
from mailconfig.domain.identity import Role
from mailconfig.domain.secrets import Secret
from mailconfig.settings import Settings
from mailconfig.storage.keys import KeyFile, add_key, generate_key
from mailconfig.storage.migration import migrate as migrate_database
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.rotation import BATCH
from mailconfig.storage.rotation import rotate as rotate_secrets

user = App(name="user", help="Users of mailconfig itself.")
keys = App(name="keys", help="Keys of stored secrets, and of what is signed.")
app.command(user)
app.command(keys)


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the database to the schema of this version."""
    settings = read_settings(data_dir=data)
    run(migrate_database(storage_settings(settings)))
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
    settings = read_settings(data_dir=data)
    password = _new_password()
    run(_create_user(settings, email, password, role, workspace))
    print(f"{email} is {role.value.lower()} of {workspace}.")


def _new_password() -> Secret:
    if not sys.stdin.isatty():
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    password = getpass.getpass("Password of the new user: ")
    if getpass.getpass("Once more: ") != password:
        fail("The two passwords differ; no user was made.")
    return Secret(password)


async def _create_user(
    settings: Settings, email: str, password: Secret, role: Role, workspace: str
) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        await instance.services.identity.create_user(email, password, role, workspace)


@keys.command
def generate(*, data: Data = None) -> None:
    """Put a fresh key on top of the keyring; with keys in the environment, print one for it."""
    settings = read_settings(data_dir=data)
    path = key_file(settings)
    if settings.encryption_keys is not None:
        line = generate_key(utc_now()).line()
        print(f"Put this in front of MAILCONFIG_ENCRYPTION_KEYS, then restart:\n{line}")
    elif path.exists():
        key = generate_key(utc_now())
        add_key(path, key)
        print(f"Key {key.id} is the newest now. Re-encrypt with: mailconfig keys rotate")
    else:
        run(_make_first_key(settings))
        print(f"Key {KeyFile(path).read()[0].id} is the first one. Keep a copy of {path}.")


async def _make_first_key(settings: Settings) -> None:
    """Make a missing key file; refused beside a database that holds secrets."""
    await prepare_schema(settings)
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
    run(_rotate(read_settings(data_dir=data), batch))


async def _rotate(settings: Settings, batch: int) -> None:
    await prepare_schema(settings)
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
        fail(f"{total} re-encrypted, {left} left: {reason}.")
    print(f"{total} re-encrypted, none left")
