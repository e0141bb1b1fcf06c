"""The agent's side of traps, wired together: the receiver, the events on their way, the counters."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

from agent.config import AgentConfig, SnmpTarget
from agent.events import EventQueue
from agent.http import CollectorClient
from agent.target import Target
from agent.targets import time_limit
from agent.traps.configured import names_of, setup_of
from agent.traps.probe import JOB, TrapsProbe
from agent.traps.supervisor import Supervisor
from core.clock import Clock


class Traps:
    """All that an agent has that receives traps.

    Attributes:
        target: the counters.

    Args:
        boot: of the agent's process, as its other reports have it.

    Raises:
        StorageError: the events' folder cannot be used.
    """

    def __init__(self, config: AgentConfig, clock: Clock, boot: str) -> None:
        name, interval = config.agent_name, float(config.interval)
        self._local = config.snmp.targets
        self._client = CollectorClient(config.collector)
        self._queue = EventQueue(
            config.data_dir / "events", config.traps.max_size, self._client, clock, agent=name, boot=boot
        )
        self._supervisor = Supervisor(setup_of(config), self._queue.keep, clock)
        probe = TrapsProbe(self._supervisor, self._queue)
        self.target = Target(JOB, name, probe, interval, time_limit(interval), honor_labels=True)

    def watch(self, remote: Iterable[SnmpTarget]) -> None:
        """Know traps of these devices by their names too, besides those that the local file names."""
        self._supervisor.rename(names_of([*self._local, *remote]))

    def parts(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What runs as long as the agent does."""
        return self._supervisor.run(), self._queue.run()

    def close(self) -> None:
        """Put on disk what waits; `parts` have ended."""
        self._queue.close()
        self._client.close()
