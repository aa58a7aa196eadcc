"""The suppression list: addresses in any case, each once."""

from dataclasses import replace
from datetime import timedelta

from kit.records import NOON, make_tenant
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import PageRequest
from mailconfig.domain.suppressions import Suppression, SuppressionReason
from mailconfig.storage.database import Database

BOUNCED = Suppression(new_id(), "Bob@Example.com", SuppressionReason.BOUNCE, new_id(), NOON)


async def test_an_address_is_on_the_list_once(database: Database) -> None:
    """The first reason stays; looked up in any case; each workspace has its own list."""
    tenant, other = await make_tenant(database, "acme"), await make_tenant(database, "other")
    later = replace(
        BOUNCED, id=new_id(), reason=SuppressionReason.MANUAL, address="bob@EXAMPLE.com"
    )
    async with database.work(tenant.workspace_id) as work:
        assert await work.suppressions.add(BOUNCED) is True
        assert await work.suppressions.add(later) is False
        page = await work.suppressions.page(PageRequest())
        assert page.rows == (replace(BOUNCED, address="bob@example.com"),)
        found = await work.suppressions.among(["BOB@example.com", "eve@example.com"])
        assert found == {"BOB@example.com": SuppressionReason.BOUNCE}
        assert await work.suppressions.among([]) == {}
    async with database.work(other.workspace_id) as work:
        assert await work.suppressions.add(later) is True


async def test_an_address_comes_off_the_list(database: Database) -> None:
    """Removed once, in any case; then it may be put there again."""
    tenant = await make_tenant(database, "acme")
    async with database.work(tenant.workspace_id) as work:
        await work.suppressions.add(BOUNCED)
        assert await work.suppressions.remove("BOB@EXAMPLE.COM") is True
        assert await work.suppressions.remove("bob@example.com") is False
        assert await work.suppressions.among(["bob@example.com"]) == {}
        assert await work.suppressions.add(BOUNCED) is True


async def test_the_list_is_paged_and_filtered(database: Database) -> None:
    """Newest first, by reason where one is asked for."""
    tenant = await make_tenant(database, "acme")
    rows = tuple(
        Suppression(new_id(), f"{n}@example.com", reason, None, NOON + timedelta(seconds=n))
        for n, reason in enumerate(SuppressionReason)
    )
    async with database.work(tenant.workspace_id) as work:
        for row in rows:
            await work.suppressions.add(row)
        first = await work.suppressions.page(PageRequest(limit=3))
        assert first.rows == rows[:0:-1]
        rest = await work.suppressions.page(PageRequest(limit=3, after=first.keys[-1]))
        assert rest.rows == rows[:1]
        only = await work.suppressions.page(PageRequest(), {SuppressionReason.COMPLAINT})
        assert only.rows == rows[1:2]
