"""The mutation `createEmbedToken`, and everything that its token may and may not do."""

from typing import Any

import jwt
import pytest

from kit.api import ADMIN, MEMBER, OWNER, SUBMIT, VIEWER, Api, form, server
from kit.machines import CREATE_TOKEN, REVOKE_KEY, new_embed, new_key
from kit.rowdump import all_rows
from kit.worlds import mutation
from mailconfig.domain.identity import Scope
from mailconfig.graphql.schema import build_schema

WHO = "{ viewer { id email role channel scopes } }"
NAMES = "{ configs { nodes { emailAddress } totalCount } }"
ONE = "query ($id: ID!) { config(id: $id) { name } node(id: $id) { id } }"
UPDATE = mutation("update", "UpdateInput", "config { id emailAddress }")
DELETE = mutation("delete", "DeleteInput", "deletedId")
TEST = mutation("testConnection", "TestConnectionInput", "test { id }")
DISCOVER = mutation("discover", "DiscoverInput", "domain")
CHECK = mutation("checkDomain", "CheckDomainInput", "report { domain }")
ANN = "ann@example.net"


async def kinds(api: Api, who: str, document: str, given: object) -> list[str]:
    """Run a mutation and return the types of its errors."""
    ((payload,),) = [(await api.data(who, document, {"input": given})).values()]
    return [error["__typename"] for error in payload["errors"]]


async def code(api: Api, who: str, query: str) -> str | None:
    """Return the code of the first error of a query."""
    errors = (await api.call(who, query)).get("errors")
    return errors[0]["extensions"]["code"] if errors else None


@pytest.fixture
async def embedded(api: Api) -> Api:
    """`ann` connects ann@example.net by a token that the key `back end` made."""
    await new_key(api, "back end", scopes=["EMBED_CREATE"])
    await new_embed(api, "ann", "back end", purpose={"address": ANN}, email="ann@example.org")
    return api


async def test_who_it_is(embedded: Api) -> None:
    """A member of their own, with three scopes, whoever made the token."""
    viewer = (await embedded.data("ann", WHO))["viewer"]
    assert viewer.pop("id")
    assert viewer == {
        "email": "ann@example.org",
        "role": "MEMBER",
        "channel": "EMBED",
        "scopes": ["CONFIGS_READ", "CONFIGS_WRITE", "TESTS_RUN"],
    }
    first = (await embedded.data("ann", WHO))["viewer"]["id"]
    made = await new_embed(embedded, "again", OWNER, purpose={"address": "other@example.net"})
    assert made["userId"] == first
    made = await new_embed(embedded, "bob", OWNER, subject="u-2")
    assert made["userId"] != first


async def test_it_connects_its_mailbox_and_no_other(embedded: Api) -> None:
    """Made, seen, tested and changed: that address."""
    for address in ("bob@example.net", "ann@example.com"):
        assert await kinds(embedded, "ann", SUBMIT, form(emailAddress=address)) == [
            "ForbiddenError"
        ]
    assert await kinds(embedded, "ann", SUBMIT, form(shared=True)) == ["ForbiddenError"]
    config_id = await embedded.stored("ann")
    assert await kinds(embedded, "ann", TEST, {"target": {"configId": config_id}}) == []
    moved = {"id": config_id, "emailAddress": "bob@example.net"}
    assert await kinds(embedded, "ann", UPDATE, moved) == ["ForbiddenError"]
    assert await kinds(embedded, "ann", UPDATE, {"id": config_id, "name": "New"}) == []
    assert await kinds(embedded, "ann", DELETE, {"id": config_id}) == ["ForbiddenError"]
    found = (await embedded.data("ann", NAMES))["configs"]
    assert found == {"nodes": [{"emailAddress": ANN}], "totalCount": 1}


async def test_drafts_are_of_its_mailbox(embedded: Api) -> None:
    """A form of another address is not tested."""
    draft = {"emailAddress": ANN, "incoming": server()}
    assert await kinds(embedded, "ann", TEST, {"target": {"draft": draft}}) == []
    draft["emailAddress"] = "bob@example.net"
    assert await kinds(embedded, "ann", TEST, {"target": {"draft": draft}}) == ["ForbiddenError"]


