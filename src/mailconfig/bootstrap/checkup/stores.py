"""Checks of what keeps things: the database, the files, the counters."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mailconfig.bootstrap.checkup.advice import DATABASE, FILES, LIMITS
from mailconfig.bootstrap.checkup.keys import check_secrets
from mailconfig.bootstrap.checkup.values import Checked, Verdict, bad, fine, warning
from mailconfig.bootstrap.storing import blob_folder, storage_settings
from mailconfig.domain.clock import Now
from mailconfig.domain.errors import Fault
from mailconfig.settings import Settings
from mailconfig.storage.blobs import ObstoreBlobs, local_folder
from mailconfig.storage.faults import DatabaseError
from mailconfig.storage.inspecting import DatabaseState, inspect_database
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.settings import database_url

_PRODUCTS: Final = {"postgresql": ("PostgreSQL", (13,)), "sqlite": ("SQLite", (3, 35))}
"""Names, and the oldest versions that are known to work: RETURNING came with SQLite 3.35."""
_WAIT_SECONDS: Final = 3.0
"""Longest wait for a connection: a thread that waits for SQLite cannot be stopped earlier."""
_STORE_SECONDS: Final = 2.0
"""Longest wait for the store of limits, and for deleting what a check has written."""
_CLOCK_SECONDS: Final = 5
"""Network and load explain less than that."""
_CLOCK_BAD_SECONDS: Final = 60
"""One-time passwords have steps of 30 s, and tokens leave no more room than that."""
_MIGRATE: Final = "Run: mailconfig migrate"
_KEEP: Final = (
    "Run: ALTER TABLE audit_events ENABLE TRIGGER USER. Where triggers are missing, restore a"
    " backup into a database that mailconfig migrate has made."
)
_QUEUE: Final = (
    "Let the server's role use the schema mailconfig_queue, see docs/operations.md. Where parts are"
    " missing, restore a backup into a database that mailconfig migrate has made."
)


# ---- database ----------------------------------------------------------------------------------


async def check_database(settings: Settings, now: Now) -> tuple[Checked, ...]:
    """Look at the database once: version, migrations, clock and the keys of its secrets."""
    storage = replace(storage_settings(settings), wait_seconds=_WAIT_SECONDS, pool_size=1)
    url = database_url(storage)
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        if not await asyncio.to_thread(path.is_file):
            advice = "Check MAILCONFIG_DATA_DIR; for a new installation run: mailconfig migrate"
            return (bad("database", f"There is no database {path}.", advice),)
    try:
        state = await inspect_database(storage, now)
    except Fault as fault:
        return (_unusable(fault),)
    head = await asyncio.to_thread(head_revision)
    return (
        judged_database(state),
        judged_schema(state, head),
        judged_clock(state.clock_seconds),
        await asyncio.to_thread(check_secrets, settings, state.sealed),
    )


def _unusable(fault: Fault) -> Checked:
    """Say why there is no look at the database, by the kind of its error, which names no value."""
    kind = (
        f" ({str(fault.__cause__).partition(' ')[0]})"
        if isinstance(fault.__cause__, DatabaseError)
        else ""
    )
    return bad("database", f"{fault.message.removesuffix('.')}{kind}.", DATABASE)


def judged_database(state: DatabaseState) -> Checked:
    """Judge the version; say how long an answer takes."""
    name, oldest = _PRODUCTS[state.product]
    version = ".".join(map(str, state.version))
    found = f"{name} {version} answers in {state.round_trip_ms:.1f} ms."
    if state.version < oldest:
        wanted = ".".join(map(str, oldest))
        return bad("database", found, f"Upgrade {name} to {wanted} or newer.")
    return fine("database", found)


def judged_schema(state: DatabaseState, head: str) -> Checked:
    """Judge the revision, and whether the queue and what keeps the audit trail are there."""
    judged = judged_revision(state.revision, head)
    if judged.verdict is not Verdict.FINE:
        return judged
    if state.unqueued:
        names = ", ".join(sorted(state.unqueued))
        found = f"No message can be sent: {names} missing, off or not allowed."
        return bad("migrations", found, _QUEUE)
    if not state.unkept:
        return judged
    names = ", ".join(sorted(state.unkept))
    return warning("migrations", f"The audit trail is not kept: {names} missing or off.", _KEEP)


def judged_revision(revision: str | None, head: str) -> Checked:
    """Compare the schema of the database with that of this version."""
    if revision == head:
        return fine("migrations", f"The database is at {head}, as this version needs it.")
    if revision is None:
        return bad("migrations", "The database has no tables of mailconfig.", _MIGRATE)
    found = f"The database is at {revision}, but this version needs {head}."
    if revision > head:  # they are numbered
        return bad("migrations", found, "Install the version that has migrated the database.")
    return bad("migrations", found, _MIGRATE)


def judged_clock(ahead_seconds: float | None) -> Checked:
    """Judge how far the clock of the database is ahead of ours."""
    if ahead_seconds is None:
        return fine("clock", "SQLite has no clock of its own to compare with.")
    apart = abs(ahead_seconds)
    side = "ahead of" if ahead_seconds > 0 else "behind"
    found = f"The database's clock is {apart:.1f} s {side} this machine's."
    advice = "Let both machines take their time by NTP: tokens and certificates depend on it."
    if apart > _CLOCK_BAD_SECONDS:
        return bad("clock", found, advice)
    return warning("clock", found, advice) if apart > _CLOCK_SECONDS else fine("clock", found)


# ---- files and counters ------------------------------------------------------------------------


async def check_blobs(settings: Settings) -> Checked:
    """Write, read and delete a small object."""
    url, folder = settings.blob_url, blob_folder(settings)
    local = local_folder(url, folder)
    if local is not None and not await asyncio.to_thread(local.exists):
        return warning("files", f"There is no folder {local} yet.", "Start mailconfig serve once.")
    if local is not None and not await asyncio.to_thread(local.is_dir):
        return bad("files", f"{local} is no folder.", FILES)
    try:
        blobs = await asyncio.to_thread(ObstoreBlobs.open, url, folder, prepare=False)
    except ValueError as error:
        return bad("files", f"MAILCONFIG_BLOB_URL: {error}.", FILES)
    return await judged_store(blobs)


async def judged_store(blobs: ObstoreBlobs) -> Checked:
    """Judge a store by one object; raises Fault where not even deleting works."""
    name, content = f"doctor-{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        await blobs.write(name, _once(content))
        read = b"".join([chunk async for chunk in blobs.read(name)])
    except (Fault, KeyError):
        return bad("files", "The store of files cannot be written and read.", FILES)
    finally:
        async with asyncio.timeout(_STORE_SECONDS):  # also where time is up already
            await blobs.delete(name)
    if read != content:
        found = "The store of files gave back other bytes than it got."
        return bad("files", found, FILES)
    return fine("files", "The store of files writes, reads and deletes.")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def check_limits(settings: Settings) -> Checked:
    """Tell whether the counters that processes share can be reached."""
    url = settings.rate_limit_storage_url
    setting = "MAILCONFIG_RATE_LIMIT_STORAGE_URL"
    if url is None:
        advice = f"With more than one process, set {setting} to a Redis or Valkey."
        return warning("limits", "Each process counts alone against limits.", advice)
    # The client library is imported by those who have a store, as in `bootstrap.limiting`.
    from mailconfig.storage.limitstore import ping_limit_store  # noqa: PLC0415 - see above

    try:
        await ping_limit_store(url, _STORE_SECONDS)
    except Fault as fault:
        return bad("limits", f"{setting}: {fault.message}", LIMITS)
    return fine("limits", f"The store of limits at {urlsplit(url).hostname} answers.")
