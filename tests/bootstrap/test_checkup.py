"""The check-up of a deployment: each check where all is well, and where there is work to do."""

import base64
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from kit.database import KEY_TEXT
from kit.dns import DnsServer
from kit.postgres import PostgresServer
from kit.records import make_tenant, password
from kit.redis import Redis
from mailconfig.bootstrap.checkup import (
    Checked,
    CheckupRequest,
    Verdict,
    check_start,
    check_up,
)
from mailconfig.bootstrap.checkup.folder import check_disk, check_folder, judged_disk
from mailconfig.bootstrap.checkup.keys import (
    check_encryption_keys,
    check_secrets,
    check_signing_key,
)
from mailconfig.bootstrap.checkup.network import check_dns, check_ports
from mailconfig.bootstrap.checkup.stores import (
    check_blobs,
    check_database,
    check_limits,
    judged_clock,
    judged_database,
    judged_revision,
    judged_store,
)
from mailconfig.bootstrap.checkup.surroundings import (
    check_address,
    check_database_tls,
    check_egress,
    check_exposure,
    check_mode,
    check_proxies,
    check_settings,
)
from mailconfig.domain.clock import utc_now
from mailconfig.domain.reachability import IpVersion, PortReach, PortState
from mailconfig.mail.resolver import ResolverSettings, ServersResolver
from mailconfig.settings import Settings, load
from mailconfig.storage.blobs import ObstoreBlobs
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.inspecting import DatabaseState
from mailconfig.storage.keys import Key, generate_key
from mailconfig.storage.revisions import head_revision
from mailconfig.storage.sealing import Keyring
from mailconfig.storage.settings import database_url as url_of

FINE, WARNING, BAD = Verdict.FINE, Verdict.WARNING, Verdict.BAD
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MATERIAL = base64.b64decode(KEY_TEXT.partition(":")[2])
SEED = KEY_TEXT.partition(":")[2]
HTTPS = "https://mail.example.com"
NETWORK = "10.1.0.0/16"
NAMES = [
    "settings",
    "mode",
    "address",
    "proxies",
    "egress",
    "exposure",
    "transport",
    "data",
    "disk",
    "encryption keys",
    "signing key",
    "database",
    "migrations",
    "clock",
    "secrets",
    "files",
    "limits",
    "dns",
]
"""All checks that are made without being asked for, in their order."""


def told(checked: Checked) -> tuple[Verdict, str]:
    """Return verdict and finding; who has something to do is told what, and nobody else."""
    assert (checked.advice is None) is (checked.verdict is FINE)
    return checked.verdict, checked.found


