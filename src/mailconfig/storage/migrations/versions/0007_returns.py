"""Keep what is done about sent mail: what owners chose, visits to their mailboxes, copies in Sent."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('sending_options',
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('save_to_sent', sa.Boolean(), nullable=True),
    sa.Column('read_bounces', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_sending_options_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sending_options_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('config_id', name=op.f('pk_sending_options'))
    )
    op.create_index(op.f('ix_sending_options_workspace_id_config_id'), 'sending_options', ['workspace_id', 'config_id'], unique=False)

    op.create_table('postboxes',
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('sent_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=True),
    sa.Column('visited_at', MOMENT, nullable=True),
    sa.Column('looked_at', MOMENT, nullable=True),
    sa.Column('uid_validity', sa.BigInteger(), nullable=True),
    sa.Column('last_uid', sa.BigInteger(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('reply', sa.String(), nullable=True),
    sa.Column('owner', sa.String(), nullable=True),
    sa.Column('lease_until', MOMENT, nullable=True),
    sa.CheckConstraint('(owner IS NULL) = (lease_until IS NULL)', name=op.f('ck_postboxes_lease')),
    sa.CheckConstraint('(uid_validity IS NULL) = (last_uid IS NULL)', name=op.f('ck_postboxes_bookmark')),
    sa.CheckConstraint('failures >= 0', name=op.f('ck_postboxes_failures')),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_postboxes_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_postboxes_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('config_id', name=op.f('pk_postboxes'))
    )
    op.create_index(op.f('ix_postboxes_due_at'), 'postboxes', ['due_at'], unique=False)
    op.create_index(op.f('ix_postboxes_workspace_id_config_id'), 'postboxes', ['workspace_id', 'config_id'], unique=False)

    op.create_table('sent_copies',
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('saved_at', MOMENT, nullable=True),
    sa.Column('ended_at', MOMENT, nullable=True),
    sa.Column('reply', sa.String(), nullable=True),
    sa.CheckConstraint('saved_at IS NULL OR ended_at IS NOT NULL', name=op.f('ck_sent_copies_saved')),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_sent_copies_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'message_id'], ['messages.workspace_id', 'messages.id'], name=op.f('fk_sent_copies_workspace_id_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sent_copies_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_sent_copies'))
    )
    op.create_index(op.f('ix_sent_copies_workspace_id_message_id'), 'sent_copies', ['workspace_id', 'message_id'], unique=False)
    op.create_index(op.f('ix_sent_copies_workspace_id_config_id'), 'sent_copies', ['workspace_id', 'config_id'], unique=False)
    op.create_index('ix_sent_copies_open', 'sent_copies', ['config_id', 'message_id'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))


def downgrade() -> None:
    for table in ('sent_copies', 'postboxes', 'sending_options'):
        op.drop_table(table)
