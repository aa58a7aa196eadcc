"""Backup and restore as one unit: what is restored is what was; what does not fit is refused."""

# ruff: noqa: ASYNC240 - small files of a test

import json
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from kit.database import KEY_TEXT
from kit.records import make_config, make_message, make_tenant, password
from mailconfig.bootstrap import open_database
from mailconfig.bootstrap.backup import Summary, back_up, check_backup, restore
from mailconfig.bootstrap.sending import build_queue
from mailconfig.domain.clock import utc_now
from mailconfig.domain.errors import Fault
from mailconfig.domain.files import FileKind, StoredFile
from mailconfig.domain.ids import new_id
from mailconfig.domain.messages import MessageEvent
from mailconfig.domain.outbox import job_of
from mailconfig.settings import Settings, load
from mailconfig.storage.backup import TABLES, snapshot
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import Database
from mailconfig.storage.keys import Key, generate_key
from mailconfig.storage.messages import Change
from mailconfig.storage.settings import StorageSettings

ONLY_SQLITE = pytest.mark.parametrize("engine", ["sqlite"])
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def source(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a migrated instance."""
    return load(data_dir=tmp_path / "source", database_url=database_url, encryption_keys=KEY_TEXT)


@pytest.fixture
def target(tmp_path: Path) -> Settings:
    """Settings of an instance that is not there yet, with the same key."""
    return load(data_dir=tmp_path / "target", encryption_keys=KEY_TEXT)


async def once(content: bytes) -> AsyncIterator[bytes]:
    """Yield one chunk."""
    yield content


async def fill(settings: Settings) -> None:
    """Store a workspace with a user, two secrets and a file."""
    database = await open_database(settings)
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        await work.secrets.add("incoming", password("geheim \N{SNOWMAN}"))
        data_key = await work.secrets.add("outgoing", password("another"))
        file = StoredFile(
            id=new_id(),
            workspace_id=tenant.workspace_id,
            owner_id=tenant.user_id,
            config_id=None,
            kind=next(iter(FileKind)),
            filename="logo.png",
            content_type="image/png",
            size=3,
            sha256="0" * 64,
            created_at=utc_now(),
        )
        await work.files.insert(file, "blob-one", data_key)
    await database.close()
    await ObstoreBlobs.in_folder(settings.data_dir / "blobs").write("blob-one", once(CONTENT))


async def rows(settings: Settings) -> dict[str, bytes]:
    """Return all rows by table."""
    found = {}
    async with snapshot(StorageSettings(settings.effective_database_url)) as moment:
        for name in TABLES:
            found[name] = b"".join([chunk async for _, chunk in moment.lines(name)])
    return found


async def every_job(database: Database) -> int:
    """Count the jobs of the queue, due or not."""
    async with database.queueing() as transaction:
        is_sqlite = transaction._connection.dialect.name == "sqlite"
        name = "outbox_jobs" if is_sqlite else "mailconfig_queue.pgqueuer"
        return int(await transaction.scalar(text(f"SELECT count(*) FROM {name}")))  # noqa: S608


@pytest.fixture
async def made(source: Settings, tmp_path: Path) -> Path:
    """A backup of a filled instance."""
    await fill(source)
    path = tmp_path / "backup.zip"
    assert await back_up(source, path) == Summary(5 + 1, 2, 1, ("first",))
    return path


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Return a copy of an archive with other members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(copy, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    return copy


async def test_what_is_restored_is_what_was(made: Path, source: Settings, target: Settings) -> None:
    """Every row and every byte, from either engine into SQLite; secrets open under their key."""
    assert await restore(target, made) == Summary(6, 2, 1, ("first",))
    assert await rows(target) == await rows(source)
    blobs = ObstoreBlobs.in_folder(target.data_dir / "blobs")
    assert b"".join([chunk async for chunk in blobs.read("blob-one")]) == CONTENT


async def test_and_into_the_same_engine_by_force(made: Path, source: Settings) -> None:
    """Rows that came later are gone, and a second restore gives the same."""
    before = await rows(source)
    database = await open_database(source)
    await make_tenant(database, "later")
    await database.close()
    with pytest.raises(Fault, match="holds rows already"):
        await restore(source, made)
    assert await rows(source) != before
    await restore(source, made, force=True)
    await restore(source, made, force=True)
    assert await rows(source) == before


async def test_messages_that_wait_have_a_job_again(
    source: Settings, target: Settings, tmp_path: Path
) -> None:
    """On either engine; one that has ended has none, and nobody has claimed what somebody had."""
    database = await open_database(source)
    tenant = await make_tenant(database, "acme")
    config, now = make_config(tenant, owner_id=None), utc_now()
    times = {"due_at": now, "expires_at": now + timedelta(days=1)}
    claimed, over = (make_message(tenant, config.id, **times) for _ in range(2))
    later = make_message(tenant, config.id, **times | {"due_at": now + timedelta(hours=1)})
    queue = build_queue(source, database)
    async with database.work(tenant.workspace_id) as work:
        await work.configs.insert(config, tenant.user_id)
        for new in (claimed, over, later):
            await work.messages.add(new)
        await queue.enqueue(work, job_of(claimed.message), now)
        await queue.enqueue(work, job_of(over.message), now)
        await work.messages.apply(over.message.id, Change(MessageEvent.CANCEL))
    assert len(await queue.claim("worker", 10, 3600)) == 2
    await database.close()
    await back_up(source, tmp_path / "backup.zip")
    await restore(target, tmp_path / "backup.zip")
    await restore(source, tmp_path / "backup.zip", force=True)
    for settings in (target, source):
        database = await open_database(settings)
        queue = build_queue(settings, database)
        assert await queue.claim("worker", 10, 3600) == [job_of(claimed.message)]
        assert await every_job(database) == 2
        await database.close()


@ONLY_SQLITE
async def test_a_backup_holds_no_key(made: Path) -> None:
    """Its file is for its owner alone, and what opens its secrets is not in it."""
    assert made.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(made) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        names = archive.namelist()
    assert KEY_TEXT.partition(":")[2].encode() not in everything
    assert b"geheim" not in everything
    assert not [name for name in names if name.startswith("keys/")]


@ONLY_SQLITE
async def test_keys_come_along_when_asked_for(source: Settings, tmp_path: Path) -> None:
    """An instance without any key then has them, with mode 0600."""
    await fill(source)
    path = tmp_path / "with.zip"
    await back_up(source, path, with_keys=True)
    bare = load(data_dir=tmp_path / "bare")
    await restore(bare, path)
    keys = tmp_path / "bare" / "keys" / "encryption.keys"
    assert (keys.read_text(), keys.stat().st_mode & 0o777) == (f"{KEY_TEXT}\n", 0o600)


@ONLY_SQLITE
async def test_missing_and_other_keys_are_refused(made: Path, tmp_path: Path) -> None:
    """Nothing is changed, and no key is made."""
    folder = tmp_path / "bare"
    with pytest.raises(Fault, match=r"^Keys of the backup are not there: first\."):
        await restore(load(data_dir=folder), made)
    assert not folder.exists()
    other = Key("first", generate_key(utc_now()).material).line()
    with pytest.raises(Fault, match="are others: first"):
        await restore(load(data_dir=folder, encryption_keys=other), made)
    assert not (folder / "mailconfig.db").exists()


def _row(members: dict[str, bytes]) -> None:
    members["tables/users.jsonl"] = members["tables/users.jsonl"].replace(b"acme", b"evil")


def _blob(members: dict[str, bytes]) -> None:
    members["blobs/blob-one"] = members["blobs/blob-one"][:-1]


def _gone(members: dict[str, bytes]) -> None:
    del members["blobs/blob-one"]


def _more(members: dict[str, bytes]) -> None:
    members["blobs/../../evil"] = b"x"


def _schema(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps(manifest | {"revision": "0001"}).encode()


def _date(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps(manifest | {"created_at": "2020-01-01"}).encode()


def _format(members: dict[str, bytes]) -> None:
    members["manifest.json"] = b'{"format": 2}'


def _garbage(members: dict[str, bytes]) -> None:
    members["manifest.json"] = b"[]"


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_row, r"tables/users\.jsonl has changed"),
        (_blob, "blobs/blob-one has changed"),
        (_gone, "other parts than its manifest says"),
        (_more, "other parts than its manifest says"),
        (_schema, "has the schema 0001, this version has"),
        (_date, "manifest of the backup has changed"),
        (_format, "another version"),
        (_garbage, "cannot be read"),
    ],
)
async def test_what_has_changed_is_refused(
    made: Path, target: Settings, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    """Each part, by a check and by a restore alike, before anything is written."""
    other = changed(made, change)
    for attempt in (check_backup, restore):
        with pytest.raises(Fault, match=reason):
            await attempt(target, other)
    assert not target.data_dir.exists()


@ONLY_SQLITE
async def test_a_file_that_is_cut_off_is_no_backup(made: Path, target: Settings) -> None:
    """As a full disk leaves it."""
    made.write_bytes(made.read_bytes()[:-100])
    with pytest.raises(Fault, match="is no backup of mailconfig, or it is cut off"):
        await check_backup(target, made)


@ONLY_SQLITE
async def test_a_check_changes_nothing(made: Path, target: Settings) -> None:
    """It says what a restore would bring."""
    assert await check_backup(target, made) == Summary(6, 2, 1, ("first",))
    assert not target.data_dir.exists()


@ONLY_SQLITE
async def test_no_backup_is_written_over(made: Path, source: Settings) -> None:
    """The older one may be the last good one."""
    before = made.read_bytes()
    with pytest.raises(FileExistsError):
        await back_up(source, made)
    assert made.read_bytes() == before
    assert sorted(path.name for path in made.parent.glob("backup*")) == ["backup.zip"]


@ONLY_SQLITE
async def test_a_file_that_goes_meanwhile_is_left_out(
    source: Settings, target: Settings, tmp_path: Path
) -> None:
    """Its row is not restored either, so that no row names a file that is not there."""
    await fill(source)
    await ObstoreBlobs.in_folder(source.data_dir / "blobs").delete("blob-one")
    await back_up(source, tmp_path / "without.zip")
    await restore(target, tmp_path / "without.zip")
    assert (await rows(target))["files"] == b""