def write_key(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a key file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data folder in order: keys, database, files."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(migrated_file, folder / "mailconfig.db")
    write_key(folder / "keys" / "encryption.keys", Key("20261101-aa", MATERIAL).line())
    write_key(folder / "keys" / "signing.key", SEED)
    (folder / "blobs").mkdir(mode=0o700)
    return folder


async def checkup(settings: Settings, request: CheckupRequest) -> dict[str, Checked]:
    """Return all outcomes by the names of their checks."""
    found = [checked async for checked in check_up(settings, request)]
    assert len({checked.check for checked in found}) == len(found)
    return {checked.check: checked for checked in found}


# ---- all together ------------------------------------------------------------------------------


async def test_a_deployment_in_order(data: Path) -> None:
    """Every check is made, in order, and all but the counters in memory are fine."""
    async with DnsServer() as dns:
        dns.answer("example.com", "192.0.2.1")
        settings = load(data_dir=data, public_url=HTTPS, dns_servers="{}:{}".format(*dns.endpoint))
        environment = {"FORWARDED_ALLOW_IPS": "127.0.0.1"}
        found = await checkup(settings, CheckupRequest(environment=environment, now=lambda: NOW))
    assert list(found) == NAMES
    verdicts = {name: checked.verdict for name, checked in found.items()}
    # The machine that tests may have a full disk.
    assert verdicts | {"disk": FINE} == dict.fromkeys(NAMES, FINE) | {"limits": WARNING}


async def test_settings_of_no_use_end_the_check_up(tmp_path: Path) -> None:
    """Nothing else is looked at then, and the password of the URL is not repeated."""
    settings = load(data_dir=tmp_path, database_url="mysql://ann:geheim@localhost/mail")
    found = await checkup(settings, CheckupRequest())
    sentence = "MAILCONFIG_DATABASE_URL: mysql is not supported; use sqlite or postgresql."
    assert [told(checked) for checked in found.values()] == [(BAD, sentence)]


async def test_a_check_that_takes_too_long_is_bad(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket, a DNS server and a database that accept and never answer end in time, and what
    was looked at stays as it is.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = "{}:{}".format(*silent.getsockname())
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{place}",
            "AWS_ACCESS_KEY_ID": "ann",
            "AWS_SECRET_ACCESS_KEY": "geheim",
            "AWS_REGION": "eu-1",
        }.items():
            monkeypatch.setenv(name, value)
        settings = load(
            data_dir=data,
            blob_url="s3://bucket/prefix",
            dns_servers=place,
            database_url=f"postgresql://ann:geheim@{place}/mail",
        )
        found = await checkup(settings, CheckupRequest(check_seconds=0.3))
    late = (BAD, "The check has not ended within 0.3 s.")
    assert [told(found[name]) for name in ("database", "files", "dns")] == [late] * 3
    assert list(found) == [name for name in NAMES if name not in {"migrations", "clock", "secrets"}]
    assert "geheim" not in repr(found)


async def test_a_file_that_is_no_database_is_a_sentence(data: Path) -> None:
    """What is not SQLite's is bad, without a traceback, and the check-up goes on."""
    (data / "mailconfig.db").write_bytes(b"no database at all" * 100)
    settings = load(data_dir=data, dns_servers="127.0.0.1:1", dns_seconds=0.1)
    found = await checkup(settings, CheckupRequest())
    assert told(found["database"]) == (BAD, "The database does not work (DatabaseError).")
    assert list(found)[-1] == "dns"


# ---- surroundings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "url", "verdict"),
    [
        ("production", HTTPS, FINE),
        ("production", None, FINE),
        ("development", None, FINE),
        ("development", "http://127.0.0.1:8000", FINE),
        ("development", HTTPS, BAD),
    ],
)
def test_mode(mode: str, url: str | None, verdict: Verdict) -> None:
    """A demonstration under an https address is bad."""
    assert told(check_mode(load(mode=mode, public_url=url)))[0] is verdict


@pytest.mark.parametrize(
    ("mode", "url", "verdict"),
    [
        ("production", HTTPS, FINE),
        ("production", "http://localhost:8000", FINE),
        ("production", "http://[::1]:8000", FINE),
        ("production", "http://ann:geheim@mail.example.com", WARNING),
        ("production", "http://[", WARNING),  # what cannot be read
        ("production", None, WARNING),
        ("development", None, FINE),
    ],
)
def test_address(mode: str, url: str | None, verdict: Verdict) -> None:
    """Plain http is a warning but on this machine; no password of an address is repeated."""
    checked = check_address(load(mode=mode, public_url=url))
    assert told(checked)[0] is verdict
    assert "geheim" not in repr(checked)


def test_settings_that_can_be_read(tmp_path: Path) -> None:
    """A file of trust anchors that is none is named."""
    assert told(check_settings(load()))[0] is FINE
    none = tmp_path / "none.pem"
    sentence = f"MAILCONFIG_CA_FILE: {none} is no file of PEM certificates."
    assert told(check_settings(load(ca_file=none))) == (BAD, sentence)


def test_egress() -> None:
    """What is open is said; private networks are a warning in production only."""
    ports = "Mail ports 25, 587 and web ports 443 of public addresses may be dialled"
    given = {"egress_allow_ports": "25,587"}
    assert told(check_egress(load(**given))) == (FINE, f"{ports}, and no private network.")
    given |= {"egress_allow_networks": NETWORK}
    assert told(check_egress(load(**given))) == (WARNING, f"{ports}, and also {NETWORK}.")
    assert told(check_egress(load(mode="development", **given)))[0] is FINE


@pytest.mark.parametrize(
    ("trusted", "url", "verdict"),
    [
        ("*", HTTPS, BAD),
        ("10.0.0.1, *", None, BAD),
        ("10.0.0.1", HTTPS, FINE),
        ("", HTTPS, FINE),
        (None, HTTPS, WARNING),
        (None, None, FINE),
    ],
)
def test_proxies(trusted: str | None, url: str | None, verdict: Verdict) -> None:
    """Everybody's word is bad; the default behind https is a warning."""
    assert told(check_proxies(load(public_url=url), trusted))[0] is verdict


