"""The query `configs`."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from kit.api import ADMIN, COLLEAGUE, MEMBER, OWNER, STRANGER, VIEWER, Api, server

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String,
       $filter: EmailConfigFilter, $orderBy: EmailConfigOrder) {
  configs(first: $first, after: $after, last: $last, before: $before,
          filter: $filter, orderBy: $orderBy) {
    totalCount
    edges { cursor node { name } }
    nodes { name }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
UPDATE = """
mutation ($input: UpdateInput!) { update(input: $input) { config { updatedAt } } }
"""
NAMES = ["delta", "Alpha", "charlie", "Bravo", "echo", "alpha", "Foxtrot"]
"""In the order in which they are stored; two differ in case only."""


async def store(api: Api, names: Sequence[str] = NAMES) -> None:
    """Store configurations one after the other; addresses run against the order of storing."""
    for number, name in enumerate(names):
        address = f"user{90 - number}@example.net"
        await api.stored(MEMBER, name=name, emailAddress=address, outgoing=None)


async def page(api: Api, who: str = MEMBER, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Run the query and return the connection."""
    return (await api.data(who, PAGE, arguments))["configs"]


async def refused(api: Api, **arguments: object) -> list[dict[str, Any]]:
    """Run the query, which must be refused; return its issues."""
    answer = await api.call(MEMBER, PAGE, arguments)
    assert answer["data"] == {"configs": None}
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    return error["extensions"]["issues"]


def names(connection: dict[str, Any]) -> list[str]:
    """Return the names of a page."""
    assert [edge["node"] for edge in connection["edges"]] == connection["nodes"]
    return [node["name"] for node in connection["nodes"]]


BY_NAME = ["Alpha", "alpha", "Bravo", "charlie", "delta", "echo", "Foxtrot"]
ORDERS = {
    "CREATED_AT": NAMES,
    "UPDATED_AT": NAMES,
    # Case does not count; what is equal then stands in the order of ids, which is that of storing.
    "NAME": BY_NAME,
    "EMAIL_ADDRESS": NAMES[::-1],
}


async def test_every_order_in_both_directions(api: Api) -> None:
    """Each field sorts, DESC is ASC turned round, and the default is newest first."""
    await store(api)
    for field, expected in ORDERS.items():
        ascending = await page(api, orderBy={"field": field})
        assert names(ascending) == expected, field
        descending = await page(api, orderBy={"field": field, "direction": "DESC"})
        assert names(descending) == expected[::-1], field
    assert names(await page(api)) == NAMES[::-1]


async def test_updated_at_follows_changes(api: Api) -> None:
    """What was changed last is last."""
    await store(api)
    first = (await api.data(MEMBER, "{ configs(last: 1) { nodes { id } } }"))["configs"]["nodes"][0]
    await api.data(MEMBER, UPDATE, {"input": {"id": first["id"], "enabled": False}})
    shown = names(await page(api, orderBy={"field": "UPDATED_AT"}))
    assert shown == [*NAMES[1:], NAMES[0]]


@pytest.mark.parametrize("field", sorted(ORDERS))
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_forward_and_backward_meet_every_row_once(
    api: Api, field: str, direction: str
) -> None:
    """Walking by threes there and back sees the whole list in order, whatever the order."""
    many = [f"name {number % 4}" for number in range(11)]
    await store(api, many)
    order = {"field": field, "direction": direction}
    whole = await page(api, first=100, orderBy=order)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert len(set(cursors)) == 11
    assert await _walk(api, order, "first", "after", "endCursor", "hasNextPage") == cursors
    backward = await _walk(api, order, "last", "before", "startCursor", "hasPreviousPage")
    assert backward == cursors


