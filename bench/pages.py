"""Pages at both ends of a long list, on PostgreSQL and on SQLite.

    python bench/pages.py [--rows 1000000] [--only postgresql]

A page of 50 configurations with all their facts, newest first: the first one, one from the middle
and the last ones, each at a place that a cursor names. Ends with status 1 when any takes more than
twice as long as the first. Also shows what counting the list takes, which nobody is made to wait
for. Needs Debian's postgresql; takes some minutes, nearly all of them for the rows.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from sqlalchemy import text

from kit.database import KEY_TEXT
from kit.postgres import PostgresServer
from kit.records import make_tenant
from kit.servers import RunFolder
from mailconfig.domain.configs import ConfigFilter, ConfigOrderField, Visibility
from mailconfig.domain.pages import Keyset, OrderDirection, PageRequest
from mailconfig.domain.selections import EVERYTHING, ConfigPage, ConfigRows
from mailconfig.storage.database import Database, StorageSettings
from mailconfig.storage.migration import migrate
from mailconfig.storage.sealing import Keyring

START = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Visibility(everything=True)
MOST = 2.0
ROUNDS = 200
COLUMNS = """id, workspace_id, owner_id, revision, name, name_key, email_address, address_key,
  enabled, status, created_at, updated_at, incoming_host, incoming_port, incoming_security,
  incoming_authentication, incoming_username"""
FACTS = """:workspace, :user, 1, 'Config ' || n, 'config ' || n, 'u' || n || '@example.com',
  'u' || n || '@example.com', {true}, 'UNVERIFIED', {moment}, {moment}, 'imap.example.com', 993,
  'TLS', 'AUTO', 'u' || n"""
# Nothing in these texts comes from outside of this file.
POSTGRES = f"""INSERT INTO configs ({COLUMNS})
  SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), {FACTS} FROM generate_series(1, :rows) AS n"""  # noqa: S608
SQLITE = f"""WITH RECURSIVE numbers(n) AS
  (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)
  INSERT INTO configs ({COLUMNS}) SELECT printf('%032x', n), {FACTS} FROM numbers"""  # noqa: S608


def main() -> int:
    """Run and print; the exit status tells whether the limit was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    arguments = parser.parse_args()
    kept = True
    if arguments.only != "sqlite":
        with RunFolder.create() as folder:
            server = folder.share("postgres", PostgresServer, PostgresServer.start)
            kept &= asyncio.run(_measured(server.create_database(), arguments.rows))
    if arguments.only != "postgresql":
        with TemporaryDirectory() as folder:
            kept &= asyncio.run(_measured(f"sqlite:///{folder}/pages.db", arguments.rows))
    return 0 if kept else 1


async def _measured(url: str, rows: int) -> bool:
    settings = StorageSettings(url)
    await migrate(settings)
    database = Database.open(settings, Keyring.of_text(KEY_TEXT))
    try:
        workspace_id = await _filled(database, rows)
        print(f"\n{url.partition(':')[0]}, {rows} configurations, page of 50: milliseconds")
        return await _table(database, workspace_id, rows)
    finally:
        await database.close()


async def _filled(database: Database, rows: int) -> UUID:
    tenant = await make_tenant(database, "acme")
    engine = database._engines.writing  # noqa: SLF001 - a million rows by one statement
    postgres = engine.dialect.name == "postgresql"
    if postgres:
        moment = "CAST('2026-01-01 00:00:00+00' AS timestamptz) + n * interval '1 second'"
        statement = POSTGRES.format(moment=moment, true="true")
        given: dict[str, object] = {"workspace": tenant.workspace_id, "user": tenant.user_id}
    else:
        moment = "strftime('%Y-%m-%d %H:%M:%S.000000', 1767225600 + n, 'unixepoch')"
        statement = SQLITE.format(moment=moment, true="1")
        given = {"workspace": tenant.workspace_id.hex, "user": tenant.user_id.hex}
    async with engine.begin() as connection:
        await connection.execute(text(statement), {**given, "rows": rows})
    async with engine.connect() as connection:
        # Vacuuming is what the server does by itself a minute later.
        automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await automatic.exec_driver_sql("VACUUM ANALYZE" if postgres else "ANALYZE")
    return tenant.workspace_id


async def _table(database: Database, workspace_id: UUID, rows: int) -> bool:
    def place(number: int) -> Keyset:
        moment = START + timedelta(seconds=number)
        return Keyset(moment.isoformat(), str(UUID(int=number)))

    def asking(request: PageRequest) -> Callable[[], Awaitable[ConfigRows]]:
        page = ConfigPage(ConfigOrderField.CREATED_AT, OrderDirection.DESC, request)
        return lambda: database.reads.page(workspace_id, ALL, ConfigFilter(), EVERYTHING, page)

    asked = {
        "first": asking(PageRequest(50)),
        "middle": asking(PageRequest(50, after=place(rows // 2))),
        "end": asking(PageRequest(50, after=place(51))),
        "last 50": asking(PageRequest(50, backward=True)),
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, ask in asked.items():  # interleaved, so that all meet the same machine
            taken[name].append(await _milliseconds(ask))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    kept = True
    for name, median in medians.items():
        ratio = median / medians["first"]
        kept &= ratio <= MOST
        said = "" if ratio <= MOST else f" (NOT KEPT: {MOST}x)"
        print(f"{name:10}{median:8.2f}{ratio:8.2f}x{said}")
    count = await _milliseconds(lambda: database.reads.count(workspace_id, ALL, ConfigFilter()))
    print(f"{'count':10}{count:8.2f}")
    return kept


async def _milliseconds(ask: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await ask()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    sys.exit(main())
