from __future__ import annotations

import platform

import psutil
import pytest

from agent.facts import host
from agent.facts.host import read_host_facts
from core.facts import InterfaceFacts

ETHERNET = InterfaceFacts(index=2, name="Ethernet", addresses=["10.0.0.5"])


def test_another_system_tells_what_every_program_may_know(monkeypatch: pytest.MonkeyPatch) -> None:
    system = platform.uname()
    monkeypatch.setattr(host, "platform", "win32")
    facts = read_host_facts(interfaces=lambda _: [ETHERNET], source=lambda: "10.0.0.5")
    assert facts.name
    assert facts.device_class == "server"
    assert facts.management_address == "10.0.0.5"
    assert facts.memory_bytes == psutil.virtual_memory().total
    assert facts.cpu_count == psutil.cpu_count()
    assert (facts.os_name, facts.kernel, facts.architecture) == (system.system, system.release, system.machine)
    assert facts.uptime_seconds is not None
    assert facts.uptime_seconds > 0
    assert facts.serial_number is None
    assert facts.interfaces == [ETHERNET]
