"""The audit trail."""

from datetime import timedelta

import pytest

from kit.records import Tenant, make_tenant
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.request import request_id
from mailconfig.storage.audit import AuditFilter
from mailconfig.storage.database import Database


async def test_events_come_newest_first(database: Database) -> None:
    """An event keeps its facts, the request's id and its moment; the system has no actor."""
    tenant = await make_tenant(database, "acme")
    object_id = new_id()
    token = request_id.set("req-1")
    details = {"name": "Straße", "count": 7, "shared": True, "owner": None}
    async with database.work(tenant.workspace_id) as work:
        await work.audit.append(tenant.user_id, "config.created", "config", object_id, details)
    request_id.reset(token)
    async with database.work(tenant.workspace_id) as work:
        await work.audit.append(None, "keys.rotated", "workspace", None, {})
    async with database.reading(tenant.workspace_id) as work:
        page = await work.audit.page(PageRequest())
    newest, first = page.rows
    assert (first.actor_id, first.action, first.object_type, first.object_id) == (
        tenant.user_id,
        "config.created",
        "config",
        object_id,
    )
    assert (first.details, first.request_id) == (details, "req-1")
    assert (newest.actor_id, newest.details, newest.request_id) == (None, {}, "-")
    assert newest.created_at > first.created_at
    assert (page.has_next, page.has_previous) == (False, False)


async def three_events(database: Database, tenant: Tenant) -> list[object]:
    """Add three events, each in a transaction of its own, and return their ids, oldest first."""
    for action in ("login", "config.submit", "login"):
        async with database.work(tenant.workspace_id) as work:
            object_id = tenant.user_id if action == "login" else None
            actor = tenant.user_id if action == "config.submit" else None
            await work.audit.append(actor, action, "user", object_id, {})
    async with database.reading(tenant.workspace_id) as work:
        return [event.id for event in (await work.audit.page(PageRequest())).rows][::-1]


async def test_conditions_choose_events(database: Database) -> None:
    """Each condition counts, and all together."""
    tenant = await make_tenant(database, "acme")
    ids = await three_events(database, tenant)
    async with database.reading(tenant.workspace_id) as work:
        whole = (await work.audit.page(PageRequest())).rows
        second = whole[1].created_at
        cases = [
            (AuditFilter(), [2, 1, 0]),
            (AuditFilter(actions=("login",)), [2, 0]),
            (AuditFilter(actions=("login", "config.submit")), [2, 1, 0]),
            (AuditFilter(actor_id=tenant.user_id), [1]),
            (AuditFilter(object_id=tenant.user_id), [2, 0]),
            (AuditFilter(created_from=second), [2, 1]),
            (AuditFilter(created_before=second), [0]),
            (AuditFilter(("login",), created_before=second), [0]),
            (AuditFilter(("nothing",)), []),
        ]
        for filter, wanted in cases:
            page = await work.audit.page(PageRequest(), filter)
            assert [ids.index(event.id) for event in page.rows] == wanted, filter


async def test_what_follows_comes_oldest_first(database: Database) -> None:
    """A batch goes on behind an event, or begins at a moment, and is as long as was asked for."""
    tenant = await make_tenant(database, "acme")
    ids = await three_events(database, tenant)
    async with database.reading(tenant.workspace_id) as work:
        batch = await work.audit.following(None, None, 2)
        assert [event.id for event in batch] == ids[:2]
        rest = await work.audit.following(batch[1], None, 2)
        assert [event.id for event in rest] == ids[2:]
        assert list(await work.audit.following(rest[0], None, 2)) == []
        late = await work.audit.following(None, batch[1].created_at, 9)
        assert [event.id for event in late] == ids[1:]
        later = rest[0].created_at + timedelta(microseconds=1)
        assert list(await work.audit.following(None, later, 9)) == []


@pytest.mark.parametrize("known", [True, False])
async def test_an_event_of_a_workspace_that_may_not_be(database: Database, known: bool) -> None:
    """It is added where the workspace is; nothing is anywhere where it is not."""
    tenant = await make_tenant(database, "acme")
    workspace_id = tenant.workspace_id if known else new_id()
    async with database.work(workspace_id) as work:
        details = {"reason": "credentials"}
        added = await work.audit.append_where_known("x.y", "user", tenant.user_id, details)
    async with database.reading(tenant.workspace_id) as work:
        rows = (await work.audit.page(PageRequest())).rows
    assert added is known
    assert [(row.actor_id, row.action, row.object_id, row.details) for row in rows] == (
        [(None, "x.y", tenant.user_id, details)] if known else []
    )
