"""What became of a push."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from collector.ingest.decode import Decoded
from collector.series.keys import decode_labels
from collector.series.refusal import Code, Refusal, Refusals
from core.clock import to_rfc3339
from core.labels import spell

_SHOWN = 3  # faults that are told in words


@dataclass(slots=True)
class Outcome:
    """What became of a push.

    Attributes:
        replayed: it had been taken before; nothing was looked at.
        samples: how many it brought.
        accepted: how many are new in the store.
        duplicates: how many the store had already.
        late: how many of the accepted came after newer ones of their series.
        refused: how many were refused, by reason.
        faults: the first of the refused in words.
        refused_at: the places, among the decoded samples, of those that the store refused.
    """

    replayed: bool = False
    samples: int = 0
    accepted: int = 0
    duplicates: int = 0
    late: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    refused_at: list[int] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """How many of its samples are in the store."""
        return self.accepted + self.duplicates

    def explain(self) -> str:
        """For the sender: what was refused, and that repeating the push will not help."""
        counts = ", ".join(f"{reason} {count}" for reason, count in sorted(self.refused.items()))
        return (
            f"{self.refused.total()} of {self.samples} samples were refused ({counts}), the others are stored; "
            f"do not send them again. First: {'; '.join(self.faults)}"
        )

    def add(self, refusals: Refusals, decoded: Decoded, start: int) -> None:
        """Note what the store made of the samples of a push from `start` on."""
        self.accepted += refusals.accepted
        self.duplicates += refusals.duplicates
        self.late += refusals.late
        if refusals.counts:
            self.refused.update(refusals.counts)
            self._tell_faults(refusals, decoded, start)

    def _tell_faults(self, refusals: Refusals, decoded: Decoded, start: int) -> None:
        """Put the first refused samples of a step into words."""
        assert refusals.codes is not None, "some were refused"
        refused = np.flatnonzero(refusals.codes > Code.DUPLICATE)
        self.refused_at += (refused + start).tolist()
        for at in refused[: _SHOWN - len(self.faults)].tolist():
            series = spell(decode_labels(decoded.keys[decoded.series[start + at]], {}))
            when = int(decoded.times[start + at])
            instant = to_rfc3339(when) if 0 <= when < 253_402_300_800_000 else f"{when} ms"
            self.faults.append(f"{Code(refusals.codes[at]).refusal}: {series[:200]} at {instant}")
