"""The query `auditEvents`, and that every mutation adds to what it shows."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kit.api import (
    ADMIN,
    LOGIN,
    MEMBER,
    OWNER,
    PASSWORD,
    STRANGER,
    SUBMIT,
    VIEWER,
    Api,
    form,
)
from kit.rowdump import all_rows
from kit.worlds import SEND, World, letter, mutation, open_world
from mailconfig.bootstrap import open_database
from mailconfig.domain.clock import utc_now
from mailconfig.domain.secrets import Secret
from mailconfig.graphql import ids
from mailconfig.graphql.schema import build_schema
from mailconfig.services.sessions import digest
from mailconfig.settings import Settings

EVENTS = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: AuditEventFilter) {
  auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { id } }
    nodes { id action actorId objectType objectId details requestId createdAt }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
UPDATE = mutation("update", "UpdateInput", "config { id revision }")
ROLLBACK = mutation("rollback", "RollbackInput", "config { id revision }")
TEST = mutation("testConnection", "TestConnectionInput", "test { id }")


async def read(api: Api, who: str = ADMIN, **variables: object) -> dict[str, Any]:
    """Return a page as that person reads it."""
    found: dict[str, Any] = (await api.data(who, EVENTS, variables))["auditEvents"]
    return found


async def actions(api: Api, **filter: object) -> list[str]:
    """Return the actions that a filter finds, newest first."""
    found = await read(api, first=100, filter=filter)
    return [event["action"] for event in found["nodes"]]


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (OWNER, None),
        (ADMIN, None),
        (MEMBER, "FORBIDDEN"),
        (VIEWER, "FORBIDDEN"),
        (None, "UNAUTHENTICATED"),
    ],
)
@pytest.mark.parametrize("variables", [{}, {"after": "forged"}, {"filter": {"objectId": "no id"}}])
async def test_administrators_read_it(
    api: Api, who: str | None, code: str | None, variables: dict[str, object]
) -> None:
    """Others are refused alike, whatever they send, and see nothing."""
    answer = await api.call(who, EVENTS, variables)
    found = [error["extensions"]["code"] for error in answer.get("errors", [])]
    if code is not None:
        assert (found, answer["data"]) == ([code], {"auditEvents": None})
    elif not variables:
        assert found == []
        assert answer["data"]["auditEvents"]["nodes"]


async def test_an_event_tells_who_did_what(api: Api) -> None:
    """Actor and object are global ids, which `node` knows; the request is the answer's."""
    config_id = await api.stored(MEMBER)
    member = (await api.data(MEMBER, "query { viewer { id } }"))["viewer"]["id"]
    tested = {"input": {"target": {"configId": config_id}}}
    test_id = (await api.data(MEMBER, TEST, tested))["testConnection"]["test"]["id"]
    test, config = (await read(api, first=2))["nodes"]
    shown = ("action", "actorId", "objectType", "objectId", "details")
    assert {name: config[name] for name in shown} == {
        "action": "config.submit",
        "actorId": member,
        "objectType": "config",
        "objectId": config_id,
        "details": {"shared": False},
    }
    assert {name: test[name] for name in shown} == {
        "action": "test.start",
        "actorId": member,
        "objectType": "test",
        "objectId": test_id,
        "details": {"config": config_id},
    }
    assert len({test["requestId"], config["requestId"]} - {"-"}) == 2
    assert ids.decode(test["id"])[0] == "AuditEvent"  # type: ignore[index]
    assert test["createdAt"] > config["createdAt"]


async def test_pages_follow_one_another(api: Api) -> None:
    """Forwards and backwards, each event is on one page, and the ends are known."""
    for name in ("One", "Two", "Three"):
        await api.stored(MEMBER, name=name, emailAddress=f"{name}@example.net")
    whole = await read(api, first=100)
    listed = [event["id"] for event in whole["nodes"]]
    assert len(listed) >= 8  # users were made before
    assert [edge["node"]["id"] for edge in whole["edges"]] == listed
    forwards: list[str] = []
    after = None
    while True:
        page = await read(api, first=3, after=after)
        forwards += [event["id"] for event in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert forwards == listed
    page = await read(api, last=2, before=whole["edges"][4]["cursor"])
    assert [event["id"] for event in page["nodes"]] == listed[2:4]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, True)


