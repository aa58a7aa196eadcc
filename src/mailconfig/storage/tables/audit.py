"""Who did what, and when. Rows are only added, and the database itself sees to it.

Two things alone may happen to an event: it goes with its workspace, when that row is gone already,
and its actor becomes NULL, when that user is gone already. Both are what the foreign keys do; no
statement about events themselves is carried out. There is nothing to open and to close again, so a
crash leaves nothing open.

Triggers end with their table, and SQLite's migrations rebuild tables: one that rebuilds this one,
users or workspaces takes the triggers off before and lays them again after.
"""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Connection, Index, Table, event
from sqlmodel import Field

from mailconfig.storage.tables.row import Row, moment, table_of


class AuditEventRow(Row, table=True):
    """One event."""

    __tablename__: ClassVar[str] = "audit_events"
    __table_args__ = (Index(None, "workspace_id", "created_at", "id"), Index(None, "actor_id"))

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id", ondelete="CASCADE")
    actor_id: UUID | None = Field(foreign_key="users.id", ondelete="SET NULL")
    action: str
    object_type: str
    object_id: UUID | None
    details: str
    """A JSON object."""
    request_id: str
    created_at: datetime = moment()


audit_events: Final = table_of(AuditEventRow)

KEEPERS: Final = {
    "sqlite": frozenset(
        {"tr_audit_events_insert", "tr_audit_events_update", "tr_audit_events_delete"}
    ),
    "postgresql": frozenset({"tr_audit_events_change", "tr_audit_events_truncate"}),
}
"""Triggers of each engine that keep the trail."""

_KEEP: Final = {
    "sqlite": (
        # REPLACE removes rows without asking the trigger about removing (unless the connection has
        # recursive triggers), so it is asked on adding.
        """CREATE TRIGGER tr_audit_events_insert BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'events of the trail are only added'); END""",
        """CREATE TRIGGER tr_audit_events_update BEFORE UPDATE ON audit_events
WHEN NOT (
    OLD.actor_id IS NOT NULL AND NEW.actor_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM users WHERE id = OLD.actor_id)
    AND (NEW.rowid, NEW.id, NEW.workspace_id, NEW.action, NEW.object_type, NEW.object_id,
         NEW.details, NEW.request_id, NEW.created_at)
     IS (OLD.rowid, OLD.id, OLD.workspace_id, OLD.action, OLD.object_type, OLD.object_id,
         OLD.details, OLD.request_id, OLD.created_at)
)
BEGIN SELECT RAISE(ABORT, 'events of the trail are only added'); END""",
        """CREATE TRIGGER tr_audit_events_delete BEFORE DELETE ON audit_events
WHEN EXISTS (SELECT 1 FROM workspaces WHERE id = OLD.workspace_id)
BEGIN SELECT RAISE(ABORT, 'events of the trail are only added'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION keep_audit_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    forgotten audit_events;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM workspaces WHERE id = OLD.workspace_id) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        forgotten := OLD;
        forgotten.actor_id := NULL;
        IF OLD.actor_id IS NOT NULL AND NEW IS NOT DISTINCT FROM forgotten
            AND NOT EXISTS (SELECT FROM users WHERE id = OLD.actor_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'events of the trail are only added' USING ERRCODE = 'restrict_violation';
END $$""",
        # The path of the function is fixed, temporary tables last: else a temporary table
        # "workspaces" would stand before the real one, and an empty one lets everything go.
        """DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION keep_audit_events() SET search_path = %I, pg_temp', current_schema()
    );
END $$""",
        """CREATE TRIGGER tr_audit_events_change BEFORE UPDATE OR DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION keep_audit_events()""",
        """CREATE TRIGGER tr_audit_events_truncate BEFORE TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_events()""",
    ),
}
"""What the newest migration leaves behind; a test compares them."""


def _keep(_table: Table, connection: Connection, **_: object) -> None:
    """Lay the triggers where the models make the table, as the migrations do."""
    for statement in _KEEP[connection.dialect.name]:
        connection.exec_driver_sql(statement)


event.listen(audit_events, "after_create", _keep)