async def test_the_network_is_asked_about_its_mailbox(embedded: Api) -> None:
    """Discovery and domain checks of others are refused."""
    assert await kinds(embedded, "ann", DISCOVER, {"emailAddress": ANN}) == []
    assert await kinds(embedded, "ann", DISCOVER, {"domain": "example.com"}) == ["ForbiddenError"]
    assert await kinds(embedded, "ann", CHECK, {"domain": "example.com"}) == ["ForbiddenError"]


async def test_others_do_not_exist(embedded: Api) -> None:
    """Shared ones of the same address, the user's own others, other people's."""
    shared = await embedded.stored(ADMIN, shared=True)
    other = await embedded.stored(MEMBER)
    await new_embed(embedded, "open", "back end")
    own = await embedded.stored("open", emailAddress="second@example.net")
    for config_id in (shared, other, own):
        found = await embedded.data("ann", ONE, {"id": config_id})
        assert found == {"config": None, "node": None}
        given: dict[str, object] = {"target": {"configId": config_id}}
        assert await kinds(embedded, "ann", TEST, given) == ["NotFoundError"]
        assert await kinds(embedded, "ann", UPDATE, {"id": config_id, "name": "x"}) == [
            "NotFoundError"
        ]
        assert await kinds(embedded, "ann", DELETE, {"id": config_id}) == ["NotFoundError"]
        draft = {"emailAddress": ANN, "incoming": server(), "basedOn": config_id}
        assert await kinds(embedded, "ann", TEST, {"target": {"draft": draft}}) == ["NotFoundError"]
    assert (await embedded.data("ann", NAMES))["configs"]["totalCount"] == 0
    assert (await embedded.data("open", NAMES))["configs"]["totalCount"] == 1


async def test_it_repairs_the_configuration_that_it_names(embedded: Api) -> None:
    """Lent by who may change it, whoever owns it; its address stays."""
    config_id = await embedded.stored(OWNER, shared=True)
    await embedded.stored(OWNER, shared=True, emailAddress="bob@example.net")
    await new_embed(embedded, "repair", OWNER, purpose={"configId": config_id})
    assert (await embedded.data("repair", NAMES))["configs"]["totalCount"] == 1
    assert await kinds(embedded, "repair", UPDATE, {"id": config_id, "name": "Mended"}) == []
    assert await kinds(embedded, "repair", TEST, {"target": {"configId": config_id}}) == []
    moved = {"id": config_id, "emailAddress": "bob@example.net"}
    assert await kinds(embedded, "repair", UPDATE, moved) == ["ForbiddenError"]
    assert await kinds(embedded, "repair", SUBMIT, form()) == ["ForbiddenError"]
    assert await kinds(embedded, "repair", DELETE, {"id": config_id}) == ["ForbiddenError"]


async def test_nobody_lends_what_they_may_not_change(embedded: Api) -> None:
    """An administrator sees a member's own configuration, and that is all."""
    config_id = await embedded.stored(MEMBER)
    wish = {"subject": "u-1", "purpose": {"configId": config_id}}
    assert await kinds(embedded, ADMIN, CREATE_TOKEN, wish) == ["ForbiddenError"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"subject": " "}, ["subject"]),
        ({"subject": "x" * 256}, ["subject"]),
        ({"email": "none"}, ["email"]),
        ({"purpose": {"address": "none"}}, ["purpose", "address"]),
        ({"expiresInSeconds": 9}, ["expiresInSeconds"]),
        ({"expiresInSeconds": 3601}, ["expiresInSeconds"]),
    ],
    ids=["blank", "long", "email", "address", "short-life", "long-life"],
)
async def test_a_wish_is_checked(api: Api, changes: dict[str, object], path: list[str]) -> None:
    """Each problem names its field, and no user is made."""
    before = (await all_rows(api.settings.effective_database_url))["users"]
    wish = {"subject": "u-1", "purpose": {}, **changes}
    made = (await api.data(ADMIN, CREATE_TOKEN, {"input": wish}))["createEmbedToken"]
    assert [error["path"] for error in made["errors"]] == [path]
    assert (await all_rows(api.settings.effective_database_url))["users"] == before


async def test_members_make_none(api: Api) -> None:
    """Administrators and their keys do."""
    for who in (MEMBER, VIEWER):
        wish = {"subject": "u-1", "purpose": {}}
        assert await kinds(api, who, CREATE_TOKEN, wish) == ["ForbiddenError"]


