"""The kinds of probe, by the job their samples belong to.

Classes are named, not imported: an agent loads the code of the probes that its configuration uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PROBES: dict[str, str] = {
    "node": "agent.probes.host.probe:HostProbe",
    "snmp": "agent.probes.snmp:SnmpProbe",
}


def probe_class(job: str) -> Any:
    """The class of a job's probe; its constructor's parameters are its own.

    Raises:
        KeyError: there is no such job.
    """
    module, _, name = PROBES[job].partition(":")
    return getattr(import_module(module), name)
