"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ci_codes",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_ci_codes")),
    )
    op.create_table(
        "cis",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("recorded", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cis")),
        sa.UniqueConstraint("code", name=op.f("uq_cis_code")),
    )
    with op.batch_alter_table("cis", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cis_class"), ["class"], unique=False)
        batch_op.create_index(batch_op.f("ix_cis_name_key"), ["name_key"], unique=False)

    op.create_table(
        "cmdb_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cmdb_revision")),
    )
    op.create_table(
        "number_sequences",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_sequences")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_name"), ["name"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("boot", sa.Text(), nullable=True),
        sa.Column("last_report_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_skew_seconds", sa.Double(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["token_id"], ["tokens.id"], name=op.f("fk_agents_token_id_tokens"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("name", name=op.f("uq_agents_name")),
    )
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_token_id"), ["token_id"], unique=False)

    op.create_table(
        "ci_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_ci_changes_ci_id_cis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ci_changes")),
    )
    with op.batch_alter_table("ci_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ci_changes_ci_id"), ["ci_id"], unique=False)

    op.create_table(
        "ci_differences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.Column("other_ci_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recorded", sa.Text(), nullable=False),
        sa.Column("reported", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_ci_differences_ci_id_cis")),
        sa.ForeignKeyConstraint(["other_ci_id"], ["cis.id"], name=op.f("fk_ci_differences_other_ci_id_cis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ci_differences")),
    )
    with op.batch_alter_table("ci_differences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ci_differences_ci_id"), ["ci_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ci_differences_instance"), ["instance"], unique=False)
        batch_op.create_index(
            "uq_ci_differences_open",
            ["fingerprint"],
            unique=True,
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )

    op.create_table(
        "ci_instances",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_ci_instances_ci_id_cis"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_ci_instances")),
    )
    with op.batch_alter_table("ci_instances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ci_instances_ci_id"), ["ci_id"], unique=False)

    op.create_table(
        "ci_keys",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_ci_keys_ci_id_cis"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ci_keys")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_ci_keys_kind_value")),
    )
    with op.batch_alter_table("ci_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ci_keys_ci_id"), ["ci_id"], unique=False)

    op.create_table(
        "ci_relations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("redundancy_group", sa.Text(), nullable=True),
        sa.Column("min_up", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_ci_relations_two_items")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["cis.id"], name=op.f("fk_ci_relations_source_id_cis"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["cis.id"], name=op.f("fk_ci_relations_target_id_cis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ci_relations")),
        sa.UniqueConstraint("source_id", "target_id", "type", name=op.f("uq_ci_relations_source_id_target_id_type")),
    )
    with op.batch_alter_table("ci_relations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ci_relations_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ci_relations_target_id"), ["target_id"], unique=False)

    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "assigned",
                "in_progress",
                "pending",
                "restored",
                "resolved",
                "closed",
                name="state",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority", sa.Enum("P1", "P2", "P3", "P4", name="priority", native_enum=False, length=32), nullable=False
        ),
        sa.Column(
            "impact",
            sa.Enum("department", "service", "person", name="impact", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("labels", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("annotations", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.Column("services", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("monitoring", "user", "inspection", "external", name="origin", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("symptom_of", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("pending_reason", sa.Text(), nullable=True),
        sa.Column("resolution_code", sa.Text(), nullable=True),
        sa.Column("solution", sa.Text(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_incidents_ci_id_cis")),
        sa.ForeignKeyConstraint(["symptom_of"], ["incidents.id"], name=op.f("fk_incidents_symptom_of_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("number", name=op.f("uq_incidents_number")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incidents_ci_id"), ["ci_id"], unique=False)
        batch_op.create_index("ix_incidents_fingerprint", ["fingerprint", "id"], unique=False)
        batch_op.create_index("ix_incidents_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_incidents_symptom_of"), ["symptom_of"], unique=False)
        batch_op.create_index(
            "uq_incidents_open_fingerprint",
            ["fingerprint"],
            unique=True,
            sqlite_where=sa.text("state IN ('assigned', 'in_progress', 'new', 'pending')"),
            postgresql_where=sa.text("state IN ('assigned', 'in_progress', 'new', 'pending')"),
        )

    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "agent_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_agent_events_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_events")),
        sa.UniqueConstraint("agent_id", "digest", name=op.f("uq_agent_events_agent_id_digest")),
    )
    with op.batch_alter_table("agent_events", schema=None) as batch_op:
        batch_op.create_index("ix_agent_events_received_at", ["received_at"], unique=False)

    op.create_table(
        "agent_targets",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_agent_targets_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_targets")),
        sa.UniqueConstraint("agent_id", "job", "instance", name=op.f("uq_agent_targets_agent_id_job_instance")),
    )
    with op.batch_alter_table("agent_targets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_targets_ci_id"), ["ci_id"], unique=False)

    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("rule_key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("annotations", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "firing", "resolved", name="alertstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_firing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.Enum("cause", "symptom", name="role", native_enum=False, length=32), nullable=True),
        sa.ForeignKeyConstraint(["ci_id"], ["cis.id"], name=op.f("fk_alerts_ci_id_cis")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_alerts_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("rule_key", "fingerprint", name="uq_alerts_rule_key"),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alerts_fingerprint"), ["fingerprint"], unique=False)
        batch_op.create_index(batch_op.f("ix_alerts_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index("ix_alerts_state", ["state"], unique=False)

    op.create_table(
        "incident_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opened",
                "acknowledged",
                "assigned",
                "started",
                "pended",
                "restored",
                "reopened",
                "resolved",
                "closed",
                "comment",
                "symptom_joined",
                "became_symptom",
                "released",
                name="entry",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_events_incident_id_incidents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_events")),
    )
    with op.batch_alter_table("incident_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_events_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opened", "reopened", "restored", "resolved", "escalated", name="kind", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("thread_key", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "sent", "dead", name="deliverystate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_outbox_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_outbox_idempotency_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(
            "ix_outbox_pending",
            ["channel", "incident_id", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index("ix_outbox_state", ["state", "id"], unique=False)

    op.create_table(
        "suppressions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "symptom",
                "duplicate",
                "informational",
                "maintenance",
                "grouped",
                "flapping",
                "silenced",
                name="reason",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_suppressions_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index("ix_suppressions_fingerprint", ["fingerprint", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_suppressions_incident_id"), ["incident_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suppressions_incident_id"))
        batch_op.drop_index("ix_suppressions_fingerprint")

    op.drop_table("suppressions")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_state")
        batch_op.drop_index(
            "ix_outbox_pending",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_incident_id"))

    op.drop_table("outbox")
    with op.batch_alter_table("incident_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_events_incident_id"))

    op.drop_table("incident_events")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_state")
        batch_op.drop_index(batch_op.f("ix_alerts_incident_id"))
        batch_op.drop_index(batch_op.f("ix_alerts_fingerprint"))

    op.drop_table("alerts")
    with op.batch_alter_table("agent_targets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_targets_ci_id"))

    op.drop_table("agent_targets")
    with op.batch_alter_table("agent_events", schema=None) as batch_op:
        batch_op.drop_index("ix_agent_events_received_at")

    op.drop_table("agent_events")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))

    op.drop_table("sessions")
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_incidents_open_fingerprint",
            sqlite_where=sa.text("state IN ('assigned', 'in_progress', 'new', 'pending')"),
            postgresql_where=sa.text("state IN ('assigned', 'in_progress', 'new', 'pending')"),
        )
        batch_op.drop_index(batch_op.f("ix_incidents_symptom_of"))
        batch_op.drop_index("ix_incidents_state")
        batch_op.drop_index("ix_incidents_fingerprint")
        batch_op.drop_index(batch_op.f("ix_incidents_ci_id"))

    op.drop_table("incidents")
    with op.batch_alter_table("ci_relations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ci_relations_target_id"))
        batch_op.drop_index(batch_op.f("ix_ci_relations_source_id"))

    op.drop_table("ci_relations")
    with op.batch_alter_table("ci_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ci_keys_ci_id"))

    op.drop_table("ci_keys")
    with op.batch_alter_table("ci_instances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ci_instances_ci_id"))

    op.drop_table("ci_instances")
    with op.batch_alter_table("ci_differences", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_ci_differences_open",
            sqlite_where=sa.text("resolved_at IS NULL"),
            postgresql_where=sa.text("resolved_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_ci_differences_instance"))
        batch_op.drop_index(batch_op.f("ix_ci_differences_ci_id"))

    op.drop_table("ci_differences")
    with op.batch_alter_table("ci_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ci_changes_ci_id"))

    op.drop_table("ci_changes")
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_token_id"))

    op.drop_table("agents")
    op.drop_table("users")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_name"))

    op.drop_table("tokens")
    op.drop_table("number_sequences")
    op.drop_table("cmdb_revision")
    with op.batch_alter_table("cis", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cis_name_key"))
        batch_op.drop_index(batch_op.f("ix_cis_class"))

    op.drop_table("cis")
    op.drop_table("ci_codes")