async def test_it_dies_with_the_key_that_made_it(embedded: Api) -> None:
    """At once."""
    assert await code(embedded, "ann", NAMES) is None
    listed = await embedded.data(OWNER, "{ apiKeys { nodes { id } } }")
    (key,) = listed["apiKeys"]["nodes"]
    assert await kinds(embedded, OWNER, REVOKE_KEY, key) == []
    assert await code(embedded, "ann", NAMES) == "UNAUTHENTICATED"


async def test_it_dies_with_the_session_that_made_it(api: Api) -> None:
    """A logout ends what was lent."""
    await new_embed(api, "ann", ADMIN)
    assert await code(api, "ann", NAMES) is None
    await api.data(ADMIN, "mutation { logout { ok } }")
    assert await code(api, "ann", NAMES) == "UNAUTHENTICATED"


async def test_kinds_of_tokens_are_not_mixed_up(embedded: Api) -> None:
    """An embed token is no access token and the other way round, whatever stands before it."""
    embed, access = embedded.tokens["ann"], embedded.tokens[OWNER]
    body = embed.removeprefix("mce_")
    assert jwt.get_unverified_header(body) == {"alg": "EdDSA", "typ": "mailconfig-embed+jwt"}
    head, payload, signature = body.split(".")
    for forged in (
        body,
        f"mce_{access}",
        f"mce_{head}.{payload}.{access.rpartition('.')[2]}",
        f"mce_{head}.{payload}.",
        f"mce_{head}.{access.split('.')[1]}.{signature}",
        f"mce_mce_{body}",
        "mce_",
        f"mck_{body}",
    ):
        embedded.tokens["forged"] = forged
        assert await code(embedded, "forged", NAMES) == "UNAUTHENTICATED", forged


async def test_it_is_no_cookie(embedded: Api) -> None:
    """So no other page can use it."""
    cookies = {"Cookie": f"mailconfig_session={embedded.tokens['ann']}"}
    answer = await embedded.client.post("/graphql", json={"query": WHO}, headers=cookies)
    assert answer.json()["data"] == {"viewer": None}


def _scoped() -> set[str]:
    """Return all root fields."""
    schema = build_schema().graphql_schema
    roots = (schema.query_type, schema.mutation_type)
    return {name for root in roots if root is not None for name in root.fields}


REFUSED_TO_ALL: dict[str, Any] = {
    "auditEvents": "{ auditEvents { nodes { id } } }",
    "apiKeys": "{ apiKeys { nodes { id } } }",
    "sessions": "{ sessions { id } }",
    "oauthClients": "{ oauthClients { __typename } }",
}


@pytest.mark.parametrize("name", REFUSED_TO_ALL)
async def test_it_reads_nothing_else(embedded: Api, name: str) -> None:
    """No audit trail, no keys, no sessions, no settings."""
    assert name in _scoped()
    assert await code(embedded, "ann", REFUSED_TO_ALL[name]) == "FORBIDDEN"


async def test_it_makes_no_tokens(embedded: Api) -> None:
    """Whoever has one cannot have more."""
    wish = {"subject": "u-2", "purpose": {}}
    assert await kinds(embedded, "ann", CREATE_TOKEN, wish) == ["ForbiddenError"]
    assert Scope.EMBED_CREATE.name not in (await embedded.data("ann", WHO))["viewer"]["scopes"]


async def test_keys_and_tokens_leave_their_events(embedded: Api) -> None:
    """Who was made known, by whom, and no address or subject in any."""
    (key,) = (await embedded.data(OWNER, "{ apiKeys { nodes { id } } }"))["apiKeys"]["nodes"]
    for _ in range(2):  # the second changes nothing
        await kinds(embedded, OWNER, REVOKE_KEY, key)
    rows = (await all_rows(embedded.settings.effective_database_url))["audit_events"]
    actions = [row["action"] for row in sorted(rows, key=lambda row: str(row["created_at"]))]
    assert actions[-4:] == ["apikey.create", "user.create", "embed.create", "apikey.revoke"]
    for word in ("u-1", "ann@", "back end"):
        assert word not in str(rows)
