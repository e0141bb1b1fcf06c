"""A collector before a real VictoriaMetrics: what was acknowledged is there, and what is older comes from it."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request
from tests.e2e.conftest import DEVICE_DOWN
from tests.e2e.processes import Site
from tests.e2e.writer import SERIES, Writer
from tests.servers.ports import wait_until
from tests.servers.victoria_metrics import VictoriaMetrics

pytestmark = pytest.mark.e2e

DAY = 86_400
RECORDED = """
      - record: story:ticks
        expr: story_ticks_total * 2
      - alert: Ticks
        expr: story_ticks_total > 0
        labels: {severity: info}
        annotations: {summary: "it ticks"}
"""


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    server = VictoriaMetrics(tmp_path / "victoria")
    server.start("-dedup.minScrapeInterval=1ms")
    yield server
    server.stop()


@pytest.fixture
def kept(tmp_path: Path, victoria: VictoriaMetrics) -> Iterator[Site]:
    long_term = {"write_url": victoria.write_url, "query_url": victoria.url}
    opened = Site(tmp_path / "kept", rules=DEVICE_DOWN + RECORDED, long_term=long_term)
    opened.start()
    yield opened
    opened.collector.kill()


def metric(site: Site, name: str) -> float:
    [line] = [one for one in site.text("/metrics").splitlines() if one.startswith(f"forewatch_long_term_{name} ")]
    return float(line.split()[-1])


def test_kills_and_an_outage_of_the_store_lose_nothing_that_was_acknowledged(
    kept: Site, victoria: VictoriaMetrics
) -> None:
    writer = Writer(kept.url, kept.token("agent"))
    writer.start()
    wait_until(lambda: len(writer.acknowledged) > 5, "first samples")
    victoria.stop()
    chance = random.Random(7)
    for turn in range(1, 3):
        wait_until(lambda least=turn * 10: len(writer.acknowledged) > least, f"samples of turn {turn}", seconds=60)
        time.sleep(chance.uniform(0, 0.3))  # the moment of the kill is what is drawn
        kept.collector.kill()
        kept.start()
    writer.stop()
    assert metric(kept, "spool_samples") > 20
    victoria.start("-dedup.minScrapeInterval=1ms")
    wait_until(lambda: metric(kept, "spool_oldest_age_seconds") < 5, "the spool drained", seconds=60)

    [samples] = victoria.samples("story_ticks_total", len(writer.acknowledged)).values()
    assert set(writer.acknowledged) <= set(samples)
    assert dict(samples[-1:]) == dict(writer.acknowledged[-1:])
    recorded = victoria.samples("story:ticks")[labels(__name__="story:ticks", instance="writer", job="story")]
    assert {value for _, value in recorded if not math.isnan(value)} <= {2 * value for _, value in samples}
    assert victoria.samples('ALERTS{alertname="Ticks"}')
    assert victoria.samples('forewatch_series{job="forewatch"}')


def test_what_is_older_than_the_collector_comes_from_the_store(kept: Site, victoria: VictoriaMetrics) -> None:
    now = int(time.time()) // 60 * 60
    key = encode_labels(SERIES)
    rows = [(key, float(at % 1000), at * 1000) for at in range(now - 3 * DAY, now - 60, 60)]
    victoria.write(compress(encode_write_request(rows)))
    victoria.samples("story_ticks_total", len(rows))
    answer = kept.get(
        "/prometheus/api/v1/query_range", query="story_ticks_total",
        start=str(now - 3 * DAY), end=str(now - 600), step="600",
    )  # fmt: skip
    [row] = answer["data"]["result"]
    assert [[at, float(value)] for at, value in row["values"]] == [
        [at, float(at % 1000)] for at in range(now - 3 * DAY, now - 599, 600)
    ]
    [row] = kept.get("/prometheus/api/v1/query", query="story_ticks_total", time=str(now - DAY))["data"]["result"]
    assert float(row["value"][1]) == (now - DAY) % 1000
    victoria.stop()
    answer = kept.get("/prometheus/api/v1/query", query="story_ticks_total", time=str(now - DAY))
    assert answer["data"]["result"] == []
    assert "long-term store" in answer["warnings"][0]
    victoria.start()
