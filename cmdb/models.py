from core.database import Base  # noqa: F401