async def test_cursors_are_of_one_workspace_and_list(api: Api) -> None:
    """A cursor of another list, or of another workspace's trail, is none here."""
    theirs = (await read(api, STRANGER, first=1))["pageInfo"]["endCursor"]
    await api.stored(ADMIN)
    query = "query { configs(first: 1) { pageInfo { endCursor } } }"
    other = (await api.data(ADMIN, query))["configs"]["pageInfo"]["endCursor"]
    for cursor in (theirs, other, "1.x.y.z", ""):
        answer = await api.call(ADMIN, EVENTS, {"after": cursor})
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


async def test_conditions(api: Api) -> None:
    """Actions, actor, object and span each choose, and all together."""
    first = await api.stored(MEMBER)
    await api.stored(OWNER, emailAddress="bo@example.net")
    await api.data(MEMBER, UPDATE, {"input": {"id": first, "name": "Mine"}})
    member = (await api.data(MEMBER, "query { viewer { id } }"))["viewer"]["id"]
    update, _, submit = (await read(api, first=3))["nodes"]
    assert await actions(api, action=["config.update"]) == ["config.update"]
    both = ["config.update", "config.submit", "config.submit"]
    assert await actions(api, action=["config.submit", "config.update"]) == both
    assert await actions(api, actorId=member) == ["config.update", "config.submit"]
    assert await actions(api, objectId=first) == ["config.update", "config.submit"]
    assert await actions(api, createdAt={"gte": update["createdAt"]}) == ["config.update"]
    span = {"gte": submit["createdAt"], "lt": update["createdAt"]}
    assert await actions(api, createdAt=span) == ["config.submit", "config.submit"]
    assert await actions(api, createdAt=span, actorId=member) == ["config.submit"]
    assert await actions(api, action=["no such thing"]) == []


@pytest.mark.parametrize(
    "conditions",
    [
        {"actorId": ids.encode("EmailConfig", UUID(int=7))},
        {"actorId": ids.encode("User", 1)},
        {"actorId": ""},
        {"objectId": "no id"},
        {"objectId": ids.encode("X", 1)},
        {"objectId": ""},
    ],
)
async def test_what_is_no_id_finds_nothing(api: Api, conditions: dict[str, str]) -> None:
    """An id that is none is not found; an empty one is no missing condition."""
    answer = await api.call(ADMIN, EVENTS, {"filter": conditions})
    assert answer["data"] == {"auditEvents": None}
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_sign_ins_are_events(api: Api) -> None:
    """Those that succeed and those that are refused, from one client, without its address."""
    for password in ("wrong horse battery", PASSWORD):
        given = {"input": {"email": "member@example.org", "password": password}}
        await api.data(None, LOGIN, given)
    await api.data(None, LOGIN, {"input": {"email": "nobody@example.org", "password": PASSWORD}})
    member = (await api.data(MEMBER, "query { viewer { id } }"))["viewer"]["id"]
    login, refused = (await read(api, first=2))["nodes"]
    assert (login["action"], login["actorId"]) == ("login", member)
    assert ids.decode(login["objectId"])[0] == "Session"  # type: ignore[index]
    assert (refused["action"], refused["actorId"]) == ("login.refused", None)
    assert (refused["objectType"], refused["objectId"]) == ("user", member)
    assert refused["details"]["reason"] == "credentials"
    assert refused["details"]["client"] == login["details"]["client"]
    assert len(await actions(api, action=["login", "login.refused"])) == 2


async def _ask(world: World, document: str, input: dict[str, Any]) -> None:
    data = await world.api.data(MEMBER, document, {"input": input})
    ((_, payload),) = data.items()
    assert payload["errors"] == []


