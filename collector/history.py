"""Samples of the past from a text file, for replaying them through rules."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from core.errors import ConfigError, Fault
from core.labels import METRIC_NAME, labels
from rules.memory import MemorySource

_MOST_FAULTS = 20  # more than these help nobody
_END_MS = 253_402_300_800_000  # the year 10000: a later time was given in another unit
_OPEN_METRICS_END = b"# EOF"
_TAIL_BYTES = 64
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABELS = re.compile(r"\{[^{}]*\}")


@dataclass(slots=True)
class History:
    """Samples, and the times of the first and the last one."""

    source: MemorySource = field(default_factory=MemorySource)
    first_ms: int = _END_MS
    last_ms: int = -1


def read_history(path: Path) -> History:
    """The samples of a file, each line `NAME{LABELS} VALUE TIMESTAMP`, in any order.

    Timestamps are seconds in OpenMetrics, which ends with `# EOF`, and milliseconds in Prometheus' text format. Neither
    can say that a series ended: it is seen for five minutes after its last sample.

    Raises:
        ConfigError: the file cannot be read, a line is none of these, or there is no sample.
    """
    history, faults = History(), []
    try:
        factor = 1000 if _is_open_metrics(path) else 1
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip() or line.lstrip().startswith("#"):
                    continue
                try:
                    _take(line, factor, history)
                except ValueError as error:
                    faults.append(Fault(str(path), number, str(error)))
                    if len(faults) == _MOST_FAULTS:
                        break
    except OSError as error:
        faults.append(Fault(str(path), 0, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        faults.append(Fault(str(path), 0, f"is not UTF-8 text: {error.reason}"))
    if not faults and history.last_ms < 0:
        faults.append(Fault(str(path), 0, "has no samples"))
    if faults:
        raise ConfigError(faults)
    return history


def _is_open_metrics(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().rstrip().endswith(_OPEN_METRICS_END)


def _take(line: str, factor: int, history: History) -> None:
    """Take the sample of a line.

    Raises:
        ValueError: it has none that can be used.
    """
    try:
        (sample,) = (sample for family in text_string_to_metric_families(line) for sample in family.samples)
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError("is no sample; write NAME{LABELS} VALUE TIMESTAMP") from error
    behind = _LABELS.sub("", _QUOTED.sub("", line), count=1).split()
    if len(behind) > 3 or (line.lstrip().startswith("{") and len(behind) > 2):
        raise ValueError("has more than a value and a timestamp; exemplars are not read")
    if sample.timestamp is None:
        raise ValueError("has no timestamp")
    at_ms = float(sample.timestamp) * 1000 * factor  # the parser takes every timestamp for milliseconds
    if not math.isfinite(at_ms) or not 0 <= at_ms < _END_MS:
        raise ValueError("timestamp: must be milliseconds since 1970, or seconds in a file that ends with # EOF")
    instant = round(at_ms)
    history.source.append(labels({**sample.labels, METRIC_NAME: sample.name}), [(instant, float(sample.value))])
    history.first_ms, history.last_ms = min(history.first_ms, instant), max(history.last_ms, instant)
