"""The interpreter, set for a server that holds much and must answer quickly."""

from __future__ import annotations

import gc
import sys

# A request takes the interpreter's lock several times; beside a busy thread it waits so long each time, 5 ms else.
SWITCH_SECONDS = 0.0005
# Allocations before the young are searched for garbage, and how often that before the next older ones are. With the
# interpreter's own numbers (700, 10, 10) all that ten thousand alerts hold was searched at almost every tick, which
# stops every thread for a quarter of a second; nearly everything here is freed by its reference count.
THRESHOLDS = (20_000, 20, 100)


def tune() -> None:
    """Set what holds for the whole process; before anything is started."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*THRESHOLDS)
