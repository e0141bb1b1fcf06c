"""SELinux, from `/sys/fs/selinux` and `/etc/selinux/config` (selinux(8))."""

from __future__ import annotations

from agent.probes.host.collector import Host
from agent.probes.host.table import gauge
from agent.sample import Sample, Series

_ENABLED = Series(gauge("node_selinux_enabled", "Whether SELinux is in use."))
_CONFIG = Series(gauge("node_selinux_config_mode", "Mode of the next start: 1 enforcing, 0 permissive, -1 disabled."))
_CURRENT = Series(gauge("node_selinux_current_mode", "Mode now: 1 enforcing, 0 permissive."))
_MODES = {"enforcing": 1.0, "permissive": 0.0, "disabled": -1.0}


def parse_config(text: str) -> float | None:
    """The mode that selinux/config asks for, None when it names none."""
    for line in text.split("\n"):
        name, _, value = line.strip().partition("=")
        if name.strip() == "SELINUX":
            return _MODES.get(value.strip().lower())
    return None


class SelinuxCollector:
    """`node_selinux_enabled`, and where it is the modes."""

    def __init__(self, host: Host) -> None:
        self._sys = host.sys
        self._root = host.root

    async def collect(self) -> list[Sample]:
        enforce = self._sys.first_line("fs/selinux/enforce")
        samples = [Sample(_ENABLED, float(enforce is not None))]
        if enforce is not None:
            samples.append(Sample(_CURRENT, float(enforce)))
            try:
                configured = parse_config(self._root.text("etc/selinux/config"))
            except OSError:
                configured = None
            if configured is not None:
                samples.append(Sample(_CONFIG, configured))
        return samples