async def _walk(
    api: Api, order: dict[str, str], size: str, place: str, cursor: str, more: str
) -> list[str]:
    """Walk through the list by threes; return all cursors in the order of the list."""
    met: list[str] = []
    arguments: dict[str, object] = {size: 3, "orderBy": order}
    while True:
        connection = await page(api, **arguments)
        found = [edge["cursor"] for edge in connection["edges"]]
        met = met + found if size == "first" else found + met
        info = connection["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (found[0], found[-1])
        assert connection["totalCount"] == 11
        if not info[more]:
            return met
        arguments[place] = info[cursor]


async def test_page_info_tells_both_sides(api: Api) -> None:
    """In the middle there are rows before and after; an empty page has no cursors."""
    await store(api)
    cursors = [edge["cursor"] for edge in (await page(api))["edges"]]
    middle = (await page(api, first=2, after=cursors[1]))["pageInfo"]
    assert (middle["hasPreviousPage"], middle["hasNextPage"]) == (True, True)
    between = await page(api, first=5, after=cursors[1], before=cursors[4])
    assert [edge["cursor"] for edge in between["edges"]] == cursors[2:4]
    empty = await page(api, filter={"search": "nobody"})
    assert empty["totalCount"] == 0
    assert empty["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


async def test_a_place_outlives_its_row(api: Api) -> None:
    """A cursor whose row was deleted still means its place."""
    await store(api)
    query = "{ configs(first: 3) { edges { cursor node { id name } } } }"
    edges = (await api.data(MEMBER, query))["configs"]["edges"]
    delete = "mutation ($id: ID!) { delete(input: { id: $id }) { deletedId } }"
    await api.data(MEMBER, delete, {"id": edges[1]["node"]["id"]})
    following = await page(api, after=edges[1]["cursor"])
    assert names(following) == NAMES[::-1][2:]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"first": 0}, ["first"]),
        ({"first": -1}, ["first"]),
        # Refused, not clamped: nobody should miss rows without knowing.
        ({"first": 101}, ["first"]),
        ({"last": 0}, ["last"]),
        ({"last": 101}, ["last"]),
        ({"first": 5, "last": 5}, ["last"]),
        ({"after": ""}, ["after"]),
        ({"after": "nonsense"}, ["after"]),
        ({"before": "1.x.y.z"}, ["before"]),
        ({"after": "\N{SNOWMAN}"}, ["after"]),
    ],
)
async def test_what_no_page_can_be_is_refused(
    api: Api, arguments: dict[str, object], path: list[str]
) -> None:
    """The issue names the argument."""
    (issue,) = await refused(api, **arguments)
    assert issue["path"] == path


async def test_a_full_page_is_allowed(api: Api) -> None:
    """A hundred rows are the most."""
    await store(api, NAMES[:2])
    assert len(names(await page(api, first=100))) == 2
    assert len(names(await page(api, last=100))) == 2


async def test_cursors_are_bound_to_their_list(api: Api) -> None:
    """Altered ones, those of another order, and those of another list are refused."""
    await store(api, NAMES[:3])
    by_name = {"field": "NAME", "direction": "ASC"}
    cursor = (await page(api, orderBy=by_name))["edges"][0]["cursor"]
    assert len(names(await page(api, after=cursor, orderBy=by_name))) == 2
    version, value, key, signature = cursor.split(".")
    of_providers = await api.data(None, "{ providers(first: 1) { edges { cursor } } }")
    bad = [
        # Another field, another direction.
        (cursor, {"field": "EMAIL_ADDRESS"}),
        (cursor, {"field": "NAME", "direction": "DESC"}),
        # Another list.
        (of_providers["providers"]["edges"][0]["cursor"], by_name),
        # Another value, id, signature or version.
        (f"{version}.YQ.{key}.{signature}", by_name),
        (f"{version}.{value}.{key[:-1]}x.{signature}", by_name),
        (f"{version}.{value}.{key}.{signature[:-2]}AA", by_name),
        (f"2.{value}.{key}.{signature}", by_name),
        # No signature.
        (f"{version}.{value}.{key}.", by_name),
        (f"{version}.{value}.{key}", by_name),
    ]
    for altered, order in bad:
        (issue,) = await refused(api, after=altered, orderBy=order)
        assert issue["path"] == ["after"], altered


async def _varied(api: Api) -> None:
    """Store three configurations that each filter tells apart."""
    await api.stored(MEMBER, name="Plain", externalId="crm-7", enabled=False, outgoing=None)
    await api.stored(
        MEMBER,
        name="100% sure",
        emailAddress="bob@gmail.com",
        incoming=server("imap.gmail.com", secret={"password": "abcdefghijklmnop"}),
        outgoing=None,
    )
    await api.stored(
        MEMBER,
        name="Started",
        emailAddress="cid@example.net",
        incoming=server(port=143, security="STARTTLS"),
        outgoing=server("smtp.example.net"),
    )
    await api.stored(ADMIN, name="Ours", emailAddress="info@example.net", shared=True)
    test = """
      mutation ($id: ID!) {
        testConnection(input: { target: { configId: $id }, waitSeconds: 20 }) { test { status } }
      }
    """
    found = await api.data(MEMBER, '{ configs(filter: { search: "started" }) { nodes { id } } }')
    await api.data(MEMBER, test, {"id": found["configs"]["nodes"][0]["id"]})


