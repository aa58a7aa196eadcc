"""The queries `providers` and `provider`: answered from memory, for everybody."""

from typing import Any

import pytest

from kit.api import Api
from kit.drafts import shipped

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
"""No database is asked."""

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $search: String) {
  providers(first: $first, after: $after, last: $last, before: $before, search: $search) {
    totalCount
    edges { cursor node { catalogueId } }
    nodes { catalogueId }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ONE = """
query ($by: ProviderBy!) {
  provider(by: $by) {
    catalogueId name kind status usernameForm auth domains closed
    incoming { protocol hostTemplate port security }
    outgoing { protocol hostTemplate port security }
  }
}
"""


async def page(api: Api, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Run the query as nobody and return the connection."""
    return (await api.data(None, PAGE, arguments))["providers"]


async def one(api: Api, **by: str) -> Any:  # noqa: ANN401 - JSON
    """Return one provider."""
    return (await api.data(None, ONE, {"by": by}))["provider"]


def rows(connection: dict[str, Any]) -> list[str]:
    """Return the ids of a page."""
    assert [edge["node"] for edge in connection["edges"]] == connection["nodes"]
    return [node["catalogueId"] for node in connection["nodes"]]


async def test_all_rows_by_pages_there_and_back(api: Api) -> None:
    """Walking by hundreds meets every row of the catalogue once, in its order."""
    expected = [row.id for row in shipped().providers]
    forward: list[str] = []
    arguments: dict[str, object] = {"first": 100}
    while True:
        connection = await page(api, **arguments)
        forward += rows(connection)
        if not connection["pageInfo"]["hasNextPage"]:
            break
        arguments["after"] = connection["pageInfo"]["endCursor"]
    assert forward == expected
    assert connection["totalCount"] == len(expected) == 349
    backward: list[str] = []
    arguments = {"last": 100}
    while True:
        connection = await page(api, **arguments)
        backward = rows(connection) + backward
        if not connection["pageInfo"]["hasPreviousPage"]:
            break
        arguments["before"] = connection["pageInfo"]["startCursor"]
    assert backward == expected


async def test_search_by_name_and_by_domain(api: Api) -> None:
    """Any case, any part; totalCount counts what was found."""
    assert "gmail" in rows(await page(api, search="GMAIL"))
    assert "gmail" in rows(await page(api, search="googlemail.com"))
    nothing = await page(api, search="no such provider")
    assert (rows(nothing), nothing["totalCount"]) == ([], 0)
    assert (await page(api, search=""))["totalCount"] == 349


@pytest.mark.parametrize(
    "arguments", [{"first": 0}, {"first": 101}, {"last": 101}, {"first": 1, "last": 1}]
)
async def test_what_no_page_can_be_is_refused(api: Api, arguments: dict[str, int]) -> None:
    """As with all lists."""
    answer = await api.call(None, PAGE, arguments)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_INPUT"]


async def test_a_cursor_belongs_to_its_search(api: Api) -> None:
    """A place among the found is none among all."""
    cursor = (await page(api, search="mail", first=1))["pageInfo"]["endCursor"]
    assert rows(await page(api, search="mail", first=1, after=cursor))
    answer = await api.call(None, PAGE, {"after": cursor})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_INPUT"]


@pytest.mark.parametrize(
    "by",
    [
        {"id": "gmail"},
        # Its global id.
        {"id": "UHJvdmlkZXI6Z21haWw"},
        {"domain": "gmail.com"},
        {"domain": " GoogleMail.com "},
        {"emailAddress": "ann@gmail.com"},
        {"emailAddress": "Ann+news@GMAIL.COM"},
    ],
)
async def test_one_provider_by_each_of_its_names(api: Api, by: dict[str, str]) -> None:
    """Id, domain and address lead to the same row, with its recommended servers."""
    found = await one(api, **by)
    assert (found["catalogueId"], found["kind"], found["status"]) == ("gmail", "MAILBOX", "ACTIVE")
    assert found["incoming"][0] == {
        "protocol": "IMAP",
        "hostTemplate": "imap.gmail.com",
        "port": 993,
        "security": "TLS",
    }
    assert found["outgoing"][0]["hostTemplate"] == "smtp.gmail.com"


@pytest.mark.parametrize(
    "by",
    [
        {"id": "nobody"},
        {"id": ""},
        {"domain": "example.com"},
        {"domain": ""},
        {"emailAddress": "ann@example.com"},
        # No address at all.
        {"emailAddress": "gmail.com"},
        {"emailAddress": ""},
        {"domain": "\N{SNOWMAN}" * 300},
    ],
)
async def test_an_unknown_one_is_null(api: Api, by: dict[str, str]) -> None:
    """Not knowing is no error."""
    assert await one(api, **by) is None


@pytest.mark.parametrize("by", [{}, {"id": "gmail", "domain": "gmail.com"}, {"id": None}])
async def test_exactly_one_name_is_given(api: Api, by: dict[str, str | None]) -> None:
    """None, two, or null are refused by the schema."""
    answer = await api.call(None, ONE, {"by": by})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
