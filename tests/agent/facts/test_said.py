from __future__ import annotations

import msgspec
import pytest

from agent.facts.said import Said
from core.facts import Facts, InterfaceFacts

PORT = InterfaceFacts(index=1, name="Gi1/0/1", alias="上联 <b>", speed_bps=10**9, oper_up=True, addresses=["10.0.0.1"])
SWITCH = Facts(name="core-1", uptime_seconds=10.5, interfaces=[PORT], addresses=["10.0.0.1"])


@pytest.mark.parametrize(
    ("facts", "differ", "why"),
    [
        (msgspec.structs.replace(SWITCH), False, "the same"),
        (msgspec.structs.replace(SWITCH, uptime_seconds=70.0), False, "time passes"),
        (msgspec.structs.replace(SWITCH, uptime_seconds=None), False, "the uptime is unknown for once"),
        (msgspec.structs.replace(SWITCH, name="core-2"), True, "another name"),
        (msgspec.structs.replace(SWITCH, interfaces=[msgspec.structs.replace(PORT, oper_up=False)]), True, "a port"),
        (msgspec.structs.replace(SWITCH, interfaces=[]), True, "no ports"),
    ],
)
def test_facts_are_news_when_anything_but_the_uptime_differs(facts: Facts, differ: bool, why: str) -> None:
    assert Said.of(SWITCH).differ(facts) is differ, why


def test_what_was_said_can_be_said_again() -> None:
    said = Said.of(SWITCH)
    assert said.facts == SWITCH
    assert said.size == len(msgspec.json.encode(SWITCH))


def test_a_switch_takes_few_bytes() -> None:
    ports = [
        msgspec.structs.replace(PORT, index=n, name=f"Gi1/0/{n}", mac=f"02:00:00:00:00:{n:02x}") for n in range(56)
    ]
    said = Said.of(msgspec.structs.replace(SWITCH, interfaces=ports))
    assert len(said._packed) < said.size / 4