@pytest.mark.parametrize(
    ("networks", "verdict"),
    [("10.0.0.5", FINE), ("10.0.0.0/8, ::1", FINE), ("0.0.0.0/0", BAD), ("10.0.0.5, ::/0", BAD)],
)
def test_proxies_of_the_setting(networks: str, verdict: Verdict) -> None:
    """It wins over uvicorn's variable; a network of everybody is bad."""
    settings = load(public_url=HTTPS, trusted_proxies=networks)
    assert told(check_proxies(settings, "*"))[0] is verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, FINE),
        ({"explorer": True}, WARNING),
        ({"demo": True}, WARNING),
        ({"mode": "development"}, FINE),
    ],
)
def test_exposure(changes: dict[str, object], verdict: Verdict) -> None:
    """The query page and the demonstration in production are told."""
    assert told(check_exposure(load(**changes)))[0] is verdict


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        (None, FINE),
        ("postgresql://ann:geheim@localhost/mail", FINE),
        ("postgresql://ann:geheim@127.0.0.1/mail", FINE),
        ("postgresql:///mail?host=/run/postgresql", FINE),
        ("postgresql://ann:geheim@db.example/mail", WARNING),
        ("postgresql://ann:geheim@db.example/mail?ssl=disable", WARNING),
        ("postgresql://ann:geheim@db.example/mail?ssl=require", WARNING),
        ("postgresql://ann:geheim@db.example/mail?ssl=verify-full", FINE),
    ],
)
def test_database_tls(url: str | None, verdict: Verdict) -> None:
    """A database on another machine whose connections may be bare is told, without its password."""
    checked = check_database_tls(load(database_url=url))
    assert told(checked)[0] is verdict
    assert "geheim" not in repr(checked)


# ---- before the start --------------------------------------------------------------------------


def test_nothing_speaks_against_a_start_in_order(data: Path) -> None:
    """Keys of their own, https and named proxies: nothing is said."""
    settings = load(data_dir=data, public_url=HTTPS, trusted_proxies="127.0.0.1")
    assert check_start(settings, NOW, {}) == ()


def test_what_speaks_against_a_start_comes_worst_first(data: Path) -> None:
    """Keys that others may read come before warnings; each says what to do."""
    for name in ("encryption.keys", "signing.key"):
        (data / "keys" / name).chmod(0o644)
    found = check_start(load(data_dir=data, explorer=True), NOW, {"FORWARDED_ALLOW_IPS": "*"})
    names = ["encryption keys", "signing key", "proxies", "address", "exposure"]
    assert [each.check for each in found] == names
    assert [each.verdict for each in found] == [BAD, BAD, BAD, WARNING, WARNING]
    assert all(each.advice for each in found)


# ---- data folder -------------------------------------------------------------------------------


def test_folder(data: Path) -> None:
    """Its owner's alone is fine; the look leaves nothing behind."""
    before = sorted(data.iterdir())
    assert told(check_folder(data))[0] is FINE
    assert sorted(data.iterdir()) == before
    data.chmod(0o750)
    sentence = f"{data} may be entered or read by others (mode 0750)."
    assert told(check_folder(data)) == (WARNING, sentence)


def test_a_folder_that_is_missing_or_cannot_be_written(tmp_path: Path) -> None:
    """Both are bad; nothing is made. Nobody can make a file in /proc, not even root."""
    none = tmp_path / "none"
    assert told(check_folder(none)) == (BAD, f"There is no data folder {none}.")
    assert told(check_disk(none))[0] is WARNING
    assert not none.exists()
    verdict, sentence = told(check_folder(Path("/proc")))
    assert (verdict, sentence.startswith("/proc cannot be written: ")) == (BAD, True)


@pytest.mark.parametrize(
    ("free_bytes", "verdict", "room"),
    [
        (5 * 1024**3, FINE, "5.0 GiB"),
        (1024**3, FINE, "1.0 GiB"),
        (1024**3 - 1, WARNING, "1023 MiB"),
        (100 * 1024**2, WARNING, "100 MiB"),
        (100 * 1024**2 - 1, BAD, "99 MiB"),
    ],
)
def test_disk(free_bytes: int, verdict: Verdict, room: str) -> None:
    """Below 1 GiB is a warning, below 100 MiB bad."""
    sentence = f"{room} are free on the disk of the data folder."
    assert told(judged_disk(free_bytes)) == (verdict, sentence)


