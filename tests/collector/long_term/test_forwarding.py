"""A store with its tee against a real VictoriaMetrics: what it has is what we hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from collector.ingest.api import ROUTES, STORE, series_context
from collector.ingest.limits import IngestLimits
from collector.long_term.config import LongTermConfig
from collector.long_term.service import long_term_context
from collector.own_series import Publisher
from collector.series.store import SeriesStore
from core.clock import SystemClock
from core.http import CLOCK, problem_middleware
from core.labels import Labels, labels
from core.remote_write import CONTENT_HEADERS, STALE_NAN, compress, encode_labels, encode_write_request
from tests.servers.prometheus import Prometheus
from tests.servers.victoria_metrics import VictoriaMetrics

Sample = tuple[Labels, float, int]


class Site:
    """A collector's ingest and forwarding, and nothing else."""

    def __init__(self, client: TestClient, registry: CollectorRegistry) -> None:
        self.client = client
        self.registry = registry

    @property
    def store(self) -> SeriesStore:
        return self.client.app[STORE]

    async def push(self, *samples: Sample, **headers: str) -> int:
        body = encode_write_request((encode_labels(of), value, at_ms) for of, value, at_ms in samples)
        spelled = {name.replace("_", "-"): text for name, text in headers.items()}
        response = await self.client.post(
            "/prometheus/api/v1/write", data=compress(body), headers=CONTENT_HEADERS | spelled
        )
        return response.status

    def counted(self, name: str, **of: str) -> float:
        return self.registry.get_sample_value(f"forewatch_long_term_{name}", of) or 0.0

    async def drained(self) -> None:
        async with asyncio.timeout(30):
            while self.counted("spool_records"):
                await asyncio.sleep(0.02)

    def held(self) -> dict[Labels, list[tuple[int, float]]]:
        """Every sample of the store."""
        ids = self.store.select([])
        window = self.store.window(ids, 0, 1 << 60)
        return {
            self.store.labels(row): list(
                zip(window.times[place, :count].tolist(), window.values[place, :count].tolist(), strict=True)
            )
            for place, (row, count) in enumerate(zip(ids.tolist(), window.counts.tolist(), strict=True))
        }


Start = Callable[..., object]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    clients = []

    async def make(write_url: str) -> Site:
        clock, registry, app = SystemClock(), CollectorRegistry(), web.Application(middlewares=[problem_middleware])
        app[CLOCK] = clock
        config = LongTermConfig(write_url=write_url)
        app.cleanup_ctx.extend([
            series_context(tmp_path / "series", registry, ingest_limits=IngestLimits()),
            long_term_context(STORE, config, tmp_path / "long-term", clock, registry),
        ])  # fmt: skip
        app.add_routes([web.route(route.method, route.path, route.__call__) for route in ROUTES])
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return Site(client, registry)

    yield make
    for client in clients:
        await client.close()


def series(number: int) -> Labels:
    return labels(__name__="node_load1", instance=f"web-{number}", job="node", note='a "quoted" café')


async def test_what_the_long_term_store_has_is_what_we_hold(start, victoria: VictoriaMetrics) -> None:
    site = await start(victoria.write_url)
    now = SystemClock().now_ms()
    for push in range(6):  # births, the steady shape, and a template in the end
        samples = [(series(n), n + push / 7, now - 60_000 + 1000 * push) for n in range(50)]
        assert await site.push(*samples, Forewatch_Agent="web", Forewatch_Boot="b", Forewatch_Sequence=str(push)) == 204
        assert await site.push(*samples, Forewatch_Agent="web", Forewatch_Boot="b", Forewatch_Sequence=str(push)) == 204
    assert await site.push((series(0), 9.0, now - 660_000), (series(1), 5.5, now)) == 400, "one is out of order"
    assert await site.push((series(2), 7.0, now - 55_500)) == 204, "a late one"
    for at, value in ((0, 0.25), (1, 1e6), (2, -0.0)):
        Publisher(site.store).publish("r", {labels(__name__="rule:sum", of="x"): value}, now + at)
    await site.drained()
    assert site.counted("forwarded_samples_total") == 305, "replays are not forwarded, nor what was refused"
    found, held = victoria.samples('{__name__!=""}', 305), site.held()
    assert found.keys() == held.keys()
    for of, samples in held.items():
        assert [at for at, _ in found[of]] == [at for at, _ in samples]
        # VictoriaMetrics keeps decimals of twelve digits and more, not every bit.
        assert [value for _, value in found[of]] == pytest.approx([value for _, value in samples], rel=1e-11)


