"""Central configuration: polling targets, their credentials, the site of an agent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("name", name=op.f("uq_credentials_name")),
    )
    op.create_table(
        "polling_targets",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("credential_id", sa.Integer(), nullable=True),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("may_move", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_from", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name=op.f("fk_polling_targets_credential_id_credentials"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polling_targets")),
        sa.UniqueConstraint("name", name=op.f("uq_polling_targets_name")),
    )
    with op.batch_alter_table("polling_targets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_polling_targets_ci_id"), ["ci_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_polling_targets_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_polling_targets_holder"), ["holder"], unique=False)
        batch_op.create_index(batch_op.f("ix_polling_targets_moved_from"), ["moved_from"], unique=False)

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_column("site")

    with op.batch_alter_table("polling_targets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_polling_targets_moved_from"))
        batch_op.drop_index(batch_op.f("ix_polling_targets_holder"))
        batch_op.drop_index(batch_op.f("ix_polling_targets_credential_id"))
        batch_op.drop_index(batch_op.f("ix_polling_targets_ci_id"))

    op.drop_table("polling_targets")
    op.drop_table("credentials")
