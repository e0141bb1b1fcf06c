"""From makers' objects to the common series, for devices of which there is no recording."""

from __future__ import annotations

import pytest

from agent.probes.snmp import SnmpProbe
from agent.sample import Sample
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from tests.agent.snmp.profiles.made import MADE, Made
from tests.agent.snmp.profiles.made_servers import SERVERS
from tests.servers import ber
from tests.servers.device import Device

_PREFIX = "forewatch_device_"


def _full(oid: str) -> str:
    return oid.replace("mib-2.", "1.3.6.1.2.1.") if oid.startswith("mib-2.") else f"1.3.6.1.4.1.{oid}"


@pytest.mark.parametrize("of", [*MADE, *SERVERS], ids=lambda of: of.name)
async def test_a_makers_objects_become_common_series(chooser: Chooser, clock: ManualClock, of: Made) -> None:
    mib = {
        "1.3.6.1.2.1.1.1.0": ber.octets(of.descr.encode()),
        "1.3.6.1.2.1.1.2.0": ber.oid(ber.parse_oid(f"1.3.6.1.4.1.{of.object_id}")),
        "1.3.6.1.2.1.1.3.0": ber.ticks(123_456),
    } | {
        _full(oid): ber.integer(value) if isinstance(value, int) else ber.octets(value.encode())
        for oid, value in of.objects.items()
    }
    with Device(mib) as device:
        probe = SnmpProbe(Target("127.0.0.1", device.port), clock, None, chooser)
        polls = [{_spell(sample): sample.value for sample in await probe.collect()} for _ in range(2)]
    for poll in polls:  # a full reading, and one by GET
        found = {name.removeprefix(_PREFIX): value for name, value in poll.items() if name.startswith(_PREFIX)}
        assert found == pytest.approx(of.series, abs=1e-4)


def _spell(sample: Sample) -> str:
    return sample.name + "".join(f" {name}={value}" for name, value in sample.labels)
