"""A process to kill: `python -m kit.crash rotate|submit URL KEYFILE WORKSPACE USER`.

It works until it is done or killed, and prints a line after each commit.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path
from uuid import UUID

from kit.records import Tenant, imap, make_config, password, smtp
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.rotation import rotate
from mailconfig.storage.sealing import KeyFile, Keyring


async def rotate_all(database: Database) -> None:
    """Rotate in small batches."""
    async for progress in rotate(database, 20):
        sys.stdout.write(f"{progress.left}\n")
        sys.stdout.flush()


async def submit_forever(database: Database, tenant: Tenant) -> None:
    """Submit configurations with two secrets each."""
    for number in count():
        async with database.work(tenant.workspace_id) as work:
            incoming = await work.secrets.add("incoming", password("in"))
            outgoing = await work.secrets.add("outgoing", password("out"))
            config = make_config(
                tenant,
                owner_id=None,
                incoming=imap(incoming),
                outgoing=smtp(outgoing),
                email_address=f"{incoming}@example.com",
            )
            await work.configs.insert(config, tenant.user_id)
            key = str(config.id)
            await work.idempotency.put(tenant.user_id, "submit", key, "digest", config.id)
            await work.audit.append(tenant.user_id, "submit", "config", config.id, {"n": number})
        sys.stdout.write(f"{config.id}\n")
        sys.stdout.flush()


async def main(task: str, url: str, keys: str, workspace_id: str, user_id: str) -> None:
    """Do one of the tasks."""
    database = Database.open(StorageSettings(url), Keyring(KeyFile(Path(keys))))
    if task == "rotate":
        await rotate_all(database)
    else:
        await submit_forever(database, Tenant(UUID(workspace_id), UUID(user_id)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
