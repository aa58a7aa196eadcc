"""Two workspaces: for every operation of the schema, the other's objects do not exist.

The slots are found by walking the schema: each place of an operation that takes an id needs a row
in `CASES`, `PUBLIC` or `APART`, and each operation without one a row in `WITHOUT_IDS`. A member of
another workspace and a colleague of the same one, to whom the object is not shown, both ask for
what is there and for what never was: the answers are equal but for the id that was sent.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    get_named_type,
)
from starlette.routing import Route

from kit.api import ADMIN, COLLEAGUE, MEMBER, STRANGER, SUBMIT, form, server
from kit.worlds import SEND, World, letter, mutation, open_world
from mailconfig.domain.ids import new_id
from mailconfig.graphql import ids
from mailconfig.graphql.schema import build_schema
from mailconfig.http.rest.table import ROWS
from mailconfig.settings import Settings

TYPES = ("EmailConfig", "ConnectionTest", "File", "Message", "SettingsFix", "User", "Session")
"""Kinds of objects that somebody owns, by the type in their global ids."""
Variables = Callable[[str, Mapping[str, str]], dict[str, Any]]
"""Makes variables from the id that is sent and the caller's own objects."""


@dataclass(frozen=True)
class Case:
    """One slot: an operation that is sent with an id."""

    kind: str
    """What the id names."""
    query: str
    variables: Variables
    refusal: str | None = "NotFoundError"
    """Error of the payload; None where the answer has none."""


def of_input(make: Callable[[str, Mapping[str, str]], dict[str, Any]]) -> Variables:
    """Put the made value under `input`."""
    return lambda sent, own: {"input": make(sent, own)}


UPDATE = mutation("update", "UpdateInput", "config { id revision files { id } }")
TEST = mutation("testConnection", "TestConnectionInput", "test { status }")
VALIDATE = mutation("validate", "ValidateInput", "valid issues { path message }")
FIX = mutation("applyFix", "ApplyFixInput", "config { id } test { id }")
ONE_SERVER = {"incoming": server("imap.example.com"), "emailAddress": "bo@example.com"}
PREVIEW = mutation("previewEmail", "PreviewEmailInput", "preview { sizeBytes }")
MESSAGE = "query ($id: ID!) { message(id: $id) { subject recipients { address } } }"
MESSAGES = """
query ($id: ID!) { messages(filter: { configId: [$id] }) { totalCount nodes { subject } } }
"""
PROGRESS = "subscription ($id: ID!) { connectionTestProgress(testId: $id) { test { id status } } }"
CONFIG = """
query ($id: ID!) {
  config(id: $id) { name files { id } tests { totalCount } versions { nodes { revision } } }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }"


def filed(sent: str, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the input of a message with a stored file."""
    return letter(own["EmailConfig"], attachments=[{"source": {"fileId": sent}}])


