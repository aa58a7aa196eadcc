"""`setOAuthClient`, `deleteOAuthClient` and the query `oauthClients`."""

import pytest

from kit.api import ADMIN, MEMBER, OWNER, STRANGER, VIEWER, Api, serving
from kit.rowdump import all_rows
from kit.worlds import mutation
from mailconfig.settings import Settings

CLIENTS = "{ oauthClients { redirectUris nodes { provider { id } clientId source updatedAt } } }"
SHOWN = "client { clientId source }"
SET = mutation("setOAuthClient", "SetOAuthClientInput", SHOWN)
DELETE = mutation("deleteOAuthClient", "DeleteOAuthClientInput", "ok")
SECRET = "very-secret-of-the-client-1"
EVENTS = "{ auditEvents(first: 1) { nodes { action details } } }"
GIVEN = {"providerId": "gmail", "clientId": "own-client", "clientSecret": SECRET}


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    """Settings with clients of the operator and a public address."""
    named = "gmail:operators-client:operators-secret-2,yahoo:public-client"
    return app_settings.model_copy(
        update={"oauth_clients": named, "public_url": "https://app.example.org"}
    )


async def listed(api: Api, who: str = ADMIN) -> list[tuple[str, str]]:
    """Return client ids and sources as somebody reads them."""
    found = (await api.data(who, CLIENTS))["oauthClients"]
    assert found["redirectUris"] == ["https://app.example.org/oauth/callback"]
    return [(client["clientId"], client["source"]) for client in found["nodes"]]


async def test_the_workspaces_client_wins(api: Api) -> None:
    """Set, set again, and deleted: the operator's is there again. No secret is shown or stored."""
    operators = [("operators-client", "OPERATOR"), ("public-client", "OPERATOR")]
    assert await listed(api) == operators
    for client_id in ("own-client", "another-client"):
        given = GIVEN | {"clientId": client_id}
        payload = (await api.data(ADMIN, SET, {"input": given}))["setOAuthClient"]
        assert payload == {
            "client": {"clientId": client_id, "source": "WORKSPACE"},
            "errors": [],
        }
    (event,) = (await api.data(ADMIN, EVENTS))["auditEvents"]["nodes"]
    assert event == {"action": "oauthClient.set", "details": {"provider": "gmail"}}
    assert await listed(api) == [("another-client", "WORKSPACE"), operators[1]]
    assert await listed(api, STRANGER) == operators
    rows = await all_rows(api.settings.effective_database_url)
    assert SECRET not in str(rows)
    assert len(rows["secrets"]) == 1
    deleted = await api.data(OWNER, DELETE, {"input": {"providerId": "gmail"}})
    assert deleted["deleteOAuthClient"] == {"ok": True, "errors": []}
    (event,) = (await api.data(ADMIN, EVENTS))["auditEvents"]["nodes"]
    assert event["action"] == "oauthClient.delete"
    assert await listed(api) == operators
    assert (await all_rows(api.settings.effective_database_url))["secrets"] == []
    again = (await api.data(OWNER, DELETE, {"input": {"providerId": "gmail"}}))["deleteOAuthClient"]
    assert [error["__typename"] for error in again["errors"]] == ["NotFoundError"]


@pytest.mark.parametrize("who", [MEMBER, VIEWER])
async def test_administrators_only(api: Api, who: str) -> None:
    """Others neither read nor change them."""
    answer = await api.call(who, CLIENTS)
    assert answer["data"] == {"oauthClients": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    before = await all_rows(api.settings.effective_database_url)
    for query, given in ((SET, GIVEN), (DELETE, {"providerId": "gmail"})):
        (payload,) = (await api.data(who, query, {"input": given})).values()
        assert [error["__typename"] for error in payload["errors"]] == ["ForbiddenError"]
    assert await all_rows(api.settings.effective_database_url) == before


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"providerId": "nobody"}, "providerId"),
        # Has no OAuth 2.0 in the catalogue.
        ({"providerId": "gmx"}, "providerId"),
        ({"clientId": ""}, "clientId"),
        ({"clientId": "two words"}, "clientId"),
        ({"clientSecret": "line\nend"}, "clientSecret"),
        ({"clientSecret": "x" * 2000}, "clientSecret"),
    ],
    ids=["unknown", "without", "empty", "blank", "line end", "long"],
)
async def test_what_cannot_be_a_client(api: Api, changes: dict[str, str], path: str) -> None:
    """The field is named, and nothing is stored."""
    payload = (await api.data(ADMIN, SET, {"input": GIVEN | changes}))["setOAuthClient"]
    assert [error["path"] for error in payload["errors"]] == [[path]]
    assert (await all_rows(api.settings.effective_database_url))["oauth_clients"] == []


async def test_a_wrong_setting_ends_the_start(app_settings: Settings) -> None:
    """An operator's client of a provider without OAuth 2.0 is told at once, without its secret."""
    wrong = app_settings.model_copy(update={"oauth_clients": "gmx:client:hidden-secret-3"})
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the application's start
        async with serving(wrong):
            pass
    assert "hidden-secret-3" not in repr(caught.value)
