"""Who this host is, on systems without /proc: Windows and macOS."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import psutil

from agent.facts.address import management_address, own_addresses, source_address
from agent.facts.naming import host_name
from core.facts import Facts, InterfaceFacts


def read_portable_facts(interfaces: list[InterfaceFacts], source: Callable[[], str | None] = source_address) -> Facts:
    """What the system tells every program; serial numbers and makers are not among it. Sends nothing, never waits."""
    system = platform.uname()
    addresses = own_addresses(interfaces)
    return Facts(
        name=host_name(system.node),
        os_name="macOS" if system.system == "Darwin" else system.system or None,
        os_version=platform.mac_ver()[0] or system.version or None,
        kernel=system.release or None,
        architecture=system.machine or None,
        device_class="server",
        management_address=management_address(source(), addresses),
        uptime_seconds=max(time.time() - psutil.boot_time(), 0.0),
        cpu_count=psutil.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
        interfaces=interfaces,
        addresses=addresses,
    )
