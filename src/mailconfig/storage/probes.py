"""Connection tests of one workspace, with their steps.

A test lives in one process. When that is gone the row stays unfinished; past its deadline and its
lease every reader takes it for TIMED_OUT, and nobody can finish it any more.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from mailconfig.domain.errors import NotFound
from mailconfig.domain.pages import OrderDirection, Page, PageRequest
from mailconfig.domain.probes import FINISHED, ConnectionTest, ProbeStep, TestStatus
from mailconfig.storage.keyset import Listing, Order
from mailconfig.storage.probing import (
    overdue,
    read_step,
    read_test,
    step_values,
    test_values,
    verdict_values,
)
from mailconfig.storage.tables import configs, connection_test_steps, connection_tests
from mailconfig.storage.transaction import AnyRow, Transaction, Upsert

_TESTS: Final = connection_tests.c
_STEPS: Final = connection_test_steps.c
_SELECT: Final = select(connection_tests)
_NEWEST_FIRST: Final = Order(_TESTS.created_at, _TESTS.id, OrderDirection.DESC)


class ProbeRepository:
    """Writes the course of tests and reads it back."""

    def __init__(self, transaction: Transaction, workspace_id: UUID) -> None:
        self._transaction = transaction
        self._workspace_id = workspace_id

    async def insert(self, test: ConnectionTest, process: str, lease_until: datetime) -> None:
        """Store a new test that `process` runs, with the steps that it will take.

        It goes into the workspace of this transaction, whatever `test.workspace_id` says.
        """
        row = test_values(test) | {
            "workspace_id": self._workspace_id,
            "process": process,
            "lease_until": lease_until,
            "cancel_requested": False,
        }
        await self._transaction.run(insert(connection_tests).values(row))
        await self._transaction.run_many(insert(connection_test_steps), _placed(test))

    async def save_steps(self, steps: Sequence[tuple[UUID, ProbeStep]]) -> None:
        """Store the latest state of steps, each beside its test's id, in one round trip.

        A step that is new to its test gets the next place. A test that has ended is left as it is.
        """
        rows = [{"of_test": test_id, **_bound(step_values(step))} for test_id, step in steps]
        await self._transaction.run_many(self._save_steps_statement(), rows)

    def _save_steps_statement(self) -> Upsert:
        test_id = bindparam("of_test", type_=_STEPS.test_id.type)
        names = [name for name in _STEPS.keys() if name not in {"test_id", "position"}]  # noqa: SIM118 - no dict
        next_position = (
            select(func.coalesce(func.max(_STEPS.position), -1) + 1)
            .where(_STEPS.test_id == test_id)
            .scalar_subquery()
        )
        values = [bindparam(f"new_{name}", type_=_STEPS[name].type) for name in names]
        running = select(_TESTS.id).where(self._running(test_id)).exists()
        source = select(test_id, *values, next_position).where(running)
        statement = self._transaction.upsert(connection_test_steps).from_select(
            ["test_id", *names, "position"], source
        )
        return statement.on_conflict_do_update(
            index_elements=["test_id", "protocol", "kind"],
            set_={name: statement.excluded[name] for name in names},
        )

    async def start(self, test_id: UUID) -> bool:
        """Turn a waiting test into a running one; tell whether it was waiting."""
        guard = and_(self._running(test_id), _TESTS.status == TestStatus.QUEUED.value)
        return await self._update(guard, {"status": TestStatus.RUNNING.value})

    async def finish(self, test: ConnectionTest) -> bool:
        """Store how a test ended, with its steps in their order; tell whether it was unfinished."""
        if not await self._update(self._running(test.id), verdict_values(test)):
            return False
        rows = _placed(test)
        statement = self._transaction.upsert(connection_test_steps)
        changing = [name for name in (rows[0] if rows else ()) if name != "test_id"]
        await self._transaction.run_many(
            statement.on_conflict_do_update(
                index_elements=["test_id", "protocol", "kind"],
                set_={name: statement.excluded[name] for name in changing or ("position",)},
            ),
            rows,
        )
        return True

    async def get(self, id: UUID) -> ConnectionTest:
        """Return one with its steps; raises NotFound."""
        found = await self._read(_SELECT.where(self._mine(), _TESTS.id == id))
        if not found:
            raise NotFound
        return found[0]

    async def page(self, config_id: UUID, request: PageRequest) -> Page[ConnectionTest]:
        """Return the tests of a configuration with their steps, newest first."""
        listing = Listing(_SELECT.where(self._of(config_id)), _NEWEST_FIRST, lambda row: row)
        page = await listing.page(self._transaction, request)
        tests = await self._with_steps(page.rows)
        return Page(tests, page.keys, page.has_next, page.has_previous)

    async def count(self, config_id: UUID) -> int:
        """Count the tests of a configuration."""
        counted = select(func.count()).select_from(connection_tests).where(self._of(config_id))
        return int(await self._transaction.scalar(counted))

    async def latest(self, config_ids: Collection[UUID]) -> dict[UUID, ConnectionTest]:
        """Return the newest test of each configuration that has one, with its steps."""
        newest = self._newest(configs.c.id).limit(1).correlate(configs).scalar_subquery()
        chosen = select(newest).where(
            configs.c.workspace_id == self._workspace_id, configs.c.id.in_(tuple(config_ids))
        )
        tests = await self._read(_SELECT.where(self._mine(), _TESTS.id.in_(chosen)))
        return {test.config_id: test for test in tests if test.config_id is not None}

    async def prune(self, config_id: UUID, keep: int) -> int:
        """Remove ended tests beyond the newest `keep`, but never the one the configuration names.

        Returns how many were removed.
        """
        kept = self._newest(literal(config_id)).limit(keep)
        named = select(configs.c.last_test_id).where(
            configs.c.workspace_id == self._workspace_id,
            configs.c.id == config_id,
            configs.c.last_test_id.is_not(None),
        )
        return await self._transaction.changed(
            delete(connection_tests).where(
                self._of(config_id),
                or_(_TESTS.status.in_(FINISHED), overdue(self._transaction.now)),
                _TESTS.id.not_in(kept),
                _TESTS.id.not_in(named),
            )
        )

    async def request_cancel(self, id: UUID) -> bool:
        """Ask the process that runs a test to stop it; tell whether the test was unfinished."""
        return await self._update(self._running(id), {"cancel_requested": True})

    async def cancel_requested(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the tests that somebody wants stopped."""
        asked = select(_TESTS.id).where(
            self._mine(), _TESTS.id.in_(tuple(ids)), _TESTS.cancel_requested.is_(True)
        )
        return {row.id for row in await self._transaction.all(asked)}

    async def _update(self, guard: ColumnElement[bool], values: dict[str, object]) -> bool:
        statement = update(connection_tests).where(guard).values(values)
        return await self._transaction.changed(statement) > 0

    async def _read(self, statement: Select[tuple[object, ...]]) -> tuple[ConnectionTest, ...]:
        return await self._with_steps(await self._transaction.all(statement))

    async def _with_steps(self, rows: Sequence[AnyRow]) -> tuple[ConnectionTest, ...]:
        """Read the steps of all tests by one statement."""
        if not rows:
            return ()
        found = await self._transaction.all(
            select(connection_test_steps)
            .where(_STEPS.test_id.in_([row.id for row in rows]))
            .order_by(_STEPS.test_id, _STEPS.position, _STEPS.protocol, _STEPS.kind)
        )
        steps: dict[UUID, list[ProbeStep]] = {row.id: [] for row in rows}
        for row in found:
            steps[row.test_id].append(read_step(row))
        now = self._transaction.now
        return tuple(read_test(row, tuple(steps[row.id]), now) for row in rows)

    def _newest(self, config_id: ColumnElement[UUID]) -> Select[tuple[UUID]]:
        """Select the tests of a configuration, newest first."""
        tests = connection_tests.alias()
        mine = and_(tests.c.workspace_id == self._workspace_id, tests.c.config_id == config_id)
        newest_first = (tests.c.created_at.desc(), tests.c.id.desc())
        return select(tests.c.id).where(mine).order_by(*newest_first)

    def _mine(self) -> ColumnElement[bool]:
        return _TESTS.workspace_id == self._workspace_id

    def _of(self, config_id: UUID) -> ColumnElement[bool]:
        return and_(self._mine(), _TESTS.config_id == config_id)

    def _running(self, id: UUID | BindParameter[UUID]) -> ColumnElement[bool]:
        """Select a test that has not ended and is not overdue."""
        finished = [_TESTS.status == status.value for status in sorted(FINISHED)]
        ended = or_(*finished, overdue(self._transaction.now))
        return and_(self._mine(), _TESTS.id == id, ~ended)


def _placed(test: ConnectionTest) -> list[dict[str, object]]:
    """Return the rows of a test's steps, in their order."""
    return [
        {"test_id": test.id, "position": position, **step_values(step)}
        for position, step in enumerate(test.steps)
    ]


def _bound(values: dict[str, object]) -> dict[str, object]:
    """Name values so that no parameter has the name of a column, which upserts keep for theirs."""
    return {f"new_{name}": value for name, value in values.items()}
