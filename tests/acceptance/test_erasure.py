"""Erasure: after deleting a workspace no byte of its data is in database files, blobs or queue.

Marks in every column are read off the metadata (`kit.marked`). What a workspace beside it owns
stays to the last row. On PostgreSQL the operator's part is done as docs/workspaces.md says it:
VACUUM FULL and, until the log of before is gone, checkpoints.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.api import MEMBER, OWNER, STRANGER, FakeProber, form, serving
from kit.database import KEY_TEXT, migrate_now
from kit.marked import Marked, marked_columns
from kit.postgres import PostgresServer
from kit.rowdump import all_rows
from kit.servers import RunFolder
from mailconfig.bootstrap import open_instance
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault
from mailconfig.domain.outbox import Job
from mailconfig.domain.probes import ProbeRequest, ProtocolOutcome, Report
from mailconfig.settings import Settings
from mailconfig.storage.blobs import ObstoreBlobs

ROWS = 40
SIGNING_KEY = "q0m3fIh8v0aV2w3aJwEo3nXc5uJYlqk1yYzR7m5lq2E="
FORGOTTEN = (
    "ALTER SYSTEM SET wal_recycle = off",
    "SELECT pg_reload_conf()",
    "VACUUM FULL",
    "SELECT pg_switch_wal()",
    "CHECKPOINT",
    "SELECT pg_switch_wal()",
    "CHECKPOINT",
)
"""What the operator of PostgreSQL does so that the files hold nothing either."""


class Place:
    """A database of our own and where its bytes are."""

    def __init__(self, url: str, data: Path, *folders: Path) -> None:
        self.url = url
        self.data = data
        self.folders = (data, *folders)

    @property
    def settings(self) -> Settings:
        """Settings of an instance on it."""
        return Settings(
            data_dir=self.data,
            database_url=self.url,
            encryption_keys=KEY_TEXT,
            signing_key=SIGNING_KEY,
        )

    async def settle(self) -> None:
        """Bring everything to the files, as the operator of PostgreSQL does."""
        if not self.url.startswith("postgresql"):
            return
        engine = create_async_engine(self.url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in FORGOTTEN:
                await connection.execute(text(statement))
        await engine.dispose()


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A migrated database in a folder that nobody else writes to."""
    data = tmp_path / "data"
    data.mkdir()
    if engine == "sqlite":
        url = f"sqlite:///{data / 'mailconfig.db'}"
        migrate_now(url)
        yield Place(url, data)
        return
    request.getfixturevalue("postgres")  # is missing where this one would be
    with RunFolder.create() as folder:
        server = folder.share("postgres", PostgresServer, PostgresServer.start)
        url = server.create_database()
        migrate_now(url)
        yield Place(url, data, Path(server.folder, "data"))


async def fill(place: Place) -> tuple[Marked, Marked]:
    """Store a workspace that is to go and one that stays, rows of both side by side."""
    going, staying = Marked.make(ROWS), Marked.make(ROWS)
    await going.insert(place.url)
    await staying.insert(place.url)
    store = ObstoreBlobs.in_folder(place.data / "blobs")
    for world in (going, staying):
        for name, content in world.blobs.items():
            await store.write(name, _once(content))
    return going, staying


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def test_every_column_has_a_mark() -> None:
    """No column of texts or bytes is left out, and there are as many as the tables have."""
    made = set(Marked.make(1).marks.values())
    assert marked_columns() <= made
    assert len(marked_columns()) > 70


async def test_nothing_of_a_workspace_is_left(place: Place) -> None:
    """Marks of all columns and blobs were in the files; after erasing none is, in any of them."""
    going, staying = await fill(place)
    await place.settle()
    assert going.found(*place.folders) == set(going.marks.values())
    before = await all_rows(place.url)
    async with open_instance(place.settings) as instance:
        assert await instance.services.erasure.erase(going.workspace_id)
        # While the server still runs: nothing waits for its end.
        await place.settle()
        assert going.found(*place.folders) == set()
    assert going.found(*place.folders) == set()
    after = await all_rows(place.url)
    gone = {table: len(before[table]) - len(rows) for table, rows in after.items()}
    assert gone == {table: len(rows) for table, rows in going.rows.items()}
    assert staying.found(*place.folders) == set(staying.marks.values())
    blobs = {str(path.relative_to(place.data / "blobs")) for path in _files(place.data / "blobs")}
    assert blobs == set(staying.blobs)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_the_queue_forgets_a_workspace(place: Place) -> None:
    """Jobs that wait and jobs that somebody has, and all that pgqueuer notes of any job."""
    going, staying = await fill(place)
    async with open_instance(place.settings) as instance:
        queue, database = instance.outgoing.queue, instance.database
        for world in (going, staying):
            jobs = [
                Job(row["id"], row["workspace_id"], row["config_id"])
                for row in world.rows["messages"]
            ]
            async with database.work(world.workspace_id) as work:
                for job in jobs:
                    await queue.enqueue(work, job, utc_now())
        assert len(await queue.claim("worker", ROWS, 60)) == ROWS
        ids = [str(world.workspace_id).encode() for world in (going, staying)]
        await place.settle()
        assert [_in_files(id, place) for id in ids] == [True, True]
        assert await queued(place, "pgqueuer_log") == 3 * ROWS
        assert await instance.services.erasure.erase(going.workspace_id)
        await place.settle()
        assert [_in_files(id, place) for id in ids] == [False, True]
        assert going.found(*place.folders) == set()
        assert await queued(place, "pgqueuer") == ROWS
        assert await queued(place, "pgqueuer_log") == 0