async def _submit(world: World) -> None:
    await _ask(world, SUBMIT, form(emailAddress="new@example.net"))


async def _update(world: World) -> None:
    await _ask(world, UPDATE, {"id": world.own[MEMBER]["EmailConfig"], "name": "Mine"})


async def _rollback(world: World) -> None:
    await _update(world)
    await _ask(world, ROLLBACK, {"id": world.own[MEMBER]["EmailConfig"], "revision": 1})


async def _delete(world: World) -> None:
    document = mutation("delete", "DeleteInput", "deletedId")
    await _ask(world, document, {"id": world.own[MEMBER]["EmailConfig"]})


async def _test_connection(world: World) -> None:
    await _ask(world, TEST, {"target": {"configId": world.own[MEMBER]["EmailConfig"]}})


async def _cancel_test(world: World) -> None:
    document = mutation("cancelTest", "CancelTestInput", "test { status }")
    await _ask(world, document, {"testId": world.running})


async def _apply_fix(world: World) -> None:
    own = world.own[MEMBER]
    document = mutation("applyFix", "ApplyFixInput", "config { id } test { id }")
    await _ask(world, document, {"testId": own["ConnectionTest"], "fixId": own["SettingsFix"]})


async def _upload_file(world: World) -> None:
    document = mutation("uploadFile", "UploadFileInput", "file { id }")
    place = {"variables.input.file": ("note.txt", b"a note\n", "text/plain")}
    variables = {"input": {"file": None, "kind": "ATTACHMENT"}}
    answer = await world.api.upload(MEMBER, document, variables, place)
    assert answer["data"]["uploadFile"]["errors"] == []


async def _delete_file(world: World) -> None:
    document = mutation("deleteFile", "DeleteFileInput", "deletedId")
    await _ask(world, document, {"id": world.own[MEMBER]["File"]})


async def _login(world: World) -> None:
    given = {"email": "member@example.org", "password": PASSWORD}
    await world.api.data(None, LOGIN, {"input": given})


async def _logout(world: World) -> None:
    await world.api.data(MEMBER, "mutation { logout { ok errors { message } } }")


async def _logout_everywhere(world: World) -> None:
    await world.api.data(MEMBER, "mutation { logoutEverywhere { ok errors { message } } }")


async def _end_session(world: World) -> None:
    (session,) = (await world.api.data(MEMBER, "{ sessions { id } }"))["sessions"]
    await _ask(world, mutation("endSession", "EndSessionInput", "endedId"), {"id": session["id"]})


async def _switch_workspace(world: World) -> None:
    viewer = (await world.api.data(MEMBER, "{ viewer { workspaceId } }"))["viewer"]
    document = mutation("switchWorkspace", "SwitchWorkspaceInput", "session { expiresAt }")
    await _ask(world, document, viewer)


async def _refresh_session(world: World) -> None:
    login = mutation("login", "LoginInput", "session { refreshToken }")
    given = {"input": {"email": "member@example.org", "password": PASSWORD}}
    session = (await world.api.data(None, login, given))["login"]["session"]
    document = mutation("refreshSession", "RefreshSessionInput", "session { expiresAt }")
    await _ask(world, document, session)


async def _change_password(world: World) -> None:
    document = mutation("changePassword", "ChangePasswordInput", "ok")
    passwords = {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD} 2"}
    await _ask(world, document, passwords)


async def _reset_password(world: World) -> None:
    token = Secret("a token of the operator")
    database = await open_database(world.api.settings)
    async with database.identity() as identity:
        found = await identity.user_by_email("member@example.org")
        assert found is not None
        await identity.resets.add(found[0].id, digest(token), utc_now() + timedelta(hours=1))
    await database.close()
    document = mutation("resetPassword", "ResetPasswordInput", "ok")
    await _ask(world, document, {"token": token.reveal(), "newPassword": f"{PASSWORD} 2"})


async def _send_email(world: World) -> None:
    await _ask(world, SEND, letter(world.own[MEMBER]["EmailConfig"]))


