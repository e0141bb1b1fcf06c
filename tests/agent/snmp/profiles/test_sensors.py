"""From a profile and a device to series and sensors, over the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.snmp import FULL_READING_SECONDS, SnmpProbe
from agent.snmp.profiles.library import Library
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.switch import switch_mib

ROOT = "1.3.6.1.4.1.99999"
HEAD = "sysobjectid: 1.3.6.1.4.1.9.*\nmetrics:\n"


def scalar(sensor: str) -> str:
    return f"{HEAD}  - symbols:\n      - {{OID: {ROOT}.1.0, name: exValue, sensor: {{name: x, {sensor}}}}}\n"


def table(columns: str, more: str = "") -> str:
    return (
        f"{HEAD}  - table: {{OID: {ROOT}.2, name: exTable}}\n{more}    symbols:\n      - {columns}\n    metric_tags:\n"
        f"      - {{tag: exIndex, index: 1}}\n      - {{symbol: {{OID: {ROOT}.2.1.2, name: exName}}}}\n"
    )


class Polled:
    """A device with a profile, polled."""

    def __init__(self, folder: Path, clock: ManualClock, profile: str, device: Device) -> None:
        (folder / "example.yaml").write_text(profile)
        self._probe = SnmpProbe(Target("127.0.0.1", device.port), clock, None, Chooser(Library([folder])))

    async def series(self) -> dict[str, float]:
        """Those that come from the profile, spelled."""
        found = {
            sample.name + "".join(f" {name}={value}" for name, value in sample.labels): sample.value
            for sample in await self._probe.collect()
        }
        return {name: value for name, value in found.items() if name.startswith(("ex", "forewatch_device_"))}


@pytest.mark.parametrize(
    ("sensor", "value", "other", "expected", "why"),
    [
        ("kind: temperature, scale: 0.1", 215, 0, ("temperature_celsius sensor=x", 21.5), "tenths of a degree"),
        ("kind: temperature, skip: [255]", 255, 0, None, "no such sensor"),
        ("kind: temperature, most: 150", 65535, 0, None, "what cannot be"),
        ("kind: fan, ok: [1], critical: [2]", 1, 0, ("fan_ok fan=x", 1), "a state"),
        ("kind: fan, ok: [1], critical: [2]", 2, 0, ("fan_ok fan=x", 0), "a bad one"),
        ("kind: fan, ok: [1], critical: [2]", 3, 0, None, "a state that says nothing"),
        ("kind: fan, ok: [1]", 3, 0, ("fan_ok fan=x", 0), "with the good ones named, all others are bad"),
        ("kind: state, ok: [1]", 1, 0, ("sensor_ok kind=state sensor=x", 1), "a state of no series of its own"),
        ("kind: battery, unit: seconds, scale: 60", 5, 0, ("battery_runtime_seconds battery=x", 300), "minutes"),
        ("kind: optics, scale: 0.01, microwatts: positive", 500, 0, ("optics_dbm sensor=x", -3.0103), "microwatts"),
        ("kind: optics, scale: 0.01, microwatts: positive", -301, 0, ("optics_dbm sensor=x", -3.01), "and dBm"),
        ("kind: sessions, unit: limit", 9, 0, ("sessions_limit sensor=x", 9), "how many there may be"),
        ("kind: ha", 3, 0, ("ha_state sensor=x", 3), "a state of which nothing is known but that it changes"),
        ("kind: neighbour, ok: [6]", 1, 0, ("neighbour_ok neighbour=x", 0), "a state of a series of its own"),
        (f"kind: memory, of: {{OID: {ROOT}.9.0, name: exAll}}", 25, 100, ("memory_usage_percent pool=x", 25), "of all"),
        (
            f"kind: memory, free: true, of: {{OID: {ROOT}.9.0, name: exAll}}",
            25,
            100,
            ("memory_usage_percent pool=x", 75),
            "the free part of all",
        ),
        (
            f"kind: memory, plus: {{OID: {ROOT}.9.0, name: exRest}}",
            1,
            3,
            ("memory_usage_percent pool=x", 25),
            "used, free",
        ),
        (f"kind: memory, of: {{OID: {ROOT}.9.0, name: exAll}}", 25, 0, None, "nothing of nothing"),
    ],
)
async def test_a_value_becomes_a_common_series(
    tmp_path: Path,
    clock: ManualClock,
    sensor: str,
    value: int,
    other: int,
    expected: tuple[str, float] | None,
    why: str,
) -> None:
    mib = switch_mib() | {f"{ROOT}.1.0": ber.integer(value), f"{ROOT}.9.0": ber.integer(other)}
    with Device(mib) as device:
        series = await Polled(tmp_path, clock, scalar(sensor), device).series()
    common = {name: of for name, of in series.items() if name.startswith("forewatch_device_")}
    expectation = {f"forewatch_device_{expected[0]}": pytest.approx(expected[1], abs=1e-4)} if expected else {}
    assert common == expectation, why
    assert series["exValue"] == value, "the object itself is there under its own name"


async def test_rows_have_index_and_looked_up_labels_and_names_of_their_own(tmp_path: Path, clock: ManualClock) -> None:
    mib = switch_mib() | {
        f"{ROOT}.2.1.2.1": ber.octets(b"fan"),
        f"{ROOT}.2.1.2.2": ber.octets(b"fan"),
        f"{ROOT}.2.1.3.1": ber.integer(1),
        f"{ROOT}.2.1.3.2": ber.integer(2),
    }
    profile = table(f"{{OID: {ROOT}.2.1.3, name: exState, sensor: {{kind: fan, ok: [1]}}}}")
    with Device(mib) as device:
        polled = Polled(tmp_path, clock, profile, device)
        expected = {
            "exState exIndex=1 exName=fan": 1,
            "exState exIndex=2 exName=fan": 2,
            "forewatch_device_fan_ok fan=fan (1)": 1,
            "forewatch_device_fan_ok fan=fan (2)": 0,
        }
        assert await polled.series() == expected
        device.set(f"{ROOT}.2.1.3.2", ber.integer(1))
        device.requests.clear()
        assert await polled.series() == expected | {
            "exState exIndex=2 exName=fan": 1,
            "forewatch_device_fan_ok fan=fan (2)": 1,
        }
        assert {request.pdu for request in device.requests} == {ber.GET}, "labels are not read at every poll"


@pytest.mark.parametrize(
    ("state", "shown", "why"),
    [
        (1, 1, "it works"),
        (3, 0, "it does not"),
        (4, 1, "it warns, which is no failure"),
        (2, None, "nothing is plugged in, which is no trouble"),
    ],
)
async def test_another_column_says_whether_a_sensor_works(
    tmp_path: Path, clock: ManualClock, state: int, shown: float | None, why: str
) -> None:
    mib = switch_mib() | {f"{ROOT}.2.1.3.1": ber.integer(40), f"{ROOT}.2.1.4.1": ber.integer(state)}
    status = f"status: {{OID: {ROOT}.2.1.4, name: exState}}, status_ok: [1], status_warning: [4], status_unknown: [2]"
    column = f"{{OID: {ROOT}.2.1.3, name: exTemp, sensor: {{kind: temperature, name: t, {status}}}}}"
    with Device(mib) as device:
        series = await Polled(tmp_path, clock, table(column), device).series()
    assert series.get("forewatch_device_sensor_ok kind=temperature sensor=t") == shown, why
    assert series["forewatch_device_temperature_celsius sensor=t"] == 40


async def test_rows_that_come_and_go_are_seen(tmp_path: Path, clock: ManualClock) -> None:
    mib = switch_mib() | {f"{ROOT}.2.1.3.1": ber.integer(1), f"{ROOT}.2.1.3.2": ber.integer(2)}
    with Device(mib) as device:
        polled = Polled(tmp_path, clock, table(f"{{OID: {ROOT}.2.1.3, name: exState}}"), device)
        assert len(await polled.series()) == 2
        device.set(f"{ROOT}.2.1.3.2", None)
        assert list(await polled.series()) == ["exState exIndex=1"], "what is gone ends at once"
        device.set(f"{ROOT}.2.1.3.3", ber.integer(3))
        await clock.advance(FULL_READING_SECONDS)
        assert list(await polled.series()) == ["exState exIndex=1", "exState exIndex=3"]


async def test_texts_are_labels_and_rows_without_are_left_out(tmp_path: Path, clock: ManualClock) -> None:
    mib = switch_mib() | {
        f"{ROOT}.2.1.3.1": ber.octets(b"v1\n"),
        f"{ROOT}.2.1.3.2": ber.octets(b"v2"),
        f"{ROOT}.2.1.4.1": ber.integer(5),
        f"{ROOT}.2.1.4.2": ber.integer(0),
    }
    more = f"    rows_with: {{OID: {ROOT}.2.1.4, name: exSize}}\n"
    with Device(mib) as device:
        series = await Polled(tmp_path, clock, table(f"{{OID: {ROOT}.2.1.3, name: exVersion}}", more), device).series()
    assert series == {"exVersion exIndex=1 exVersion=v1": 1}


async def test_a_number_within_a_text_is_found(tmp_path: Path, clock: ManualClock) -> None:
    mib = switch_mib() | {f"{ROOT}.2.1.3.1": ber.octets(b"41.5 C"), f"{ROOT}.2.1.3.2": ber.octets(b"absent")}
    column = f"{{OID: {ROOT}.2.1.3, name: exTemp, extract_value: '([\\d.]+) C', scale_factor: 10}}"
    with Device(mib) as device:
        series = await Polled(tmp_path, clock, table(column), device).series()
    assert series == {"exTemp exIndex=1": 415}
