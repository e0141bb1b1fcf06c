"""`collector.yaml`: what the server needs to know, strict.

Only `data_dir` is required::

    listen: 127.0.0.1:9470
    data_dir: ./data
    database: sqlite
    rule_files: [rules/*.yaml]
    channels:
      - {name: ops, type: webhook, url: http://127.0.0.1:8080/hook}
"""

from __future__ import annotations

import glob
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from collector.access.client import Network
from collector.ingest.limits import IngestLimits
from collector.long_term.config import LongTermConfig
from collector.prometheus_api.budget import QueryLimits
from collector.series.limits import SeriesLimits
from core import config
from core.config import Duration, Finding, Secret, Section, Size
from core.database import sqlite_url
from core.labels import METRIC_NAME, is_label_name
from desk.channels.config import ChannelConfig, duplicate_names

DEFAULT_LISTEN = "127.0.0.1:9470"
DATABASE_FILE = "forewatch.db"

_DAY = 86_400
_EVERY_INTERFACE = ("", "0.0.0.0", "::")  # noqa: S104 - told apart, not listened on


class Tls(Section, frozen=True, kw_only=True):
    """Certificate chain and key, PEM; without this section plain HTTP is spoken."""

    cert: Path
    key: Path


_AT_LEAST_ONE = (
    "connections", "max_series", "max_series_per_sender", "new_series_per_second", "labels_per_series", "label_name",
    "label_value", "write_body", "query_samples",
)  # fmt: skip


class Limits(Section, frozen=True, kw_only=True):
    """What one collector takes in before it refuses."""

    connections: int = 10_000
    request_timeout: Duration = Duration(60)
    idle_timeout: Duration = Duration(75)
    write_body: Size = Size(32 << 20)
    max_series: int = SeriesLimits().max_series
    max_series_per_sender: int = SeriesLimits().max_series_per_sender
    new_series_per_second: int = IngestLimits().new_series_per_second
    labels_per_series: int = IngestLimits().labels
    label_name: Size = Size(IngestLimits().label_name_bytes)
    label_value: Size = Size(IngestLimits().label_value_bytes)
    out_of_order_window: Duration = Duration(SeriesLimits().out_of_order_ms / 1000)
    disk_reserve: Size = Size(SeriesLimits().reserve_bytes)
    query_timeout: Duration = Duration(QueryLimits().seconds)
    query_samples: int = QueryLimits().samples

    def check(self) -> Iterator[Finding]:
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                yield Finding((name,), "must be at least 1")
        for name in ("request_timeout", "idle_timeout", "query_timeout"):
            if getattr(self, name) < 1:
                yield Finding((name,), "must be at least 1s")

    def ingest(self) -> IngestLimits:
        return IngestLimits(
            body_bytes=self.write_body,
            body_seconds=float(self.request_timeout),
            new_series_per_second=self.new_series_per_second,
            labels=self.labels_per_series,
            label_name_bytes=self.label_name,
            label_value_bytes=self.label_value,
        )

    def queries(self) -> QueryLimits:
        return QueryLimits(seconds=float(self.query_timeout), samples=self.query_samples)

    def series(self) -> SeriesLimits:
        return SeriesLimits(
            max_series=self.max_series,
            max_series_per_sender=self.max_series_per_sender,
            out_of_order_ms=round(self.out_of_order_window * 1000),
            reserve_bytes=self.disk_reserve,
        )


class Retention(Section, frozen=True, kw_only=True):
    """How long records are kept; the law on network logs asks for six months at least."""

    events: Duration = Duration(400 * _DAY)

    def check(self) -> Iterator[Finding]:
        if self.events < 180 * _DAY:
            yield Finding(("events",), "must be at least 180d: operation logs have to be kept for six months")


class Polling(Section, frozen=True, kw_only=True):
    """Central configuration: which agent polls what.

    Attributes:
        silent_after: an agent that is not heard of for so long loses the targets of its site to another one.
        stable_after: so long it has to be back before it is given any.
        believe_sites: whether an agent's first word about its own site counts.
    """

    silent_after: Duration = Duration(180)
    stable_after: Duration = Duration(600)
    believe_sites: bool = True

    def check(self) -> Iterator[Finding]:
        if self.silent_after < 1:
            yield Finding(("silent_after",), "must be at least 1s")


