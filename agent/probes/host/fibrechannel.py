"""Fibre Channel host adapters, from `/sys/class/fc_host` (the kernel's scsi/scsi_fc_transport document)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.devices import Column, Devices, Found, Info, columns
from agent.probes.host.table import counter, gauge
from agent.sample import Sample

_FOLDER = "class/fc_host"
_NOT_COUNTED = 2**64 - 1  # by adapters that do not count this


def _count(data: bytes) -> float:
    number = int(data, 16)
    if number == _NOT_COUNTED:
        raise ValueError("the adapter does not count this")
    return number


def _counter(what: str, text: str) -> Column:
    return Column(counter(f"node_fibrechannel_{what}_total", text), _count)


STATISTICS = {
    "dumped_frames": _counter("dumped_frames", "Frames lost for lack of room."),
    "error_frames": _counter("error_frames", "Frames with errors."),
    "invalid_crc_count": _counter("invalid_crc", "Frames with a wrong checksum."),
    "rx_frames": _counter("rx_frames", "Frames received."),
    "rx_words": _counter("rx_words", "Words received."),
    "tx_frames": _counter("tx_frames", "Frames sent."),
    "tx_words": _counter("tx_words", "Words sent."),
    "seconds_since_last_reset": _counter("seconds_since_last_reset", "Seconds since the counters began."),
    "invalid_tx_word_count": _counter("invalid_tx_words", "Invalid words."),
    "link_failure_count": _counter("link_failure", "Times the link failed."),
    "loss_of_sync_count": _counter("loss_of_sync", "Times the synchronisation was lost."),
    "loss_of_signal_count": _counter("loss_of_signal", "Times the signal was lost."),
    "nos_count": _counter("nos", "Times the other side said that it is not operational."),
    "fcp_packet_aborts": _counter("fcp_packet_aborts", "Packets given up."),
}
INFO = gauge("node_fibrechannel_info", "Names, state and speed of a Fibre Channel port; always 1.")
_TEXTS = {
    "speed": "speed",
    "port_state": "port_state",
    "port_type": "port_type",
    "port_id": "port_id",
    "port_name": "port_name",
    "fabric_name": "fabric_name",
    "symbolic_name": "symbolic_name",
    "supported_classes": "supported_classes",
    "supported_speeds": "supported_speeds",
    "dev_loss_tmo": "dev_loss_tmo",
}


class FibreChannelCollector:
    """`node_fibrechannel_info{fc_host,…}`, `node_fibrechannel_…_total{fc_host}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.sys
        self._devices = Devices(host, _FOLDER, self._describe)

    async def collect(self) -> list[Sample]:
        return self._devices.samples()

    def _describe(self, name: str) -> Iterator[Found]:
        own = (("fc_host", name),)
        yield Info(INFO, {label: f"{_FOLDER}/{name}/{file}" for label, file in _TEXTS.items()}, own, strip="0x")
        yield from columns(self._files, f"{_FOLDER}/{name}/statistics", STATISTICS, own)
