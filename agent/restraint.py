"""How an agent restrains itself when it uses more than it may: decided from what it used, no IO.

Beyond the limit on processor time targets are read less often: every second, third, fourth of their instants. Beyond
the limit on memory caches are dropped and targets read less often first; when that does not help within half a minute,
the agent starts anew, but not sooner than ten minutes after it last did: what it needs from the start it will need
again.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass

LOOK_SECONDS = 10.0
WINDOW_LOOKS = 6  # processor time is judged over a minute
MOST_STRETCH = 4  # a target of one minute stays within the five for which a sample counts
PATIENT_LOOKS = 3
LEAST_RUN_SECONDS = 600.0
# How much room there must be below the limit before targets are read more often again.
EASE = 0.8


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process used until now; `resident_bytes` is None where nobody can tell."""

    cpu_seconds: float
    resident_bytes: int | None


class Limit(enum.StrEnum):
    """What an agent may use at most, as the setting is called."""

    CPU = "limits.cpu"
    MEMORY = "limits.memory"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do.

    Attributes:
        stretch: of a target's instants only every so many count; 1 for all.
        because: the limits for which it is more than 1.
        relieve: drop what can be made again.
        restart: nothing else helped.
    """

    stretch: int = 1
    because: tuple[Limit, ...] = ()
    relieve: bool = False
    restart: bool = False


class Restraint:
    """Judges the agent's use of processor and memory at every look.

    Args:
        memory_bytes: the most that may be resident.
        cpu_ratio: the most of one processor, over a minute.
        now: monotonic seconds at the start.
    """

    def __init__(self, *, memory_bytes: int, cpu_ratio: float, now: float) -> None:
        self.memory_bytes = memory_bytes
        self.cpu_ratio = cpu_ratio
        self._started = now
        self._looks: deque[tuple[float, float]] = deque(maxlen=WINDOW_LOOKS + 1)
        self._cpu_stretch = 1
        self._over_memory = 0  # looks in a row

    def look(self, now: float, usage: Usage) -> Verdict:
        """What to do at `now`, monotonic seconds."""
        self._judge_cpu(now, usage.cpu_seconds)
        over = usage.resident_bytes is not None and usage.resident_bytes > self.memory_bytes
        self._over_memory = self._over_memory + 1 if over else 0
        restart = self._over_memory > PATIENT_LOOKS and now - self._started >= LEAST_RUN_SECONDS
        stretch = max(self._cpu_stretch, 2 if over else 1)
        because = ((Limit.CPU,) if self._cpu_stretch > 1 else ()) + ((Limit.MEMORY,) if over else ())
        return Verdict(stretch, because, relieve=over and not restart, restart=restart)

    def _judge_cpu(self, now: float, cpu_seconds: float) -> None:
        """One step at a time, each judged by a whole minute of its own."""
        self._looks.append((now, cpu_seconds))
        first_at, first = self._looks[0]
        if len(self._looks) <= WINDOW_LOOKS or now <= first_at:
            return
        used = (cpu_seconds - first) / (now - first_at)
        step = 0
        if used > self.cpu_ratio and self._cpu_stretch < MOST_STRETCH:
            step = 1
        elif self._cpu_stretch > 1:
            expected = used * self._cpu_stretch / (self._cpu_stretch - 1)
            step = -1 if expected < self.cpu_ratio * EASE else 0
        if step:
            self._cpu_stretch += step
            self._looks.clear()
            self._looks.append((now, cpu_seconds))
