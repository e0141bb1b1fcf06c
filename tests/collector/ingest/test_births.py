"""One sender with very many new series is slowed down; the others, and its own known series, are not."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.births import Births
from collector.ingest.limits import IngestLimits
from collector.series.limits import SeriesLimits
from core.access import Permission, Principal
from core.errors import Overloaded
from core.labels import labels

NOW = 1_760_000_000_000
UP = labels(__name__="up")
LIMITS = IngestLimits(new_series_per_second=10)


def made_up(turn: int, count: int = 60):
    return [(labels(__name__="m", turn=str(turn), n=str(n)), 1.0, NOW) for n in range(count)]


async def test_a_sender_that_makes_up_series_is_asked_to_come_later(make_endpoint) -> None:
    endpoint = await make_endpoint(ingest=LIMITS)
    assert (await endpoint.push((UP, 1.0, NOW))).status == 204
    statuses = [(await endpoint.push(*made_up(turn))).status for turn in range(5)]
    assert statuses == [204, 204, 429, 429, 429], "ten seconds' worth at once, and what goes beyond is a debt"
    refused = await endpoint.push(*made_up(9))
    assert refused.headers["Retry-After"] == "3"
    assert len(endpoint.store) == 121, "nothing of a refused push was stored"
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="overloaded") == 4
    assert (await endpoint.push((UP, 2.0, NOW + 1))).status == 204, "its known series do not wait"
    await endpoint.clock.advance(3)
    assert (await endpoint.push(*made_up(9))).status == 204


async def test_the_others_are_not_slowed(make_endpoint) -> None:
    """The hostile sender's pushes are many and in flight at once; each of another's comes through."""
    endpoint = await make_endpoint(ingest=LIMITS)
    hostile = [endpoint.push(*made_up(turn, 200), Forewatch_Agent="bad") for turn in range(20)]
    honest = [endpoint.push((labels(__name__="up", n=str(n)), 1.0, NOW), Forewatch_Agent=f"a{n}") for n in range(20)]
    answers = await asyncio.gather(*(push for pair in zip(hostile, honest, strict=True) for push in pair))
    assert [answer.status for answer in answers[1::2]] == [204] * 20
    assert sorted(answer.status for answer in answers[::2]) == [204] + [429] * 19
    assert len(endpoint.store) == 220


async def test_an_agent_cannot_escape_by_another_name(make_endpoint) -> None:
    agent = Principal("agent", "a1", "agent", frozenset({Permission.METRICS_WRITE}))
    endpoint = await make_endpoint(ingest=LIMITS, principal=agent)
    assert (await endpoint.push(*made_up(1, 200))).status == 204
    assert (await endpoint.push(*made_up(2), Forewatch_Agent="a1")).status == 429
    assert (await endpoint.push(*made_up(3), Forewatch_Agent="a2")).status == 403


async def test_series_that_a_limit_refuses_are_no_births(make_endpoint) -> None:
    """A sender at its limit gets its known series stored, push for push."""
    endpoint = await make_endpoint(ingest=LIMITS, series=SeriesLimits(max_series_per_sender=1))
    for turn in range(8):
        answer = await endpoint.push((UP, 1.0, NOW + turn), *made_up(turn))
        assert answer.status == 400, "partly refused, the known sample stored"
    assert endpoint.counted("forewatch_ingest_samples_total") == 8


@pytest.mark.parametrize("limits", [IngestLimits(labels=3), IngestLimits(label_value_bytes=3)])
async def test_limits_of_labels_hold(make_endpoint, limits) -> None:
    endpoint = await make_endpoint(ingest=limits)
    assert (
        await endpoint.push((labels(__name__="up", a="1", b="2", c="long"), 1.0, NOW), (UP, 1.0, NOW))
    ).status == 400
    assert len(endpoint.store) == 1


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 300)), max_size=40))
def test_in_the_long_run_births_keep_to_the_rate(pushes) -> None:
    births, now, born, largest = Births(10), 0.0, 0, 0
    for pause, count in pushes:
        now += pause
        try:
            births.check("a", now)
        except Overloaded as error:
            births.check("b", now)
            births.check("a", now + error.retry_after_seconds + 1e-6)
            continue
        births.count("a", count, now)
        born, largest = born + count, max(largest, count)
        assert born <= 100 + 10 * now + largest + 1e-6
