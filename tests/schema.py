"""The whole schema in an empty database."""

from __future__ import annotations

import importlib

from sqlalchemy import create_engine

from core.database import Base


def create_schema(url: str) -> None:
    ours = ("access", "agents", "discovery")
    for models in ("cmdb.models", "desk.models", *(f"collector.{name}.models" for name in ours)):
        importlib.import_module(models)
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
