"""Network interfaces' state, from `/sys/class/net` (the kernel's ABI document sysfs-class-net)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Info, columns, hexadecimal
from agent.probes.host.table import counter, gauge
from agent.sample import Sample

_FOLDER = "class/net"
_NO_DEVICE = "bonding_masters"
_SETTINGS_SECONDS = 60.0
_BYTES_PER_MBIT = 1_000_000 / 8

UP = gauge("node_network_up", "Whether the interface is in the state `up`.")
INFO = gauge("node_network_info", "Addresses, duplex and state of an interface; always 1.")


def _speed(data: bytes) -> float:
    megabits = int(data)
    if megabits < 0:
        raise ValueError("the speed is not known")
    return megabits * _BYTES_PER_MBIT


# What changes while the interface is used: nothing below changes on its own without one of these.
STATE = {
    "operstate": Column(UP, lambda data: float(data == b"up\n")),
    "flags": Column(gauge("node_network_flags", "Flags of the interface, netdevice(7)."), hexadecimal),
    "carrier_changes": Column(counter("node_network_carrier_changes_total", "Times the carrier came or went.")),
}
# What follows from that, and what people and programs set.
SETTINGS = {
    "carrier": Column(gauge("node_network_carrier", "Whether there is a carrier.")),
    "dormant": Column(gauge("node_network_dormant", "Whether it waits for something, as for 802.1X.")),
    "speed": Column(gauge("node_network_speed_bytes", "Speed in bytes a second."), _speed),
    "carrier_up_count": Column(counter("node_network_carrier_up_changes_total", "Times the carrier came.")),
    "carrier_down_count": Column(counter("node_network_carrier_down_changes_total", "Times the carrier went.")),
    "mtu": Column(gauge("node_network_mtu_bytes", "The largest packet.")),
    "tx_queue_len": Column(gauge("node_network_transmit_queue_length", "Packets that the queue can hold.")),
    "ifindex": Column(gauge("node_network_iface_id", "The interface's number.")),
    "iflink": Column(gauge("node_network_iface_link", "The number of the interface below.")),
    "link_mode": Column(gauge("node_network_iface_link_mode", "How it goes up: 0 alone, 1 when a supplicant says.")),
    "type": Column(gauge("node_network_protocol_type", "Kind of hardware, ARPHRD of <linux/if_arp.h>.")),
    "dev_id": Column(gauge("node_network_device_id", "Which of the devices with one address."), hexadecimal),
    "addr_assign_type": Column(
        gauge("node_network_address_assign_type", "Where the address is from: 0 device, 1 chance, 2 stolen, 3 set.")
    ),
    "name_assign_type": Column(
        gauge("node_network_name_assign_type", "Where the name is from: 1 kernel, 2 predictable, 3 user, 4 renamed.")
    ),
    "netdev_group": Column(gauge("node_network_net_dev_group", "The group of the interface.")),
}
_TEXTS = ("address", "broadcast", "duplex", "ifalias", "operstate")


class NetclassCollector:
    """`node_network_up`, `node_network_info`, `node_network_carrier`, `node_network_speed_bytes` and the like."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._state = Devices(host, _FOLDER, self._describe)
        self._settings = Devices(host, _FOLDER, self._describe_settings, keep_seconds=_SETTINGS_SECONDS)
        self._before: list[Sample] = []

    async def collect(self) -> list[Sample]:
        state = self._state.samples()
        if state != self._before:  # an interface that came up has another carrier, speed, duplex and address at once
            self._before = state
            self._settings.expire()
        return state + self._settings.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        yield from columns(self._files, f"{_FOLDER}/{name}", STATE, (("device", name),))

    def _describe_settings(self, name: str) -> Iterator[Found]:
        own = (("device", name),)
        if name != _NO_DEVICE:
            yield Info(INFO, {text: f"{_FOLDER}/{name}/{text}" for text in _TEXTS}, own)
            yield from columns(self._files, f"{_FOLDER}/{name}", SETTINGS, own)
