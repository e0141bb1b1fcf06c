"""How far a sweep is, as people see it: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TextIO

from agent.discovery.sweep import Sweep
from core.clock import Clock

_BAR_WIDTH = 24
_REDRAW_SECONDS = 0.25
_LINE_SECONDS = 10.0


def bar(*, asked: int, total: int, found: int, alive: int, seconds: float, already: int = 0) -> str:
    """One line without its end; `already` of the asked ones were so when the `seconds` began."""
    share = min(asked / total, 1.0) if total else 1.0
    filled = round(share * _BAR_WIDTH)
    rate = (asked - already) / seconds if seconds > 0 else 0.0
    left = spell((total - asked) / rate) if rate > 0 else "?"
    drawn = "#" * filled + "-" * (_BAR_WIDTH - filled)
    return f"[{drawn}] {share:4.0%} {asked}/{total}  {rate:.0f}/s  left {left}  answered {alive}  found {found}"


def spell(seconds: float) -> str:
    """`1:02:03`, `2:03`, `0:03`."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


async def show(sweep: Sweep, clock: Clock, stream: TextIO) -> None:
    """Draw for ever; ends by cancellation, with the last state drawn."""
    began, already = clock.monotonic(), sweep.counts.asked
    terminal = stream.isatty()

    def draw() -> None:
        counts = sweep.counts
        line = bar(
            asked=counts.asked, total=counts.total, found=len(sweep.finds), alive=counts.alive,
            seconds=clock.monotonic() - began, already=already,
        )  # fmt: skip
        stream.write(f"\r\x1b[K{line}" if terminal else f"{line}\n")
        stream.flush()

    try:
        await _repeat(draw, clock, _REDRAW_SECONDS if terminal else _LINE_SECONDS)
    finally:
        draw()
        if terminal:
            stream.write("\n")


async def _repeat(draw: Callable[[], None], clock: Clock, seconds: float) -> None:
    while True:
        await clock.sleep(seconds)
        draw()
        await asyncio.sleep(0)
