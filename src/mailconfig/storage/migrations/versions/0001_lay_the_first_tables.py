"""Lay the first tables."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
SORT_KEY = sa.String().with_variant(sa.String(collation='C'), 'postgresql')


def upgrade() -> None:
    op.create_table('users',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('email_key', SORT_KEY, nullable=False),
    sa.Column('password_hash', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email_key', name=op.f('uq_users_email_key'))
    )
    op.create_table('workspaces',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workspaces')),
    sa.UniqueConstraint('slug', name=op.f('uq_workspaces_slug'))
    )
    op.create_table('audit_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('object_type', sa.String(), nullable=False),
    sa.Column('object_id', sa.Uuid(), nullable=True),
    sa.Column('details', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['users.id'], name=op.f('fk_audit_events_actor_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_audit_events_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_events_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_workspace_id_created_at_id'), ['workspace_id', 'created_at', 'id'], unique=False)

    op.create_table('idempotency_keys',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('operation', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('result_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_idempotency_keys_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_idempotency_keys_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'user_id', 'operation', 'key', name=op.f('pk_idempotency_keys'))
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_keys_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_idempotency_keys_user_id'), ['user_id'], unique=False)

    op.create_table('memberships',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.CheckConstraint("role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')", name=op.f('ck_memberships_role')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_memberships_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_memberships_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'user_id', name=op.f('pk_memberships'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_memberships_user_id_workspace_id'), ['user_id', 'workspace_id'], unique=False)

    op.create_table('secrets',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key_id', sa.String(), nullable=False),
    sa.Column('ciphertext', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_secrets_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_secrets')),
    sa.UniqueConstraint('workspace_id', 'id', name=op.f('uq_secrets_workspace_id_id'))
    )
    with op.batch_alter_table('secrets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_secrets_key_id_id'), ['key_id', 'id'], unique=False)

    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('token_sha256', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('expires_at', MOMENT, nullable=False),
    sa.Column('revoked_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sessions_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sessions_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('token_sha256', name=op.f('uq_sessions_token_sha256'))
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sessions_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sessions_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sessions_workspace_id'), ['workspace_id'], unique=False)

    op.create_table('configs',
    sa.Column('incoming_host', sa.String(), nullable=True),
    sa.Column('incoming_port', sa.Integer(), nullable=True),
    sa.Column('incoming_security', sa.String(), nullable=True),
    sa.Column('incoming_authentication', sa.String(), nullable=True),
    sa.Column('incoming_username', sa.String(), nullable=True),
    sa.Column('incoming_secret_id', sa.Uuid(), nullable=True),
    sa.Column('outgoing_host', sa.String(), nullable=True),
    sa.Column('outgoing_port', sa.Integer(), nullable=True),
    sa.Column('outgoing_security', sa.String(), nullable=True),
    sa.Column('outgoing_authentication', sa.String(), nullable=True),
    sa.Column('outgoing_username', sa.String(), nullable=True),
    sa.Column('outgoing_secret_id', sa.Uuid(), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('name_key', SORT_KEY, nullable=False),
    sa.Column('email_address', sa.String(), nullable=False),
    sa.Column('address_key', SORT_KEY, nullable=False),
    sa.Column('display_name', sa.String(), nullable=True),
    sa.Column('provider_id', sa.String(), nullable=True),
    sa.Column('external_id', sa.String(), nullable=True),
    sa.Column('metadata_json', sa.String(), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('updated_at', MOMENT, nullable=False),
    sa.Column('last_test_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("incoming_security IN ('NONE', 'STARTTLS', 'TLS')", name=op.f('ck_configs_incoming_security')),
    sa.CheckConstraint("outgoing_security IN ('NONE', 'STARTTLS', 'TLS')", name=op.f('ck_configs_outgoing_security')),
    sa.CheckConstraint("status IN ('UNVERIFIED', 'WORKING', 'FAILING')", name=op.f('ck_configs_status')),
    sa.CheckConstraint('(incoming_host IS NULL) = (incoming_port IS NULL) AND (incoming_host IS NULL) = (incoming_security IS NULL) AND (incoming_host IS NULL) = (incoming_authentication IS NULL) AND (incoming_host IS NOT NULL OR (incoming_username IS NULL AND incoming_secret_id IS NULL))', name=op.f('ck_configs_incoming_whole')),
    sa.CheckConstraint('(outgoing_host IS NULL) = (outgoing_port IS NULL) AND (outgoing_host IS NULL) = (outgoing_security IS NULL) AND (outgoing_host IS NULL) = (outgoing_authentication IS NULL) AND (outgoing_host IS NOT NULL OR (outgoing_username IS NULL AND outgoing_secret_id IS NULL))', name=op.f('ck_configs_outgoing_whole')),
    sa.CheckConstraint('incoming_port BETWEEN 1 AND 65535', name=op.f('ck_configs_incoming_port')),
    sa.CheckConstraint('outgoing_port BETWEEN 1 AND 65535', name=op.f('ck_configs_outgoing_port')),
    sa.CheckConstraint('revision >= 1', name=op.f('ck_configs_revision')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_configs_owner_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['workspace_id', 'incoming_secret_id'], ['secrets.workspace_id', 'secrets.id'], name=op.f('fk_configs_workspace_id_incoming_secret_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'outgoing_secret_id'], ['secrets.workspace_id', 'secrets.id'], name=op.f('fk_configs_workspace_id_outgoing_secret_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_configs_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_configs')),
    sa.UniqueConstraint('workspace_id', 'external_id', name=op.f('uq_configs_workspace_id_external_id')),
    sa.UniqueConstraint('workspace_id', 'id', name=op.f('uq_configs_workspace_id_id'))
    )
    with op.batch_alter_table('configs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_configs_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_address_key_id'), ['workspace_id', 'address_key', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_created_at_id'), ['workspace_id', 'created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_incoming_secret_id'), ['workspace_id', 'incoming_secret_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_name_key_id'), ['workspace_id', 'name_key', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_outgoing_secret_id'), ['workspace_id', 'outgoing_secret_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_provider_id'), ['workspace_id', 'provider_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_status'), ['workspace_id', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_configs_workspace_id_updated_at_id'), ['workspace_id', 'updated_at', 'id'], unique=False)
        batch_op.create_index('uq_configs_owned_address', ['workspace_id', 'owner_id', 'address_key'], unique=True, sqlite_where=sa.text('owner_id IS NOT NULL'), postgresql_where=sa.text('owner_id IS NOT NULL'))
        batch_op.create_index('uq_configs_shared_address', ['workspace_id', 'address_key'], unique=True, sqlite_where=sa.text('owner_id IS NULL'), postgresql_where=sa.text('owner_id IS NULL'))

    op.create_table('config_versions',
    sa.Column('incoming_host', sa.String(), nullable=True),
    sa.Column('incoming_port', sa.Integer(), nullable=True),
    sa.Column('incoming_security', sa.String(), nullable=True),
    sa.Column('incoming_authentication', sa.String(), nullable=True),
    sa.Column('incoming_username', sa.String(), nullable=True),
    sa.Column('incoming_secret_id', sa.Uuid(), nullable=True),
    sa.Column('outgoing_host', sa.String(), nullable=True),
    sa.Column('outgoing_port', sa.Integer(), nullable=True),
    sa.Column('outgoing_security', sa.String(), nullable=True),
    sa.Column('outgoing_authentication', sa.String(), nullable=True),
    sa.Column('outgoing_username', sa.String(), nullable=True),
    sa.Column('outgoing_secret_id', sa.Uuid(), nullable=True),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('email_address', sa.String(), nullable=False),
    sa.Column('display_name', sa.String(), nullable=True),
    sa.Column('provider_id', sa.String(), nullable=True),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('verified', sa.Boolean(), nullable=False),
    sa.CheckConstraint("incoming_security IN ('NONE', 'STARTTLS', 'TLS')", name=op.f('ck_config_versions_incoming_security')),
    sa.CheckConstraint("outgoing_security IN ('NONE', 'STARTTLS', 'TLS')", name=op.f('ck_config_versions_outgoing_security')),
    sa.CheckConstraint('(incoming_host IS NULL) = (incoming_port IS NULL) AND (incoming_host IS NULL) = (incoming_security IS NULL) AND (incoming_host IS NULL) = (incoming_authentication IS NULL) AND (incoming_host IS NOT NULL OR (incoming_username IS NULL AND incoming_secret_id IS NULL))', name=op.f('ck_config_versions_incoming_whole')),
    sa.CheckConstraint('(outgoing_host IS NULL) = (outgoing_port IS NULL) AND (outgoing_host IS NULL) = (outgoing_security IS NULL) AND (outgoing_host IS NULL) = (outgoing_authentication IS NULL) AND (outgoing_host IS NOT NULL OR (outgoing_username IS NULL AND outgoing_secret_id IS NULL))', name=op.f('ck_config_versions_outgoing_whole')),
    sa.CheckConstraint('incoming_port BETWEEN 1 AND 65535', name=op.f('ck_config_versions_incoming_port')),
    sa.CheckConstraint('outgoing_port BETWEEN 1 AND 65535', name=op.f('ck_config_versions_outgoing_port')),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], name=op.f('fk_config_versions_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_config_versions_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'incoming_secret_id'], ['secrets.workspace_id', 'secrets.id'], name=op.f('fk_config_versions_workspace_id_incoming_secret_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'outgoing_secret_id'], ['secrets.workspace_id', 'secrets.id'], name=op.f('fk_config_versions_workspace_id_outgoing_secret_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_config_versions_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('config_id', 'revision', name=op.f('pk_config_versions'))
    )
    with op.batch_alter_table('config_versions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_config_versions_created_by'), ['created_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_config_versions_workspace_id_config_id'), ['workspace_id', 'config_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_config_versions_workspace_id_incoming_secret_id'), ['workspace_id', 'incoming_secret_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_config_versions_workspace_id_outgoing_secret_id'), ['workspace_id', 'outgoing_secret_id'], unique=False)

    op.create_table('connection_tests',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=True),
    sa.Column('config_revision', sa.Integer(), nullable=True),
    sa.Column('started_by', sa.Uuid(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('deadline_at', MOMENT, nullable=False),
    sa.Column('finished_at', MOMENT, nullable=True),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('code_protocol', sa.String(), nullable=True),
    sa.Column('provider_id', sa.String(), nullable=True),
    sa.Column('server_reply', sa.String(), nullable=True),
    sa.Column('fix_id', sa.Uuid(), nullable=True),
    sa.Column('fix', sa.String(), nullable=True),
    sa.Column('process', sa.String(), nullable=False),
    sa.Column('lease_until', MOMENT, nullable=False),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.CheckConstraint("code_protocol IN ('IMAP', 'SMTP')", name=op.f('ck_connection_tests_code_protocol')),
    sa.CheckConstraint("status IN ('QUEUED', 'RUNNING', 'PASSED', 'PASSED_WITH_WARNINGS', 'FAILED', 'CANCELLED', 'TIMED_OUT')", name=op.f('ck_connection_tests_status')),
    sa.ForeignKeyConstraint(['started_by'], ['users.id'], name=op.f('fk_connection_tests_started_by'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_connection_tests_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_connection_tests_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connection_tests'))
    )
    with op.batch_alter_table('connection_tests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_connection_tests_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_connection_tests_started_by'), ['started_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_connection_tests_workspace_id_config_id_created_at_id'), ['workspace_id', 'config_id', 'created_at', 'id'], unique=False)

    op.create_table('files',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('filename', sa.String(), nullable=False),
    sa.Column('content_type', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('blob', sa.String(), nullable=False),
    sa.Column('secret_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('SIGNATURE_IMAGE', 'CA_CERTIFICATE', 'ATTACHMENT')", name=op.f('ck_files_kind')),
    sa.CheckConstraint('size >= 0', name=op.f('ck_files_size')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_files_owner_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_files_workspace_id_config_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'secret_id'], ['secrets.workspace_id', 'secrets.id'], name=op.f('fk_files_workspace_id_secret_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_files_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_files')),
    sa.UniqueConstraint('blob', name=op.f('uq_files_blob'))
    )
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_files_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index('ix_files_unattached', ['created_at'], unique=False, sqlite_where=sa.text('config_id IS NULL'), postgresql_where=sa.text('config_id IS NULL'))
        batch_op.create_index(batch_op.f('ix_files_workspace_id_config_id_created_at_id'), ['workspace_id', 'config_id', 'created_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_files_workspace_id_secret_id'), ['workspace_id', 'secret_id'], unique=False)

    op.create_table('connection_test_steps',
    sa.Column('test_id', sa.Uuid(), nullable=False),
    sa.Column('protocol', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('duration_ms', sa.Integer(), nullable=True),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('detail', sa.String(), nullable=False),
    sa.CheckConstraint("protocol IN ('IMAP', 'SMTP')", name=op.f('ck_connection_test_steps_protocol')),
    sa.CheckConstraint("status IN ('PENDING', 'RUNNING', 'PASSED', 'WARNING', 'FAILED', 'SKIPPED')", name=op.f('ck_connection_test_steps_status')),
    sa.ForeignKeyConstraint(['test_id'], ['connection_tests.id'], name=op.f('fk_connection_test_steps_test_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('test_id', 'protocol', 'kind', name=op.f('pk_connection_test_steps'))
    )


def downgrade() -> None:
    op.drop_table('connection_test_steps')
    with op.batch_alter_table('files', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_files_workspace_id_secret_id'))
        batch_op.drop_index(batch_op.f('ix_files_workspace_id_config_id_created_at_id'))
        batch_op.drop_index('ix_files_unattached', sqlite_where=sa.text('config_id IS NULL'), postgresql_where=sa.text('config_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_files_owner_id'))

    op.drop_table('files')
    with op.batch_alter_table('connection_tests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_connection_tests_workspace_id_config_id_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_connection_tests_started_by'))
        batch_op.drop_index(batch_op.f('ix_connection_tests_created_at'))

    op.drop_table('connection_tests')
    with op.batch_alter_table('config_versions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_config_versions_workspace_id_outgoing_secret_id'))
        batch_op.drop_index(batch_op.f('ix_config_versions_workspace_id_incoming_secret_id'))
        batch_op.drop_index(batch_op.f('ix_config_versions_workspace_id_config_id'))
        batch_op.drop_index(batch_op.f('ix_config_versions_created_by'))

    op.drop_table('config_versions')
    with op.batch_alter_table('configs', schema=None) as batch_op:
        batch_op.drop_index('uq_configs_shared_address', sqlite_where=sa.text('owner_id IS NULL'), postgresql_where=sa.text('owner_id IS NULL'))
        batch_op.drop_index('uq_configs_owned_address', sqlite_where=sa.text('owner_id IS NOT NULL'), postgresql_where=sa.text('owner_id IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_updated_at_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_status'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_provider_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_outgoing_secret_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_name_key_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_incoming_secret_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_configs_workspace_id_address_key_id'))
        batch_op.drop_index(batch_op.f('ix_configs_owner_id'))

    op.drop_table('configs')
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sessions_workspace_id'))
        batch_op.drop_index(batch_op.f('ix_sessions_user_id'))
        batch_op.drop_index(batch_op.f('ix_sessions_expires_at'))

    op.drop_table('sessions')
    with op.batch_alter_table('secrets', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_secrets_key_id_id'))

    op.drop_table('secrets')
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_memberships_user_id_workspace_id'))

    op.drop_table('memberships')
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_user_id'))
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_created_at'))

    op.drop_table('idempotency_keys')
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_workspace_id_created_at_id'))
        batch_op.drop_index(batch_op.f('ix_audit_events_actor_id'))

    op.drop_table('audit_events')
    op.drop_table('workspaces')
    op.drop_table('users')
