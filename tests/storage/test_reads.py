"""The read side against the repositories: the same questions, the same answers, on both engines."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from kit.records import NOON, Tenant, imap, make_config, make_tenant, password, smtp
from mailconfig.domain.configs import (
    ConfigFilter,
    ConfigOrderField,
    ConfigStatus,
    EmailConfig,
    Visibility,
)
from mailconfig.domain.errors import Refusal
from mailconfig.domain.ids import new_id
from mailconfig.domain.pages import Keyset, OrderDirection, PageRequest
from mailconfig.domain.selections import (
    EVERYTHING,
    ConfigField,
    ConfigPage,
    ConfigRow,
    Selection,
    facts_of,
)
from mailconfig.domain.servers import TransportSecurity
from mailconfig.storage.database import Database
from mailconfig.storage.faults import ValueRefused
from mailconfig.storage.keyset import CursorRefused

ALL = Visibility(everything=True)
EVERY = tuple(ConfigField)
NAMES = ("Zebra", "apple", "Äpfel", "a%b", "a_b", "Ω", "🔑")
QUESTIONS = 150


def narrowed(config: EmailConfig, selection: Selection) -> list[object]:
    """Return the selected facts of a configuration."""
    facts = dict(zip(EVERY, facts_of(config), strict=True))
    return [facts[field] for field in selection.fields]


async def populate(database: Database, tenant: Tenant, chance: random.Random) -> None:
    """Store 40 configurations of all kinds, most of them with secrets."""
    async with database.work(tenant.workspace_id) as work:
        for number in range(40):
            incoming = await work.secrets.add("incoming", password("one"))
            outgoing = await work.secrets.add("outgoing", password("two"))
            config = make_config(
                tenant,
                owner_id=chance.choice([tenant.user_id, None]),
                name=chance.choice(NAMES),
                email_address=f"{number}@Example.com",
                display_name=chance.choice(["Ada", None]),
                provider_id=chance.choice(["gmail", "gmx", None]),
                external_id=chance.choice([f"crm-{number}", None]),
                metadata=chance.choice(['{"team": 7}', None]),
                enabled=chance.choice([True, False]),
                status=chance.choice(list(ConfigStatus)),
                created_at=NOON + timedelta(microseconds=chance.randrange(6)),
                updated_at=NOON + timedelta(seconds=chance.randrange(6)),
                incoming=chance.choice([imap(incoming), imap(), None]),
                outgoing=chance.choice([smtp(outgoing), smtp(), None]),
            )
            await work.configs.insert(config, None)


def any_filter(chance: random.Random) -> ConfigFilter:
    """Return a filter: none, one that is kept, or one that is not."""
    return chance.choice(
        [
            ConfigFilter(),
            ConfigFilter(enabled=True),
            ConfigFilter(shared=False, statuses=(ConfigStatus.FAILING, ConfigStatus.WORKING)),
            ConfigFilter(security=(TransportSecurity.TLS,)),
            ConfigFilter(statuses=(ConfigStatus.WORKING,) * 9),
            ConfigFilter(search=chance.choice(["a", "%", "_", "ä", "example"])),
            ConfigFilter(provider_ids=("gmail", "gmx")),
            ConfigFilter(external_id=f"crm-{chance.randrange(40)}"),
            ConfigFilter(updated_from=NOON + timedelta(seconds=2), enabled=False),
            ConfigFilter(updated_before=NOON + timedelta(seconds=chance.randrange(6))),
        ]
    )


def any_selection(chance: random.Random) -> Selection:
    """Return some facts, in any order."""
    return Selection.of(chance.sample(EVERY, chance.randrange(len(EVERY) + 1)))


async def test_pages_are_those_of_the_repository(database: Database) -> None:
    """Any facts of any page of any list are what the repository's values hold there."""
    chance = random.Random(20261123)  # noqa: S311 - test data
    tenant = await make_tenant(database, "acme")
    await populate(database, await make_tenant(database, "other"), chance)
    await populate(database, tenant, chance)
    keys: dict[tuple[ConfigOrderField, OrderDirection], list[Keyset]] = {}
    for _ in range(QUESTIONS):
        filter, selection = any_filter(chance), any_selection(chance)
        order, direction = (
            chance.choice(list(ConfigOrderField)),
            chance.choice(list(OrderDirection)),
        )
        known = keys.setdefault((order, direction), [])
        request = PageRequest(
            limit=chance.choice([1, 7, 100]),
            after=chance.choice([None, *known]),
            before=chance.choice([None, None, *known]),
            backward=chance.choice([True, False]),
        )
        visibility = chance.choice(
            [
                ALL,
                Visibility(everything=False),
                Visibility(everything=False, owner_id=tenant.user_id),
            ]
        )
        async with database.reading(tenant.workspace_id) as work:
            expected = await work.configs.page(filter, visibility, order, direction, request)
            counted = await work.configs.count(filter, visibility)
        read = await database.reads.page(
            tenant.workspace_id,
            visibility,
            filter,
            selection,
            ConfigPage(order, direction, request),
        )
        assert [list(row)[: len(selection.fields)] for row in read.rows] == [
            narrowed(config, selection) for config in expected.rows
        ]
        assert tuple(read.keys) == expected.keys
        assert (read.has_next, read.has_previous) == (expected.has_next, expected.has_previous)
        assert await database.reads.count(tenant.workspace_id, visibility, filter) == counted
        known.extend(expected.keys[:2])


