"""What an agent reports about the things it watches: the wire types of `POST /api/v1/agents/report`.

Absent facts are None, absent lists empty. All text comes from devices and is hostile until shown escaped.
"""

from __future__ import annotations

import msgspec


class InterfaceFacts(msgspec.Struct, kw_only=True):
    """One network interface; field names follow IF-MIB (`ifName`, `ifAlias`, `ifDescr`, `ifHighSpeed` × 10^6)."""

    index: int | None = None
    name: str | None = None
    alias: str | None = None
    descr: str | None = None
    type: str | None = None
    mac: str | None = None
    speed_bps: int | None = None
    admin_up: bool | None = None
    oper_up: bool | None = None
    addresses: list[str] = []


class Facts(msgspec.Struct, kw_only=True):
    """What identifies and describes one host or device.

    Attributes:
        name: host name, or sysName.
        fqdn: fully qualified name, when there is one.
        machine_id: /etc/machine-id.
        uuid: SMBIOS product UUID.
        serial_number: SMBIOS serial, or entPhysicalSerialNum of the chassis; None for vendors' fillers.
        management_address: the address it is managed by, without a standard port (`10.0.0.1`, `10.0.0.1:1161`).
        memory_bytes: installed memory as the system sees it.
    """

    name: str | None = None
    fqdn: str | None = None
    machine_id: str | None = None
    uuid: str | None = None
    serial_number: str | None = None
    vendor: str | None = None
    model: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    kernel: str | None = None
    architecture: str | None = None
    device_class: str | None = None
    management_address: str | None = None
    sys_object_id: str | None = None
    sys_descr: str | None = None
    location: str | None = None
    contact: str | None = None
    uptime_seconds: float | None = None
    cpu_count: int | None = None
    memory_bytes: int | None = None
    interfaces: list[InterfaceFacts] = []
    addresses: list[str] = []


class TargetReport(msgspec.Struct, kw_only=True):
    """One target of an agent; `facts` is None while it could not be asked."""

    instance: str
    job: str
    facts: Facts | None = None


class EventAlert(msgspec.Struct, kw_only=True):
    """A trouble that an event begins or ends; name, severity and labels tell it from others.

    Attributes:
        severity: critical, major, minor, warning or info.
        labels: `instance` and what tells several troubles of one thing apart, such as `ifIndex`.
        text: one line for people.
        firing: whether it begins; otherwise it is over.
        expire_seconds: after that it is over, unless it is said again.
    """

    name: str
    severity: str
    labels: dict[str, str]
    text: str = ""
    firing: bool = True
    expire_seconds: float = 0.0


class EventReport(msgspec.Struct, kw_only=True):
    """Something that happened at a target: a trap, a log match. `at` is RFC 3339.

    Attributes:
        alerts: the troubles that it begins or ends; none for what is only to be remembered.
    """

    at: str
    kind: str
    target: str
    message: str = ""
    attributes: dict[str, str] = {}
    alerts: list[EventAlert] = []


class AgentReport(msgspec.Struct, kw_only=True):
    """One report; `targets` None means unchanged since the last (a heartbeat). `sent_at` is RFC 3339."""

    agent: str
    boot: str
    sent_at: str
    version: str
    targets: list[TargetReport] | None = None
    events: list[EventReport] = []
