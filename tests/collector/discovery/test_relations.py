"""Which of two connected things needs the other; and by what things are known again."""

from __future__ import annotations

import pytest

from collector.discovery.marks import Kept, Known, marks_of, parse_ranges
from collector.discovery.relations import direction
from core.discovery import FoundDevice, contradict, identities
from core.facts import Facts, InterfaceFacts

DIRECTIONS = [
    ("server", "switch", "to", "a server reaches the network through its switch"),
    ("switch", "server", "from", "seen from the switch"),
    ("switch", "router", "to", "a router is nearer to the core"),
    ("access_point", "switch", "to", "an access point hangs on its switch"),
    ("switch", "switch", None, "two switches: a person has to say"),
    (None, None, None, "nobody knows what they are"),
    (None, "switch", "to", "whatever it is, it hangs on a switch"),
]


@pytest.mark.parametrize(("own", "other", "expected", "why"), DIRECTIONS, ids=[case[3] for case in DIRECTIONS])
def test_the_one_at_the_edge_needs_the_one_near_the_core(
    own: str | None, other: str | None, expected: str | None, why: str
) -> None:
    assert direction(own, other) == expected


def found(address: str, *, macs: tuple[str, ...] = (), engine: str | None = None, **facts: object) -> FoundDevice:
    interfaces = [InterfaceFacts(mac=mac) for mac in macs]
    told = Facts(interfaces=interfaces, **facts)  # type: ignore[arg-type]
    return FoundDevice(addresses=[address], found_by="snmp", facts=told, engine_id=engine)


MACS = ("00:1b:21:00:00:01", "00:1b:21:00:00:02")
PAIRS = [
    (found("10.0.0.1", serial_number="A", vendor="x"), found("10.0.0.2", serial_number="a", vendor="X"), True,
     "a serial"),
    (found("10.0.0.1", serial_number="A", vendor="x"), found("10.0.0.2", serial_number="A", vendor="y"), False,
     "vendors"),
    (found("10.0.0.1", engine="80", name="s"), found("10.0.0.2", engine="80", name="s"), True, "engine and name"),
    (found("10.0.0.1", engine="80", name="s"), found("10.0.0.2", engine="80", name="t"), False, "cloned engine"),
    (found("10.0.0.1", macs=MACS), found("10.0.0.2", macs=MACS[::-1]), True, "the same MACs"),
    (found("10.0.0.1", macs=MACS[:1]), found("10.0.0.2", macs=MACS[:1]), False, "one MAC is no set"),
    (found("10.0.0.1", macs=("02:00:00:00:00:01", "02:00:00:00:00:02")),
     found("10.0.0.2", macs=("02:00:00:00:00:01", "02:00:00:00:00:02")), False, "MACs that software gave"),
    (found("10.0.0.1", name="HUAWEI", sys_object_id="1.3"),
     found("10.0.0.2", name="HUAWEI", sys_object_id="1.3"), False,
     "a name alone"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same", "why"), PAIRS, ids=[case[3] for case in PAIRS])
def test_what_two_things_share_says_whether_they_are_one(
    one: FoundDevice, other: FoundDevice, same: bool, why: str
) -> None:
    assert bool(set(identities(one)) & set(identities(other))) is same
    known = Known([Kept(1, "x", frozenset(marks_of(one)), None, "s")])
    assert (known.find(other) is not None) is same


def test_two_serial_numbers_are_two_devices() -> None:
    one, other = found("10.0.0.1", serial_number="A"), found("10.0.0.2", serial_number="B")
    assert contradict(one, other)
    assert not contradict(one, found("10.0.0.2"))


def test_what_answers_at_an_address_under_another_name_is_another_thing() -> None:
    known = Known([Kept(1, "a", frozenset(marks_of(found("10.0.0.1", name="a"))), None, "s")])
    assert known.find(found("10.0.0.1", name="b")) is None
    assert known.find(found("10.0.0.1", name="A")) is not None


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1", "a-b"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ranges([text])
