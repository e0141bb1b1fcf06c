"""NFS mounts, from `/proc/self/mountstats` (the kernel's fs/nfs/super.c and net/sunrpc/stats.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.probes.host.collector import Host
from agent.probes.host.mounts import unescape
from agent.probes.host.table import counter
from agent.sample import Family, Sample, Series
from core.labels import Labels, labels

_DEVICE = re.compile(r"device (\S+) mounted on (\S+) with fstype (nfs4?)(?: .*)?")
_OPERATION = re.compile(r"\s+([A-Z0-9_]+): ([\d ]+)")
_MILLISECONDS = 1000.0


def _counter(what: str, text: str) -> Family:
    return counter(f"node_mountstats_nfs_{what}_total", text)


_AGE = _counter("age_seconds", "How long the mount has been there.")
# The numbers of the line `bytes:`.
_BYTES = (
    _counter("read_bytes", "Bytes that programs read."),
    _counter("write_bytes", "Bytes that programs wrote."),
    _counter("direct_read_bytes", "Bytes read past the cache."),
    _counter("direct_write_bytes", "Bytes written past the cache."),
    _counter("total_read_bytes", "Bytes read from the server."),
    _counter("total_write_bytes", "Bytes written to the server."),
    _counter("read_pages", "Pages read from the server."),
    _counter("write_pages", "Pages written to the server."),
)
# The numbers of the line of an operation, and their divisor.
_OPERATIONS = (
    (_counter("operations_requests", "Requests."), 1.0),
    (_counter("operations_transmissions", "Times that requests were sent."), 1.0),
    (_counter("operations_major_timeouts", "Requests that were given up for a while."), 1.0),
    (_counter("operations_sent_bytes", "Bytes sent."), 1.0),
    (_counter("operations_received_bytes", "Bytes received."), 1.0),
    (_counter("operations_queue_time_seconds", "Seconds that requests waited to be sent."), _MILLISECONDS),
    (_counter("operations_response_time_seconds", "Seconds until the replies came."), _MILLISECONDS),
    (
        _counter("operations_request_time_seconds", "Seconds from the beginning of requests to their end."),
        _MILLISECONDS,
    ),
)


def parse_mountstats(text: str) -> Iterator[Sample]:
    """The samples of all NFS mounts; of an export mounted twice from one address the first is told."""
    told = set[Labels]()
    for part in re.split(r"^(?=device )", text, flags=re.MULTILINE):
        head, _, body = part.partition("\n")
        found = _DEVICE.fullmatch(head)
        if found is None:
            continue
        address = re.search(r"[ ,]mountaddr=([^,\s]+)|[ ,]addr=([^,\s]+)", body)
        protocol = re.search(r"^\s+xprt:\s+(\S+)", body, re.MULTILINE)
        own = labels(
            export=unescape(found[1]),
            mountaddr=(address[1] or address[2]) if address else "",
            protocol=protocol[1] if protocol else "",
        )
        if own not in told:
            told.add(own)
            yield from _mount(body, own)


def _mount(body: str, own: Labels) -> Iterator[Sample]:
    for line in body.split("\n"):
        word, _, rest = line.strip().partition(":")
        if word == "age":
            yield Sample(Series(_AGE, own), float(rest))
        elif word == "bytes":
            for family, number in zip(_BYTES, rest.split(), strict=False):
                yield Sample(Series(family, own), float(number))
        elif (operation := _OPERATION.fullmatch(line)) is not None:
            of_it = labels(own, operation=operation[1])
            for (family, divisor), number in zip(_OPERATIONS, operation[2].split(), strict=False):
                yield Sample(Series(family, of_it), int(number) / divisor)


class MountstatsCollector:
    """`node_mountstats_nfs_…{export,mountaddr,protocol}`, of operations also `{operation}`."""

    def __init__(self, host: Host) -> None:
        self._files = host.proc

    async def collect(self) -> list[Sample]:
        try:
            text = self._files.text("1/mountstats")
        except OSError:  # for root only; then the mounts that this process sees
            text = self._files.text("self/mountstats")
        return list(parse_mountstats(text))
