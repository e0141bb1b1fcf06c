"""The agent's configuration: the shape of `agent.yaml` and what must hold between its parts.

`configs/agent/agent.yaml` is the commented example; `load` reads a file.
"""

from __future__ import annotations

from agent.config.address import SNMP_PORT, host_name, is_agent_name, parse_address, parse_url
from agent.config.agent import AgentConfig, load
from agent.config.delivery import CollectorConfig, PushConfig, SpoolConfig
from agent.config.host import HostConfig
from agent.config.snmp import SnmpConfig, SnmpTarget
from agent.config.snmp_credential import SnmpCredential

__all__ = [
    "SNMP_PORT",
    "AgentConfig",
    "CollectorConfig",
    "HostConfig",
    "PushConfig",
    "SnmpConfig",
    "SnmpCredential",
    "SnmpTarget",
    "SpoolConfig",
    "host_name",
    "is_agent_name",
    "load",
    "parse_address",
    "parse_url",
]
