from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.traps.catalogue import load_catalogue
from agent.traps.definition import Catalogue
from agent.traps.event import MESSAGE_LIMIT, MOST_VARBINDS, TOTAL_LIMIT, Reader
from agent.traps.notification import Address
from agent.traps.repeats import Repeats
from tests.agent.traps.samples import IF_DESCR, LINK_DOWN, LINK_UP, link, trap

NOW = 1_760_000_000_000
CATALOGUE = load_catalogue()


def reader(**changes: object) -> Reader:
    names = {"10.0.0.1": "core-1", "10.0.0.2": "core-2"}
    return Reader(CATALOGUE, names, frozenset(changes.get("relays", ())), 3600.0)  # type: ignore[arg-type]


def test_a_link_that_goes_down_begins_the_trouble_that_it_ends_when_it_comes_up() -> None:
    [begun] = reader().read(link(LINK_DOWN), NOW).event.alerts
    [ended] = reader().read(link(LINK_UP), NOW).event.alerts
    assert (begun.firing, ended.firing) == (True, False)
    assert (begun.name, begun.severity, begun.labels) == (ended.name, ended.severity, ended.labels)
    assert begun.labels == {"instance": "core-1", "ifIndex": "3"}
    assert begun.text == "core-1: interface Gi0/3 is down"


@pytest.mark.parametrize(
    ("text", "said", "reason"),
    [
        ("{ifDescr} is down (administratively {ifAdminStatus})", "Gi0/3 is down", "an aside of which nothing is known"),
        ("{ifDescr} is down ({ifIndex}, {ifAdminStatus})", "Gi0/3 is down (3, ?)", "one of which something is"),
        ("{ifDescr} ({ifAlias|}) is down", "Gi0/3 is down", "nothing is nothing in an aside, too"),
        ("{ifDescr} is down: {ifAdminStatus}", "Gi0/3 is down: ?", "what is missing elsewhere is told"),
        ("{ifDescr} is down (see the wiki)", "Gi0/3 is down (see the wiki)", "an aside without fields stays"),
    ],
)
def test_what_a_trap_does_not_carry(text: str, said: str, reason: str) -> None:
    known = CATALOGUE.by_name["linkDown"]
    catalogue = Catalogue({known.oid: replace(known, text=text)}, CATALOGUE.objects)
    assert Reader(catalogue, {}, frozenset(), 60.0).read(link(LINK_DOWN), NOW).event.message == said, reason


def test_an_interface_is_known_by_the_index_of_any_of_its_columns() -> None:
    [alert] = reader().read(trap(LINK_DOWN, (f"{IF_DESCR}.12", b"Gi0/12")), NOW).event.alerts
    assert alert.labels["ifIndex"] == "12"


def test_peers_are_told_apart_by_the_instance_of_an_object() -> None:
    lost = trap("1.3.6.1.2.1.15.7.2", ("1.3.6.1.2.1.15.3.1.2.10.1.1.1", 1))
    [alert] = reader().read(lost, NOW).event.alerts
    assert alert.labels == {"instance": "core-1", "index": "10.1.1.1"}


@pytest.mark.parametrize(
    ("source", "origin", "relays", "instance", "reason"),
    [
        ("10.0.0.1", None, (), "core-1", "a device that is polled"),
        ("10.0.0.9", None, (), "10.0.0.9", "one that is not"),
        ("10.0.0.9", "10.0.0.2", ("10.0.0.9",), "core-2", "a relay's word is taken"),
        ("10.0.0.9", "10.0.0.2", (), "10.0.0.9", "nobody else's is"),
        ("10.0.0.1", "10.0.0.2", ("10.0.0.9",), "core-1", "not even that of a device"),
    ],
)
def test_whose_trap_it_is(source: str, origin: str | None, relays: tuple[str, ...], instance: str, reason: str) -> None:
    read = reader(relays=relays).read(link(LINK_DOWN, source=source, origin=origin), NOW)
    assert read.event.target == instance, reason


