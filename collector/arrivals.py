"""Which alerting rules have got samples since they were last evaluated.

What a rule reads is watched as one number, the sum of its series' newest times: every sample changes it. A rule
whose results each come from one series is due as soon as it has changed. One that combines series is due when, after
that, nothing came between two looks: half of a push could make a wrong ratio or sum, as it is with every evaluation,
but to look at just that moment would invite it. While samples come without a pause, its group's rhythm has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from collector.own_series import ABOUT_OTHERS
from collector.series.store import SeriesStore
from rules.alerting import AlertingRule
from rules.files import Group, RuleSet
from rules.reads import is_of_one_series, name_of, newest_read
from rules.recording import RecordingRule
from rules.source import Matcher

_PIECE = 1 << 17  # series whose times are read under the store's lock at once

Matchers = tuple[Matcher, ...]
Digest = tuple[int, int]


@dataclass(slots=True)
class _Watched:
    """An alerting rule, what it reads, and how that stood at the last look and at the last evaluation."""

    group: Group
    rule: AlertingRule
    reads: tuple[Matchers, ...]
    of_one_series: bool
    seen: tuple[Digest, ...] = ()
    looked: tuple[Digest, ...] = field(default=())


class Arrivals:
    """The alerting rules of a set and the samples they wait for; for one thread."""

    def __init__(self, store: SeriesStore, rules: RuleSet) -> None:
        self._store = store
        self._watched = list(_watched(rules))

    def __len__(self) -> int:
        """How many rules can be evaluated early."""
        return len(self._watched)

    def evaluated(self, groups: Iterable[Group], at_ms: int) -> None:
        """These groups are about to be evaluated at an instant: what is there up to it is theirs."""
        names = {(group.file, group.name) for group in groups}
        digests: dict[Matchers, Digest] = {}
        for one in self._watched:
            if (one.group.file, one.group.name) in names:
                one.seen = one.looked = self._digests(one, at_ms, digests)

    def due(self, at_ms: int) -> list[tuple[Group, AlertingRule]]:
        """The rules to evaluate at an instant; they are not due again until something else has arrived."""
        digests: dict[Matchers, Digest] = {}
        found = []
        for one in self._watched:
            now = self._digests(one, at_ms, digests)
            if now != one.seen and (one.of_one_series or now == one.looked):
                one.seen = now
                found.append((one.group, one.rule))
            one.looked = now
        return found

    def _digests(self, one: _Watched, at_ms: int, known: dict[Matchers, Digest]) -> tuple[Digest, ...]:
        for matchers in one.reads:
            if matchers not in known:
                known[matchers] = self._digest(matchers, at_ms)
        return tuple(known[matchers] for matchers in one.reads)

    def _digest(self, matchers: Matchers, at_ms: int) -> Digest:
        """A number that changes when a sample comes, and when the time of one from the future has come."""
        ids = self._store.select(matchers)
        total = 0
        for first in range(0, len(ids), _PIECE):
            times = self._store.last_times(ids[first : first + _PIECE])
            total += int(times.sum(where=times <= at_ms))
        return len(ids), total


def _watched(rules: RuleSet) -> Iterator[_Watched]:
    """Rules that read what others send; what rules write themselves comes in their own rhythm."""
    recorded = {rule.record for group in rules.groups for rule in group.rules if isinstance(rule, RecordingRule)}
    own = recorded.union(ABOUT_OTHERS)
    for group in rules.groups:
        for rule in group.rules:
            if isinstance(rule, AlertingRule):
                root = rule.expression.root
                reads = dict.fromkeys(one.matchers for one in newest_read(root) if name_of(one) not in own)
                if reads:
                    yield _Watched(group, rule, tuple(reads), is_of_one_series(root))
