"""Tokens of each kind, shown at the doors of all other kinds: none opens but its own.

The doors are all places that take a token; each is tried with every kind, also with the prefix of
another kind and without its own. Its right kinds come last and open, so that a refusal says
something.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed

from kit.api import OWNER
from kit.attacks import Purse, errors_of, graphql, open_purse, sign_in
from kit.live import listening
from kit.rowdump import all_rows
from kit.worlds import mutation
from mailconfig.settings import Settings

FORBIDDEN = 4403
"""Close code of graphql-transport-ws."""
NEW_PASSWORD = "an entirely new passphrase"
VIEWER_QUERY = "{ viewer { id } }"
RENAME = mutation("renameWorkspace", "RenameWorkspaceInput", "workspace { id }")
REFRESH = mutation("refreshSession", "RefreshSessionInput", "session { expiresAt }")
RESET = mutation("resetPassword", "ResetPasswordInput", "ok")
ACCEPT = mutation("acceptInvitation", "AcceptInvitationInput", "workspace { slug }")
COMPLETE = mutation(
    "completeMailboxAuthorization", "CompleteMailboxAuthorizationInput", "grant { id }"
)
PREFIXES = ("mck_", "mce_", "mcr_", "mci_", "mcp_")

Door = Callable[[Purse, str], Awaitable[bool]]
"""Shows a token and tells whether that let in."""


async def bearer(purse: Purse, text: str) -> bool:
    """An Authorization header."""
    answer = await graphql(purse.api, VIEWER_QUERY, Authorization=f"Bearer {text}")
    return (answer.json()["data"] or {}).get("viewer") is not None


async def cookie(purse: Purse, text: str) -> bool:
    """The cookie of a browser."""
    answer = await graphql(purse.api, VIEWER_QUERY, Cookie=f"mailconfig_session={text}")
    return (answer.json()["data"] or {}).get("viewer") is not None


async def csrf(purse: Purse, text: str) -> bool:
    """The header that makes a browser's write count."""
    headers = {"Cookie": f"mailconfig_session={purse.held['cookie']}", "X-CSRF-Token": text}
    answer = await graphql(purse.api, RENAME, {"input": {"name": "Acme"}}, **headers)
    return not errors_of(answer)


async def refresh(purse: Purse, text: str) -> bool:
    """What goes on with a session."""
    return not errors_of(await graphql(purse.api, REFRESH, {"input": {"refreshToken": text}}))


async def reset(purse: Purse, text: str) -> bool:
    """What sets a forgotten password."""
    given = {"token": text, "newPassword": NEW_PASSWORD}
    return not errors_of(await graphql(purse.api, RESET, {"input": given}))


async def invitation(purse: Purse, text: str) -> bool:
    """What makes somebody a member."""
    given = {"token": text, "password": NEW_PASSWORD}
    return not errors_of(await graphql(purse.api, ACCEPT, {"input": given}))


async def state(purse: Purse, text: str) -> bool:
    """What comes back from a provider."""
    given = {"state": text, "code": purse.code}
    # By the session that began: of the other ones, the state would be of no use by itself.
    authorization = f"Bearer {await purse.api.token(OWNER)}"
    answer = await graphql(purse.api, COMPLETE, {"input": given}, Authorization=authorization)
    return not errors_of(answer)


async def cursor(purse: Purse, text: str) -> bool:
    """A place in a list."""
    query = "query ($after: String) { configs(after: $after) { nodes { id } } }"
    authorization = f"Bearer {await purse.api.token(OWNER)}"
    answer = await graphql(purse.api, query, {"after": text}, Authorization=authorization)
    return not errors_of(answer)


def signed_link(kind: str) -> Door:
    """Return the door that a link opens."""

    async def door(purse: Purse, text: str) -> bool:
        link = purse.links[kind].replace(purse.held[kind], quote(text, safe=""))
        return (await purse.api.client.get(link)).status_code == 200

    return door


DOORS: Mapping[str, tuple[Door, frozenset[str]]] = {
    "Authorization": (bearer, frozenset({"access", "api key", "embed", "host"})),
    "Cookie": (cookie, frozenset({"cookie"})),
    "X-CSRF-Token": (csrf, frozenset({"csrf"})),
    "refreshSession": (refresh, frozenset({"refresh"})),
    "resetPassword": (reset, frozenset({"reset"})),
    "acceptInvitation": (invitation, frozenset({"invitation"})),
    "state": (state, frozenset({"state"})),
    "after": (cursor, frozenset({"cursor"})),
    "file link": (signed_link("file"), frozenset({"file"})),
    "export link": (signed_link("export"), frozenset({"export"})),
}
"""Place that takes a token -> how it is shown there, and the kinds that are for it."""


