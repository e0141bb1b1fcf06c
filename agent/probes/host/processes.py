"""Processes and threads by state, from `/proc/*/stat` (proc(5))."""

from __future__ import annotations

from collections import Counter

from agent.probes.host.collector import Host
from agent.probes.host.files import Files
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_STATE = gauge("node_processes_state", "Processes in a state: R, S, D, Z, T, I and the like.")
_THREAD_STATE = gauge("node_processes_threads_state", "Threads in a state.")
_THREADS = Series(gauge("node_processes_threads", "Threads of all processes."))
_MAX_THREADS = Series(gauge("node_processes_max_threads", "How many threads there may be."))
_PIDS = Series(gauge("node_processes_pids", "Processes."))
_MAX_PIDS = Series(gauge("node_processes_max_processes", "How many processes there may be."))
_THREADS_PLACE = 17  # of num_threads behind the name


def parse_state(text: str) -> tuple[str, int]:
    """State and number of threads; the name before may have parentheses and spaces of its own."""
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[_THREADS_PLACE])


class ProcessesCollector:
    """`node_processes_state{state}`, `…_threads`, `…_threads_state{thread_state}`, `…_pids` and the limits."""

    def __init__(self, host: Host) -> None:
        self._proc = host.proc
        self._files = Files(host.proc.root)  # processes come and go: their files are not kept open

    async def collect(self) -> list[Sample]:
        states, of_threads = Counter[str](), Counter[str]()
        pids = threads = 0
        self._files.forget()
        for pid in filter(str.isdecimal, self._files.names("")):
            try:
                state, count = parse_state(self._files.text(f"{pid}/stat"))
                own = self._threads(pid, state, count)
            except (OSError, ValueError, IndexError):
                continue  # it has ended
            pids, threads = pids + 1, threads + count
            states[state] += 1
            of_threads.update(own)
        return [
            Sample(_THREADS, threads),
            Sample(_MAX_THREADS, float(self._proc.data("sys/kernel/threads-max"))),
            Sample(_PIDS, pids),
            Sample(_MAX_PIDS, float(self._proc.data("sys/kernel/pid_max"))),
            *(Sample(Series(_STATE, (("state", state),)), count) for state, count in sorted(states.items())),
            *(Sample(Series(_THREAD_STATE, (("thread_state", one),)), n) for one, n in sorted(of_threads.items())),
        ]

    def _threads(self, pid: str, state: str, count: int) -> list[str]:
        """The state of each thread; of a process with one it is the process'."""
        if count == 1:
            return [state]
        tasks = self._files.names(f"{pid}/task")
        return [parse_state(self._files.text(f"{pid}/task/{task}/stat"))[0] for task in tasks]
