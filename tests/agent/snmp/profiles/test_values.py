"""What becomes of an object's value, at a full reading and at the polls after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.profiles.library import Library
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.switch import switch_mib

ROOT = "1.3.6.1.4.1.99999"


class Polled:
    """A device with one object, polled by a profile of one entry."""

    def __init__(self, folder: Path, clock: ManualClock, device: Device, entry: str) -> None:
        (folder / "example.yaml").write_text(f"metrics:\n{entry}")
        chooser = Chooser(Library([folder]), "example")
        self._probe = SnmpProbe(Target("127.0.0.1", device.port), clock, None, chooser)

    async def series(self) -> dict[str, float]:
        """The profile's own."""
        samples = [one for one in await self._probe.collect() if one.name.startswith("ex")]
        return {one.name + "".join(f" {name}={text}" for name, text in one.labels): one.value for one in samples}


def symbols(*of: str) -> str:
    lines = "".join(f"      - {{OID: {ROOT}.1.0, {one}}}\n" for one in of)
    return f"  - symbols:\n{lines}"


@pytest.mark.parametrize(
    ("entry", "first", "then", "expected_first", "expected_then", "why"),
    [
        (symbols("name: exA", "name: exB", "name: exC, scale_factor: 0.1", "name: exD, scale_factor: 2, offset: -32"),
         ber.integer(50), ber.integer(70), {"exA": 50, "exB": 50, "exC": 5, "exD": 68},
         {"exA": 70, "exB": 70, "exC": 7, "exD": 108},
         "one object may be several metrics"),
        (symbols("name: exA, offset: 1"), ber.integer(0), ber.integer(4), {"exA": 1}, {"exA": 5}, "an offset alone"),
        (symbols("name: exState_info, label: exState, enum: info, mapping: {1: up, 2: down}"),
         ber.integer(1), ber.integer(2), {"exState_info exState=up": 1}, {"exState_info exState=down": 1},
         "a state is read at every poll"),
        (symbols("name: exLoad, extracts: [{match: '(?i)load: (.*)%'}, {match: 'none', value: '0'}]"),
         ber.octets(b"Load: 12.5%"), ber.octets(b"none"), {"exLoad": 12.5}, {"exLoad": 0}, "so is a number in a text"),
        (symbols("name: exLoad, extracts: [{match: 'a(.)'}]"), ber.octets(b"a1"), ber.octets(b"xa2x"), {"exLoad": 1},
         {}, "an expression is for the whole text"),
        (symbols("name: exFloat, format: opaque_float"), ber.tlv(0x44, bytes.fromhex("9f78043fc00000")),
         ber.tlv(0x44, bytes.fromhex("9f7804bfc00000")), {"exFloat": 1.5}, {"exFloat": -1.5}, "Net-SNMP's fractions"),
        (symbols("name: exName, format: text"), ber.octets(b""), ber.octets(b"later"), {"exName": 1}, {"exName": 1},
         "a text that is empty is one; another is read later"),
        (symbols("name: exName"), ber.octets(b""), ber.octets(b""), {}, {}, "an empty text is nothing otherwise"),
        (symbols("name: exSerial, format: text"), ber.integer(42), ber.integer(42), {"exSerial exSerial=42": 1},
         {"exSerial exSerial=42": 1}, "a text that a device has as a number"),
    ],
)  # fmt: skip
async def test_a_value_becomes_what_the_profile_says(
    tmp_path: Path, clock: ManualClock, entry: str, first: bytes, then: bytes,
    expected_first: dict[str, float], expected_then: dict[str, float], why: str,
) -> None:  # fmt: skip
    with Device(switch_mib(1) | {f"{ROOT}.1.0": first}) as device:
        polled = Polled(tmp_path, clock, device, entry)
        assert await polled.series() == expected_first, why
        device.set(f"{ROOT}.1.0", then)
        assert await polled.series() == expected_then, why


@pytest.mark.parametrize("sparse", [True, False])
async def test_a_table_may_lack_its_first_column(tmp_path: Path, clock: ManualClock, sparse: bool) -> None:
    entry = (
        f"  - table: {{OID: {ROOT}.2, name: exTable}}\n    sparse: {str(sparse).lower()}\n    symbols:\n"
        f"      - {{OID: {ROOT}.2.1.2, name: exFirst}}\n      - {{OID: {ROOT}.2.1.3, name: exSecond}}\n"
        f"    metric_tags:\n      - {{tag: exIndex, index: 1}}\n"
    )
    with Device(switch_mib(1) | {f"{ROOT}.2.1.3.7": ber.integer(1)}) as device:
        found = await Polled(tmp_path, clock, device, entry).series()
    assert found == ({"exSecond exIndex=7": 1} if sparse else {})
