"""What the rules for the receiving of traps are tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MINUTE = 60

Scene = Mapping[str, Callable[[float], float] | float]

AGENT = 'instance="edge-1",job="traps"'
LIMITED, UNBELIEVED = (
    f'snmp_traps_dropped_total{{reason="{reason}",{AGENT}}}' for reason in ("source_rate", "signature")
)

TRAP_TROUBLE: list[tuple[str, Scene, float, str]] = [
    ("TrapReceiverDown", {f"up{{{AGENT}}}": 0}, 4 * MINUTE, "it does not run"),
    ("TrapsLimited", {LIMITED: lambda at: at}, 20 * MINUTE, "one a second is dropped"),
    ("TrapsNotBelieved", {UNBELIEVED: lambda at: at}, 40 * MINUTE, "one a second"),
]

TRAP_HEALTHY: Scene = {f"up{{{AGENT}}}": 1, LIMITED: 3, UNBELIEVED: 5}

TRAP_HARMLESS: list[tuple[str, Scene, float, str]] = [
    ("TrapsLimited", {LIMITED: lambda at: min(at, 90)}, 20 * MINUTE, "one short burst"),
    ("TrapsNotBelieved", {UNBELIEVED: lambda at: at // 120}, 60 * MINUTE, "a device that was forgotten"),
]