class CollectorConfig(Section, frozen=True, kw_only=True):
    """The whole file.

    Attributes:
        listen: HOST:PORT; IPv6 addresses in brackets; port 0 takes a free one.
        data_dir: embedded database, series, keys; made when it is missing.
        database: `sqlite` (a file in data_dir) or a SQLAlchemy URL of SQLite or PostgreSQL.
        external_url: under which people reach the console, for links in messages; None takes `listen`.
        rule_files: Prometheus rule files, as globs.
        evaluation_interval: of rule groups that name none.
        external_labels: which site this is, for templates and for those who federate.
        trusted_proxies: addresses or networks whose X-Forwarded-For is believed.
        long_term: the store that samples are forwarded to and older ones are asked of; None for neither.
    """

    data_dir: Path
    listen: str = DEFAULT_LISTEN
    database: Secret = Secret("sqlite")
    external_url: str | None = None
    tls: Tls | None = None
    trusted_proxies: tuple[str, ...] = ()
    rule_files: tuple[Path, ...] = ()
    evaluation_interval: Duration = Duration(1)
    external_labels: dict[str, str] = {}
    channels: tuple[ChannelConfig, ...] = ()
    long_term: LongTermConfig | None = None
    limits: Limits = Limits()
    retention: Retention = Retention()
    polling: Polling = Polling()

    def check(self) -> Iterator[Finding]:
        if parse_listen(self.listen) is None:
            yield Finding(("listen",), f"{self.listen!r} is not HOST:PORT; write one like 127.0.0.1:9470 or [::]:9470")
        why = _wrong_database(self.database)
        if why is not None:
            yield Finding(("database",), why)
        if self.external_url is not None and not _is_web_url(self.external_url):
            yield Finding(("external_url",), "must be an http or https URL like https://forewatch.example.org")
        for index, text in enumerate(self.trusted_proxies):
            if _network(text) is None:
                yield Finding(("trusted_proxies", index), f"{text!r} is neither an address nor a network")
        if self.evaluation_interval < 1:
            yield Finding(("evaluation_interval",), "must be at least 1s")
        for name in self.external_labels:
            if not is_label_name(name) or name == METRIC_NAME:
                yield Finding(("external_labels", name), f"{name!r} is no name for a label; write one like site")
        if self.long_term is not None:
            yield from self.long_term.check_not_own(self.listen, self.url() if self.external_url else None)
        yield from duplicate_names(self.channels)

    def address(self) -> tuple[str, int]:
        """Host and port to listen on; an empty host means every interface."""
        parsed = parse_listen(self.listen)
        assert parsed is not None, "checked on loading"
        return parsed

    def database_url(self) -> str:
        return embedded_database_url(self.data_dir) if self.database == "sqlite" else str(self.database)

    def url(self) -> str:
        """Where people reach the console, without a slash at the end."""
        if self.external_url is not None:
            return self.external_url.rstrip("/")
        host, port = self.address()
        if host in _EVERY_INTERFACE:
            host = "localhost"
        authority = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls else 'http'}://{authority}:{port}"

    def secure(self) -> bool:
        """Whether people come by https, to us or to a proxy before us."""
        return self.tls is not None or self.url().startswith("https://")

    def proxies(self) -> list[Network]:
        return [network for network in map(_network, self.trusted_proxies) if network is not None]

    def rule_paths(self) -> list[Path]:
        """The files that the globs name now, each once, in order; a plain name that is missing is kept."""
        return list(dict.fromkeys(path for pattern in self.rule_files for path in _matches(str(pattern))))

    def idle_rule_patterns(self) -> list[str]:
        """The globs of `rule_files` that match nothing now: allowed, but hardly meant."""
        return [str(pattern) for pattern in self.rule_files if not _matches(str(pattern))]


def _matches(pattern: str) -> list[Path]:
    if not glob.has_magic(pattern):
        return [Path(pattern)]
    return sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - patterns may be absolute


def load(file: Path) -> CollectorConfig:
    """Read a collector.yaml.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong.
    """
    return config.load(file, CollectorConfig)


def embedded_database_url(data_dir: Path) -> str:
    """The URL of the database that lives in a data folder."""
    return sqlite_url(data_dir.absolute() / DATABASE_FILE)


def parse_listen(text: str) -> tuple[str, int] | None:
    """Host and port of `HOST:PORT`; None when it is not that."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        return None
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    return None if ":" in host or " " in host else (host, int(port))


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _wrong_database(url: str) -> str | None:
    if url == "sqlite":
        return None
    remedy = "write sqlite, or a URL like postgresql+psycopg://user:${PASSWORD}@host/forewatch"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return remedy
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        return f"{parsed.get_backend_name()} is not supported; {remedy}"
    return None