# ---- keys --------------------------------------------------------------------------------------


def test_encryption_keys(data: Path) -> None:
    """The newest key is told with its age, and never its material."""
    checked = check_encryption_keys(load(data_dir=data), NOW)
    assert told(checked) == (FINE, "1 key can be read; the newest is 20261101-aa, 22 days old.")
    assert SEED not in repr(checked)


@pytest.mark.parametrize(
    ("id", "verdict", "age"),
    [
        ("20251123-aa", FINE, "is 20251123-aa, 365 days old."),
        ("20251122-aa", WARNING, "is 20251122-aa, 366 days old."),
        ("20261124-aa", FINE, "is 20261124-aa, 0 days old."),
        ("20269999-aa", FINE, "is 20269999-aa, which tells no date."),
        ("first", FINE, "is first, which tells no date."),
    ],
)
def test_age_of_the_newest_key(id: str, verdict: Verdict, age: str) -> None:
    """More than a year is a warning, where the id tells; older keys do not count."""
    keys = f"{Key(id, MATERIAL).line()},{generate_key(NOW - timedelta(days=900)).line()}"
    checked = check_encryption_keys(load(encryption_keys=keys), NOW)
    assert told(checked) == (verdict, f"2 keys can be read; the newest {age}")


def test_key_files_that_others_may_read(data: Path) -> None:
    """Mode and owner of both files are looked at."""
    settings = load(data_dir=data)
    for name in ("encryption.keys", "signing.key"):
        path = data / "keys" / name
        path.chmod(0o640)
        checked = (
            check_encryption_keys(settings, NOW)
            if name == "encryption.keys"
            else check_signing_key(settings)
        )
        assert told(checked) == (BAD, f"{path} may be read by others (mode 0640).")


