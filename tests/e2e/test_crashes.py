"""What a killed process, and one that is away for a while, must not lose."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from collector.series.store import SeriesStore
from core.clock import SystemClock
from rules.source import Matcher
from tests.e2e.conftest import Sinks
from tests.e2e.processes import Agent, Site
from tests.e2e.writer import SERIES, Writer
from tests.servers.ports import wait_until
from tests.servers.snmpd import Snmpd

pytestmark = pytest.mark.e2e

ROUNDS = 10  # each with one kill in the breach and one in the recovery


@pytest.fixture
def agent(site: Site, snmpd: Snmpd) -> Iterator[Agent]:
    target = {"name": "core-1", "address": f"127.0.0.1:{snmpd.port}", "credential": "lab", "interval": "1s"}
    enrolled = Agent(site, "edge-1", targets=[target])
    enrolled.process.start()
    wait_until(lambda: [r["value"][1] for r in site.query('up{instance="core-1"}')] == ["1"], "core-1 is up")
    yield enrolled
    enrolled.process.stop()


def test_twenty_kills_lose_no_sample_and_neither_lose_nor_double_an_incident(
    site: Site, snmpd: Snmpd, agent: Agent, sinks: Sinks
) -> None:
    writer = Writer(site.url, site.token("agent"))
    writer.start()
    chance = random.Random(20)
    for turn in range(1, ROUNDS + 1):
        snmpd.stop()
        kill_at_random(site, chance)
        wait_until(lambda: [one["state"] for one in incidents(site)] == ["new"], f"breach {turn} recorded", seconds=60)
        snmpd.start()
        kill_at_random(site, chance)
        wait_until(
            lambda: [one["state"] for one in incidents(site)] == ["restored"], f"recovery {turn} recorded", seconds=60
        )
    wait_until(lambda: len(set(sinks.webhooks())) == 2 * ROUNDS, "every page")
    mails = lambda: {dict(one["headers"])["Message-ID"] for one in sinks.arrivals("mail")}  # noqa: E731
    wait_until(lambda: len(mails()) == 2 * ROUNDS, "every mail")
    writer.stop()

    [incident] = incidents(site)
    told = Counter(entry["kind"] for entry in site.get(f"/api/v1/incidents/{incident['id']}")["timeline"])
    assert (told["opened"], told["reopened"], told["restored"]) == (1, ROUNDS - 1, ROUNDS)
    assert Counter(kind for kind, _ in set(sinks.webhooks())) == {
        "opened": 1,
        "reopened": ROUNDS - 1,
        "restored": ROUNDS,
    }

    assert site.collector.stop() == 0
    kept = samples_on_disk(site)
    since_ms = writer.acknowledged[-1][0] - 60_000
    acknowledged = [sample for sample in writer.acknowledged if sample[0] > since_ms]
    assert len(acknowledged) > 50
    assert [sample for sample in acknowledged if sample not in kept] == []


def test_the_agent_drains_its_spool_in_order_after_an_outage_of_the_collector(site: Site, agent: Agent) -> None:
    site.collector.stop()
    began_ms = time.time_ns() // 1_000_000
    time.sleep(8)  # what is tested is an outage: nothing can be observed while it lasts
    site.start()
    wait_until(lambda: drained(site), "the spool drained", seconds=60)
    site.collector.stop()
    times = [at_ms for at_ms, _ in samples_on_disk(site, Matcher("__name__", "=", "up"), Matcher("job", "=", "snmp"))]
    assert times == sorted(times)
    missed = [at_ms for at_ms in times if began_ms <= at_ms <= began_ms + 8000]
    assert len(missed) >= 7, "one sample a second while the collector was away"
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) < 2500


def drained(site: Site) -> bool:
    """Whether what the agent sees now has arrived."""
    age = site.query('time() - max_over_time(node_time_seconds{job="node"}[1m])')
    return [one for one in age if float(one["value"][1]) < 3] != []


def incidents(site: Site) -> list[dict[str, Any]]:
    return site.get("/api/v1/incidents", state="all")["items"]


def kill_at_random(site: Site, chance: random.Random) -> None:
    time.sleep(chance.uniform(0, 2.5))  # the moment of the kill is what is random here
    site.collector.kill()
    site.start()


def samples_on_disk(site: Site, *matchers: Matcher) -> list[tuple[int, float]]:
    """What a stopped collector left of one series, oldest first."""
    store = SeriesStore.open(site.folder / "data" / "series", SystemClock())
    wanted = matchers or tuple(Matcher(name, "=", value) for name, value in SERIES)
    [series_id] = ids = store.select(wanted)
    assert series_id >= 0
    window = store.window(ids, 0, 2**62)
    count = int(window.counts[0])
    store.close()
    return list(zip(window.times[0][:count].tolist(), window.values[0][:count].tolist(), strict=True))
