"""Which rows carry which label: the index behind selectors."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from collector.series.keys import decode_pair, length_at
from core.labels import Labels
from rules.source import Ids, Matcher

_MOST_RECENT = 8192  # labels

# For each matcher the values of its label that may decide it, and the rows that have them.
Excerpt = dict[Matcher, list[tuple[str, "array[int]"]]]


class Postings:
    """Rows by label name and value.

    A matcher asks its predicate once per distinct value of its label, however many series have it.
    """

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, array[int]]] = {}
        self._recent: dict[bytes, array[int]] = {}  # the rows of labels that came of late, by their bytes

    def add(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Take in rows and the keys of their label sets.

        Labels are told apart by their bytes, and spelled out once: a start does this for every series.
        """
        rows_of = self._recent
        for row, key in entries:
            at, end = 0, len(key)
            while at < end:
                size, start = key[at + 1], at + 2
                if size >= 0x80:
                    size, start = length_at(key, at + 1)
                at = start + size
                field = key[start:at]
                rows = rows_of.get(field)
                if rows is None:
                    rows = rows_of[field] = self._rows_with(*decode_pair(field))
                rows.append(row)
            if len(rows_of) > _MOST_RECENT:
                rows_of.clear()

    def _rows_with(self, name: str, value: str) -> array[int]:
        """The rows that have a label, to be added to."""
        return self._rows.setdefault(name, {}).setdefault(value, array("I"))

    def remove(self, entries: Iterable[tuple[int, Labels]]) -> None:
        """Take out rows by the label sets they had."""
        self._recent.clear()
        gone: dict[tuple[str, str], set[int]] = {}
        for row, label_set in entries:
            for pair in label_set:
                gone.setdefault(pair, set()).add(row)
        for (name, value), rows in gone.items():
            left = array("I", (row for row in self._rows[name][value] if row not in rows))
            if left:
                self._rows[name][value] = left
                continue
            del self._rows[name][value]
            if not self._rows[name]:
                del self._rows[name]

    def by_label(self) -> list[tuple[str, list[tuple[str, array[int]]]]]:
        """Every label with its values and their rows, to be looked at while the index goes on changing."""
        return [(name, list(values.items())) for name, values in self._rows.items()]

    def of_label(self, name: str) -> list[tuple[str, array[int]]]:
        """The values of one label and their rows, to be looked at while the index goes on changing."""
        return list(self._rows.get(name, {}).items())

    def excerpt(self, matchers: Sequence[Matcher]) -> Excerpt:
        """What `select` needs of the index to answer `matchers`, while the index goes on changing."""
        excerpt: Excerpt = {}
        for matcher in matchers:
            values = self._rows.get(matcher.name, {})
            if matcher.op == "=" and matcher.value:
                rows = values.get(matcher.value)
                excerpt.setdefault(matcher, [] if rows is None else [(matcher.value, rows)])
            else:
                excerpt.setdefault(matcher, list(values.items()))
        return excerpt


def select(matchers: Sequence[Matcher], excerpt: Excerpt, live: NDArray[np.bool_]) -> Ids:
    """The live rows that satisfy every matcher, ascending; `live` is [rows].

    Raises:
        ValueError: a pattern is no regular expression.
    """
    chosen = live
    for matcher in matchers:
        chosen = chosen & _mask(matcher, excerpt[matcher], len(live))
    return np.flatnonzero(chosen).astype(np.int64)


def any_of(rows: array[int], chosen: NDArray[np.bool_]) -> bool:
    """Whether any of `rows` is chosen; `chosen` is [rows], and what lies beyond was taken later."""
    if rows[0] < len(chosen) and chosen[rows[0]]:  # mostly the first is
        return True
    if len(rows) == 1:
        return False
    found = np.array(rows[:], np.int64)
    return bool(chosen[found[found < len(chosen)]].any())


def _mask(matcher: Matcher, values: list[tuple[str, array[int]]], rows: int) -> NDArray[np.bool_]:
    """Which of `rows` satisfy one matcher; a series without the label has the empty value."""
    holds = matcher.predicate()
    absent = holds("")
    mask = np.full(rows, absent)
    for value, rows_of in values:
        if holds(value) is not absent:
            found = np.array(rows_of[:], np.int64)  # of a copy: an array that NumPy looks into cannot grow meanwhile
            mask[found[found < rows]] = not absent  # rows beyond were taken after `live` was
    return mask
