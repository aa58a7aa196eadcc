"""The audit trail."""

from kit.records import make_tenant
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.request import request_id
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