def _in_files(mark: bytes, place: Place) -> bool:
    return any(mark in path.read_bytes() for folder in place.folders for path in _files(folder))


async def queued(place: Place, table: str) -> int:
    """Count the rows of one of the queue's tables."""
    engine = create_async_engine(place.url)
    async with engine.connect() as connection:
        counted = await connection.scalar(text(f"SELECT count(*) FROM mailconfig_queue.{table}"))  # noqa: S608
    await engine.dispose()
    return int(counted)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_erasing_goes_on_where_it_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails in the middle: what is named still exists, and again erases the rest."""
    going, _ = await fill(place)
    deleted: list[str] = []
    delete = ObstoreBlobs.delete

    async def failing(store: ObstoreBlobs, name: str) -> None:
        if len(deleted) == ROWS // 2:
            raise Fault("The blob store failed.")
        deleted.append(name)
        await delete(store, name)

    with monkeypatch.context() as broken:
        broken.setattr(ObstoreBlobs, "delete", failing)
        async with open_instance(place.settings) as instance:
            with pytest.raises(Fault):
                await instance.services.erasure.erase(going.workspace_id)
    rows = await all_rows(place.url)
    named = {row["blob"] for row in rows["files"]}
    there = {str(path.relative_to(place.data / "blobs")) for path in _files(place.data / "blobs")}
    assert there <= named
    async with open_instance(place.settings) as instance:
        await instance.services.erasure.erase(going.workspace_id)
    await place.settle()
    assert going.found(*place.folders) == set()


class HangingProber(FakeProber):
    """Waits until it is cancelled."""

    async def probe(self, request: ProbeRequest, _report: Report) -> tuple[ProtocolOutcome, ...]:
        """Hang with the secret in memory."""
        self.requests.append(request)
        await anyio.sleep_forever()
        return ()


DELETE = (
    "mutation ($input: DeleteWorkspaceInput!) { deleteWorkspace(input: $input) {"
    " ok errors { __typename path } } }"
)
START = (
    "mutation ($input: TestConnectionInput!) { testConnection(input: $input) {"
    " test { id } errors { message } } }"
)


async def test_the_owner_deletes_the_workspace(app_settings: Settings) -> None:
    """By its slug; tests in memory end, everybody is out, users of no other workspace are gone."""
    async with serving(app_settings, HangingProber()) as api:
        draft = {"draft": {key: form()[key] for key in ("emailAddress", "incoming")}}
        started = await api.data(MEMBER, START, {"input": {"target": draft}})
        assert started["testConnection"]["errors"] == []
        runner = api.app.state.runner
        assert len(runner._jobs) == 1
        wrong = (await api.data(OWNER, DELETE, {"input": {"slug": "other"}}))["deleteWorkspace"]
        assert wrong["errors"] == [{"__typename": "ValidationIssue", "path": ["slug"]}]
        refused = await api.data(MEMBER, DELETE, {"input": {"slug": "default"}})
        assert refused["deleteWorkspace"]["errors"][0]["__typename"] == "ForbiddenError"
        answer = (await api.data(OWNER, DELETE, {"input": {"slug": "default"}}))["deleteWorkspace"]
        assert answer == {"ok": True, "errors": []}
        assert runner._jobs == {}
        for who in (OWNER, MEMBER):
            assert (await api.data(who, "{ viewer { role } }"))["viewer"] is None
        assert (await api.data(STRANGER, "{ viewer { role } }"))["viewer"] == {"role": "OWNER"}
        rows = await all_rows(app_settings.effective_database_url)
        assert [row["slug"] for row in rows["workspaces"]] == ["other"]
        assert [row["email"] for row in rows["users"]] == ["stranger@example.org"]