async def _cancel_message(world: World) -> None:
    document = mutation("cancelMessage", "CancelMessageInput", "message { state }")
    await _ask(world, document, {"id": world.own[MEMBER]["Message"]})


async def _retry_message(world: World) -> None:
    await _cancel_message(world)
    document = mutation("retryMessage", "RetryMessageInput", "message { state }")
    await _ask(world, document, {"id": world.own[MEMBER]["Message"]})


async def _retry_messages(world: World) -> None:
    await _cancel_message(world)
    document = mutation("retryMessages", "RetryMessagesInput", "retried")
    await _ask(world, document, {"filter": {"state": ["CANCELLED"]}})


async def _pause_sending(world: World) -> None:
    document = mutation("pauseSending", "PauseSendingInput", "pausedAt")
    await _ask(world, document, {"configId": world.own[MEMBER]["EmailConfig"]})


async def _set_sending_options(world: World) -> None:
    document = mutation("setSendingOptions", "SetSendingOptionsInput", "config { id }")
    given = {"configId": world.own[MEMBER]["EmailConfig"], "readBounces": True}
    await _ask(world, document, given)


async def _resume_sending(world: World) -> None:
    await _pause_sending(world)
    document = mutation("resumeSending", "ResumeSendingInput", "config { id }")
    await _ask(world, document, {"configId": world.own[MEMBER]["EmailConfig"]})


async def _add_sender(world: World) -> None:
    document = mutation("addSenderIdentity", "AddSenderIdentityInput", "senderIdentity { id }")
    given = {"configId": world.own[MEMBER]["EmailConfig"], "address": "sales@example.net"}
    await _ask(world, document, given)


async def _update_sender(world: World) -> None:
    document = mutation("updateSenderIdentity", "UpdateSenderIdentityInput", "config { id }")
    await _ask(world, document, {"id": world.own[MEMBER]["SenderIdentity"], "name": "Ann"})


async def _delete_sender(world: World) -> None:
    document = mutation("deleteSenderIdentity", "DeleteSenderIdentityInput", "deletedId")
    await _ask(world, document, {"id": world.own[MEMBER]["SenderIdentity"]})


