"""Alembic's environment: runs migrations on the connection that `storage.migration` hands over.

Must not: read the environment, build an engine, or touch logging.
"""

from alembic import context
from sqlalchemy import Connection

from mailconfig.storage.tables import metadata

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise TypeError("migrations run by `mailconfig migrate` only")
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    transactional_ddl=True,  # both engines roll a failed migration back
    render_as_batch=True,  # SQLite cannot alter constraints in place
)
with context.begin_transaction():
    context.run_migrations()
