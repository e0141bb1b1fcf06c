"""What the agent watches: a probe with a name and a rhythm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.probes.base import Probe
from core.facts import Facts
from core.labels import Labels, labels


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One thing that is read again and again.

    Attributes:
        job: what kind it is: `node`, `snmp`, `agent`, …
        instance: its name.
        timeout_seconds: after that a collection has failed.
        facts: who it is; None for a target that is no thing of its own.
        honor_labels: whether a series' own `job` and `instance` stay; otherwise they become `exported_job` and
            `exported_instance`.
        facts_after_reading: whether asking for facts before the first collection would go to the target itself.
    """

    job: str
    instance: str
    probe: Probe
    interval_seconds: float
    timeout_seconds: float
    facts: Callable[[], Awaitable[Facts]] | None = None
    facts_after_reading: bool = False
    honor_labels: bool = False

    @property
    def labels(self) -> Labels:
        """What every sample of the target carries."""
        return labels(job=self.job, instance=self.instance)
