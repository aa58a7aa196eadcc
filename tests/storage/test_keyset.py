"""Keyset pages against a sorted Python list: both directions, both ways, ties, both ends."""

import random
from dataclasses import dataclass
from datetime import timedelta

import pytest

from kit.records import NOON, Tenant, make_config, make_tenant
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.pages import Keyset, OrderDirection, Page, PageRequest
from mailconfig.storage.database import Database
from mailconfig.storage.keyset import CursorRefused, Order
from mailconfig.storage.tables import configs

ALL = Visibility(everything=True)
NAMES = ("Zebra", "apple", "Äpfel", "zebra", "Ω", "a b", "a-b", "ab", "🔑", "\uffee", "_", "~")
"""Names whose order by locale differs from that by code points."""


def sort_value(config: EmailConfig, field: ConfigOrderField) -> object:
    """Return what a list is sorted by."""
    return {
        ConfigOrderField.CREATED_AT: config.created_at,
        ConfigOrderField.UPDATED_AT: config.updated_at,
        ConfigOrderField.NAME: config.name.lower(),
        ConfigOrderField.EMAIL_ADDRESS: config.email_address.lower(),
    }[field]


@dataclass(frozen=True, slots=True)
class Case:
    """One list and what it must be."""

    database: Database
    tenant: Tenant
    field: ConfigOrderField
    direction: OrderDirection
    filter: ConfigFilter
    expected: list[EmailConfig]

    async def page(self, request: PageRequest) -> Page[EmailConfig]:
        """Ask for a page."""
        async with self.database.reading(self.tenant.workspace_id) as work:
            return await work.configs.page(self.filter, ALL, self.field, self.direction, request)


async def populate(database: Database, tenant: Tenant, chance: random.Random) -> list[EmailConfig]:
    """Store 40 configurations with many equal sort values, microseconds among them."""
    made = [
        make_config(
            tenant,
            name=chance.choice(NAMES),
            email_address=f"{number}@Example.com",
            status=chance.choice(list(ConfigStatus)),
            created_at=NOON + timedelta(microseconds=chance.randrange(6)),
            updated_at=NOON + timedelta(seconds=chance.randrange(6)),
            incoming=None,
        )
        for number in range(40)
    ]
    chance.shuffle(made)
    async with database.work(tenant.workspace_id) as work:
        for config in made:
            await work.configs.insert(config, None)
    return made


@pytest.fixture(params=[False, True], ids=["all", "filtered"])
async def cases(request: pytest.FixtureRequest, database: Database) -> list[Case]:
    """Every order and direction over the same rows, beside another workspace's rows."""
    chance = random.Random(20261122)  # noqa: S311 - test data
    tenant = await make_tenant(database, "acme")
    await populate(database, await make_tenant(database, "other"), chance)
    made = await populate(database, tenant, chance)
    filter = ConfigFilter(statuses=(ConfigStatus.WORKING,) if request.param else ())
    shown = [config for config in made if config.status in filter.statuses or not request.param]
    assert len(shown) >= 10
    return [
        Case(
            database,
            tenant,
            field,
            direction,
            filter,
            sorted(
                shown,
                key=lambda config: (sort_value(config, field), config.id),
                reverse=direction is OrderDirection.DESC,
            ),
        )
        for field in ConfigOrderField
        for direction in OrderDirection
    ]


@pytest.mark.parametrize("limit", [1, 7, 40, 100])
async def test_walking_shows_every_row_once(cases: list[Case], limit: int) -> None:
    """From start to end and from end to start, by pages of any size, the list is the list."""
    for case in cases:
        forward: list[EmailConfig] = []
        request = PageRequest(limit=limit)
        while True:
            page = await case.page(request)
            assert page.has_previous is bool(forward)
            forward += page.rows
            if not page.has_next:
                break
            request = PageRequest(limit=limit, after=page.keys[-1])
        assert forward == case.expected
        backward: list[EmailConfig] = []
        request = PageRequest(limit=limit, backward=True)
        while True:
            page = await case.page(request)
            assert page.has_next is bool(backward)
            backward = [*page.rows, *backward]
            if not page.has_previous:
                break
            request = PageRequest(limit=limit, before=page.keys[0], backward=True)
        assert backward == case.expected


async def test_any_request_is_a_slice(cases: list[Case]) -> None:
    """Random limits, places on either side or both, both ways: rows, keys and both flags fit."""
    chance = random.Random(7)  # noqa: S311 - test data
    for case in cases:
        rows = case.expected
        keys = (await case.page(PageRequest(limit=100))).keys
        assert len(keys) == len(rows)
        for _ in range(25):
            start = chance.choice([None, chance.randrange(len(rows))])
            end = chance.choice([None, chance.randrange(len(rows))])
            low = 0 if start is None else start + 1
            high = len(rows) if end is None else end
            limit, backward = chance.randrange(1, 12), chance.random() < 0.5
            inside = list(range(low, high))
            chosen = inside[-limit:] if backward else inside[:limit]
            page = await case.page(
                PageRequest(
                    limit=limit,
                    after=None if start is None else keys[start],
                    before=None if end is None else keys[end],
                    backward=backward,
                )
            )
            assert list(page.rows) == [rows[index] for index in chosen]
            assert list(page.keys) == [keys[index] for index in chosen]
            cut = len(inside) > limit
            assert page.has_next is (end is not None or (cut and not backward))
            assert page.has_previous is (start is not None or (cut and backward))


async def test_a_place_survives_its_row(database: Database) -> None:
    """A page goes on after a row that was deleted, and does not promise rows that are gone."""
    tenant = await make_tenant(database, "acme")
    made = [make_config(tenant, email_address=f"{n}@example.com") for n in range(3)]
    case = Case(
        database,
        tenant,
        ConfigOrderField.EMAIL_ADDRESS,
        OrderDirection.ASC,
        ConfigFilter(),
        made,
    )
    async with database.work(tenant.workspace_id) as work:
        for config in made:
            await work.configs.insert(config, None)
    key = (await case.page(PageRequest(limit=1))).keys[0]
    async with database.work(tenant.workspace_id) as work:
        await work.configs.delete(made[0].id)
    page = await case.page(PageRequest(limit=1, after=key))
    assert [row.id for row in page.rows] == [made[1].id]
    assert (page.has_next, page.has_previous) == (True, False)


@pytest.mark.parametrize(
    "place",
    [
        Keyset("yesterday", "019ad000-0000-7000-8000-000000000000"),  # no moment
        Keyset("2026-11-22T12:00:00", "019ad000-0000-7000-8000-000000000000"),  # no zone
        Keyset("2026-11-22T12:00:00+00:00", "7"),  # no id
    ],
)
async def test_a_foreign_place_is_refused(database: Database, place: Keyset) -> None:
    """A place of another list is an input error, not a fault."""
    tenant = await make_tenant(database, "acme")
    case = Case(
        database, tenant, ConfigOrderField.CREATED_AT, OrderDirection.ASC, ConfigFilter(), []
    )
    with pytest.raises(CursorRefused):
        await case.page(PageRequest(after=place))


def test_a_nullable_column_orders_no_page() -> None:
    """Rows with NULL would be lost between pages, so such an order cannot be made."""
    with pytest.raises(ValueError, match="may be NULL"):
        Order(configs.c.display_name, configs.c.id, OrderDirection.ASC)
    order = Order(configs.c.name_key, configs.c.id, OrderDirection.ASC)
    assert order.turned().direction is OrderDirection.DESC
    assert order.turned().turned().direction is OrderDirection.ASC
