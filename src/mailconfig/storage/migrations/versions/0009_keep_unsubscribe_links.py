"""Keep the links by which recipients unsubscribe."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('unsubscribe_links',
    sa.Column('token_sha256', sa.String(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_unsubscribe_links_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_sha256', name=op.f('pk_unsubscribe_links'))
    )
    op.create_index(op.f('ix_unsubscribe_links_workspace_id_token_sha256'), 'unsubscribe_links', ['workspace_id', 'token_sha256'], unique=False)
    op.create_index(op.f('ix_unsubscribe_links_created_at'), 'unsubscribe_links', ['created_at'], unique=False)


def downgrade() -> None:
    op.drop_table('unsubscribe_links')
