"""Trying what one may not: each way to be refused by role or scope is a line of the log.

No line has a text of the client's: not its aliases, its arguments or its operation's name.
"""

import pytest

from kit.api import MEMBER, OWNER, VIEWER, Api, form, serving
from kit.attacks import sign_in
from kit.live import listening
from kit.machines import new_key
from mailconfig.services import denials
from mailconfig.settings import Settings

CANARY = "hunter2Xq9"
SEEN = ("operation", "channel", "role", "needs")


@pytest.fixture
def engine() -> str:
    """Lines know no storage."""
    return "sqlite"


def told(lines: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """Return what lines about refusals say, and forget them."""
    found = [line for line in lines.records if line.name == denials.__name__]
    lines.clear()
    assert CANARY not in str([vars(line) for line in found])
    return [tuple(vars(line)[name] for name in SEEN) for line in found]


async def test_each_way_to_be_refused_is_a_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Mutation, query, field of an object, REST; by the role, by the scope, by the CSRF token."""
    config_id = await api.stored(OWNER, name=CANARY)
    browser = await sign_in(api, MEMBER)
    await new_key(api, "key", role="OWNER", scopes=["TESTS_RUN"])
    told(caplog)
    submit = (
        f"mutation {CANARY}($input: SubmitInput!) {{ {CANARY}: submit(input: $input) "
        f"{{ {CANARY}b: errors {{ message }} }} }}"
    )
    await api.data(VIEWER, submit, {"input": form(name=CANARY)})
    assert told(caplog) == [("submit", "bearer", "VIEWER", "MEMBER")]
    await api.call(
        MEMBER, f"query {CANARY} {{ {CANARY}: auditEvents(first: 1) {{ nodes {{ id }} }} }}"
    )
    assert told(caplog) == [("auditEvents", "bearer", "MEMBER", "ADMIN")]
    await api.call(
        MEMBER, f"{{ workspace {{ {CANARY}: members(first: 1) {{ nodes {{ id }} }} }} }}"
    )
    assert told(caplog) == [("members", "bearer", "MEMBER", "ADMIN")]
    await api.call("key", "query ($id: ID!) { config(id: $id) { name } }", {"id": config_id})
    assert told(caplog) == [("config", "api_key", "OWNER", "configs:read")]
    await api.call("key", "mutation { logout { errors { message } } }")
    assert told(caplog) == [("logout", "api_key", "OWNER", "person")]
    viewer = {"Authorization": f"Bearer {api.tokens[VIEWER]}"}
    answer = await api.client.post("/api/email-config/", json=form(name=CANARY), headers=viewer)
    assert answer.status_code == 403
    assert told(caplog) == [("submit", "bearer", "VIEWER", "MEMBER")]
    cookie = {"Cookie": f"mailconfig_session={browser.cookie}", "X-CSRF-Token": CANARY}
    body = {"query": "mutation { logout { errors { message } } }"}
    answer = await api.client.post("/graphql", json=body, headers=cookie)
    assert answer.json()["data"]["logout"]["errors"] != []
    assert told(caplog) == [("logout", "cookie", "MEMBER", "csrf")]


async def test_what_is_no_refusal_by_role_is_no_line(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers, what is not found, forms with errors, and what is allowed."""
    told(caplog)
    await api.call(None, "{ auditEvents { nodes { id } } }")
    await api.submit(MEMBER, emailAddress="no address")
    gone = "query ($id: ID!) { config(id: $id) { name } }"
    await api.call(MEMBER, gone, {"id": "RW1haWxDb25maWc6MQ"})
    await api.data(OWNER, "{ auditEvents(first: 1) { nodes { id } } }")
    assert told(caplog) == []


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
async def test_many_refusals_are_few_lines(
    app_settings: Settings, caplog: pytest.LogCaptureFixture, *, compiled: bool
) -> None:
    """Fifty documents of twenty aliases each: ten lines, and another caller still has theirs."""
    settings = app_settings.model_copy(update={"compile_queries": compiled})
    many = " ".join(f"{CANARY}{number}: auditEvents {{ nodes {{ id }} }}" for number in range(20))
    async with serving(settings) as api:
        for _ in range(50):
            answer = await api.call(MEMBER, f"{{ {many} }}")
            assert len(answer["errors"]) == 20
        assert told(caplog) == [("auditEvents", "bearer", "MEMBER", "ADMIN")] * 10
        await api.call(VIEWER, "{ auditEvents { nodes { id } } }")
        assert told(caplog) == [("auditEvents", "bearer", "VIEWER", "ADMIN")]


async def test_sockets_are_no_way_around(
    app_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A query and a subscription over a socket are refused, and told, as over HTTP."""
    async with serving(app_settings) as api, listening(app_settings, api.prober) as live:
        await new_key(live, "key", role="OWNER", scopes=["CONFIGS_READ"])
        told(caplog)
        async with live.socket("key") as socket:
            await socket.subscribe("1", "{ auditEvents { nodes { id } } }", {})
            assert (await socket.receive())["type"] in {"next", "error"}
            found = (
                "subscription ($address: String!) "
                "{ discoveryProgress(emailAddress: $address) { __typename } }"
            )
            await socket.subscribe("2", found, {"address": f"{CANARY}@example.net"})
            while (await socket.receive())["id"] != "2":
                pass
        assert told(caplog) == [
            ("auditEvents", "api_key", "OWNER", "audit:read"),
            ("discoveryProgress", "api_key", "OWNER", "tests:run"),
        ]
