"""Install the queue on PostgreSQL: pgqueuer's tables, and what forgets the jobs of gone messages.

pgqueuer lays its tables as the pinned version wants them. A later version that wants others gets a
migration of its own, which brings older tables there and finds nothing to do on new ones.

Only whoever may create a schema in the database can carry this out.
"""

from typing import Any

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


# Erased accounts and workspaces take their messages along, and these their jobs.
FORGET = (
    """CREATE FUNCTION mailconfig_queue.forget_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mailconfig_queue.pgqueuer
    WHERE dedupe_key = OLD.workspace_id || '/' || OLD.id AND status IN ('queued', 'picked');
    RETURN NULL;
END $$""",
    """CREATE TRIGGER tr_messages_forget_job AFTER DELETE ON messages
FOR EACH ROW EXECUTE FUNCTION mailconfig_queue.forget_job()""",
)

# What comes next, whoever's it is; pgqueuer's own indexes begin with the kind of job.
NEXT = """CREATE INDEX ix_pgqueuer_next ON mailconfig_queue.pgqueuer (priority DESC, id)
INCLUDE (entrypoint) WHERE status = 'queued'"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != 'postgresql':
        return
    # Not imported on SQLite: that is some MiB.
    from mailconfig.storage.outbox_postgresql import install

    # Several statements at once go by the driver itself; its transaction has begun long before.
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(install()))
    for statement in (*FORGET, NEXT):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != 'postgresql':
        return
    connection.exec_driver_sql('DROP TRIGGER tr_messages_forget_job ON messages')
    connection.exec_driver_sql('DROP SCHEMA mailconfig_queue CASCADE')
