"""Keep sender identities: the addresses, names and signatures that an account sends with."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('sender_identities',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('config_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('reply_to', sa.String(), nullable=True),
    sa.Column('signature_text', sa.String(), nullable=True),
    sa.Column('signature_html', sa.String(), nullable=True),
    sa.Column('signature_image_id', sa.Uuid(), nullable=True),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('updated_at', MOMENT, nullable=False),
    sa.ForeignKeyConstraint(['signature_image_id'], ['files.id'], name=op.f('fk_sender_identities_signature_image_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'config_id'], ['configs.workspace_id', 'configs.id'], name=op.f('fk_sender_identities_workspace_id_config_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sender_identities_workspace_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sender_identities'))
    )
    op.create_index('uq_sender_identities_default', 'sender_identities', ['config_id'], unique=True, sqlite_where=sa.text('is_default = 1'), postgresql_where=sa.text('is_default'))
    op.create_index(op.f('ix_sender_identities_workspace_id_config_id_created_at_id'), 'sender_identities', ['workspace_id', 'config_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_sender_identities_signature_image_id'), 'sender_identities', ['signature_image_id'], unique=False)


def downgrade() -> None:
    op.drop_table('sender_identities')
