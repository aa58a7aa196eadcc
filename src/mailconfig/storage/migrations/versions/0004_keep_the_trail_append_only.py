"""Keep the trail append-only: the database itself refuses to change or remove events.

SQLite drops triggers with their table: a later migration that rebuilds `audit_events`, or what the
triggers look at (`users`, `workspaces`), takes them off before and lays them again after.
"""

from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


# REPLACE removes rows without asking the trigger about removing, so it is asked on adding.
SQLITE = (
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
)
# The path of the function is fixed, temporary tables last: else a temporary table `workspaces`
# would stand before the real one.
POSTGRESQL = (
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
    """DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION keep_audit_events() SET search_path = %I, pg_temp', current_schema()
    );
END $$""",
    """CREATE TRIGGER tr_audit_events_change BEFORE UPDATE OR DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION keep_audit_events()""",
    """CREATE TRIGGER tr_audit_events_truncate BEFORE TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_events()""",
)


def upgrade() -> None:
    connection = op.get_bind()
    for statement in SQLITE if connection.dialect.name == 'sqlite' else POSTGRESQL:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == 'sqlite':
        for what in ('insert', 'update', 'delete'):
            connection.exec_driver_sql(f'DROP TRIGGER tr_audit_events_{what}')
        return
    for what in ('change', 'truncate'):
        connection.exec_driver_sql(f'DROP TRIGGER tr_audit_events_{what} ON audit_events')
    connection.exec_driver_sql('DROP FUNCTION keep_audit_events()')
