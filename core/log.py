"""Logging: one line per unit of work, a constant lower-case message and key=value pairs, on stderr.

    log = get_logger(__name__)
    log.info("incident opened", number="INC-12", ci="core-1")

Values are quoted when they need it and never break the line: device names, labels and headers are
hostile input.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from typing import Any

from core.labels import quote

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+,%()[]{}<>*;")


class Logger:
    """A thin front of the standard logger that takes fields as keyword arguments."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, message: str, **fields: Any) -> None:
        self._emit(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: Any) -> None:
        self._emit(logging.INFO, message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        self._emit(logging.WARNING, message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._emit(logging.ERROR, message, fields)

    def exception(self, message: str, **fields: Any) -> None:
        """As `error`, with the traceback of the exception being handled."""
        self._emit(logging.ERROR, message, fields, exc_info=True)

    def _emit(self, level: int, message: str, fields: dict[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", message, extra={"fields": fields}, exc_info=exc_info)


def get_logger(name: str) -> Logger:
    """The logger of a module; pass `__name__`."""
    return Logger(logging.getLogger(name))


def spell_value(value: object) -> str:
    """A field's value on one line: plain where it can be, quoted and escaped where it must be."""
    text = str(value)
    return text if text and _PLAIN.issuperset(text) else quote(text)


class LogfmtFormatter(logging.Formatter):
    """`2026-01-02T03:04:05.678Z info collector.tick: rules reloaded groups=7`."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        head = f"{at.replace('+00:00', 'Z')} {record.levelname.lower()} {record.name}: "
        fields = getattr(record, "fields", {})
        line = head + record.getMessage() + "".join(f" {key}={spell_value(value)}" for key, value in fields.items())
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def configure(level: str = "info") -> None:
    """Send everything of `level` and above to stderr; libraries speak from warning on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogfmtFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "aiosqlite", "sqlalchemy", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
