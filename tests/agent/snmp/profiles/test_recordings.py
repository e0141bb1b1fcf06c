"""Every recording of snmpsim-data: who the device is, and that polling it gives sound samples."""

from __future__ import annotations

import math

import pytest

from agent.identify import ask
from agent.probes.snmp import SnmpProbe
from agent.sample import Sample
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Budget, Target
from core.clock import ManualClock
from core.labels import is_label_name, is_metric_name
from tests.agent.snmp.profiles.conftest import Answering
from tests.agent.snmp.profiles.expected import ANY, EXPECTED, SILENT
from tests.servers import recording

ROWS = {row.recording: row for row in EXPECTED}
# Thousands of interfaces: more objects than a poll may cost. A part of the recording is left, and of the budget.
CUT = ("network/wifi/ruijie-m18000",)
_FACTS = ("vendor", "model", "os_name", "os_version", "serial_number", "device_class", "profile")


def target(of: Answering) -> Target:
    return Target("127.0.0.1", of.device.port, timeout_seconds=10, retries=0)


def budget(of: Answering) -> Budget:
    return Budget(varbinds=5000) if of.name in CUT else Budget()


def test_every_recording_has_a_row_and_every_row_a_recording() -> None:
    assert sorted((*ROWS, *SILENT)) == recording.names()


async def test_a_recorded_device_is_identified(answering: Answering, chooser: Chooser) -> None:
    if answering.name in SILENT:
        with pytest.raises(SnmpError) as failure:
            await ask(target(answering), chooser)
        assert failure.value.reason is SnmpFailure.NO_SUCH
        return
    row = ROWS[answering.name]
    found, errors = await ask(target(answering), chooser, budget(answering))
    facts = {name: getattr(found, name) for name in _FACTS if getattr(row, name) != ANY}
    assert facts == {name: getattr(row, name) for name in facts}
    assert set(row.sensors.split()) <= {sensor.kind for sensor in found.sensors}
    names = [(sensor.kind, sensor.name, sensor.unit) for sensor in found.sensors]
    assert len(set(names)) == len(names), "sensors of one kind are told apart"
    assert (sum(errors.values()) > 0) == (answering.name in CUT)


async def test_polling_a_recorded_device_gives_sound_samples(
    answering: Answering, chooser: Chooser, clock: ManualClock
) -> None:
    probe = SnmpProbe(target(answering), clock, budget(answering), chooser)
    if answering.name in SILENT:
        with pytest.raises(SnmpError):
            await probe.collect()
        return
    first = sound(list(await probe.collect()))
    answering.device.requests.clear()
    second = sound(list(await probe.collect()))
    assert second.keys() <= first.keys(), "a poll gives no series that the full reading did not"
    failed = {of: value for (name, of), value in second.items() if name == "forewatch_snmp_walk_errors_total" and value}
    assert answering.name in CUT or (second.keys() == first.keys() and not failed)
    assert all(request.max_repetitions == 0 for request in answering.device.requests if len(first) > 20)


def sound(samples: list[Sample]) -> dict[tuple[str, object], float]:
    """The samples by series; names and labels are such as Prometheus takes, no series is there twice."""
    found = {(sample.name, sample.labels): sample.value for sample in samples}
    assert len(found) == len(samples)
    for sample in samples:
        assert is_metric_name(sample.name)
        assert all(is_label_name(name) and value.isprintable() for name, value in sample.labels)
        assert math.isfinite(sample.value)
    return found  # type: ignore[return-value]  # labels are an object
