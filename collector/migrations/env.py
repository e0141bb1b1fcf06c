"""Alembic's environment: runs on the connection that `collector.database` hands over, never on one of its own."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from collector.database import METADATA
from core.database import UtcDateTime

connection = context.config.attributes["connection"]


def render(kind: str, value: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Migrations name SQLAlchemy's types only, so that they stay as they are when ours change."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,  # on SQLite too: `collector.database.make_engine` begins the transaction
    compare_type=True,
    compare_server_default=True,
    render_item=render,
)

with context.begin_transaction():
    context.run_migrations()