def test_a_key_file_of_another_user(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not own the key file is told whose it is."""
    path = data / "keys" / "encryption.keys"
    owner = path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    sentence = f"{path} belongs to user {owner}, not to user {owner + 1}."
    assert told(check_encryption_keys(load(data_dir=data), NOW)) == (BAD, sentence)


def test_keys_that_are_missing_or_broken(data: Path) -> None:
    """They are bad but for a signing key that is made at start; none is made or repeated."""
    settings, keys = load(data_dir=data), data / "keys"
    write_key(keys / "encryption.keys", "a:geheim")
    write_key(keys / "signing.key", "geheim")
    found = [check_encryption_keys(settings, NOW), check_signing_key(settings)]
    assert [told(checked)[0] for checked in found] == [BAD, BAD]
    assert "geheim" not in repr(found)
    for path in keys.iterdir():
        path.unlink()
    found = [check_encryption_keys(settings, NOW), check_signing_key(settings)]
    assert [told(checked) for checked in found] == [
        (BAD, f"There is no key file {keys / 'encryption.keys'}."),
        (WARNING, f"There is no signing key {keys / 'signing.key'}."),
    ]
    assert list(keys.iterdir()) == []


def test_keys_from_the_environment() -> None:
    """They are judged without a file; a broken one is not repeated."""
    settings = load(data_dir=Path("/none"), encryption_keys=KEY_TEXT, signing_key=SEED)
    found = [check_encryption_keys(settings, NOW), check_signing_key(settings)]
    assert [told(checked)[0] for checked in found] == [FINE, FINE]
    settings = load(encryption_keys="geheim", signing_key="geheim")
    found = [check_encryption_keys(settings, NOW), check_signing_key(settings)]
    assert [told(checked)[0] for checked in found] == [BAD, BAD]
    assert "geheim" not in repr(found)


@pytest.mark.parametrize(
    ("sealed", "verdict", "sentence"),
    [
        ({}, FINE, "There are no secrets yet."),
        ({"new": 3}, FINE, "3 of 3 secrets are under the newest key."),
        ({"new": 3, "old": 2}, WARNING, "2 of 5 secrets are not under the newest key."),
        ({"new": 3, "x": 4}, BAD, "4 of 7 secrets are under keys that are not there: x."),
    ],
)
def test_secrets(sealed: Mapping[str, int], verdict: Verdict, sentence: str) -> None:
    """Secrets under an older key are a warning, those that no key opens are bad."""
    keys = ",".join(Key(id, MATERIAL).line() for id in ("new", "old"))
    assert told(check_secrets(load(encryption_keys=keys), sealed)) == (verdict, sentence)


def test_secrets_without_any_key(tmp_path: Path) -> None:
    """With a lost key file all secrets are lost; without secrets nothing is."""
    settings = load(data_dir=tmp_path)
    sentence = "2 of 2 secrets are under keys that are not there: first."
    assert told(check_secrets(settings, {"first": 2})) == (BAD, sentence)
    assert told(check_secrets(settings, {}))[0] is FINE


# ---- database ----------------------------------------------------------------------------------


@pytest.mark.servers
async def test_database(engine: str, database_url: str, keyring: Keyring) -> None:
    """One look tells version, schema, clock and the keys of the secrets that there are."""
    database = Database.open(StorageSettings(database_url), keyring)
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        await work.secrets.add("incoming", password("kept"))
    await database.close()
    settings = load(database_url=database_url, encryption_keys=KEY_TEXT)
    found = await check_database(settings, utc_now)
    assert [(checked.check, checked.verdict) for checked in found] == [
        ("database", FINE),
        ("migrations", FINE),
        ("clock", FINE),
        ("secrets", FINE),
    ]
    product = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine]
    assert found[0].found.startswith(f"{product} ")
    assert found[3].found == "1 of 1 secrets are under the newest key."
    other = load(database_url=database_url, encryption_keys=generate_key(NOW).line())
    found = await check_database(other, lambda: utc_now() - timedelta(minutes=5))
    assert found[2].verdict is {"sqlite": FINE, "postgresql": BAD}[engine]
    sentence = "1 of 1 secrets are under keys that are not there: first."
    assert told(found[3]) == (BAD, sentence)


@pytest.mark.servers
async def test_a_database_without_tables(engine: str, empty_url: str, tmp_path: Path) -> None:
    """The check says which command makes them."""
    if engine == "sqlite":
        (tmp_path / "empty.db").touch()
    found = await check_database(load(database_url=empty_url), utc_now)
    assert told(found[1]) == (BAD, "The database has no tables of mailconfig.")
    assert found[1].advice == "Run: mailconfig migrate"


async def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    """A look at a SQLite file that is not there leaves it so."""
    found = await check_database(load(data_dir=tmp_path), utc_now)
    path = tmp_path / "mailconfig.db"
    assert [told(checked) for checked in found] == [(BAD, f"There is no database {path}.")]
    assert not path.exists()


@pytest.mark.servers
async def test_a_refused_sign_in_is_a_sentence(postgres: PostgresServer, data: Path) -> None:
    """A wrong password of the database is bad, and is not repeated."""
    url = postgres.create_database().replace(f":{postgres.password}@", ":geheim@")
    settings = load(data_dir=data, database_url=url, dns_servers="127.0.0.1:1", dns_seconds=0.1)
    found = await checkup(settings, CheckupRequest())
    assert told(found["database"]) == (BAD, "The database does not work (InvalidPasswordError).")
    assert "geheim" not in repr(found)


@pytest.mark.parametrize(
    ("product", "version", "verdict"),
    [
        ("postgresql", (13,), FINE),
        ("postgresql", (12, 22), BAD),
        ("sqlite", (3, 35, 0), FINE),
        ("sqlite", (3, 34, 1), BAD),
    ],
)
def test_versions(product: str, version: tuple[int, ...], verdict: Verdict) -> None:
    """PostgreSQL from 13 and SQLite from 3.35 are fine."""
    assert told(judged_database(DatabaseState(product, version, 0.1, None, None)))[0] is verdict


def test_revisions() -> None:
    """An older schema is migrated; a newer one needs a newer version."""
    head = head_revision()
    assert told(judged_revision(head, head))[0] is FINE
    older, newer = judged_revision("0000", head), judged_revision("9999", head)
    assert told(older) == (BAD, f"The database is at 0000, but this version needs {head}.")
    assert older.advice == "Run: mailconfig migrate"
    assert told(newer) == (BAD, f"The database is at 9999, but this version needs {head}.")
    assert newer.advice == "Install the version that has migrated the database."


@pytest.mark.servers
async def test_a_trail_that_nothing_keeps(engine: str, database_url: str) -> None:
    """Triggers of the trail that are missing, or switched off, are a warning that names them."""
    name, statements = {
        "sqlite": ("tr_audit_events_delete", ["DROP TRIGGER tr_audit_events_delete"]),
        "postgresql": (
            "tr_audit_events_change, tr_audit_events_truncate",
            [
                "ALTER TABLE audit_events DISABLE TRIGGER tr_audit_events_change",
                "DROP TRIGGER tr_audit_events_truncate ON audit_events",
            ],
        ),
    }[engine]
    made = create_async_engine(url_of(StorageSettings(database_url)))
    async with made.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await made.dispose()
    found = await check_database(load(database_url=database_url), utc_now)
    sentence = f"The audit trail is not kept: {name} missing or off."
    assert (found[1].check, *told(found[1])) == ("migrations", WARNING, sentence)


@pytest.mark.servers
@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (
            "DROP SCHEMA mailconfig_queue CASCADE",
            "pgqueuer, pgqueuer_id_seq, pgqueuer_log, tg_pgqueuer_changed, tr_messages_forget_job",
        ),
        ("DROP TABLE mailconfig_queue.pgqueuer_log", "pgqueuer_log"),
        ("ALTER TABLE messages DISABLE TRIGGER tr_messages_forget_job", "tr_messages_forget_job"),
    ],
    ids=["all", "table", "trigger"],
)
async def test_a_queue_that_is_not_whole(database_url: str, statement: str, names: str) -> None:
    """Without it no message goes out: that is bad, and what is missing is named."""
    made = create_async_engine(url_of(StorageSettings(database_url)))
    async with made.begin() as connection:
        await connection.exec_driver_sql(statement)
    await made.dispose()
    found = await check_database(load(database_url=database_url), utc_now)
    sentence = f"No message can be sent: {names} missing, off or not allowed."
    assert (found[1].check, *told(found[1])) == ("migrations", BAD, sentence)


@pytest.mark.parametrize(
    ("ahead_seconds", "verdict", "apart"),
    [
        (5.0, FINE, "5.0 s ahead of"),
        (5.1, WARNING, "5.1 s ahead of"),
        (-60.0, WARNING, "60.0 s behind"),
        (-60.1, BAD, "60.1 s behind"),
    ],
)
def test_clock(ahead_seconds: float, verdict: Verdict, apart: str) -> None:
    """More than 5 s is a warning, more than 60 s bad, both ways."""
    sentence = f"The database's clock is {apart} this machine's."
    assert told(judged_clock(ahead_seconds)) == (verdict, sentence)


# ---- files and counters ------------------------------------------------------------------------


async def test_files(data: Path) -> None:
    """An object is written, read and deleted: nothing stays."""
    assert told(await check_blobs(load(data_dir=data)))[0] is FINE
    assert list((data / "blobs").iterdir()) == []


async def test_a_folder_of_files_stays_as_it_is(data: Path) -> None:
    """The look changes no mode, neither of the folder nor of what a link leads to."""
    folder, elsewhere = data / "blobs", data / "elsewhere"
    for made in (folder, elsewhere):
        made.mkdir(exist_ok=True)
        made.chmod(0o750)
    (data / "link").symlink_to(elsewhere)
    for url in (None, f"file://{folder}", f"file://{data / 'link'}"):
        assert told(await check_blobs(load(data_dir=data, blob_url=url)))[0] is FINE
    assert [made.stat().st_mode & 0o777 for made in (folder, elsewhere)] == [0o750] * 2


async def test_files_that_cannot_be_kept(data: Path) -> None:
    """A store of no kind is bad; a folder that `serve` has yet to make is a warning."""
    assert told(await check_blobs(load(data_dir=data, blob_url="ftp://files")))[0] is BAD
    folder = data / "blobs"
    folder.rmdir()
    for url in (None, f"file://{folder}", f"file:{folder}"):
        checked = await check_blobs(load(data_dir=data, blob_url=url))
        assert told(checked) == (WARNING, f"There is no folder {folder} yet.")
    assert not folder.exists()


async def test_a_store_that_cannot_be_opened_is_bad(data: Path) -> None:
    """A file where the folder of a store should be is a sentence, and stays as it is."""
    taken = data / "taken"
    write_key(taken, "a file")
    checked = await check_blobs(load(data_dir=data, blob_url=f"file://{taken}"))
    assert told(checked) == (BAD, f"{taken} is no folder.")
    assert taken.read_text() == "a file"


async def test_a_store_that_gives_back_other_bytes_is_bad(data: Path) -> None:
    """What is read must be what was written."""

    class Forgetful(ObstoreBlobs):
        """Keeps the first byte only."""

        async def read(self, name: str) -> AsyncIterator[bytes]:
            """Give back less."""
            async for chunk in super().read(name):
                yield chunk[:1]

    checked = await judged_store(Forgetful.in_memory())
    assert told(checked) == (BAD, "The store of files gave back other bytes than it got.")


@pytest.mark.servers
async def test_limits(redis: Redis) -> None:
    """A store that answers is fine by either name; one that is away is bad."""
    for url in (redis.url, redis.url.replace("redis", "valkey", 1)):
        settings = load(rate_limit_storage_url=url)
        sentence = "The store of limits at 127.0.0.1 answers."
        assert told(await check_limits(settings)) == (FINE, sentence)
    redis.stop()
    setting = "MAILCONFIG_RATE_LIMIT_STORAGE_URL"
    away = (BAD, f"{setting}: The store of limits does not answer.")
    assert told(await check_limits(load(rate_limit_storage_url=redis.url))) == away


async def test_limits_without_a_store() -> None:
    """Counting alone is a warning; a URL of another kind is bad and not repeated."""
    assert told(await check_limits(load()))[0] is WARNING
    checked = await check_limits(load(rate_limit_storage_url="http://:geheim@store"))
    assert told(checked)[0] is BAD
    assert "geheim" not in repr(checked)


# ---- network -----------------------------------------------------------------------------------


async def test_dns() -> None:
    """An address is fine, a name without one a warning, and no answer bad."""
    async with DnsServer() as dns:
        dns.answer("example.com", "192.0.2.1", "2001:db8::1")
        dns.silent("silent.example")
        asked = ResolverSettings(
            dns_servers=(dns.endpoint,), timeout_seconds=0.3, attempt_seconds=0.3
        )
        resolver = ServersResolver(asked)
        known = await check_dns(resolver, "Example.com")
        unknown = await check_dns(resolver, "none.example")
        silent = await check_dns(resolver, "silent.example")
    assert told(known)[0] is FINE
    assert known.found.startswith("The DNS knows 2 addresses of Example.com, in ")
    assert told(unknown)[0] is WARNING
    assert told(silent) == (BAD, "No DNS server has an answer about silent.example.")


class Scout:
    """Answers with a matrix."""

    def __init__(self, *reaches: PortReach) -> None:
        self.reaches = reaches

    async def scout(self, _host: str, _seconds: float) -> tuple[PortReach, ...]:
        """Answer at once."""
        return self.reaches


async def test_ports() -> None:
    """One open port is fine; none, and no address, are bad."""
    silent = PortReach(25, IpVersion.IPV4, PortState.SILENT, 3000)
    opened = PortReach(587, IpVersion.IPV4, PortState.OPEN, 20)
    missing = PortReach(587, IpVersion.IPV6, PortState.NO_ADDRESS)
    checked = await check_ports(Scout(silent, opened, missing), "mx.example", 1)
    assert told(checked) == (FINE, "Ports of mx.example from here: open: 587; silent: 25.")
    checked = await check_ports(Scout(silent, missing), "mx.example", 1)
    assert told(checked) == (BAD, "Ports of mx.example from here: silent: 25.")
    checked = await check_ports(Scout(), "mx.example", 1)
    assert told(checked) == (BAD, "mx.example has no address that may be dialled.")


async def test_ports_are_dialled_when_asked_for(data: Path) -> None:
    """The scout of connection tests is asked, behind egress: this machine is refused."""
    settings = load(
        data_dir=data, dns_servers="127.0.0.1:1", dns_seconds=0.1, egress_refusal_seconds=0.1
    )
    found = await checkup(settings, CheckupRequest(ports_host="127.0.0.1"))
    sentence = "127.0.0.1 has no address that may be dialled."
    assert told(found["ports"]) == (BAD, sentence)
