"""How often CPUs were slowed down for their heat, from `/sys/devices/system/cpu/cpu*/thermal_throttle`."""

from __future__ import annotations

from collections.abc import Iterable

from agent.probes.host.files import Files
from agent.sample import Family, Sample, Series

_CORE = Family("node_cpu_core_throttles_total", "counter", "Times a core was slowed down for its heat.")
_PACKAGE = Family("node_cpu_package_throttles_total", "counter", "Times a package was slowed down for its heat.")
_FOLDER = "devices/system/cpu"


class Throttles:
    """The counters of each core and package once; nothing where the hardware, as of a virtual machine, has none."""

    def __init__(self, sys: Files) -> None:
        self._files = sys
        self._cpus: list[str] = []
        self._counters: dict[str, Series] = {}

    def samples(self, cpus: Iterable[str]) -> list[Sample]:
        """The samples of the CPUs given by number; where the counters are is looked up when the CPUs change."""
        present = list(cpus)
        if present != self._cpus:
            self._counters = self._find(present)
            self._cpus = present
        counts = ((series, self._files.first_line(file)) for file, series in self._counters.items())
        return [Sample(series, float(count)) for series, count in counts if count is not None]

    def _find(self, cpus: list[str]) -> dict[str, Series]:
        """Series by file; the threads of a core and the cores of a package share a counter, the first one's is read."""
        found: dict[Series, str] = {}
        for cpu in cpus:
            folder = f"{_FOLDER}/cpu{cpu}"
            package = self._files.first_line(f"{folder}/topology/physical_package_id")
            core = self._files.first_line(f"{folder}/topology/core_id")
            if package is None or core is None:
                continue
            of_core = Series(_CORE, (("core", core), ("package", package)))
            found.setdefault(of_core, f"{folder}/thermal_throttle/core_throttle_count")
            found.setdefault(
                Series(_PACKAGE, (("package", package),)), f"{folder}/thermal_throttle/package_throttle_count"
            )
        return {file: series for series, file in found.items() if self._files.first_line(file) is not None}
