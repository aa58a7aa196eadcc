"""The audit trail of the caller's workspace, as a connection."""

import json
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import strawberry

from mailconfig.domain.errors import NotFound
from mailconfig.domain.identity import Scope
from mailconfig.graphql import ids
from mailconfig.graphql.configs import DateTimeFilter
from mailconfig.graphql.context import Info
from mailconfig.graphql.describing import input_type, object_type
from mailconfig.graphql.pages import (
    After,
    Before,
    First,
    Last,
    PageInfo,
    check_length,
    page_parts,
    page_request,
)
from mailconfig.graphql.scalars import JSONObject
from mailconfig.services import audit as services

_TYPES: Final = {
    "apikey": "ApiKey",
    "config": "EmailConfig",
    "file": "File",
    "grant": "MailboxGrant",
    "invitation": "Invitation",
    "message": "Message",
    "oauthClient": "OAuthClient",
    "sender": "SenderIdentity",
    "session": "Session",
    "suppression": "Suppression",
    "test": "ConnectionTest",
    "user": "User",
    "workspace": "Workspace",
}
"""Type in the global ids of each kind of object that events are about."""


@object_type
class AuditEvent:
    """One thing that was done. Events are added, never changed."""

    id: strawberry.ID
    """Global id; equal in the export."""
    action: str
    """What was done. So far: login, login.refused, logout, logout.everywhere, session.refresh,
    session.replay, session.end, session.switch, password.change, password.reset,
    password.reset_requested, user.create, user.role, account.delete, config.submit, config.update,
    config.rollback, config.delete, file.upload, file.delete, test.start, test.cancel,
    apikey.create, apikey.revoke, embed.create, authorization.begin, grant.authorize, grant.revoke,
    oauthClient.set, oauthClient.delete, workspace.create, workspace.rename, workspace.transfer,
    workspace.quota, workspace.export, member.role, member.remove, member.leave, invitation.create,
    invitation.withdraw, invitation.accept, message.send, message.cancel, message.retry,
    message.retry_many, message.retry_ambiguous, sending.options, sending.pause, sending.resume,
    sender.add, sender.update, sender.remove, suppression.add and suppression.remove. Versions to
    come add others: show those that you do not know as they are."""
    actor_id: strawberry.ID | None
    """Global id of the user who did it; null for the command line and the system, for who was not
    let in, and for users who are gone."""
    object_type: str
    """Kind of what it was done to: config, file, session, test or user; others may be added."""
    object_id: strawberry.ID | None
    """Global id of what it was done to, which may be gone; null where it is not one object."""
    details: JSONObject
    """What else there is to say; never an address or a secret. Addresses are keyed digests, which
    are equal for equal ones of a workspace and tell nothing else."""
    request_id: str
    """Id of the request, as logs and answers name it; "-" outside of one."""
    created_at: datetime
    """When it was done."""


@object_type
class AuditEventEdge:
    """An event and its place."""

    cursor: str
    """Place in the list."""
    node: AuditEvent
    """The event."""


@object_type
class AuditEventConnection:
    """A page of events, newest first."""

    edges: list[AuditEventEdge]
    """Rows with their cursors."""
    nodes: list[AuditEvent]
    """Rows alone."""
    page_info: PageInfo
    """Where the page starts and ends."""


@input_type
class AuditEventFilter:
    """Conditions; all that are given must hold."""

    action: list[str] | None = None
    """One of these actions."""
    actor_id: strawberry.ID | None = None
    """Done by this user."""
    object_id: strawberry.ID | None = None
    """Done to this object, which may be gone."""
    created_at: DateTimeFilter | None = None
    """Done in this span of time."""


def audit_event(event: services.AuditEvent) -> AuditEvent:
    """Show an event."""
    object_id = event.object_id
    details = {name: _detail(name, value) for name, value in event.details.items()}
    return AuditEvent(
        id=ids.encode("AuditEvent", event.id),
        action=event.action,
        actor_id=_global_id("user", event.actor_id) if event.actor_id else None,
        object_type=event.object_type,
        object_id=_global_id(event.object_type, object_id) if object_id else None,
        details=JSONObject(json.dumps(details)),
        request_id=event.request_id,
        created_at=event.created_at,
    )


def _global_id(kind: str, key: UUID) -> strawberry.ID:
    return ids.encode(_TYPES.get(kind, "Object"), key)


def _detail(name: str, value: services.Detail) -> services.Detail:
    """Return a detail; one that is named after a kind of objects is the key of one."""
    return ids.encode(_TYPES[name], value) if value and name in _TYPES else value


def _conditions(given: AuditEventFilter) -> services.AuditFilter:
    check_length(given.action, "filter", "action")
    span = given.created_at or DateTimeFilter()
    actor, found = given.actor_id, given.object_id
    return services.AuditFilter(
        actions=tuple(given.action or ()),
        # An empty id is none, and no missing condition.
        actor_id=None if actor is None else ids.key_of("User", actor, ("filter", "actorId")),
        object_id=None if found is None else _key(found, ("filter", "objectId")),
        created_from=span.gte,
        created_before=span.lt,
    )


def _key(text: str, path: tuple[str, ...]) -> UUID:
    """Return the key in a global id of any type; raises NotFound."""
    decoded = ids.decode(text)
    if decoded is None:
        raise NotFound(path)
    return ids.key_of(decoded[0], text, path)


@object_type
class AuditQuery:
    """Reads of the audit trail."""

    @strawberry.field
    async def audit_events(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[
            AuditEventFilter | None, strawberry.argument(description="All conditions must hold.")
        ] = None,
    ) -> AuditEventConnection | None:
        """What was done in the workspace and who signed in, newest first; for administrators."""
        context = info.context
        principal = await context.caller(Scope.AUDIT_READ)
        principal.require(services.READER)  # before anything that was sent is looked at
        signer, listing = context.services.cursors, f"audit {principal.workspace_id}"
        request = page_request(signer, listing, first, after, last, before)
        conditions = _conditions(filter or AuditEventFilter())
        page = await context.services.audit.page(principal, conditions, request)
        nodes = [audit_event(event) for event in page.rows]
        edges, around = page_parts(info, listing, page, AuditEventEdge, nodes)
        return AuditEventConnection(edges=edges, nodes=nodes, page_info=around)
