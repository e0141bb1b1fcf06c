"""What senders say about their metrics: type, help and unit, as `/prometheus/api/v1/metadata` tells it.

Kept in memory only: senders repeat it (Prometheus every minute), so after a restart it is soon there again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from collector.ingest.wire import parse_metadata
from core.labels import is_metric_name

# MetricMetadata.MetricType of prometheus/prompb/types.proto, in the words of the HTTP API.
TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")

_MOST, _MOST_A_SENDER, _MOST_A_METRIC, _MOST_A_PUSH = 20_000, 5_000, 10, 5_000
_LONGEST_NAME, _LONGEST_HELP, _LONGEST_UNIT = 256, 1024, 64
_LONGEST_ENTRY = 16_384  # bytes of a message; a longer one is not even parsed


@dataclass(frozen=True, slots=True)
class Description:
    """One account of a metric; several senders may give the same."""

    metric: str
    type: str
    help: str
    unit: str


class MetadataStore:
    """The newest accounts of metrics, the longest not repeated forgotten first.

    An entry is on the account of the sender who brought it first, so that one who makes up metrics without end
    fills his own share and no more.

    Args:
        most: entries in all.
        most_per_sender: entries that one sender has brought.
    """

    def __init__(self, most: int = _MOST, most_per_sender: int = _MOST_A_SENDER) -> None:
        self._most, self._most_per_sender = most, most_per_sender
        self._senders: OrderedDict[Description, str] = OrderedDict()
        self._per_sender: Counter[str] = Counter()
        self._by_metric: dict[str, dict[Description, None]] = {}

    def __len__(self) -> int:
        return len(self._senders)

    def put(self, metric: str, type: str, help: str, unit: str, *, sender: str = "") -> bool:  # noqa: A002 - its words
        """Keep one account of a metric, long texts cut short; False if it is not taken.

        Args:
            metric: the family's name, without `_bucket`, `_sum`, `_count`.
            type: one of `TYPES`; anything else is `unknown`.
            help: one sentence about it.
            unit: such as `seconds`; often empty.
            sender: on whose account it goes.
        """
        if len(metric) > _LONGEST_NAME or not is_metric_name(metric):
            return False
        entry = Description(metric, type if type in TYPES else TYPES[0], help[:_LONGEST_HELP], unit[:_LONGEST_UNIT])
        if entry in self._senders:
            self._senders.move_to_end(entry)
            return True
        of_metric = self._by_metric.get(metric, {})
        if self._per_sender[sender] >= self._most_per_sender or len(of_metric) >= _MOST_A_METRIC:
            return False
        if len(self._senders) >= self._most:
            self._forget(next(iter(self._senders)))
        self._senders[entry] = sender
        self._per_sender[sender] += 1
        self._by_metric.setdefault(metric, {})[entry] = None
        return True

    def get(self, limit: int | None = None, metric: str | None = None) -> dict[str, list[dict[str, str]]]:
        """Metrics by name, each with its accounts as `{type, help, unit}`.

        Args:
            limit: of metrics at most; None and negative numbers are no limit.
            metric: this one only.
        """
        names: Iterable[str] = sorted(self._by_metric) if metric is None else [metric] * (metric in self._by_metric)
        chosen = list(names) if limit is None or limit < 0 else list(names)[:limit]
        return {
            name: [{"type": e.type, "help": e.help, "unit": e.unit} for e in self._by_metric[name]] for name in chosen
        }

    def take(self, messages: list[bytes], sender: str) -> int:
        """Keep what a push says in MetricMetadata messages; returns how many of them were not taken."""
        return len(messages) - sum(self._take_one(message, sender) for message in messages[:_MOST_A_PUSH])

    def _take_one(self, message: bytes, sender: str) -> bool:
        if len(message) > _LONGEST_ENTRY:
            return False
        try:
            parsed = parse_metadata(message)
            kind = TYPES[parsed.type] if 0 <= parsed.type < len(TYPES) else TYPES[0]
            texts = [text.decode() for text in (parsed.metric_family_name, parsed.help, parsed.unit)]
        except (DecodeError, UnicodeDecodeError):
            return False
        return self.put(texts[0], kind, texts[1], texts[2], sender=sender)

    def _forget(self, entry: Description) -> None:
        sender = self._senders.pop(entry)
        self._per_sender[sender] -= 1
        if not self._per_sender[sender]:
            del self._per_sender[sender]
        entries = self._by_metric[entry.metric]
        del entries[entry]
        if not entries:
            del self._by_metric[entry.metric]
