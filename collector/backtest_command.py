"""`forewatch rules backtest`: replay a history through rule files and tell what would have fired."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from collector.access.command_line import DEFAULT_DATA, usage_error
from collector.backtest_views import spell, view_of
from collector.config import load
from collector.history import read_history
from collector.series.snapshot import open_snapshot
from collector.series.store import SeriesStore
from core.clock import Clock, SystemClock, from_rfc3339, to_rfc3339
from core.errors import ConfigError, Fault, StorageError
from core.units import parse_duration
from desk.incident import REOPEN_WITHIN
from rules.backtest import DEFAULT_INTERVAL_SECONDS, Report, Span, backtest
from rules.files import RuleSet, load_rule_files
from rules.source import LOOKBACK_MS, Source

_CLOCK = SystemClock()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a rule file")
    for option, dest, end in (("--from", "since", "begins"), ("--to", "until", "ends")):
        parser.add_argument(
            option,
            dest=dest,
            metavar="T",
            required=True,
            help=f"when the replay {end}: RFC 3339, or 6h for 6 hours ago",
        )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--history", type=Path, metavar="FILE", help="samples with timestamps, as OpenMetrics or as text"
    )
    which.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, metavar="DIR", help="data folder of `forewatch up` (%(default)s)"
    )
    which.add_argument("--config", type=Path, metavar="FILE", help="collector.yaml of the server")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print the outcome")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay and print; 0, or 1 when a rule could not be evaluated at some instant.

    Raises:
        ConfigError: a rule file, the configuration or the history cannot be used.
    """
    try:
        span = read_span(arguments.since, arguments.until, _CLOCK.now_ms())
    except ValueError as error:
        return usage_error(str(error))
    view = view_of(_replay(arguments, load_rule_files(arguments.files), span))
    if arguments.format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(view)).decode() + "\n")
    else:
        sys.stdout.write(spell(view))
    return 1 if any(rule.failures for rule in view.rules) else 0


def read_span(since: str, until: str, now_ms: int) -> Span:
    """The span between two instants, each RFC 3339 or how long ago.

    Raises:
        ValueError: one of them is neither, or the end is before the beginning, or that before 1970.
    """
    span = Span(_instant("--from", since, now_ms), _instant("--to", until, now_ms))
    if span.end_ms < span.start_ms:
        raise ValueError(f"--to {until}: is before --from {since}")
    if span.start_ms < 0:
        raise ValueError(f"--from {since}: is before 1970; there are no samples of that time")
    return span


def _instant(option: str, text: str, now_ms: int) -> int:
    with contextlib.suppress(ValueError):
        return now_ms - round(parse_duration(text) * 1000)
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError) as error:
        remedy = "write an instant like 2026-03-01T08:00:00Z, or how long ago it was, like 6h"
        raise ValueError(f"{option} {text}: {remedy}") from error


def _replay(arguments: argparse.Namespace, rules: RuleSet, span: Span) -> Report:
    config = load(arguments.config) if arguments.config else None
    data_dir = config.data_dir if config else arguments.data
    with _history(arguments.history, data_dir, span, _CLOCK) as source:
        return backtest(
            source,
            rules,
            span,
            reopen_within_ms=round(REOPEN_WITHIN.total_seconds() * 1000),
            default_interval_seconds=config.evaluation_interval if config else DEFAULT_INTERVAL_SECONDS,
            external_labels=config.external_labels if config else None,
            external_url=config.url() if config else "",
            progress=_progress() if sys.stderr.isatty() else None,
        )


@contextlib.contextmanager
def _history(file: Path | None, data_dir: Path, span: Span, clock: Clock) -> Iterator[Source]:
    """The samples that are replayed.

    Raises:
        ConfigError: there are none, or none that the span sees.
    """
    if file is not None:
        history = read_history(file)
        _require_overlap(file, history.first_ms, history.last_ms, span)
        yield history.source
        return
    try:
        with open_snapshot(data_dir / "series", clock) as store:
            _require_overlap(data_dir, 0, _newest(store), span)
            yield store
    except StorageError as error:
        raise ConfigError([Fault(str(data_dir), 0, str(error))]) from error


def _newest(store: SeriesStore) -> int:
    """Epoch ms of the newest sample, -1 for none."""
    return int(store.last_times(store.select(())).max(initial=-1))


def _require_overlap(place: Path, first_ms: int, last_ms: int, span: Span) -> None:
    if last_ms < 0:
        raise ConfigError([Fault(str(place), 0, "has no samples")])
    if span.end_ms < first_ms or last_ms <= span.start_ms - LOOKBACK_MS:
        reach = f"they go from {to_rfc3339(first_ms)} to" if first_ms else "they end at"
        message = f"has no samples between --from and --to; {reach} {to_rfc3339(last_ms)}"
        raise ConfigError([Fault(str(place), 0, message)])


def _progress() -> Callable[[float], None]:
    """Something that shows on stderr how much is done, a bar that is drawn anew for each per cent."""
    shown = -1

    def show(done: float) -> None:
        nonlocal shown
        percent = int(done * 100)
        if percent != shown:
            shown = percent
            bar = "#" * (percent // 5)
            sys.stderr.write(f"\r[{bar:20}] {percent:3d}%" + ("\n" if percent == 100 else ""))
            sys.stderr.flush()

    return show