@pytest.fixture
def engine() -> str:
    """Which storage is asked makes no difference to a token."""
    return "sqlite"


@pytest.fixture
async def purse(
    app_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Purse]:
    """One of each kind."""
    async with open_purse(app_settings, tmp_path, monkeypatch) as opened:
        yield opened


def disguised(held: Mapping[str, str]) -> dict[str, str]:
    """Return the tokens with the prefix of each other kind, and without their own."""
    found = {}
    for kind, text in held.items():
        own = next((prefix for prefix in PREFIXES if text.startswith(prefix)), "")
        bare = text.removeprefix(own)
        others = [prefix for prefix in (*PREFIXES, "") if prefix != own]
        found |= {f"{kind} as {prefix or 'bare'}": prefix + bare for prefix in others}
    return found


async def test_each_door_takes_its_own_kinds_alone(purse: Purse) -> None:
    """Of all kinds as they are and in disguise, which change nothing; then the right ones open."""
    before = await all_rows(purse.api.settings.effective_database_url)
    for door, (show, right) in DOORS.items():
        assert right <= purse.held.keys()
        others = {kind: text for kind, text in purse.held.items() if kind not in right}
        for name, text in (others | disguised(purse.held)).items():
            assert not await show(purse, text), (door, name)
    assert await all_rows(purse.api.settings.effective_database_url) == before
    for door, (show, right) in DOORS.items():
        for kind in sorted(right):
            assert await show(purse, purse.held[kind]), (door, kind)


async def test_a_url_holds_no_credentials(purse: Purse) -> None:
    """RFC 6750, section 2.3, is not taken: URLs are kept in logs and histories."""
    for name in ("access_token", "token", "authorization", "apiKey", "api_key", "session"):
        for kind, text in purse.held.items():
            params = {"query": VIEWER_QUERY, name: text}
            answer = await purse.api.client.get("/graphql", params=params)
            assert (answer.json().get("data") or {}).get("viewer") is None, (name, kind)
            answer = await purse.api.client.get("/api/email-config/", params={name: text})
            assert answer.status_code in {400, 401}, (name, kind)


async def test_another_scheme_is_none(purse: Purse) -> None:
    """What is no `Bearer` lets nobody in, whatever follows it."""
    for scheme in ("Basic", "Token", "Digest", "ApiKey", "DPoP", "Bearer:", ""):
        for kind, text in purse.held.items():
            shown = f"{scheme} {text}".strip()
            answer = await graphql(purse.api, VIEWER_QUERY, Authorization=shown)
            assert answer.json()["data"] == {"viewer": None}, (scheme, kind)


async def test_one_who_shows_two_is_judged_by_the_header(purse: Purse) -> None:
    """A bad token beside a good cookie is a bad token: nothing falls back."""
    good = f"mailconfig_session={purse.held['cookie']}"
    assert await cookie(purse, purse.held["cookie"])
    for kind in purse.held.keys() - DOORS["Authorization"][1]:
        headers = {"Authorization": f"Bearer {purse.held[kind]}", "Cookie": good}
        answer = await graphql(purse.api, VIEWER_QUERY, **headers)
        assert answer.json()["data"] == {"viewer": None}, kind


async def test_the_first_message_of_a_socket_takes_no_other_kinds(
    purse: Purse, app_settings: Settings
) -> None:
    """connection_init with anything else ends the socket as forbidden: 4403."""
    async with listening(app_settings, purse.api.prober) as live:
        browser = await sign_in(purse.api, OWNER)
        held = purse.held | {"access": browser.shown["accessToken"]}
        for kind, text in held.items():
            if kind in DOORS["Authorization"][1] - {"host"}:  # no host is set up here
                continue
            live.tokens[kind] = text
            with pytest.raises(ConnectionClosed) as refused:
                async with live.socket(kind):
                    pass
            assert refused.value.rcvd is not None
            assert refused.value.rcvd.code == FORBIDDEN, kind
        live.tokens["access"] = held["access"]
        async with live.socket("access"):
            pass
