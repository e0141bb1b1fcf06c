from __future__ import annotations

from pathlib import Path

from agent.config import CollectorConfig
from agent.exposition import expose
from agent.http import CollectorClient, version
from agent.metrics import AgentProbe
from agent.process_stats import resident_bytes
from agent.push import Pusher
from agent.report import Reporter
from agent.runner import Runner, Skip
from core.clock import ManualClock
from core.remote_write_answer import Outcome
from core.spool.losses import Drop
from core.spool.spool import Limits, Spool


async def test_the_agents_own_metrics_say_how_it_is_doing(tmp_path: Path, clock: ManualClock) -> None:
    client = CollectorClient(CollectorConfig(url="http://127.0.0.1:1"))
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**26))
    runner = Runner([], spool, clock, agent="web-1", max_samples=100)
    pusher = Pusher(spool, client, clock, agent="web-1")
    reporter = Reporter([], {}, client, clock, agent="web-1", boot=spool.boot)
    probe = AgentProbe(clock)
    probe.watch(runner, spool, pusher, reporter)

    spool.append(b"x" * 60, 7, clock.now_ms() - 90_000)
    spool.counts.drop(Drop.EXPIRED, 2, 20)
    runner.counts.failures["snmp", "timeout"] += 3
    runner.counts.collections["snmp"] += 4
    runner.counts.skips[Skip.RUNNING] += 1
    pusher.counts.requests[Outcome.THROTTLED] += 5
    pusher.counts.samples = 11
    text = expose(await probe.collect())
    lines = set(text.splitlines())
    assert lines >= {
        f'forewatch_agent_build_info{{version="{version()}"}} 1',
        "forewatch_agent_spool_bytes 100",
        "forewatch_agent_spool_records 1",
        "forewatch_agent_spool_samples 7",
        "forewatch_agent_spool_oldest_age_seconds 90",
        'forewatch_agent_dropped_records_total{reason="expired"} 2',
        'forewatch_agent_dropped_samples_total{reason="expired"} 20',
        'forewatch_agent_dropped_samples_total{reason="corrupt"} 0',
        'forewatch_agent_collection_failures_total{class="timeout",target_job="snmp"} 3',
        'forewatch_agent_collections_total{target_job="snmp"} 4',
        'forewatch_agent_collections_skipped_total{reason="running"} 1',
        'forewatch_agent_pushes_total{outcome="throttled"} 5',
        'forewatch_agent_pushes_total{outcome="accepted"} 0',
        "forewatch_agent_pushed_samples_total 11",
        'forewatch_agent_reports_total{outcome="accepted"} 0',
        "forewatch_agent_start_time_seconds 1760000000",
    }
    assert all(line.startswith(("forewatch_agent_", "# ")) for line in lines)
    spool.close()


async def test_series_are_made_once(clock: ManualClock) -> None:
    probe = AgentProbe(clock)
    first, second = await probe.collect(), await probe.collect()
    assert all(a.series is b.series for a, b in zip(first, second, strict=True))


def test_resident_memory_is_the_second_field_in_pages() -> None:
    assert resident_bytes("6000 2500 1200 1 0 800 0\n", 4096) == 2500 * 4096
