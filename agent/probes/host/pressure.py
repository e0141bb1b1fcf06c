"""Pressure stall information, from `/proc/pressure/*` (the kernel's accounting/psi document)."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.sample import Family, Sample, Series

_MICROSECONDS = 1_000_000


def _series(resource: str, state: str, meaning: str) -> Series:
    name = f"node_pressure_{resource}_{state}_seconds_total"
    return Series(Family(name, "counter", f"Seconds in which {meaning} threads waited for {resource}."))


# "some" is time in which at least one thread waited, "full" time in which none could run; "full" of the CPU means
# nothing for a whole system, and interrupts have no "some".
_RESOURCES = {
    "cpu": {"some": _series("cpu", "waiting", "some")},
    "io": {"some": _series("io", "waiting", "some"), "full": _series("io", "stalled", "all")},
    "memory": {"some": _series("memory", "waiting", "some"), "full": _series("memory", "stalled", "all")},
    "irq": {"full": _series("irq", "stalled", "all")},
}


def parse_pressure(text: str) -> dict[str, float]:
    """Seconds waited since boot by "some" and "full"."""
    return {
        line.partition(" ")[0]: int(line.rpartition("total=")[2]) / _MICROSECONDS for line in text.splitlines() if line
    }


class PressureCollector:
    """`node_pressure_{cpu,io,memory}_waiting_seconds_total`, `node_pressure_{io,memory,irq}_stalled_seconds_total`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc
        self._resources = dict(_RESOURCES)

    async def collect(self) -> list[Sample]:
        samples = []
        for resource, lines in list(self._resources.items()):
            try:
                seconds = parse_pressure(self._files.text(f"pressure/{resource}"))
            except FileNotFoundError:
                if resource != "irq":  # newer than the others, and only with the kernel's interrupt accounting
                    raise
                del self._resources[resource]  # a running kernel does not get it
                continue
            samples += [Sample(series, seconds[line]) for line, series in lines.items() if line in seconds]
        return samples
