from __future__ import annotations

import asyncio
import datetime as dt

from core.clock import ManualClock, SystemClock, to_datetime, to_ms, to_rfc3339


async def test_sleepers_wake_in_order_each_at_its_own_instant() -> None:
    clock = ManualClock(now_ms=0)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now_ms()))

    tasks = [asyncio.create_task(sleeper(name, seconds)) for name, seconds in (("late", 3), ("early", 1))]
    await clock.advance(2)
    assert woken == [("early", 1000)]
    await clock.advance(2)
    assert woken == [("early", 1000), ("late", 3000)]
    assert clock.now_ms() == 4000
    await asyncio.gather(*tasks)


async def test_a_wall_clock_step_does_not_move_the_monotonic_clock() -> None:
    clock = ManualClock(now_ms=1000)
    clock.set_wall(90_000)
    assert (clock.now_ms(), clock.monotonic()) == (90_000, 0.0)


def test_the_system_clock_is_the_machine_s() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() / 1000 - dt.datetime.now(dt.UTC).timestamp()) < 5


def test_instants_convert_without_loss_and_spell_as_rfc_3339() -> None:
    at_ms = 1_760_000_000_123
    assert to_ms(to_datetime(at_ms)) == at_ms
    assert to_rfc3339(at_ms) == "2025-10-09T08:53:20.123Z"
