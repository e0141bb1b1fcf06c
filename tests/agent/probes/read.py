"""Samples as tests compare them."""

from __future__ import annotations

from collections.abc import Iterable

from agent.sample import Sample


def by_name(samples: Iterable[Sample]) -> dict[str, float]:
    """Values by name and label values: `node_disk_io_now sda`."""
    found = {}
    for sample in samples:
        key = " ".join((sample.name, *(value for _, value in sample.labels)))
        assert key not in found, f"{key} came twice"
        found[key] = float(sample.value)
    return found