async def test_a_store_that_keeps_every_bit_has_every_bit(start, tmp_path: Path) -> None:
    prometheus = Prometheus(tmp_path / "prometheus")
    prometheus.start()
    try:
        site = await start(prometheus.write_url)
        now = SystemClock().now_ms()
        numbers = [0.1, 1e300, -0.0, 5e-324, float("inf"), 2.0**53 + 1, -1 / 3, float("-inf")]
        for at, number in enumerate(numbers):  # the first is born, the others go on as they came
            assert await site.push((series(1), number, now - 10_000 + at)) == 204
        await site.drained()
        [row] = prometheus.get("/api/v1/query", query="node_load1[1m]", time=now / 1000)["data"]["result"]
        assert [round(at * 1000) for at, _ in row["values"]] == [now - 10_000 + at for at in range(len(numbers))]
        assert list(map(repr, map(float, (text for _, text in row["values"])))) == list(map(repr, numbers))
    finally:
        prometheus.stop()


async def test_shifted_times_are_forwarded_as_they_are_held(start, victoria: VictoriaMetrics) -> None:
    site = await start(victoria.write_url)
    late = SystemClock().now_ms() - 7_200_000  # an agent whose clock is two hours behind
    for sequence in (1, 2, 3):
        sent = {"Forewatch_Agent": "a", "Forewatch_Boot": "b", "Forewatch_Sequence": str(sequence)}
        assert await site.push((series(1), 1.0, late + sequence), **sent, Forewatch_Sent_At=str(late + 5)) == 204
    await site.drained()
    [samples] = victoria.samples("node_load1", 3).values()
    assert [[at for at, _ in samples]] == [[at for at, _ in held] for held in site.held().values()]
    assert samples[0][0] > late + 7_000_000


async def test_a_series_that_ended_ends_there(start, victoria: VictoriaMetrics) -> None:
    site = await start(victoria.write_url)
    now = SystemClock().now_ms()
    assert await site.push((series(1), 1.0, now - 2000)) == 204
    assert await site.push((series(1), STALE_NAN, now - 1000)) == 204
    await site.drained()
    ended = victoria.samples("node_load1", 2)
    answer = victoria.get("/api/v1/query", query="node_load1", time=(now - 500) / 1000)
    assert answer["data"]["result"] == []
    assert np.isnan(ended[series(1)][-1][1])


async def test_what_came_while_the_store_was_away_follows_in_order(start, victoria: VictoriaMetrics) -> None:
    victoria.stop()
    site = await start(victoria.write_url)
    now = SystemClock().now_ms()
    for push in range(40):
        assert await site.push((series(1), float(push), now + push)) == 204
    assert site.counted("spool_samples") == 40
    victoria.start()
    await site.drained()
    assert victoria.samples("node_load1", 40) == {series(1): [(now + push, float(push)) for push in range(40)]}
    assert site.counted("requests_total", outcome="unreachable") >= 1
    assert site.counted("dropped_samples_total", reason="rejected") == 0


async def test_a_killed_collector_forwards_what_it_had_not_sent_and_what_is_pushed_again(
    start, tmp_path: Path, victoria: VictoriaMetrics
) -> None:
    victoria.stop()
    site = await start(victoria.write_url)
    now = SystemClock().now_ms()
    for push in range(10):
        assert await site.push((series(1), float(push), now + push)) == 204
    await site.client.close()
    for record in (tmp_path / "long-term").glob("*"):  # killed between the store and the spool: the store has it alone
        record.unlink()
    victoria.start()
    again = await start(victoria.write_url)
    for push in range(10):  # the sender had no answer
        assert await again.push((series(1), float(push), now + push)) == 204
    await again.drained()
    assert victoria.samples("node_load1", 10) == again.held()