FILTERS: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["100% sure", "Ours", "Plain", "Started"]),
    # Part of the name or the address, any case; % is no wildcard.
    ({"search": "PLAIN"}, ["Plain"]),
    ({"search": "@gmail"}, ["100% sure"]),
    ({"search": "%"}, ["100% sure"]),
    ({"search": "_"}, []),
    # A global id or an id of the catalogue.
    ({"providerId": ["gmail"]}, ["100% sure"]),
    ({"providerId": ["UHJvdmlkZXI6Z21haWw"]}, ["100% sure"]),
    ({"providerId": ["nobody"]}, []),
    ({"status": ["WORKING"]}, ["Started"]),
    ({"status": ["WORKING", "FAILING"]}, ["Started"]),
    ({"status": ["UNVERIFIED"]}, ["100% sure", "Ours", "Plain"]),
    # Either server.
    ({"security": ["STARTTLS"]}, ["Started"]),
    ({"security": ["TLS"]}, ["100% sure", "Ours", "Plain", "Started"]),
    ({"security": ["NONE"]}, []),
    ({"enabled": False}, ["Plain"]),
    ({"enabled": True}, ["100% sure", "Ours", "Started"]),
    ({"externalId": "crm-7"}, ["Plain"]),
    ({"externalId": "crm"}, []),
    ({"shared": True}, ["Ours"]),
    ({"shared": False}, ["100% sure", "Plain", "Started"]),
    ({"updatedAt": {"gte": "2020-01-01T00:00:00Z"}}, ["100% sure", "Ours", "Plain", "Started"]),
    ({"updatedAt": {"lt": "2020-01-01T00:00:00+05:00"}}, []),
    # All must hold.
    ({"shared": False, "enabled": True, "status": ["UNVERIFIED"]}, ["100% sure"]),
    # An empty list is no condition.
    ({"status": []}, ["100% sure", "Ours", "Plain", "Started"]),
]


async def test_filters(api: Api) -> None:
    """Each condition selects exactly its rows, and totalCount counts those."""
    await _varied(api)
    for given, expected in FILTERS:
        connection = await page(api, filter=given, orderBy={"field": "NAME"})
        assert names(connection) == expected, given
        assert connection["totalCount"] == len(expected), given


@pytest.mark.parametrize(
    "given",
    [
        # What a database cannot hold.
        {"search": "\x00"},
        {"externalId": "\x00"},
        # Moments that have no place in UTC.
        {"updatedAt": {"gte": "0001-01-01T00:00:00+14:00"}},
        {"updatedAt": {"lt": "9999-12-31T23:59:59-12:00"}},
    ],
)
async def test_odd_values_are_no_fault_of_ours(api: Api, given: dict[str, object]) -> None:
    """They find nothing or are refused; they are never an internal error."""
    await store(api, NAMES[:1])
    answer = await api.call(MEMBER, PAGE, {"filter": given})
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= {"INVALID_INPUT", "BAD_REQUEST"}, answer


@pytest.mark.parametrize("moment", ["2026-11-22", "2026-11-22T10:00:00", "yesterday", ""])
async def test_a_moment_needs_its_offset(api: Api, moment: str) -> None:
    """Without one nobody knows which moment is meant."""
    answer = await api.call(MEMBER, PAGE, {"filter": {"updatedAt": {"gte": moment}}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]


async def test_everybody_sees_what_is_theirs(api: Api) -> None:
    """Viewers the shared ones, members also their own, admins all of the workspace, others none."""
    await asyncio.gather(
        api.stored(ADMIN, name="shared", shared=True),
        api.stored(MEMBER, name="member's"),
        api.stored(COLLEAGUE, name="colleague's"),
        api.stored(ADMIN, name="admin's"),
        api.stored(STRANGER, name="stranger's"),
    )
    expected = {
        VIEWER: ["shared"],
        MEMBER: ["member's", "shared"],
        COLLEAGUE: ["colleague's", "shared"],
        ADMIN: ["admin's", "colleague's", "member's", "shared"],
        OWNER: ["admin's", "colleague's", "member's", "shared"],
        STRANGER: ["stranger's"],
    }
    for who, seen in expected.items():
        connection = await page(api, who, orderBy={"field": "NAME"})
        assert (names(connection), connection["totalCount"]) == (seen, len(seen)), who


async def test_a_cursor_of_somebody_else_opens_nothing(api: Api) -> None:
    """It is a place in the list, not a right: only one's own rows come."""
    await store(api, NAMES[:2])
    await api.stored(STRANGER, name="stranger's")
    cursor = (await page(api))["edges"][0]["cursor"]
    shown = await page(api, STRANGER, before=cursor)
    assert set(names(shown)) <= {"stranger's"}


async def test_nobody_gets_no_list(api: Api) -> None:
    """Without a session the field is null, and the error says why."""
    answer = await api.call(None, PAGE)
    assert answer["data"] == {"configs": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_conditions_have_a_length(api: Api) -> None:
    """A list that no statement could take is refused as such, whatever it holds."""
    query = "query ($filter: EmailConfigFilter) { configs(filter: $filter) { nodes { id } } }"
    for name, value in (("providerId", "UHJvdmlkZXI6Z21haWw"), ("status", "WORKING")):
        body = {"query": query, "variables": {"filter": {name: [value] * 101}}}
        headers = {"Authorization": f"Bearer {await api.token(MEMBER)}"}
        response = await api.client.post("/graphql", json=body, headers=headers)
        (error,) = response.json()["errors"]
        (issue,) = error["extensions"]["issues"]
        assert issue == {
            "code": "OUT_OF_RANGE",
            "message": "At most 100 values at once.",
            "path": ["filter", name],
        }
