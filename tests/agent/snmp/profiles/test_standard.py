"""What the standard MIBs say of a device without a profile of its own; values as the RFCs describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.profiles.library import Library, shipped, shipped_folder
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.recording import Recording, lines, parse
from tests.servers.switch import switch_mib

SIXTH = bytes.fromhex("20010db8000000000000000000000001")
MAC_TEXT = "00:1B:21:3C:4D:5E"
MAC = ber.octets(bytes.fromhex("001b213c4d5e"))


def text_index(*texts: str) -> str:
    """Texts as an index: each with its length."""
    return ".".join(str(arc) for text in texts for arc in (len(text), *text.encode()))


async def series(mib: dict[str, bytes], chooser: Chooser, clock: ManualClock, start: str) -> dict[str, float]:
    """Those whose names begin so, spelled."""
    with Device(switch_mib(2) | mib) as device:
        samples = list(await SnmpProbe(Target("127.0.0.1", device.port), clock, None, chooser).collect())
    spelled = {one.name + "".join(f" {name}={text}" for name, text in one.labels): one.value for one in samples}
    return {name: value for name, value in spelled.items() if name.startswith(start)}


@pytest.fixture
def chooser() -> Chooser:
    return Chooser(shipped(), "_standard")


async def test_virtual_routers_of_both_families_are_told_apart(chooser: Chooser, clock: ManualClock) -> None:
    table, statistics = "1.3.6.1.2.1.207.1.1.1.1", "1.3.6.1.2.1.207.1.2.5.1"
    mib = {f"{table}.6.2.10.1": ber.integer(3), f"{table}.6.2.10.2": ber.integer(2)}
    mib |= {f"{table}.7.2.10.1": ber.gauge32(200), f"{table}.7.2.10.2": ber.gauge32(90)}
    mib |= {f"{statistics}.1.2.10.1": ber.counter32(4), f"{statistics}.1.2.10.2": ber.counter32(0)}
    first, second = (
        f"ifIndex=2 ifName=Gi1/0/2 vrrpv3OperationsInetAddrType={family} vrrpv3OperationsVrId=10"
        for family in ("ipv4", "ipv6")
    )
    assert await series(mib, chooser, clock, "vrrpv3") == {
        f"vrrpv3OperationsStatus {first}": 3,
        f"vrrpv3OperationsStatus {second}": 2,
        f"vrrpv3OperationsPriority {first}": 200,
        f"vrrpv3OperationsPriority {second}": 90,
        f"vrrpv3StatisticsMasterTransitions {first}": 4,
        f"vrrpv3StatisticsMasterTransitions {second}": 0,
    }


async def test_a_device_that_pings_says_whom_and_how_long_it_took(chooser: Chooser, clock: ManualClock) -> None:
    table, row = "1.3.6.1.2.1.80.1.3.1", text_index("ops", "to core")
    values = {
        1: ber.integer(1), 2: ber.integer(2), 3: ber.octets(SIXTH), 4: ber.gauge32(3), 5: ber.gauge32(9),
        6: ber.gauge32(5), 7: ber.gauge32(14), 8: ber.gauge32(15),
        10: ber.octets(bytes((7, 234, 11, 22, 0, 0, 0, 0)) + b"+\x08\x00"),
    }  # fmt: skip
    labels = "pingCtlOwnerIndex=ops pingCtlTestName=to core pingResultsIpTargetAddress=" + SIXTH.hex(":", 2).upper()
    assert await series({f"{table}.{number}.{row}": of for number, of in values.items()}, chooser, clock, "ping") == {
        f"pingResultsOperStatus {labels}": 1,
        f"pingResultsMinRtt {labels}": 3,
        f"pingResultsMaxRtt {labels}": 9,
        f"pingResultsAverageRtt {labels}": 5,
        f"pingResultsProbeResponses {labels}": 14,
        f"pingResultsSentProbes {labels}": 15,
        f"pingResultsLastGoodProbe {labels}": 1795276800,
    }


async def test_a_device_that_traces_says_whether_the_target_was_reached(chooser: Chooser, clock: ManualClock) -> None:
    table, row = "1.3.6.1.2.1.81.1.3.1", text_index("", "t")
    values = {1: ber.integer(3), 2: ber.gauge32(4), 4: ber.integer(1), 5: ber.octets(bytes((192, 0, 2, 1))),
              6: ber.gauge32(10), 7: ber.gauge32(9), 8: ber.octets(bytes(8))}  # fmt: skip
    labels = "traceRouteCtlTestName=t traceRouteResultsIpTgtAddr=192.0.2.1"
    found = await series({f"{table}.{number}.{row}": of for number, of in values.items()}, chooser, clock, "trace")
    assert found == {
        f"traceRouteResultsOperStatus {labels}": 3,
        f"traceRouteResultsCurHopCount {labels}": 4,
        f"traceRouteResultsTestAttempts {labels}": 10,
        f"traceRouteResultsTestSuccesses {labels}": 9,
    }, "a path that was never good has no time"


async def test_triggers_that_cannot_be_evaluated_are_counted(chooser: Chooser, clock: ManualClock) -> None:
    mib = {"1.3.6.1.2.1.88.1.2.1.0": ber.counter32(7), "1.3.6.1.2.1.88.1.4.1.0": ber.counter32(1)}
    assert await series(mib, chooser, clock, "mte") == {"mteTriggerFailures": 7, "mteEventFailures": 1}


async def test_neighbours_of_both_families_are_told_with_their_mac(clock: ManualClock, tmp_path: Path) -> None:
    old, new = "1.3.6.1.2.1.4.22.1", "1.3.6.1.2.1.4.35.1"
    sixth = "2.16." + ".".join(map(str, SIXTH))
    linked = "2.16.254.128" + ".0" * 13 + ".9"  # fe80::9
    labels = "ipNetToPhysicalIfIndex={} ipNetToPhysicalNetAddress={} ipNetToPhysicalPhysAddress=" + MAC_TEXT
    mib = {f"{old}.2.1.192.0.2.9": MAC, f"{old}.4.1.192.0.2.9": ber.integer(3)}
    for row in ("1.1.4.192.0.2.9", f"1.{sixth}", f"2.{linked}"):
        mib |= {f"{new}.4.{row}": MAC, f"{new}.6.{row}": ber.integer(3), f"{new}.7.{row}": ber.integer(2)}
    (tmp_path / "tables.yaml").write_text("extends: [_forwarding.yaml]\n")
    tables = Chooser(Library([tmp_path, shipped_folder()]), "tables")
    assert await series(mib, tables, clock, "ipNetTo") == {
        f"ipNetToMediaType ipNetToMediaIfIndex=1 ipNetToMediaNetAddress=192.0.2.9 ipNetToMediaPhysAddress={MAC_TEXT}": 3
    } | {
        f"{name} {labels.format(port, address)}": value
        for port, address in ((1, "192.0.2.9"), (1, "2001:db8::1"), (2, "fe80::9"))
        for name, value in (("ipNetToPhysicalType", 3), ("ipNetToPhysicalState", 2))
    }


async def test_neighbours_of_a_recorded_switch_are_series(clock: ManualClock, tmp_path: Path) -> None:
    (tmp_path / "cables.yaml").write_text("extends: [_neighbours.yaml]\n")
    cables = Chooser(Library([tmp_path, shipped_folder()]), "cables")
    with Recording(parse(lines("network/switch/hpe-procurve-516733-b21"))) as device:
        samples = list(await SnmpProbe(Target("127.0.0.1", device.port), clock, None, cables).collect())
    found = [dict(one.labels) for one in samples if one.name == "lldpRemSysName"]
    assert len(found) == 5
    assert {of["lldpLocPortId"] for of in found} == {"8", "15", "16", "17"}
    assert all("lldpRemTimeMark" not in of for of in found)
    named = next(of for of in found if of["lldpLocPortId"] == "17" and of["lldpRemIndex"] == "1")
    assert named["lldpRemChassisId"] == "8C:60:4F:19:16:3A"
    assert named["lldpRemPortId"] == "Eth1/19"


async def test_neighbours_by_cdp_are_series(clock: ManualClock, tmp_path: Path) -> None:
    (tmp_path / "cables.yaml").write_text("extends: [_neighbours.yaml]\n")
    table = "1.3.6.1.4.1.9.9.23.1.2.1.1"
    mib = {f"{table}.{number}.1.7": ber.octets(text) for number, text in ((6, b"core-2"), (7, b"Gi0/9"), (8, b"C9300"))}
    assert await series(mib, Chooser(Library([tmp_path, shipped_folder()]), "cables"), clock, "cdp") == {
        "cdpCacheDeviceId cdpCacheDeviceId=core-2 cdpCacheDeviceIndex=7 cdpCacheDevicePort=Gi0/9 cdpCacheIfIndex=1 "
        "cdpCachePlatform=C9300 ifName=Gi1/0/1": 1
    }
