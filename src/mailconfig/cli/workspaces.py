"""`mailconfig workspace`, and the users in them: making, listing, quotas, export and erasure."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Annotated, Final

import anyio
import anyio.to_thread
from cyclopts import App, Parameter
from cyclopts.validators import Number

from mailconfig.bootstrap import open_instance
from mailconfig.cli.application import Data, app, fail, prepare_schema, read_settings, run
from mailconfig.cli.upkeep import user
from mailconfig.domain.workspaces import Quota
from mailconfig.services.archives import Entry, tarred, zipped
from mailconfig.settings import Settings

workspace = App(name="workspace", help="Workspaces: tenants, each with its own data.")
app.command(workspace)

Slug = Annotated[str, Parameter(help="Slug of the workspace.")]
Limit = Annotated[int | None, Parameter(validator=Number(gte=0))]
Confirmed = Annotated[bool, Parameter(negative="", help="Do it: nothing can be brought back.")]
_ARCHIVES: Final = {".zip": zipped, ".tar.gz": tarred, ".tgz": tarred}
"""How an archive is written, by the ending of its name."""
_REMAINS: Final = (
    "Somebody was reading: the database's files may still hold bytes of it. Stop what reads, then "
    "erase something again or run VACUUM."
)


@workspace.command(name="list")
def list_workspaces(*, data: Data = None) -> None:
    """Print all workspaces: slug, number of members and name, with tabs between."""
    run(_list(read_settings(data_dir=data)))


async def _list(settings: Settings) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        for found, people in await instance.services.workspaces.all():
            print(f"{found.slug}\t{people}\t{found.name}")


@workspace.command(name="create")
def create_workspace(
    slug: Slug,
    /,
    *,
    name: Annotated[str | None, Parameter(help="Name for people; else the slug.")] = None,
    data: Data = None,
) -> None:
    """Make a workspace with nobody in it."""
    run(_create(read_settings(data_dir=data), slug, name or slug))
    print(
        f"Make its owner with: mailconfig user create --workspace {slug} --role owner --email ..."
    )


async def _create(settings: Settings, slug: str, name: str) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        await instance.services.workspaces.create(slug, name)


@workspace.command
def quota(
    slug: Slug,
    /,
    *,
    configs: Limit = None,
    file_bytes: Limit = None,
    tests_per_day: Limit = None,
    messages_per_day: Limit = None,
    defaults: Annotated[
        bool, Parameter(negative="", help="First return to the settings of the instance.")
    ] = False,
    data: Data = None,
) -> None:
    """Set quotas of a workspace; 0 is no limit, what is not named stays as it is."""
    named = {
        Quota.CONFIGS: configs,
        Quota.FILE_BYTES: file_bytes,
        Quota.TESTS_PER_DAY: tests_per_day,
        Quota.MESSAGES_PER_DAY: messages_per_day,
    }
    chosen: dict[Quota, int | None] = dict.fromkeys(Quota) if defaults else {}
    chosen |= {each: limit for each, limit in named.items() if limit is not None}
    if not chosen:
        fail("Name a quota to set, or --defaults.")
    run(_quota(read_settings(data_dir=data), slug, chosen))


async def _quota(settings: Settings, slug: str, chosen: dict[Quota, int | None]) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        found = await instance.services.workspaces.by_slug(slug)
        await instance.services.quotas.set(found.id, chosen)


@workspace.command
def export(
    slug: Slug,
    /,
    *,
    to: Annotated[Path, Parameter(help="File to write: .zip or .tar.gz; must not exist.")],
    data: Data = None,
) -> None:
    """Write all that a workspace owns into an archive, without passwords, while servers run."""
    write = next((each for end, each in _ARCHIVES.items() if to.name.endswith(end)), None)
    if write is None:
        fail(f"--to: {to.name} ends neither in .zip nor in .tar.gz.")
    run(_export(read_settings(data_dir=data), slug, to, write is zipped))
    print(f"{slug} is in {to}.")


async def _export(settings: Settings, slug: str, to: Path, as_zip: bool) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        found = await instance.services.workspaces.by_slug(slug)
        entries: AsyncIterator[Entry] = instance.services.exports.entries(found.id)
        pieces = zipped(entries) if as_zip else tarred(entries)
        with _private(to) as file:
            try:
                async for piece in pieces:
                    await anyio.to_thread.run_sync(file.write, piece)
            except BaseException:
                await anyio.to_thread.run_sync(to.unlink)
                raise


def _private(path: Path) -> IO[bytes]:
    """Make a new file that is for its owner alone; raises OSError where there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@workspace.command
def delete(slug: Slug, /, *, yes: Confirmed = False, data: Data = None) -> None:
    """Erase a workspace with all that it owns, and users who are in no other."""
    if not yes:
        fail(f"This erases {slug} for good. Export it first, then say --yes.")
    if not run(_delete(read_settings(data_dir=data), slug)):
        fail(_REMAINS)
    print(f"{slug} is erased.")


async def _delete(settings: Settings, slug: str) -> bool:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        found = await instance.services.workspaces.by_slug(slug)
        return await instance.services.erasure.erase(found.id)


@user.command(name="list")
def list_users(*, data: Data = None) -> None:
    """Print all users: address, workspace and role, with tabs between; "-" for none."""
    run(_users(read_settings(data_dir=data)))


async def _users(settings: Settings) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        for found, slug, role in await instance.services.workspaces.people():
            print(f"{found.email}\t{slug or '-'}\t{role.value.lower() if role else '-'}")


@user.command(name="delete")
def delete_user(
    *,
    email: Annotated[str, Parameter(help="Address that the user signs in with.")],
    yes: Confirmed = False,
    data: Data = None,
) -> None:
    """Erase a user, with their own configurations in all workspaces."""
    if not yes:
        fail(f"This erases {email} for good. To go on, say --yes.")
    run(_delete_user(read_settings(data_dir=data), email))
    print(f"{email} is erased.")


async def _delete_user(settings: Settings, email: str) -> None:
    await prepare_schema(settings)
    async with open_instance(settings) as instance:
        await instance.services.erasure.erase_user_of(email)