async def test_one_is_that_of_the_repository(database: Database) -> None:
    """Facts of one configuration are those of the repository's value, with their Python types."""
    chance = random.Random(1)  # noqa: S311 - test data
    tenant = await make_tenant(database, "acme")
    await populate(database, tenant, chance)
    async with database.reading(tenant.workspace_id) as work:
        request = PageRequest(limit=100)
        page = await work.configs.page(
            ConfigFilter(), ALL, ConfigOrderField.NAME, OrderDirection.ASC, request
        )
    for config in page.rows:
        for selection in (EVERYTHING, any_selection(chance)):
            row = await database.reads.one(tenant.workspace_id, ALL, config.id, selection)
            assert row is not None
            expected = narrowed(config, selection)
            assert list(row)[: len(expected)] == expected
            assert _kinds(row) == _kinds(expected) or not expected


def _kinds(row: ConfigRow | list[object]) -> list[type]:
    # asyncpg has a subclass of UUID; words are members or what the tables have.
    kinds = (UUID, str)
    return [next((k for k in kinds if isinstance(fact, k)), type(fact)) for fact in row]


@pytest.mark.parametrize("owner", ["mine", "other's", "shared"])
async def test_what_may_not_be_seen_does_not_exist(database: Database, owner: str) -> None:
    """One configuration is read by those who may see it, and by nobody of another workspace."""
    acme, other = await make_tenant(database, "acme"), await make_tenant(database, "other")
    owners = {"mine": acme.user_id, "other's": other.user_id, "shared": None}
    config = make_config(acme, owner_id=owners[owner])
    async with database.work(acme.workspace_id) as work:
        await work.configs.insert(config, None)
    only_id = Selection.of([ConfigField.ID])
    seen = {
        name: await database.reads.one(workspace, visibility, config.id, only_id) is not None
        for name, workspace, visibility in (
            ("all", acme.workspace_id, ALL),
            ("own", acme.workspace_id, Visibility(everything=False, owner_id=acme.user_id)),
            ("shared", acme.workspace_id, Visibility(everything=False)),
            ("elsewhere", other.workspace_id, ALL),
        )
    }
    assert seen == {
        "all": True,
        "own": owner != "other's",
        "shared": owner == "shared",
        "elsewhere": False,
    }


async def test_secrets_are_joined_only_where_their_moment_is_asked_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement names the secrets' table and further columns only where they are selected."""
    tenant = await make_tenant(database, "acme")
    texts = []
    fetch = database.reads._lines.fetch

    async def noted(prepared, values):  # noqa: ANN001, ANN202 - as the method it stands for
        texts.append(prepared.text)
        return await fetch(prepared, values)

    monkeypatch.setattr(database.reads._lines, "fetch", noted)
    for field in (ConfigField.NAME, ConfigField.INCOMING_SECRET_SET_AT):
        await database.reads.one(tenant.workspace_id, ALL, new_id(), Selection.of([field]))
    plain, joined = texts
    assert "secrets" not in plain
    assert plain.split("FROM")[0].split() == ["SELECT", "configs.name"]
    assert "secrets AS incoming_secret" in joined


async def test_statements_are_compiled_once(database: Database) -> None:
    """Other rows, places and sizes of the same question share a statement; texts keep none."""
    tenant = await make_tenant(database, "acme")
    reads = database.reads
    place = Keyset(NOON.isoformat(), str(new_id()))
    newest = ConfigOrderField.CREATED_AT, OrderDirection.DESC

    async def ask(filter: ConfigFilter, request: PageRequest) -> None:
        page = ConfigPage(*newest, request)
        await reads.page(tenant.workspace_id, ALL, filter, EVERYTHING, page)

    await ask(ConfigFilter(), PageRequest(5))
    await ask(ConfigFilter(), PageRequest(50))
    assert len(reads._kept) == 1
    await ask(ConfigFilter(), PageRequest(5, after=place))
    await ask(ConfigFilter(), PageRequest(5, after=replace(place, id=str(new_id()))))
    assert len(reads._kept) == 3  # and whether rows precede the place, of an empty page
    await ask(ConfigFilter(search="ada"), PageRequest(5))
    await ask(ConfigFilter(external_id="ada"), PageRequest(5))
    assert len(reads._kept) == 3


async def test_kept_statements_are_bounded(database: Database) -> None:
    """A client that selects other facts each time fills no memory."""
    tenant = await make_tenant(database, "acme")
    reads = database.reads
    reads._kept._most = 3
    for field in EVERY:
        await reads.one(tenant.workspace_id, ALL, new_id(), Selection.of([field]))
    assert len(reads._kept) == 3


@pytest.mark.parametrize(
    ("place", "filter", "error"),
    [
        pytest.param(Keyset("soon", str(UUID(int=1))), ConfigFilter(), CursorRefused, id="value"),
        pytest.param(Keyset(NOON.isoformat(), "x"), ConfigFilter(), CursorRefused, id="id"),
        pytest.param(None, ConfigFilter(search="\ud800"), ValueRefused, id="surrogate"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    database: Database, place: Keyset | None, filter: ConfigFilter, error: type[Refusal]
) -> None:
    """Places and texts that the database cannot compare are refusals, and reading goes on."""
    tenant = await make_tenant(database, "acme")
    order = ConfigOrderField.CREATED_AT, OrderDirection.ASC
    page = ConfigPage(*order, PageRequest(5, after=place))
    with pytest.raises(error):
        await database.reads.page(tenant.workspace_id, ALL, filter, EVERYTHING, page)
    plain = ConfigPage(*order, PageRequest(5))
    read = await database.reads.page(tenant.workspace_id, ALL, ConfigFilter(), EVERYTHING, plain)
    assert (list(read.rows), read.has_next) == ([], False)
