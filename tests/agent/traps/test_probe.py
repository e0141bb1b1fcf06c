from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.traps.limits import Drop
from agent.traps.probe import NotRunningError, TrapsProbe
from agent.traps.wire import Stats
from core.spool.spool import Limits, Spool

STATS = Stats(
    messages=9, repeated=1, dropped={"signature": 2}, received=[("core-1", "linkDown", "major", 6)],
    unknown=[("1.3.6.1.4.1.9.9.99999.0.7", "Cisco", 3)], definitions=600, reloads={"refused": 1},
    cpu_seconds=0.5, resident_bytes=1000,
)  # fmt: skip


@pytest.fixture
def probe(tmp_path: Path) -> Any:
    spool = Spool(tmp_path, Limits(max_age_ms=1000, max_bytes=2**20))
    supervisor = SimpleNamespace(stats=None, restarts=0, ready=False)
    yield TrapsProbe(supervisor, SimpleNamespace(spool=spool, outcomes=Counter())), supervisor  # type: ignore[arg-type]
    spool.close()


async def test_a_count_of_traps_is_the_device_s(probe: Any) -> None:
    of, supervisor = probe
    supervisor.stats, supervisor.ready = STATS, True
    samples = {(one.name, one.labels): one.value for one in await of.collect()}
    labels = (("instance", "core-1"), ("name", "linkDown"), ("severity", "major"))
    assert samples["snmp_traps_received_total", labels] == 6
    assert samples["snmp_traps_dropped_total", (("reason", "signature"),)] == 2
    unknown = (("oid", "1.3.6.1.4.1.9.9.99999.0.7"), ("vendor", "Cisco"))
    assert samples["snmp_traps_unknown_total", unknown] == 3
    assert samples["snmp_trap_definitions", ()] == 600
    assert samples["snmp_trap_definition_reloads_total", (("outcome", "refused"),)] == 1
    assert len([name for name, _ in samples if name == "snmp_traps_dropped_total"]) == len(Drop)


async def test_a_receiver_that_has_ended_is_down(probe: Any) -> None:
    of, supervisor = probe
    assert list(await of.collect()), "not yet started is not down"
    supervisor.restarts = 1
    with pytest.raises(NotRunningError):
        await of.collect()
