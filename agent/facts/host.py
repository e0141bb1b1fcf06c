"""Who this host is: its names, identities, system and interfaces."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from sys import platform
from typing import Any

from agent.facts.address import management_address, own_addresses, source_address
from agent.facts.interfaces import read_interfaces
from agent.facts.naming import host_name, qualified_name
from agent.facts.smbios import machine_id, machine_uuid, meaningful
from agent.probes.host.cpu import parse_cpus
from agent.probes.host.files import Files, utf8
from agent.probes.host.meminfo import parse_meminfo
from agent.probes.host.os_release import PLACES, parse_os_release
from core.facts import Facts, InterfaceFacts

_KERNEL_THREADS = "kthreadd"
_DMI = "class/dmi/id"
_TREE = "device-tree"


def read_host_facts(
    root: Path = Path("/"),
    interfaces: Callable[[Files], list[InterfaceFacts]] = read_interfaces,
    source: Callable[[], str | None] = source_address,
) -> Facts:
    """The facts of the host whose `/` is at `root`; what cannot be read is None. Sends nothing and never waits."""
    top, proc, sys = Files(root), Files(root / "proc"), Files(root / "sys")
    found = interfaces(sys)
    system: str = platform  # as a variable, or mypy takes this system for the only one
    if system != "linux":
        from agent.facts.portable import read_portable_facts  # noqa: PLC0415 - not on Linux

        return read_portable_facts(found, source)
    addresses = own_addresses(found)
    name = host_name(_name(top, root))
    return Facts(
        name=name,
        fqdn=qualified_name(name, _text(top, "etc/hosts"), _text(top, "etc/resolv.conf")),
        machine_id=machine_id(top.first_line("etc/machine-id")),
        **_hardware(proc, sys),
        **_system(top, proc),
        device_class="server",
        management_address=management_address(source(), addresses),
        interfaces=found,
        addresses=addresses,
    )


def _name(top: Files, root: Path) -> str | None:
    """The running name; below a foreign root the configured one, as the running one may be a container's."""
    return utf8(os.uname().nodename) if root == Path("/") else top.first_line("etc/hostname")


def _hardware(proc: Files, sys: Files) -> dict[str, Any]:
    """SMBIOS, else the device tree.

    A container is no hardware: it sees the machine that it shares with others, whose identity it must not take. The
    chassis' and board's serials are no substitutes for the system's: the blades of an enclosure share the former.
    """
    if is_confined(proc):
        return {}
    serial, model = (
        meaningful(sys.first_line(f"{_DMI}/product_serial")),
        meaningful(sys.first_line(f"{_DMI}/product_name")),
    )
    return {
        "uuid": machine_uuid(sys.first_line(f"{_DMI}/product_uuid")),
        "serial_number": serial or meaningful(_tree_text(proc, "serial-number")),
        "vendor": meaningful(sys.first_line(f"{_DMI}/sys_vendor")),
        "model": model or meaningful(_tree_text(proc, "model")),
    }


def is_confined(proc: Files) -> bool:
    """Whether this is a container with processes of its own.

    Process 2 is the kernel's thread daemon unless a process namespace hides it. If process 1 is hidden as well, that
    is `hidepid` of proc(5) on a plain host.
    """
    return proc.first_line("1/comm") is not None and proc.first_line("2/comm") != _KERNEL_THREADS


def _system(top: Files, proc: Files) -> dict[str, Any]:
    release = parse_os_release(next(filter(None, (_text(top, place) for place in PLACES)), ""))
    uptime = (proc.first_line("uptime") or "").split()
    memory = parse_meminfo(_text(proc, "meminfo")).get("MemTotal_bytes")
    stat = _text(proc, "stat")
    return {
        "os_name": release.get("NAME"),
        "os_version": release.get("VERSION_ID"),
        "kernel": proc.first_line("sys/kernel/osrelease") or os.uname().release,
        "architecture": os.uname().machine,
        "uptime_seconds": float(uptime[0]) if uptime else None,
        "cpu_count": len(parse_cpus(stat)) if stat else os.cpu_count(),
        "memory_bytes": int(memory) if memory is not None else None,
    }


def _tree_text(proc: Files, name: str) -> str | None:
    text = _text(proc, f"{_TREE}/{name}")
    return text.rstrip("\0") or None  # device tree strings end in NUL


def _text(files: Files, name: str) -> str:
    try:
        return files.text(name)
    except OSError:
        return ""
