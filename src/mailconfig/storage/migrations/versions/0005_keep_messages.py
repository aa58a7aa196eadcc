"""Keep messages with all that belongs to them, suppressions, the queue, and the pace of accounts."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
SORT_KEY = sa.String().with_variant(sa.String(collation='C'), 'postgresql')


def upgrade() -> None:
    op.create_table('suppressions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('address', SORT_KEY, nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('source_message_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.CheckConstraint("reason IN ('BOUNCE', 'COMPLAINT', 'UNSUBSCRIBE', 'MANUAL')", name=op.f('ck_suppressions_reason')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_suppressions_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppressions')),
    sa.UniqueConstraint('workspace_id', 'address', name=op.f('uq_suppressions_workspace_id_address'))
    )
    with op.batch_alter_table('suppressions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_suppressions_workspace_id_created_at_id'), ['workspace_id', 'created_at', 'id'], unique=False)

    op.create_table('messages',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('message_id', sa.String(), nullable=False),
    sa.Column('sender', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('needs_utf8', sa.Boolean(), nullable=False),
    sa.Column('has_content', sa.Boolean(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('held_for', sa.String(), nullable=True),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('reply', sa.String(), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('due_at', MOMENT, nullable=False),
    sa.Column('expires_at', MOMENT, nullable=False),
    sa.Column('committed_at', MOMENT, nullable=True),
    sa.Column('sent_at', MOMENT, nullable=True),
    sa.Column('ended_at', MOMENT, nullable=True),
    sa.Column('lease_owner', sa.String(), nullable=True),
    sa.Column('lease_until', MOMENT, nullable=True),
    sa.CheckConstraint("(state = 'HELD') = (held_for IS NOT NULL)", name=op.f('ck_messages_held')),
    sa.CheckConstraint("(state = 'SENDING') = (lease_owner IS NOT NULL) AND (lease_owner IS NULL) = (lease_until IS NULL)", name=op.f('ck_messages_lease')),
    sa.CheckConstraint("(state IN ('SENT', 'FAILED', 'CANCELLED', 'AMBIGUOUS', 'BOUNCED')) = (ended_at IS NOT NULL)", name=op.f('ck_messages_ended')),
    sa.CheckConstraint("held_for IN ('RATE', 'ACCOUNT', 'HOST', 'TOKEN_ENDPOINT', 'PAUSE')", name=op.f('ck_messages_held_for')),
    sa.CheckConstraint("state IN ('QUEUED', 'HELD', 'SENDING', 'SENT', 'DEFERRED', 'FAILED', 'CANCELLED', 'AMBIGUOUS', 'BOUNCED')", name=op.f('ck_messages_state')),
    sa.CheckConstraint('attempts >= 0', name=op.f('ck_messages_attempts')),
    sa.CheckConstraint('size_bytes >= 0', name=op.f('ck_messages_size_bytes')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_messages_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_messages_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_messages_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_messages')),
    sa.UniqueConstraint('workspace_id', 'id', name=op.f('uq_messages_workspace_id_id'))
    )
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_messages_created_by'), ['created_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_ended_at'), ['ended_at'], unique=False)
        batch_op.create_index('ix_messages_kept', ['ended_at'], unique=False, sqlite_where=sa.text('has_content = 1'), postgresql_where=sa.text('has_content'))
        batch_op.create_index('ix_messages_open', ['due_at'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_messages_workspace_id_config_id_created_at_id'), ['workspace_id', 'config_id', 'created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_workspace_id_created_at_id'), ['workspace_id', 'created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_workspace_id_message_id'), ['workspace_id', 'message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_messages_workspace_id_state_created_at_id'), ['workspace_id', 'state', 'created_at', 'id'], unique=False)

    op.create_table('message_attempts',
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('started_at', MOMENT, nullable=False),
    sa.Column('ended_at', MOMENT, nullable=True),
    sa.Column('event', sa.String(), nullable=True),
    sa.Column('phase', sa.String(), nullable=True),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('reply', sa.String(), nullable=True),
    sa.Column('host', sa.String(), nullable=True),
    sa.CheckConstraint("event IN ('CLAIM', 'ACCEPT', 'DEFER', 'HOLD', 'REJECT', 'DOUBT', 'RELEASE', 'EXPIRE', 'CANCEL', 'RETRY', 'RETRY_AMBIGUOUS', 'BOUNCE')", name=op.f('ck_message_attempts_event')),
    sa.ForeignKeyConstraint(['workspace_id', 'message_id'], ['messages.workspace_id', 'messages.id'], name=op.f('fk_message_attempts_workspace_id_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_message_attempts_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', 'number', name=op.f('pk_message_attempts'))
    )
    with op.batch_alter_table('message_attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_attempts_workspace_id_message_id'), ['workspace_id', 'message_id'], unique=False)

    op.create_table('message_contents',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('parts', sa.Integer(), nullable=False),
    sa.Column('key_id', sa.String(), nullable=False),
    sa.Column('ciphertext', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('part >= 0 AND part < parts', name=op.f('ck_message_contents_part')),
    sa.ForeignKeyConstraint(['workspace_id', 'message_id'], ['messages.workspace_id', 'messages.id'], name=op.f('fk_message_contents_workspace_id_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_message_contents_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message_contents')),
    sa.UniqueConstraint('message_id', 'part', name=op.f('uq_message_contents_message_id_part'))
    )
    with op.batch_alter_table('message_contents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_contents_key_id_id'), ['key_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_contents_workspace_id_message_id'), ['workspace_id', 'message_id'], unique=False)

    op.create_table('message_recipients',
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reply', sa.String(), nullable=True),
    sa.Column('reply_code', sa.Integer(), nullable=True),
    sa.Column('enhanced_code', sa.String(), nullable=True),
    sa.CheckConstraint("kind IN ('TO', 'CC', 'BCC')", name=op.f('ck_message_recipients_kind')),
    sa.CheckConstraint("state IN ('WAITING', 'ACCEPTED', 'REFUSED', 'AMBIGUOUS', 'SUPPRESSED', 'BOUNCED', 'COMPLAINED')", name=op.f('ck_message_recipients_state')),
    sa.ForeignKeyConstraint(['workspace_id', 'message_id'], ['messages.workspace_id', 'messages.id'], name=op.f('fk_message_recipients_workspace_id_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_message_recipients_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', 'position', name=op.f('pk_message_recipients'))
    )
    with op.batch_alter_table('message_recipients', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_recipients_workspace_id_message_id'), ['workspace_id', 'message_id'], unique=False)

    op.create_table('outbox_jobs',
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('due_at', MOMENT, nullable=False),
    sa.Column('owner', sa.String(), nullable=True),
    sa.Column('lease_until', MOMENT, nullable=True),
    sa.CheckConstraint('(owner IS NULL) = (lease_until IS NULL)', name=op.f('ck_outbox_jobs_lease')),
    sa.ForeignKeyConstraint(['workspace_id', 'message_id'], ['messages.workspace_id', 'messages.id'], name=op.f('fk_outbox_jobs_workspace_id_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_outbox_jobs_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_outbox_jobs'))
    )
    with op.batch_alter_table('outbox_jobs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_jobs_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_jobs_workspace_id_message_id'), ['workspace_id', 'message_id'], unique=False)

    _keep_the_pace()


def _keep_the_pace() -> None:
    op.create_table('sending_accounts',
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('paused_at', MOMENT, nullable=True),
    sa.Column('held_for', sa.String(), nullable=True),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('held_until', MOMENT, nullable=True),
    sa.Column('held_revision', sa.Integer(), nullable=True),
    sa.Column('held_test_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("held_for IN ('RATE', 'ACCOUNT', 'HOST', 'TOKEN_ENDPOINT', 'PAUSE')", name=op.f('ck_sending_accounts_held_for')),
    sa.CheckConstraint('(held_for IS NULL) = (code IS NULL)', name=op.f('ck_sending_accounts_hold')),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_sending_accounts_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sending_accounts_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('config_id', name=op.f('pk_sending_accounts'))
    )
    with op.batch_alter_table('sending_accounts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sending_accounts_workspace_id_config_id'), ['workspace_id', 'config_id'], unique=False)

    op.create_table('sending_counts',
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('slot_seconds', sa.Integer(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=False),
    sa.CheckConstraint("unit IN ('MESSAGES', 'RECIPIENTS')", name=op.f('ck_sending_counts_unit')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_sending_counts_amount')),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_sending_counts_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sending_counts_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('config_id', 'unit', 'slot_seconds', 'slot', name=op.f('pk_sending_counts'))
    )
    with op.batch_alter_table('sending_counts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sending_counts_workspace_id_config_id'), ['workspace_id', 'config_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('sending_counts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sending_counts_workspace_id_config_id'))

    op.drop_table('sending_counts')
    with op.batch_alter_table('sending_accounts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sending_accounts_workspace_id_config_id'))

    op.drop_table('sending_accounts')
    with op.batch_alter_table('outbox_jobs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_jobs_workspace_id_message_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_jobs_due_at'))

    op.drop_table('outbox_jobs')
    with op.batch_alter_table('message_recipients', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_recipients_workspace_id_message_id'))

    op.drop_table('message_recipients')
    with op.batch_alter_table('message_contents', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_contents_workspace_id_message_id'))
        batch_op.drop_index(batch_op.f('ix_message_contents_key_id_id'))

    op.drop_table('message_contents')
    with op.batch_alter_table('message_attempts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_attempts_workspace_id_message_id'))

    op.drop_table('message_attempts')
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_messages_workspace_id_state_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_messages_workspace_id_message_id'))
        batch_op.drop_index(batch_op.f('ix_messages_workspace_id_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_messages_workspace_id_config_id_created_at_id'))
        batch_op.drop_index('ix_messages_kept', sqlite_where=sa.text('has_content = 1'), postgresql_where=sa.text('has_content'))
        batch_op.drop_index('ix_messages_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_messages_ended_at'))
        batch_op.drop_index(batch_op.f('ix_messages_created_by'))

    op.drop_table('messages')
    with op.batch_alter_table('suppressions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_suppressions_workspace_id_created_at_id'))

    op.drop_table('suppressions')
