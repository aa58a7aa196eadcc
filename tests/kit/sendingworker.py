"""A worker to kill in the midst of sending: `python -m kit.sendingworker URL KEY`.

It has the settings of a worker by default, claims what is due and prints the sender of each message
that it has begun with. Nothing ever answers it. Messages of `COMMITTED` it has let go out by then,
all others it has not.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import anyio

from kit.outgoing import Clock, Office
from kit.posting import Post, Scripted
from kit.records import Tenant
from mailconfig.bootstrap.sending import build_queue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.delivery import Commit, Delivery, Sending
from mailconfig.settings import load
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.sealing import Keyring

COMMITTED: Final = "committed@example.com"


class Ticking(Clock):
    """Tells the time as it is."""

    def __call__(self) -> object:
        """Tell the time."""
        return utc_now()


def post_of(office: Office, url: str, data: Path) -> Post:
    """Return a post office with the queue that a server has on this database."""
    post = Post(office, Scripted(hang))
    post.queue = build_queue(load(data_dir=data, database_url=url), office.database)
    return post


async def hang(sending: Sending, commit: Commit) -> Delivery:
    """Wait for an answer that does not come."""
    if sending.envelope.sender == COMMITTED:
        assert await commit()
    sys.stdout.write(f"{sending.envelope.sender}\n")
    sys.stdout.flush()
    await anyio.sleep_forever()
    raise AssertionError


async def main(url: str, key: str, data: str) -> None:
    """Send until killed."""
    database = Database.open(StorageSettings(url), Keyring.of_text(key))
    office = Office(database, cast("Tenant", None), UUID(int=0), Ticking())
    await post_of(office, url, Path(data)).sender().run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
