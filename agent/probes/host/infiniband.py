"""InfiniBand ports, from `/sys/class/infiniband` (the kernel's ABI document sysfs-class-infiniband)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Info, columns
from agent.probes.host.table import counter, gauge
from agent.sample import Sample

_FOLDER = "class/infiniband"
_RATE = re.compile(rb"([\d.]+) Gb/sec")
_BYTES_PER_GIGABIT = 1e9 / 8
_DATA_UNIT = 4  # data is counted by lane, in units of four bytes


def _number_before_colon(data: bytes) -> float:
    return int(data.partition(b":")[0])


def _rate(data: bytes) -> float:
    found = _RATE.match(data)
    if found is None:
        raise ValueError(f"no rate: {data[:40]!r}")
    return float(found[1]) * _BYTES_PER_GIGABIT


def _data(data: bytes) -> float:
    return int(data) * _DATA_UNIT


def _counter(what: str, text: str) -> Column:
    return Column(counter(f"node_infiniband_{what}_total", text), int)


PORT = {
    "state": Column(
        gauge("node_infiniband_state_id", "State: 1 down, 2 init, 3 armed, 4 active."), _number_before_colon
    ),
    "phys_state": Column(
        gauge("node_infiniband_physical_state_id", "State of the line: 2 polling, 3 disabled, 5 up."),
        _number_before_colon,
    ),
    "rate": Column(gauge("node_infiniband_rate_bytes_per_second", "The greatest rate."), _rate),
}
COUNTERS = {
    "link_downed": _counter("link_downed", "Times the link failed and went down."),
    "link_error_recovery": _counter("link_error_recovery", "Times the link recovered from an error."),
    "multicast_rcv_packets": _counter("multicast_packets_received", "Multicast packets received."),
    "multicast_xmit_packets": _counter("multicast_packets_transmitted", "Multicast packets sent."),
    "port_rcv_constraint_errors": _counter("port_constraint_errors_received", "Packets discarded by a switch's port."),
    "port_xmit_constraint_errors": _counter("port_constraint_errors_transmitted", "Packets that a switch's port kept."),
    "port_rcv_data": Column(counter("node_infiniband_port_data_received_bytes_total", "Bytes received."), _data),
    "port_xmit_data": Column(counter("node_infiniband_port_data_transmitted_bytes_total", "Bytes sent."), _data),
    "port_rcv_discards": _counter("port_discards_received", "Packets received and discarded."),
    "port_xmit_discards": _counter("port_discards_transmitted", "Packets to be sent and discarded."),
    "port_rcv_errors": _counter("port_errors_received", "Packets received with an error."),
    "port_rcv_packets": _counter("port_packets_received", "Packets received."),
    "port_xmit_packets": _counter("port_packets_transmitted", "Packets sent."),
    "port_xmit_wait": _counter("port_transmit_wait", "Ticks in which there was data and none was sent."),
    "unicast_rcv_packets": _counter("unicast_packets_received", "Unicast packets received."),
    "unicast_xmit_packets": _counter("unicast_packets_transmitted", "Unicast packets sent."),
}
LEGACY = {
    "port_multicast_rcv_packets": _counter("legacy_multicast_packets_received", "Multicast packets received."),
    "port_multicast_xmit_packets": _counter("legacy_multicast_packets_transmitted", "Multicast packets sent."),
    "port_rcv_data_64": Column(counter("node_infiniband_legacy_data_received_bytes_total", "Bytes received."), _data),
    "port_rcv_packets_64": _counter("legacy_packets_received", "Packets received."),
    "port_unicast_rcv_packets": _counter("legacy_unicast_packets_received", "Unicast packets received."),
    "port_unicast_xmit_packets": _counter("legacy_unicast_packets_transmitted", "Unicast packets sent."),
    "port_xmit_data_64": Column(counter("node_infiniband_legacy_data_transmitted_bytes_total", "Bytes sent."), _data),
    "port_xmit_packets_64": _counter("legacy_packets_transmitted", "Packets sent."),
}
INFO = gauge("node_infiniband_info", "Board, firmware and type of an adapter; always 1.")
_TEXTS = {"board_id": "board_id", "firmware_version": "fw_ver", "hca_type": "hca_type"}


class InfinibandCollector:
    """`node_infiniband_…{device,port}`, `node_infiniband_info{device,board_id,firmware_version,hca_type}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        folder = f"{_FOLDER}/{name}"
        yield Info(INFO, {label: f"{folder}/{file}" for label, file in _TEXTS.items()}, (("device", name),))
        with contextlib.suppress(OSError):
            for port in self._files.names(f"{folder}/ports"):
                own = (("device", name), ("port", port))
                yield from columns(self._files, f"{folder}/ports/{port}", PORT, own)
                yield from columns(self._files, f"{folder}/ports/{port}/counters", COUNTERS, own)
                yield from columns(self._files, f"{folder}/ports/{port}/counters_ext", LEGACY, own)