def signed(sent: str, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the input of a message with a sender identity."""
    return letter(own["EmailConfig"], senderIdentityId=sent)


def by_id(sent: str, _own: Mapping[str, str]) -> dict[str, Any]:
    """Send the id as it is."""
    return {"id": sent}


def drafted(field_name: str, value: Callable[[str], object]) -> Variables:
    """Send a draft that names the id."""
    return of_input(
        lambda sent, _: {
            "target": {"draft": {**ONE_SERVER, field_name: value(sent)}},
            "protocols": ["IMAP"],
        }
    )


CASES: Mapping[str, Case] = {
    "query.config(id)": Case("EmailConfig", CONFIG, by_id, None),
    **{f"query.node(id) {kind}": Case(kind, NODE, by_id, None) for kind in TYPES[:4]},
    "query.node(id) User": Case("User", NODE, by_id, None),
    **{f"query.nodes(ids) {kind}": Case(kind, NODES, by_id, None) for kind in TYPES[:4]},
    "query.message(id)": Case("Message", MESSAGE, by_id, None),
    "query.messages(filter.configId)": Case("EmailConfig", MESSAGES, by_id, None),
    "mutation.sendEmail(input.configId)": Case(
        "EmailConfig", SEND, of_input(lambda sent, _: letter(sent))
    ),
    "mutation.sendEmail(input.attachments.source.fileId)": Case("File", SEND, of_input(filed)),
    "mutation.previewEmail(input.configId)": Case(
        "EmailConfig", PREVIEW, of_input(lambda sent, _: letter(sent))
    ),
    "mutation.previewEmail(input.attachments.source.fileId)": Case(
        "File", PREVIEW, of_input(filed)
    ),
    "mutation.cancelMessage(input.id)": Case(
        "Message",
        mutation("cancelMessage", "CancelMessageInput", "message { state }"),
        of_input(by_id),
    ),
    "mutation.retryMessage(input.id)": Case(
        "Message", mutation("retryMessage", "RetryMessageInput", "message { id }"), of_input(by_id)
    ),
    "mutation.retryAmbiguous(input.id)": Case(
        "Message",
        mutation("retryAmbiguous", "RetryAmbiguousInput", "message { id }"),
        of_input(by_id),
    ),
    "mutation.pauseSending(input.configId)": Case(
        "EmailConfig",
        mutation("pauseSending", "PauseSendingInput", "config { id }"),
        of_input(lambda sent, _: {"configId": sent}),
    ),
    "mutation.resumeSending(input.configId)": Case(
        "EmailConfig",
        mutation("resumeSending", "ResumeSendingInput", "config { id }"),
        of_input(lambda sent, _: {"configId": sent}),
    ),
    "mutation.sendEmail(input.senderIdentityId)": Case("SenderIdentity", SEND, of_input(signed)),
    "mutation.previewEmail(input.senderIdentityId)": Case(
        "SenderIdentity", PREVIEW, of_input(signed)
    ),
    "mutation.setSendingOptions(input.configId)": Case(
        "EmailConfig",
        mutation("setSendingOptions", "SetSendingOptionsInput", "config { id }"),
        of_input(lambda sent, _: {"configId": sent, "readBounces": True}),
    ),
    "mutation.addSenderIdentity(input.configId)": Case(
        "EmailConfig",
        mutation("addSenderIdentity", "AddSenderIdentityInput", "senderIdentity { id }"),
        of_input(lambda sent, _: {"configId": sent, "address": "sales@example.net"}),
    ),
    "mutation.updateSenderIdentity(input.id)": Case(
        "SenderIdentity",
        mutation("updateSenderIdentity", "UpdateSenderIdentityInput", "senderIdentity { id }"),
        of_input(lambda sent, _: {"id": sent, "name": "Mine"}),
    ),
    "mutation.deleteSenderIdentity(input.id)": Case(
        "SenderIdentity",
        mutation("deleteSenderIdentity", "DeleteSenderIdentityInput", "deletedId config { id }"),
        of_input(by_id),
    ),
    "subscription.connectionTestProgress(testId)": Case("ConnectionTest", PROGRESS, by_id, None),
    "mutation.submit(input.files.fileId)": Case(
        "File",
        SUBMIT,
        of_input(lambda sent, _: form(emailAddress="bo@example.net", files=[{"fileId": sent}])),
    ),
    "mutation.update(input.id)": Case(
        "EmailConfig", UPDATE, of_input(lambda sent, _: {"id": sent, "name": "Mine"})
    ),
    "mutation.update(input.files.fileId)": Case(
        "File",
        UPDATE,
        of_input(lambda sent, own: {"id": own["EmailConfig"], "files": [{"fileId": sent}]}),
    ),
    "mutation.rollback(input.id)": Case(
        "EmailConfig",
        mutation("rollback", "RollbackInput", "config { id revision }"),
        of_input(lambda sent, _: {"id": sent, "revision": 1}),
    ),
    "mutation.delete(input.id)": Case(
        "EmailConfig",
        mutation("delete", "DeleteInput", "deletedId config { id }"),
        of_input(by_id),
    ),
    "mutation.testConnection(input.target.configId)": Case(
        "EmailConfig", TEST, of_input(lambda sent, _: {"target": {"configId": sent}})
    ),
    "mutation.testConnection(input.target.draft.basedOn)": Case(
        "EmailConfig", TEST, drafted("basedOn", lambda sent: sent)
    ),
    "mutation.testConnection(input.target.draft.fileIds)": Case(
        "File", TEST, drafted("fileIds", lambda sent: [sent])
    ),
    "mutation.validate(input.draft.basedOn)": Case(
        "EmailConfig", VALIDATE, of_input(lambda sent, _: {"draft": {"basedOn": sent}}), None
    ),
    "mutation.validate(input.draft.fileIds)": Case(
        "File", VALIDATE, of_input(lambda sent, _: {"draft": {"fileIds": [sent]}}), None
    ),
    "mutation.cancelTest(input.testId)": Case(
        "ConnectionTest",
        mutation("cancelTest", "CancelTestInput", "test { status }"),
        of_input(lambda sent, _: {"testId": sent}),
    ),
    "mutation.applyFix(input.testId)": Case(
        "ConnectionTest",
        FIX,
        of_input(lambda sent, own: {"testId": sent, "fixId": own["SettingsFix"]}),
    ),
    "mutation.applyFix(input.fixId)": Case(
        "SettingsFix",
        FIX,
        of_input(lambda sent, own: {"testId": own["ConnectionTest"], "fixId": sent}),
    ),
    "mutation.endSession(input.id)": Case(
        "Session", mutation("endSession", "EndSessionInput", "endedId"), of_input(by_id)
    ),
    "mutation.beginMailboxAuthorization(input.target.configId)": Case(
        "EmailConfig",
        mutation("beginMailboxAuthorization", "BeginMailboxAuthorizationInput", "state"),
        of_input(lambda sent, _: {"target": {"configId": sent}}),
    ),
    "mutation.deleteFile(input.id)": Case(
        "File",
        mutation("deleteFile", "DeleteFileInput", "deletedId file { id }"),
        of_input(by_id),
    ),
}
PUBLIC = {
    # Providers are the catalogue's, which is the same for everybody.
    "query.configs(filter.providerId)",
    "query.provider(by.id)",
    "mutation.submit(input.providerId)",
    "mutation.update(input.providerId)",
    "mutation.validate(input.draft.providerId)",
    "mutation.testConnection(input.target.draft.providerId)",
    "mutation.beginMailboxAuthorization(input.target.providerId)",
    # The workspace's own client of a provider.
    "mutation.setOAuthClient(input.providerId)",
    "mutation.deleteOAuthClient(input.providerId)",
}
APART = {
    # Where the caller is no member there is no workspace; see tests/graphql/test_sessions.py.
    "mutation.switchWorkspace(input.workspaceId)",
    # Members may not ask at all, and of another workspace nothing is found: see
    # test_members_of_other_workspaces_are_not_found and test_members_are_not_invited.
    "mutation.changeMemberRole(input.userId)",
    "mutation.removeMember(input.userId)",
    "mutation.removeMember(input.configurations.transferTo)",
    "mutation.leaveWorkspace(input.configurations.transferTo)",
    "mutation.transferOwnership(input.to)",
    "mutation.withdrawInvitation(input.id)",
    # Administrators' as well; see the rows of these in test_access.py.
    "mutation.revokeApiKey(input.id)",
    "mutation.createEmbedToken(input.purpose.configId)",
    # Names no object; see test_references_of_another_workspace_are_free.
    "mutation.submit(input.idempotencyKey)",
    "mutation.sendEmail(input.idempotencyKey)",
    # Leave out what is not the caller's; see test_other_peoples_messages_are_left_out.
    "mutation.retryMessages(input.ids)",
    "mutation.retryMessages(input.filter.configId)",
    # A file of the same configuration; see test_the_image_is_one_of_the_configuration in
    # test_sender_identities.
    "mutation.addSenderIdentity(input.signatureImageId)",
    "mutation.updateSenderIdentity(input.signatureImageId)",
    # Members may not ask at all; see test_the_trail_of_another_workspace_is_empty.
    "query.auditEvents(filter.actorId)",
    "query.auditEvents(filter.objectId)",
    # A grant; see test_a_grant_of_somebody_else_does_not_exist in test_mailbox_authorization.
    "mutation.revokeMailboxGrant(input.id)",
    *(
        f"mutation.{name}.secret.grant)"
        for name in (
            "submit(input.incoming",
            "submit(input.outgoing",
            "update(input.incoming",
            "update(input.outgoing",
            "validate(input.draft.incoming",
            "validate(input.draft.outgoing",
            "testConnection(input.target.draft.incoming",
            "testConnection(input.target.draft.outgoing",
        )
    ),
    "mutation.rollback(input.incomingSecret.grant)",
    "mutation.rollback(input.outgoingSecret.grant)",
}
WITHOUT_IDS = {
    # See test_lists_and_counts_hold_what_is_ones_own.
    "query.configs",
    # The catalogue.
    "query.providers",
    # The caller and the caller's session.
    # A state, which nobody else can use: test_a_state_is_good_once.
    "mutation.completeMailboxAuthorization",
    # The workspace's own.
    "query.oauthClients",
    "query.workspace",
    "query.workspaces",
    "query.apiKeys",
    "mutation.createApiKey",
    "mutation.setOAuthClient",
    "mutation.deleteOAuthClient",
    "mutation.renameWorkspace",
    "mutation.inviteMember",
    "mutation.exportWorkspace",
    "mutation.deleteWorkspace",
    "mutation.deleteAccount",
    # A token, which names an invitation that no other token does.
    "mutation.acceptInvitation",
    "query.viewer",
    "query.csrfToken",
    "query.sessions",
    "mutation.login",
    "mutation.logout",
    "mutation.logoutEverywhere",
    "mutation.changePassword",
    # A token, which names a session or user that no other token does.
    "mutation.refreshSession",
    "mutation.requestPasswordReset",
    "mutation.resetPassword",
    # Stores a new file of the caller.
    "mutation.uploadFile",
    # Ask the network about an address; no workspace has a part in the answer.
    "mutation.discover",
    # Asks the DNS about a domain.
    "mutation.checkDomain",
    # The workspace's own list, for administrators.
    "query.suppressions",
    "mutation.suppressAddress",
    "mutation.unsuppressAddress",
    # Reads a text that the caller brings.
    "query.explain",
    "subscription.discoveryProgress",
}
NODE_TYPES = {
    "ConnectionTest": "ConnectionTest",
    "EmailConfig": "EmailConfig",
    "File": "File",
    "Message": "Message",
    "Viewer": "User",
    # The catalogue's.
    "Provider": None,
}
"""Types with a global id, and the type that stands in the id."""
ROUTES = {
    # Everything above.
    "/graphql",
    # See test_links_to_files_cannot_be_bent.
    "/files/{file_id}/{filename}",
    # See test_exports.
    "/exports/{workspace_id}/workspace.zip",
    # See tests/graphql/test_unsubscribe.py: a link is of one message.
    "/unsubscribe/{token}",
    # Tell nothing of any workspace.
    "/healthz",
    "/readyz",
    # The interface itself.
    "/api/openapi.json",
    # What no other path takes: no such object.
    "/api/{rest:path}",
    # The documents that the table names, which are operations of the schema.
    *(path for row in ROWS for path in (row.path, row.path.removesuffix("/"))),
}


def slots(fields: Mapping[str, GraphQLArgument | GraphQLInputField], way: str) -> Iterator[str]:
    """Yield the paths of all ids in arguments, also inside of inputs."""
    for name, found in fields.items():
        kind = get_named_type(found.type)
        path = f"{way}.{name}" if way else name
        if isinstance(kind, GraphQLInputObjectType):
            yield from slots(kind.fields, path)
        elif kind.name == "ID":
            yield path


def operations() -> dict[str, list[str]]:
    """Return every operation of the schema with its slots."""
    schema = build_schema()._schema
    roots = {
        "query": schema.query_type,
        "mutation": schema.mutation_type,
        "subscription": schema.subscription_type,
    }
    return {
        f"{root}.{name}": [f"{root}.{name}({path})" for path in slots(found.args, "")]
        for root, kind in roots.items()
        if kind is not None
        for name, found in kind.fields.items()
    }


def test_every_slot_has_a_row() -> None:
    """An id that an operation takes newly must be put into one of the tables, or this fails."""
    found = {slot for listed in operations().values() for slot in listed}
    assert found == {name.partition(" ")[0] for name in CASES} | PUBLIC | APART


def test_every_operation_without_ids_has_a_row() -> None:
    """An operation that names no object of somebody must be listed with its reason."""
    silent = {name for name, listed in operations().items() if not set(listed) - PUBLIC}
    assert silent - {"query.provider"} == WITHOUT_IDS


def test_every_node_type_has_a_row() -> None:
    """A type that gets global ids newly must be asked for by a stranger here."""
    schema = build_schema()._schema
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    found = {kind.name for kind in schema.get_possible_types(node)}
    assert found == set(NODE_TYPES)
    asked = {case.kind for name, case in CASES.items() if name.startswith("query.node(id)")}
    assert asked == set(filter(None, NODE_TYPES.values()))


@pytest.fixture
async def world(app_settings: Settings) -> AsyncIterator[World]:
    """What the victim and the two others own, and a running test of the victim."""
    home = ("https://app.example.org/oauth/callback",)
    settings = app_settings.model_copy(update={"oauth_redirect_uris": home})
    async with open_world(settings) as opened:
        yield opened


async def ask(world: World, who: str, case: Case, sent: str) -> str:
    """Run a case; return the whole answer, with marks for the id and what is left to spend."""
    own = world.own[MEMBER] if case.kind == "ConnectionTest" else world.own[who]
    body = {"query": case.query, "variables": case.variables(sent, own)}
    headers = {"Authorization": f"Bearer {await world.api.token(who)}"}
    if case.query.startswith("subscription"):
        headers["Accept"] = "text/event-stream"
    response = await world.api.client.post("/graphql", json=body, headers=headers)
    answer = re.sub(r'"(remaining|resetSeconds)":\d+', r'"\1":0', response.text)
    return answer.replace(sent, "<id>")


@pytest.mark.parametrize("name", CASES)
async def test_what_is_not_ones_own_does_not_exist(world: World, name: str) -> None:
    """Answer and database are those of an id that never existed; nothing is dialled.

    The victim's own call ends differently, so that the case proves something.
    """
    case = CASES[name]
    there, never = world.own[MEMBER][case.kind], ids.encode(case.kind, new_id())
    dialled, rows = len(world.prober.requests), await world.rows()
    nothing = await ask(world, MEMBER, case, never)
    for who in (STRANGER, COLLEAGUE):
        assert await ask(world, who, case, there) == nothing
        assert await ask(world, who, case, never) == nothing
    assert len(world.prober.requests) == dialled
    assert await world.rows() == rows
    if case.refusal is not None:
        (payload,) = json.loads(nothing)["data"].values()
        assert [error["__typename"] for error in payload.pop("errors")] == [case.refusal]
        assert set(payload.values()) == {None}
    if not name.startswith("mutation.validate"):  # which looks at no stored object
        world.prober.holding = False
        assert await ask(world, MEMBER, case, there) != nothing


async def test_a_running_test_of_somebody_else_goes_on(world: World) -> None:
    """Neither a stranger nor a colleague stops it; its owner does."""
    case = CASES["mutation.cancelTest(input.testId)"]
    for who in (STRANGER, COLLEAGUE):
        assert "NotFoundError" in await ask(world, who, case, world.running)
    status = "query ($id: ID!) { node(id: $id) { ... on ConnectionTest { status } } }"
    found = await world.api.data(MEMBER, status, {"id": world.running})
    assert found["node"] == {"status": "RUNNING"}
    assert "CANCELLED" in await ask(world, MEMBER, case, world.running)


@pytest.mark.parametrize("who", [STRANGER, COLLEAGUE])
async def test_lists_and_counts_hold_what_is_ones_own(world: World, who: str) -> None:
    """Whatever the filter and the order, a list and its count show the caller's one object."""
    query = """
    query ($filter: EmailConfigFilter, $orderBy: EmailConfigOrder, $after: String) {
      configs(filter: $filter, orderBy: $orderBy, after: $after) { totalCount nodes { id } }
    }
    """
    mine = {"totalCount": 1, "nodes": [{"id": world.own[who]["EmailConfig"]}]}
    filters: list[dict[str, Any] | None] = [
        None,
        {"search": "example.net"},
        {"status": ["FAILING"]},
        {"security": ["STARTTLS"]},
        {"enabled": True},
        {"shared": False},
        {"updatedAt": {"gte": "2000-01-01T00:00:00Z"}},
    ]
    for conditions in filters:
        found = await world.api.data(who, query, {"filter": conditions})
        assert found["configs"] == mine, conditions
    for order in ("CREATED_AT", "UPDATED_AT", "NAME", "EMAIL_ADDRESS"):
        found = await world.api.data(who, query, {"orderBy": {"field": order}})
        assert found["configs"] == mine, order
    found = await world.api.data(who, query, {"filter": {"externalId": MEMBER}})
    assert found["configs"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize("who", [STRANGER, COLLEAGUE])
async def test_other_peoples_messages_are_left_out(world: World, who: str) -> None:
    """Of many that are to be tried again, only one's own are; neither does a list show others."""
    theirs, mine = world.own[MEMBER], world.own[who]
    cancel = mutation("cancelMessage", "CancelMessageInput", "message { state }")
    for one, own in ((MEMBER, theirs), (who, mine)):
        stopped = await world.api.data(one, cancel, {"input": {"id": own["Message"]}})
        assert stopped["cancelMessage"]["message"] == {"state": "CANCELLED"}
    many = mutation("retryMessages", "RetryMessagesInput", "retried")
    for named, retried in (
        ({"ids": [theirs["Message"], ids.encode("Message", new_id())]}, 0),
        ({"filter": {"configId": [theirs["EmailConfig"]]}}, 0),
        ({"filter": {}}, 1),
    ):
        found = await world.api.data(who, many, {"input": named})
        assert found["retryMessages"] == {"retried": retried, "errors": []}, named
    found = await world.api.data(MEMBER, MESSAGES, {"id": theirs["EmailConfig"]})
    assert found["messages"] == {"totalCount": 1, "nodes": [{"subject": "Hi"}]}
    query = "{ messages { totalCount nodes { id state } } }"
    listed = (await world.api.data(who, query))["messages"]
    assert listed == {"totalCount": 1, "nodes": [{"id": mine["Message"], "state": "QUEUED"}]}
    listed = (await world.api.data(MEMBER, query))["messages"]
    assert listed["nodes"] == [{"id": theirs["Message"], "state": "CANCELLED"}]


async def test_the_trail_of_another_workspace_is_empty(world: World) -> None:
    """An owner finds nothing by the ids of another workspace; a colleague may not even ask."""
    query = "query ($filter: AuditEventFilter) { auditEvents(filter: $filter) { nodes { id } } }"
    for kind in ("EmailConfig", "ConnectionTest", "User"):
        sent = world.own[MEMBER][kind]
        filters = [{"objectId": sent}, *([{"actorId": sent}] if kind == "User" else [])]
        for conditions in filters:
            found = await world.api.data(STRANGER, query, {"filter": conditions})
            assert found["auditEvents"] == {"nodes": []}, conditions
            refused = await world.api.call(COLLEAGUE, query, {"filter": conditions})
            assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
        found = await world.api.data(ADMIN, query, {"filter": filters[0]})
        assert found["auditEvents"]["nodes"], kind
    own = world.own[STRANGER]["EmailConfig"]
    found = await world.api.data(STRANGER, query, {"filter": {"objectId": own}})
    assert len(found["auditEvents"]["nodes"]) == 1


async def test_references_of_another_workspace_are_free(world: World) -> None:
    """Idempotency key, external id and address of another workspace are as unused as any other."""
    given = form(emailAddress="new@example.net", externalId="crm-1", idempotencyKey="key-1")
    await world.api.stored(MEMBER, **given)
    payload = await world.api.submit(STRANGER, **given)
    assert payload["errors"] == []
    assert payload["config"]["revision"] == 1


async def test_links_to_files_cannot_be_bent(world: World) -> None:
    """A link of one's own that is changed to name another's file opens nothing."""
    paths = {route.path for route in world.api.app.router.routes if isinstance(route, Route)}
    assert paths == ROUTES
    query = "query ($id: ID!) { node(id: $id) { ... on File { url } } }"
    urls = {}
    for who, own in world.own.items():
        urls[who] = (await world.api.data(who, query, {"id": own["File"]}))["node"]["url"]
        assert (await world.api.client.get(urls[who])).status_code == 200
    keys = {who: ids.key_of("File", own["File"]) for who, own in world.own.items()}
    workspaces = {who: url.partition("signature=")[2][:32] for who, url in urls.items()}
    for who in (STRANGER, COLLEAGUE):
        bent = [
            urls[who],
            urls[who].partition("?")[0],
            urls[who].replace(workspaces[who], workspaces[MEMBER]),
        ]
        for link in bent:
            for key in (keys[MEMBER], new_id()):
                token = await world.api.token(who)
                response = await world.api.client.get(
                    link.replace(str(keys[who]), str(key)),
                    headers={"Authorization": f"Bearer {token}"},
                )
                assert response.status_code == 404
                error = response.json()["error"]
                error.pop("requestId")
                assert error == {"code": "NOT_FOUND", "message": "There is no such object."}