WRITING: Mapping[str, tuple[Callable[[World], Awaitable[None]], list[str]]] = {
    "submit": (_submit, ["config.submit"]),
    "update": (_update, ["config.update"]),
    "rollback": (_rollback, ["config.update", "config.rollback"]),
    "delete": (_delete, ["config.delete"]),
    "testConnection": (_test_connection, ["test.start"]),
    "cancelTest": (_cancel_test, ["test.cancel"]),
    "applyFix": (_apply_fix, ["config.update", "test.start"]),
    "uploadFile": (_upload_file, ["file.upload"]),
    "deleteFile": (_delete_file, ["file.delete"]),
    "login": (_login, ["login"]),
    "logout": (_logout, ["logout"]),
    "logoutEverywhere": (_logout_everywhere, ["logout.everywhere"]),
    "endSession": (_end_session, ["session.end"]),
    # One for each of the two sessions.
    "switchWorkspace": (_switch_workspace, ["session.switch", "session.switch"]),
    "refreshSession": (_refresh_session, ["login", "session.refresh"]),
    "changePassword": (_change_password, ["password.change"]),
    "resetPassword": (_reset_password, ["password.reset"]),
    "sendEmail": (_send_email, ["message.send"]),
    "cancelMessage": (_cancel_message, ["message.cancel"]),
    "retryMessage": (_retry_message, ["message.cancel", "message.retry"]),
    "retryMessages": (_retry_messages, ["message.cancel", "message.retry_many"]),
    "pauseSending": (_pause_sending, ["sending.pause"]),
    "resumeSending": (_resume_sending, ["sending.pause", "sending.resume"]),
    "setSendingOptions": (_set_sending_options, ["sending.options"]),
    "addSenderIdentity": (_add_sender, ["sender.add"]),
    "updateSenderIdentity": (_update_sender, ["sender.update"]),
    "deleteSenderIdentity": (_delete_sender, ["sender.remove"]),
}
"""How each mutation is run, and the actions of the events that it adds."""
CHANGES_NOTHING = {
    # Judges a form; stores nothing.
    "validate",
    # Asks the network about an address; what it finds is in memory only.
    "discover",
    # Asks the DNS about a domain; stores nothing.
    "checkDomain",
    # Writes a message; stores nothing.
    "previewEmail",
}
"""Mutations without an event, each with its reason."""
ELSEWHERE = {
    # Need a provider's sign-in service: test_mailbox_authorization runs them.
    "beginMailboxAuthorization": ["authorization.begin"],
    "completeMailboxAuthorization": ["grant.authorize"],
    "revokeMailboxGrant": ["grant.revoke"],
    # Administrators': test_api_keys and test_embed_token run them.
    "createApiKey": ["apikey.create"],
    "revokeApiKey": ["apikey.revoke"],
    "createEmbedToken": ["user.create", "embed.create"],
    # See test_tenancy_events.
    "renameWorkspace": ["workspace.rename"],
    "changeMemberRole": ["member.role"],
    "removeMember": ["member.remove"],
    "leaveWorkspace": ["member.leave"],
    "transferOwnership": ["workspace.transfer"],
    "inviteMember": ["invitation.create"],
    "withdrawInvitation": ["invitation.withdraw"],
    "acceptInvitation": ["invitation.accept", "user.create"],
    "exportWorkspace": ["workspace.export"],
    "deleteAccount": ["account.delete"],
    # Needs a worker that lost its connection: test_send_email runs it.
    "retryAmbiguous": ["message.retry_ambiguous"],
    # Administrators': test_send_email runs them.
    "suppressAddress": ["suppression.add"],
    "unsuppressAddress": ["suppression.remove"],
    # Needs an account that mails: test_password_mail runs it.
    "requestPasswordReset": ["password.reset_requested", "message.send"],
    # Its trail goes with it.
    "deleteWorkspace": [],
    # An administrator's: test_oauth_clients runs them.
    "setOAuthClient": ["oauthClient.set"],
    "deleteOAuthClient": ["oauthClient.delete"],
}
"""Mutations whose events have tests of their own."""


def test_every_mutation_has_a_row() -> None:
    """A mutation that comes newly is run here and adds its event, or says why there is none."""
    schema = build_schema().graphql_schema
    assert schema.mutation_type is not None
    assert set(schema.mutation_type.fields) == set(WRITING) | CHANGES_NOTHING | set(ELSEWHERE)
    assert set(WRITING).isdisjoint(CHANGES_NOTHING)


def test_the_schema_names_every_action() -> None:
    """Whoever filters by actions finds them in the description."""
    event = build_schema().graphql_schema.type_map["AuditEvent"]
    words = event.fields["action"].description.replace(",", " ").replace(".\n", " ")  # type: ignore[attr-defined]
    named = {word.rstrip(".") for word in words.split()}
    added = {action for _, listed in WRITING.values() for action in listed}
    added |= {action for listed in ELSEWHERE.values() for action in listed}
    unseen = {"login.refused", "user.create", "session.replay", "password.reset_requested"}
    assert added | unseen <= named


@pytest.mark.parametrize("name", WRITING)
async def test_every_mutation_adds_its_events(app_settings: Settings, name: str) -> None:
    """In its transaction or at its end, under the id of the person; no address is in any."""
    run, added = WRITING[name]
    async with open_world(app_settings) as world:
        before = [event["id"] for event in (await read(world.api, first=100))["nodes"]]
        await run(world)
        after = (await read(world.api, first=100))["nodes"]
        fresh = [event for event in after if event["id"] not in before]
        assert [event["action"] for event in fresh][::-1] == added
        assert {event["actorId"] for event in fresh} == {world.own[MEMBER]["User"]}
        rows = await all_rows(world.api.settings.effective_database_url)
        told = json.dumps(rows["audit_events"], default=str)
        assert "@" not in told
        assert "example" not in told
