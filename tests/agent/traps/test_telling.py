"""From datagrams to events, with an engine that believes everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.traps.catalogue import load_catalogue
from agent.traps.limits import Drop
from agent.traps.notification import Notification
from agent.traps.receiver import MOST_UNKNOWN, OTHER, Receiver
from agent.traps.wire import Event
from core.clock import ManualClock
from core.facts import EventReport
from tests.agent.traps.samples import setup, trap

CATALOGUE = load_catalogue()
DATAGRAM = b"x" * 20


class Engine:
    """Makes of every datagram the next notification."""

    def __init__(self) -> None:
        self.next: Notification | Drop | None = None

    def take(self, _data: bytes, _address: Any, _source: str) -> Notification | Drop | None:
        return self.next


class Scene:
    """A receiver, its clock, and what it told."""

    def __init__(self, **changes: Any) -> None:
        self.clock = ManualClock()
        self.engine, self.events, self.room = Engine(), list[EventReport](), True
        self.receiver = Receiver(
            setup(1, "", **{"names": {"10.0.0.1": "core-1"}} | changes), CATALOGUE, self.engine, self.emit,  # type: ignore[arg-type]
            monotonic=self.clock.monotonic, now_ms=self.clock.now_ms,
        )  # fmt: skip

    def emit(self, event: Event) -> bool:
        if self.room:
            self.events.append(event.event)
        return self.room

    def send(self, one: Notification | Drop | None, times: int = 1) -> None:
        self.engine.next = one
        source = one.source if isinstance(one, Notification) else "10.0.0.1"
        for _ in range(times):
            self.receiver.take(DATAGRAM, (source, 162))


async def test_a_flood_is_an_event_of_its_device_with_how_many_were_dropped() -> None:
    scene = Scene(rate=1, burst=5)
    scene.send(trap("1.3.6.1.6.3.1.1.5.1"), times=105)
    scene.receiver.tick()
    before = len(scene.events)
    await scene.clock.advance(60)
    scene.receiver.tick()
    [flood] = scene.events[before:]
    assert flood.target == "core-1"
    assert flood.message == "100 traps of core-1 dropped in 60 s: more than one source may send (traps.rate)"
    assert scene.receiver.stats().dropped == {"source_rate": 100}
    scene.receiver.tick()
    assert len(scene.events) == before + 1, "said once"


async def test_why_a_message_is_not_believed_is_counted_by_reason() -> None:
    scene = Scene()
    for reason in Drop:
        scene.send(reason, times=2)
    scene.send(None)  # somebody asks who we are
    assert scene.receiver.stats().dropped == {reason.value: 2 for reason in Drop}
    assert scene.events == []


async def test_new_definitions_hold_from_then_on(tmp_path: Path) -> None:
    scene, oid = Scene(), "1.3.6.1.4.1.99999.0.1"
    scene.send(trap(oid))
    scene.receiver.reloaded(None)
    (tmp_path / "own.yaml").write_text(f"traps: {{doorOpened: {{oid: {oid}, severity: major, text: a door}}}}")
    scene.receiver.reloaded(load_catalogue(tmp_path))
    scene.send(trap(oid))
    assert [event.attributes["trap"] for event in scene.events] == ["unknown", "doorOpened"]
    stats = scene.receiver.stats()
    assert stats.reloads == {"refused": 1, "loaded": 1}
    assert stats.definitions == len(CATALOGUE.definitions) + 1
    assert stats.unknown == [(oid, "", 1)]


async def test_kinds_that_nobody_has_defined_are_bounded() -> None:
    scene = Scene(rate=10_000, burst=10_000, total_rate=10_000)
    for n in range(MOST_UNKNOWN + 5):
        scene.send(trap(f"1.3.6.1.4.1.99999.0.{n}"))
    unknown = scene.receiver.stats().unknown
    assert len(unknown) == MOST_UNKNOWN + 1
    assert unknown[-1] == (OTHER, "", 5)


async def test_a_device_that_is_polled_from_now_on_has_its_name_and_its_share() -> None:
    scene = Scene()
    scene.receiver.rename({"10.0.0.5": "core-5"})
    scene.send(trap("1.3.6.1.6.3.1.1.5.1", source="10.0.0.5"))
    scene.send(trap("1.3.6.1.6.3.1.1.5.1", source="10.0.0.1"))
    assert [event.target for event in scene.events] == ["core-5", "10.0.0.1"]


async def test_an_inform_that_the_agent_did_not_take_is_told_when_it_is_sent_again() -> None:
    scene = Scene()
    one = Notification("10.0.0.1", None, "2c", "1.3.6.1.6.3.1.1.5.1", (), request_id=7, uptime=1)
    scene.room = False
    scene.send(one)
    scene.room = True
    scene.send(one, times=3)
    assert len(scene.events) == 1
    stats = scene.receiver.stats()
    assert (stats.dropped, stats.repeated) == ({"overflow": 1}, 2)
