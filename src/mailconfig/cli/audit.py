"""`mailconfig audit export`: the trail of a workspace, for whoever keeps it elsewhere."""

import json
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from mailconfig.bootstrap import open_database
from mailconfig.cli.application import Data, app, fail, prepare_schema, read_settings, run
from mailconfig.graphql.audit import audit_event
from mailconfig.services.audit import AuditEvent, AuditService
from mailconfig.settings import Settings

audit = App(name="audit", help="Who did what, and who signed in.")
app.command(audit)


@audit.command
def export(
    *,
    workspace: Annotated[str, Parameter(help="Slug of the workspace.")],
    since: Annotated[
        datetime | None,
        Parameter(help="Only events from this date or moment on; in UTC unless it says otherwise."),
    ] = None,
    data: Data = None,
) -> None:
    """Print the events of a workspace as JSON lines, oldest first, while servers run."""
    start = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
    run(_export(read_settings(data_dir=data), workspace, start))


async def _export(settings: Settings, slug: str, since: datetime | None) -> None:
    await prepare_schema(settings)
    database = await open_database(settings)
    try:
        trail = AuditService(database)
        workspace_id = await trail.workspace(slug)
        if workspace_id is None:
            fail(f"There is no workspace {slug}.")
        async for event in trail.export(workspace_id, since):
            print(_line(event))
    finally:
        await database.close()


def _line(event: AuditEvent) -> str:
    """Return an event as the API shows it, its members in the API's order."""
    shown = audit_event(event)
    facts = {
        "id": shown.id,
        "action": shown.action,
        "actorId": shown.actor_id,
        "objectType": shown.object_type,
        "objectId": shown.object_id,
        "details": json.loads(shown.details),
        "requestId": shown.request_id,
        "createdAt": shown.created_at.isoformat(),
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
