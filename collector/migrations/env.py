"""Alembic's environment: runs on the connection that `collector.database` hands over, never on one of its own."""

from __future__ import annotations

from alembic import context

from collector.database import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
)

with context.begin_transaction():
    context.run_migrations()
