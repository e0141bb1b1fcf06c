"""Which label sets are taken: a pushed series' labels, checked and put into the one spelling the store knows."""

from __future__ import annotations

from collections.abc import Sequence

from collector.ingest.limits import IngestLimits
from collector.series.keys import decode_pair
from collector.series.refusal import Refusal
from core.labels import METRIC_NAME, is_label_name, is_metric_name
from core.remote_write import encode_labels

_MOST_KEPT = 16_384
_LONGEST_KEPT = 128  # bytes of a value
_LONGEST_FIELD = 0x7F + 2  # bytes of a label in a key whose length is one byte
_LABEL_TAG = 0x0A

_Field = tuple[str, bytes]  # a label's name, and the label as it stands in a key


class LabelReader:
    """Turns labels as they were sent into keys; what it has checked before it knows again."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        self._known: dict[tuple[bytes, bytes], _Field] = {}
        self._spelled: dict[bytes, str] = {}  # short labels as they stand in a key → their names

    def is_key(self, content: bytes) -> bool:
        """Whether some bytes of a push are a key as they stand, of a label set that is taken.

        A label of more than a hundred bytes is not recognized, and `key` has the last word on what is not: this is
        for the many series that are born at once, as good senders spell them.
        """
        at, end, left, last, named = 0, len(content), self._limits.labels, "", False
        while at < end:
            # A length of two bytes, or one that reaches beyond the end, makes a field that is nobody's spelling.
            field = content[at : at + 2 + content[at + 1]] if at + 1 < end else b""
            name = self._spelled.get(field) or self._spell(field)
            if name is None or name <= last:
                return False
            named = named or name == METRIC_NAME
            last = name
            at += len(field)
            left -= 1
        return named and left >= 0

    def key(self, pairs: Sequence[tuple[bytes, bytes]]) -> bytes | Refusal:
        """The key of a label set as `core.remote_write.encode_labels` makes it, or why the set is refused.

        Order does not matter and an empty value is the same as no label, as in Prometheus.
        """
        if len(pairs) > self._limits.labels:
            return Refusal.TOO_MANY_LABELS
        found: dict[str, bytes] = {}
        for pair in pairs:
            if not pair[1]:
                continue
            field = self._known.get(pair) or self._read(*pair)
            if isinstance(field, Refusal):
                return field
            if field[0] in found:
                return Refusal.DUPLICATE_LABEL
            found[field[0]] = field[1]
        if METRIC_NAME not in found:
            return Refusal.MISSING_NAME
        return b"".join([found[name] for name in sorted(found)])

    def _spell(self, field: bytes) -> str | None:
        """The name of a label as it stands in a key; None when it is not one, or too long, or may not be taken."""
        if not 2 <= len(field) <= _LONGEST_FIELD or field[0] != _LABEL_TAG or field[1] != len(field) - 2:
            return None
        try:
            name, value = decode_pair(field[2:])
        except (UnicodeDecodeError, IndexError):
            return None
        checked = _check(name.encode(), value.encode(), self._limits)
        if isinstance(checked, Refusal) or not value or encode_labels((checked,)) != field:
            return None
        if len(self._spelled) >= _MOST_KEPT:
            self._spelled.clear()
        self._spelled[field] = name
        return name

    def _read(self, name: bytes, value: bytes) -> _Field | Refusal:
        """One label, checked."""
        checked = _check(name, value, self._limits)
        if isinstance(checked, Refusal):
            return checked
        field = checked[0], encode_labels((checked,))
        if len(value) <= _LONGEST_KEPT:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[name, value] = field
        return field


def _check(name: bytes, value: bytes, limits: IngestLimits) -> tuple[str, str] | Refusal:
    if len(name) > limits.label_name_bytes:
        return Refusal.LABEL_NAME_TOO_LONG
    if len(value) > limits.label_value_bytes:
        return Refusal.LABEL_VALUE_TOO_LONG
    try:
        pair = name.decode(), value.decode()
    except UnicodeDecodeError:
        return Refusal.INVALID_UTF8
    if pair[0] == METRIC_NAME:
        return pair if is_metric_name(pair[1]) else Refusal.INVALID_METRIC_NAME
    return pair if is_label_name(pair[0]) else Refusal.INVALID_LABEL_NAME
