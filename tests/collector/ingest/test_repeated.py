"""Pushes that repeat their layout go a short way into the store, and come to the same there as by the long one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from collector.ingest.headers import PushHeaders
from collector.ingest.limits import IngestLimits
from collector.ingest.metrics import IngestMetrics
from collector.ingest.outcome import Outcome
from collector.ingest.write import Ingest
from collector.series.limits import SeriesLimits
from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.errors import StorageError
from core.labels import labels
from core.remote_write import STALE_NAN, compress, encode_labels, encode_write_request
from rules.source import Matcher, Times, Values

NOW = 1_760_000_000_000
KEYS = [encode_labels(labels(__name__="up", instance=f"i{n}")) for n in range(6)]
ALL = [Matcher("__name__", "=", "up")]


class House:
    """A store and the way into it."""

    def __init__(self, folder: Path, limits: IngestLimits | None = None) -> None:
        self.clock = ManualClock(NOW)
        self.space = 1 << 40
        self.store = SeriesStore.open(folder, self.clock, SeriesLimits(), free=lambda _: self.space)
        self.ingest = Ingest(self.store, self.clock, IngestMetrics(CollectorRegistry()), limits or IngestLimits())
        self.short: list[bool] = []
        taken = self.ingest._take_repeated

        def noted(compressed: bytes, sender: str, shift_ms: int) -> Outcome | None:
            outcome = taken(compressed, sender, shift_ms)
            self.short.append(outcome is not None)
            return outcome

        self.ingest._take_repeated = noted  # type: ignore[method-assign]

    async def push(self, body: bytes, headers: PushHeaders | None = None) -> Outcome:
        return await self.ingest.write(body, headers or PushHeaders(), "a", self.clock.now_ms())

    def samples(self) -> str:
        ids = self.store.select(ALL)
        window = self.store.window(ids, NOW - 90_000_000, NOW + 90_000_000)
        rows = zip(window.times.tolist(), window.values.tolist(), window.counts.tolist(), strict=True)
        return repr([(times[:count], values[:count]) for times, values, count in rows])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "series")
    yield made
    made.store.close()


def body(times: list[int], order: list[int] | None = None, value: float = 1.0) -> bytes:
    """A push of one sample each of some series, at seconds from now."""
    order = list(range(len(KEYS))) if order is None else order
    rows = [(KEYS[n], value + n, NOW + times[at % len(times)] * 1000) for at, n in enumerate(order)]
    return compress(encode_write_request(rows))


orders = st.sampled_from([[0, 1, 2, 3, 4, 5], [0, 1, 2], [4, 5], [2, 0, 1], [1, 1, 3]])
seconds = st.lists(st.integers(-4_000, 900), min_size=1, max_size=3)
headers = st.builds(
    lambda sequence, skew: PushHeaders("agent", "b00", sequence, None if skew is None else NOW + skew),
    st.none() | st.integers(0, 12), st.sampled_from([None, 0, 100_000]),
)  # fmt: skip
pushes = st.tuples(orders, seconds, st.sampled_from([1.0, STALE_NAN]), headers, st.sampled_from([0, 0, 15, 301, 3_600]))


@settings(deadline=None, max_examples=60)
@given(st.lists(pushes, max_size=14))
def test_the_short_way_comes_to_what_the_long_one_does(several) -> None:
    async def run(folder: str) -> None:
        short, long = House(Path(folder) / "short"), House(Path(folder) / "long", IngestLimits(template_bytes=0))
        for order, times, value, said, later in several:
            for house in (short, long):
                house.clock.set_wall(house.clock.now_ms() + later * 1000)
            ours, theirs = [await house.push(body(times, order, value), said) for house in (short, long)]
            assert asdict(ours) == asdict(theirs)
            assert short.samples() == long.samples()
        assert not any(long.short)
        for house in (short, long):
            house.store.close()

    with TemporaryDirectory() as folder:
        asyncio.run(run(folder))


async def test_the_third_push_of_a_layout_goes_the_short_way(house: House) -> None:
    for at in range(5):
        assert (await house.push(body([at]))).accepted == len(KEYS)
    # The first brings new series; the second is the first of known series, the third tells that they repeat.
    assert house.short == [False, False, False, True, True]


async def test_what_follows_a_push_of_its_sender_that_is_being_taken_in_waits_for_it(house: House) -> None:
    for at in range(4):
        await house.push(body([at]))
    house.short.clear()
    turn = house.ingest._turn("a")
    async with turn:
        waiting = asyncio.create_task(house.push(body([5])))
        await asyncio.sleep(0)
        assert not waiting.done()
    assert (await waiting).accepted == len(KEYS)
    assert house.short == [], "it took its turn"


async def test_a_full_disk_refuses_the_short_way_too(house: House) -> None:
    for at in range(4):
        await house.push(body([at]))
    before, house.space = house.samples(), 0
    with pytest.raises(StorageError):
        await house.push(body([5]), PushHeaders("agent", "b00", 1))
    assert house.samples() == before
    house.space = 1 << 40
    again = await house.push(body([5]), PushHeaders("agent", "b00", 1))
    assert (again.replayed, again.accepted) == (False, len(KEYS)), "it was not acknowledged, so it is no replay"
    assert (await house.push(body([5]), PushHeaders("agent", "b00", 1))).replayed


async def test_a_copy_for_the_long_term_is_made_of_every_push(house: House) -> None:
    """As it came where all of it was taken; sample by sample, which is done the long way, where not, or not as sent."""
    for at in range(4):
        await house.push(body([at]))
    house.short.clear()
    copies: list[object] = []

    class Copies:
        def whole(self, compressed: bytes, samples: int) -> None:
            copies.append((compressed, samples))

        def some(self, keys: Sequence[bytes], times: Times, values: Values) -> None:
            copies.append((list(keys), times.tolist(), values.tolist()))

    house.store.tee = Copies()
    whole = body([5])
    await house.push(whole)
    assert (house.short, copies) == ([True], [(whole, len(KEYS))])
    await house.push(body([400, 401, -90_000]))  # of another window; the last are too old
    skewed = PushHeaders("agent", "b00", 1, NOW - 100_000)
    await house.push(body([500]), skewed)
    assert house.short == [True, False, False]
    assert [keys for keys, _, _ in copies[1:]] == [[KEYS[n] for n in (0, 1, 3, 4)], KEYS]
    assert set(copies[2][1]) == {NOW + 600_000}


def test_rows_that_are_not_consecutive_keep_their_order(house: House) -> None:
    async def run() -> None:
        for at in range(5):
            await house.push(body([at], [3, 0, 5]))

    asyncio.run(run())
    ids = house.store.find([KEYS[n] for n in (3, 0, 5)])
    values = house.store.newest_values(ids, NOW + 60_000)
    assert values is not None
    assert np.array_equal(values, [4.0, 1.0, 6.0])
