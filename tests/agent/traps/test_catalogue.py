"""Every shipped definition, tried: what begins a trouble, what ends it, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.traps.catalogue import load_catalogue
from agent.traps.definition import Definition
from agent.traps.event import Reader
from agent.traps.notification import Notification, Value
from core.facts import EventAlert
from tests.agent.traps.samples import trap

CATALOGUE = load_catalogue()
READ = Reader(CATALOGUE, {"10.0.0.1": "device"}, frozenset(), 3600.0).read
NOW = 1_760_000_000_000

PAIRS = [(begun, ended.name) for ended in CATALOGUE.definitions.values() for begun in ended.clears]
OWN_ENDS = [one.name for one in CATALOGUE.definitions.values() if one.state is not None and one.state.ends]
GRADED = [one.name for one in CATALOGUE.definitions.values() if one.state is not None and one.state.severities]


def raw(definition: Definition, value: str) -> Value:
    """The value of a definition's state as a device sends it."""
    assert definition.state is not None
    words = {one.name: one for one in CATALOGUE.objects.values()}[definition.state.object].words
    return next((number for number, word in words.items() if word == value), value.encode())


def sent(name: str, state: str | None = None, row: int = 7) -> Notification:
    """A trap with what tells its trouble from others; `state` is the value of the object that decides."""
    definition = CATALOGUE.by_name[name]
    oids = {one.name: oid for oid, one in CATALOGUE.objects.items()}
    told: dict[str, Value] = dict.fromkeys(definition.key, row)
    if definition.index is not None:
        told.setdefault(definition.index, 1)
    if definition.state is not None and state is not None:
        told[definition.state.object] = raw(definition, state)
    return trap(definition.oid, *((f"{oids[one]}.{row}", value) for one, value in told.items()))


def troubles(one: Notification, *, firing: bool) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    told: list[EventAlert] = READ(one, NOW).event.alerts
    return {(a.name, a.severity, tuple(sorted(a.labels.items()))) for a in told if a.firing is firing}


@pytest.mark.parametrize(("begin", "end"), PAIRS, ids=lambda name: name)
def test_a_pair_begins_and_ends_the_same_trouble(begin: str, end: str) -> None:
    [begun] = troubles(sent(begin), firing=True)
    assert begun in troubles(sent(end), firing=False)
    assert begun[:2] == (begin, CATALOGUE.by_name[begin].severity)
    other = CATALOGUE.by_name[begin]
    if other.key or other.index:
        assert begun not in troubles(sent(end, row=8), firing=False), "that of another part"


@pytest.mark.parametrize("name", OWN_ENDS)
def test_a_trap_ends_its_own_trouble_when_its_state_is_well_again(name: str) -> None:
    state = CATALOGUE.by_name[name].state
    assert state is not None
    begun = set().union(*(troubles(sent(name, value), firing=True) for value in ("worse", *state.severities)))
    assert begun, "with any other state it begins"
    for value in state.ends:
        assert troubles(sent(name, value), firing=True) == set()
        assert begun <= troubles(sent(name, value), firing=False)
        assert READ(sent(name, value), NOW).event.attributes["severity"] == "info"


@pytest.mark.parametrize("name", GRADED)
def test_how_bad_a_trap_is_follows_its_state(name: str) -> None:
    definition = CATALOGUE.by_name[name]
    assert definition.state is not None
    for value, severity in definition.state.severities.items():
        read = READ(sent(name, value), NOW).event
        assert read.attributes["severity"] == severity
        begun = [one.severity for one in read.alerts if one.firing]
        assert begun == ([severity] if definition.alerts else [])
        over = [one.severity for one in read.alerts if not one.firing and one.name == name]
        assert sorted(begun + over) == sorted(definition.severities if definition.alerts else []), "one at a time"


def vendors() -> Iterator[str]:
    yield from ("9", "11", "232", "318", "476", "534", "674", "789", "1588", "2011", "2620", "2636", "3375", "4881")
    yield from ("12356", "19046", "25461", "25506", "47196", "8072")


@pytest.mark.parametrize("number", list(vendors()))
def test_every_maker_has_a_trap_that_is_worth_waking_somebody(number: str) -> None:
    own = [one for oid, one in CATALOGUE.definitions.items() if oid.startswith(f"1.3.6.1.4.1.{number}.")]
    assert own
    assert number == "8072" or any(set(one.severities) & {"critical", "major"} for one in own)


@pytest.mark.parametrize(
    ("one", "message", "reason"),
    [
        (
            trap(
                "1.3.6.1.2.1.33.2.3",
                ("1.3.6.1.2.1.33.1.6.2.1.1.3", 3),
                ("1.3.6.1.2.1.33.1.6.2.1.2.3", "1.3.6.1.2.1.33.1.6.3.2"),
            ),
            "on battery",
            "an alarm is an OID; it has words",
        ),
        (
            trap(
                "1.3.6.1.2.1.16.0.1",
                ("1.3.6.1.2.1.16.3.1.1.1.1", 1),
                ("1.3.6.1.2.1.16.3.1.1.3.1", "1.3.6.1.2.1.2.2.1.14.5"),
                ("1.3.6.1.2.1.16.3.1.1.5.1", 90),
                ("1.3.6.1.2.1.16.3.1.1.7.1", 50),
            ),
            "ifInErrors.5 rose to 90, above 50",
            "an object that is named as a value",
        ),
        (
            trap(
                "1.3.6.1.4.1.476.1.42.3.3.0.1",
                ("1.3.6.1.4.1.476.1.42.3.2.3.1.1.9", 9),
                ("1.3.6.1.4.1.476.1.42.3.2.3.1.2.9", "1.3.6.1.4.1.476.1.42.3.2.1.17"),
            ),
            "smoke detected",
            "a condition of Vertiv's",
        ),
        (
            trap(
                "1.3.6.1.4.1.1588.2.1.1.1.0.4", ("1.3.6.1.4.1.1588.2.1.1.1.8.5.1.5.2989", b"ZONE-1022 \x1b[31mchanged")
            ),
            "ZONE-1022 [31mchanged",
            "what a device says cannot act on who reads it",
        ),
    ],
)
def test_what_is_said_reads_well(one: Notification, message: str, reason: str) -> None:
    assert READ(one, NOW).event.message == message, reason


def test_an_alarm_of_a_ups_is_as_bad_as_it_is() -> None:
    def alarm(number: int) -> str:
        row = ("1.3.6.1.2.1.33.1.6.2.1.1.3", 3), ("1.3.6.1.2.1.33.1.6.2.1.2.3", f"1.3.6.1.2.1.33.1.6.3.{number}")
        [begun] = troubles(trap("1.3.6.1.2.1.33.2.3", *row), firing=True)
        over = troubles(trap("1.3.6.1.2.1.33.2.4", *row), firing=False)
        assert begun in over
        return begun[1]

    assert [alarm(number) for number in (2, 16, 24, 99)] == ["critical", "major", "info", "major"]
