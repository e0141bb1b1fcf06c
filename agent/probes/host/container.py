"""What the control group of this process may use and uses: the limits of a container (cgroups(7), cgroup-v2).

Under cAdvisor's names where it means the same. Both versions of control groups are read; version 2 is below
`/sys/fs/cgroup` itself, version 1 has a folder for each controller.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.files import Files
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series

_ROOT = "fs/cgroup"
_NO_LIMIT = 1 << 60  # version 1 writes the greatest multiple of a page instead of "max"
_MICROSECONDS, _NANOSECONDS = 1e6, 1e9

_CPU = Series(counter("container_cpu_usage_seconds_total", "CPU time of the control group."))
_USER = Series(counter("container_cpu_user_seconds_total", "CPU time of the control group in user mode."))
_SYSTEM = Series(counter("container_cpu_system_seconds_total", "CPU time of the control group in system mode."))
_PERIODS = Series(counter("container_cpu_cfs_periods_total", "Periods of the limit of CPU time."))
_THROTTLED = Series(counter("container_cpu_cfs_throttled_periods_total", "Periods in which the limit was reached."))
_WAITED = Series(counter("container_cpu_cfs_throttled_seconds_total", "Time that the limit made it wait."))
_QUOTA = Series(gauge("container_spec_cpu_quota", "CPU time of a period in microseconds; absent without a limit."))
_PERIOD = Series(gauge("container_spec_cpu_period", "Length of a period in microseconds."))
_MEMORY = Series(gauge("container_memory_usage_bytes", "Memory of the control group, caches of files among it."))
_WORKING = Series(gauge("container_memory_working_set_bytes", "Memory less files that were not used for long."))
_LIMIT = Series(gauge("container_spec_memory_limit_bytes", "How much memory it may use; absent without a limit."))
_OOM = Series(counter("container_oom_events_total", "Times that a process was ended for want of memory."))
_PIDS = Series(gauge("container_threads", "Processes and threads of the control group."))
_PIDS_LIMIT = Series(gauge("container_threads_max", "How many there may be; absent without a limit."))

# Of `cpu.stat`: name, series, divisor. Version 1 counts the time that it made wait in nanoseconds.
_CPU_2 = (
    ("usage_usec", _CPU, _MICROSECONDS),
    ("user_usec", _USER, _MICROSECONDS),
    ("system_usec", _SYSTEM, _MICROSECONDS),
    ("nr_periods", _PERIODS, 1.0),
    ("nr_throttled", _THROTTLED, 1.0),
    ("throttled_usec", _WAITED, _MICROSECONDS),
)
_CPU_1 = (("nr_periods", _PERIODS, 1.0), ("nr_throttled", _THROTTLED, 1.0), ("throttled_time", _WAITED, _NANOSECONDS))


def own_group(text: str) -> dict[str, str]:
    """The paths of `/proc/self/cgroup` by controller; of version 2, which has one for all, by the empty name."""
    found: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path.strip("/"))
    return found


class ContainerCollector:
    """`container_cpu_…`, `container_memory_…`, `container_threads` of the control group that this process is in."""

    def __init__(self, host: Host) -> None:
        self._proc = host.proc
        self._sys = host.sys

    async def collect(self) -> list[Sample]:
        group = own_group(self._proc.text("self/cgroup"))
        unified = self._folder("", group)
        if self._sys.first_line(f"{unified}/memory.current") is not None:
            return list(_version_2(self._sys, unified))
        samples = list(self._version_1(group))
        if not samples:
            raise FileNotFoundError(f"no memory of a control group below {_ROOT}")
        return samples

    def _folder(self, controller: str, group: dict[str, str]) -> str:
        """The group's folder; within a namespace of its own a container sees it as the root."""
        top = f"{_ROOT}/{controller}" if controller else _ROOT
        path = f"{top}/{group.get(controller, '')}".rstrip("/")
        probe = "cgroup.procs"
        return path if self._sys.first_line(f"{path}/{probe}") is not None else top

    def _version_1(self, group: dict[str, str]) -> Iterator[Sample]:
        sys, cpu = self._sys, self._folder("cpu", group)
        used = _number(sys, f"{self._folder('cpuacct', group)}/cpuacct.usage")
        if used is not None:
            yield Sample(_CPU, used / _NANOSECONDS)
        stat = _pairs(sys, f"{cpu}/cpu.stat")
        yield from (Sample(series, stat[name] / divisor) for name, series, divisor in _CPU_1 if name in stat)
        yield from _limited(_QUOTA, _number(sys, f"{cpu}/cpu.cfs_quota_us"))
        yield from _limited(_PERIOD, _number(sys, f"{cpu}/cpu.cfs_period_us"))
        memory = self._folder("memory", group)
        inactive = _pairs(sys, f"{memory}/memory.stat").get("total_inactive_file", 0)
        yield from _memory(_number(sys, f"{memory}/memory.usage_in_bytes"), inactive)
        yield from _limited(_LIMIT, _number(sys, f"{memory}/memory.limit_in_bytes"))
        yield from _limited(_OOM, _pairs(sys, f"{memory}/memory.oom_control").get("oom_kill"))
        pids = self._folder("pids", group)
        yield from _limited(_PIDS, _number(sys, f"{pids}/pids.current"))
        yield from _limited(_PIDS_LIMIT, _number(sys, f"{pids}/pids.max"))


def _version_2(sys: Files, folder: str) -> Iterator[Sample]:
    stat = _pairs(sys, f"{folder}/cpu.stat")
    yield from (Sample(series, stat[name] / divisor) for name, series, divisor in _CPU_2 if name in stat)
    quota, _, period = (sys.first_line(f"{folder}/cpu.max") or "max 100000").partition(" ")
    yield from _limited(_QUOTA, None if quota == "max" else float(quota))
    yield from _limited(_PERIOD, float(period) if period else None)
    inactive = _pairs(sys, f"{folder}/memory.stat").get("inactive_file", 0)
    yield from _memory(_number(sys, f"{folder}/memory.current"), inactive)
    yield from _limited(_LIMIT, _number(sys, f"{folder}/memory.max"))
    yield from _limited(_OOM, _pairs(sys, f"{folder}/memory.events").get("oom_kill"))
    yield from _limited(_PIDS, _number(sys, f"{folder}/pids.current"))
    yield from _limited(_PIDS_LIMIT, _number(sys, f"{folder}/pids.max"))


def _memory(used: float | None, inactive: float) -> Iterator[Sample]:
    if used is not None:
        yield Sample(_MEMORY, used)
        yield Sample(_WORKING, max(used - inactive, 0.0))


def _limited(series: Series, number: float | None) -> Iterator[Sample]:
    if number is not None and 0 <= number < _NO_LIMIT:
        yield Sample(series, number)


def _number(sys: Files, name: str) -> float | None:
    """A file of one number; None when it is not there, or says "max"."""
    text = sys.first_line(name)
    return float(text) if text is not None and text.lstrip("-").isdecimal() else None


def _pairs(sys: Files, name: str) -> dict[str, float]:
    try:
        lines = [line.split() for line in sys.text(name).split("\n")]
    except OSError:
        return {}
    return {words[0]: float(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}