def test_a_trap_that_nobody_has_defined_is_an_event_that_names_its_maker_and_what_it_said() -> None:
    event = reader().read(trap("1.3.6.1.4.1.9.9.99999.0.7", ("1.3.6.1.4.1.9.1.2.0", b"it broke")), NOW).event
    assert event.message == "trap 1.3.6.1.4.1.9.9.99999.0.7 of Cisco: it broke"
    assert (event.attributes["trap"], event.attributes["severity"], event.alerts) == ("unknown", "info", [])
    assert event.attributes["1.3.6.1.4.1.9.1.2.0"] == "it broke"


def test_a_device_cannot_say_what_the_receiver_says_of_it() -> None:
    event = reader().read(link(LINK_DOWN, name=b"x"), NOW).event
    assert event.attributes["source"] == "10.0.0.1"
    assert event.attributes["trap"] == "linkDown"


def test_values_are_named_and_in_words() -> None:
    one = trap(
        LINK_DOWN, ("1.3.6.1.2.1.2.2.1.7.3", 2), ("1.3.6.1.2.1.2.2.1.6.3", bytes.fromhex("001b213c4d5e")),
        ("1.3.6.1.2.1.15.3.1.7.1", Address("10.1.1.1")),
    )  # fmt: skip
    attributes = reader().read(one, NOW).event.attributes
    assert attributes["ifAdminStatus"] == "down"
    assert attributes["ifPhysAddress"] == "00:1B:21:3C:4D:5E"
    assert attributes["bgpPeerRemoteAddr"] == "10.1.1.1"


oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=120).map(lambda arcs: "1.3." + ".".join(map(str, arcs)))
values = st.one_of(st.none(), st.integers(-(2**64), 2**64), st.binary(max_size=2000), oids)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(oids, st.sampled_from([LINK_DOWN, LINK_UP])),
    st.lists(st.tuples(st.one_of(oids, st.just(f"{IF_DESCR}.1")), values), max_size=100),
)
def test_whatever_a_device_says_is_bounded_and_printable(oid: str, varbinds: list[tuple[str, object]]) -> None:
    event = reader().read(trap(oid, *varbinds), NOW).event  # type: ignore[arg-type]
    assert len(event.message) <= MESSAGE_LIMIT
    assert len(event.attributes) <= MOST_VARBINDS + 6
    assert sum(len(name) + len(value) for name, value in event.attributes.items()) <= TOTAL_LIMIT + 1024
    texts = [event.message, *event.attributes.values(), *(text for one in event.alerts for text in one.labels.values())]
    assert all(text.isprintable() for text in texts)


def test_what_is_said_again_is_a_repeat_until_something_else_is_said_of_the_trouble() -> None:
    repeats, read = Repeats(30), reader().read
    down, up, other = (read(link(oid, index), NOW) for oid, index in ((LINK_DOWN, 3), (LINK_UP, 3), (LINK_DOWN, 4)))
    assert [repeats.is_repeat(one, 0) for one in (down, down, other, up, up, down, down)] == [
        False, True, False, False, True, False, True,
    ]  # fmt: skip
    assert not repeats.is_repeat(down, 31), "long enough ago"


def test_what_nobody_heard_is_told_when_it_is_said_again() -> None:
    repeats, down = Repeats(30), reader().read(link(LINK_DOWN), NOW)
    assert not repeats.is_repeat(down, 0)
    repeats.forget(down)
    assert not repeats.is_repeat(down, 1)


def test_traps_about_no_trouble_are_repeats_when_they_say_the_same() -> None:
    repeats, read = Repeats(30), reader().read
    one, same, another = (
        read(trap("1.3.6.1.4.1.9.9.41.2.0.1", ("1.3.6.1.4.1.9.9.41.1.2.3.1.5.1", text)), NOW)
        for text in (b"a", b"a", b"b")
    )
    assert [repeats.is_repeat(each, 0) for each in (one, same, another)] == [False, True, False]
