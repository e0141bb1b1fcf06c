from __future__ import annotations

import threading
from pathlib import Path

import cramjam
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.ingest.wire import parse_time_series, parse_write_request
from collector.long_term.forwarder import Forwarder, encode
from core.clock import ManualClock
from core.errors import StorageError
from core.labels import labels
from core.remote_write import STALE_NAN, encode_labels, encode_write_request
from core.spool.losses import Drop

KEY = encode_labels(labels(__name__="up", instance="a"))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.floats(), st.integers(0, 2**45)),
        max_size=20,
    )
)
def test_what_is_encoded_is_what_the_plain_encoder_makes(samples: list[tuple[int, float, int]]) -> None:
    keys = [encode_labels(labels(__name__="m", of="x" * length)) for length, _, _ in samples]
    values = np.array([value for _, value, _ in samples], np.float64)
    times = np.array([at_ms for _, _, at_ms in samples], np.int64)
    rows = zip(keys, values.tolist(), times.tolist(), strict=True)
    assert encode(keys, times, values) == encode_write_request(rows)


def test_a_stale_marker_stays_one() -> None:
    body = encode([KEY], np.array([1_760_000_000_000]), np.array([STALE_NAN]))
    sample = parse_time_series(parse_write_request(body).timeseries[0]).samples[0]
    assert np.float64(sample.value).view(np.uint64) == np.float64(STALE_NAN).view(np.uint64)


def test_what_threads_give_comes_out_whole(forwarder: Forwarder) -> None:
    def give(number: int) -> None:
        for at in range(50):
            forwarder.some([KEY], np.array([at]), np.array([float(number)]))

    threads = [threading.Thread(target=give, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen: dict[float, list[int]] = {}
    while records := forwarder.front(1 << 20):
        for record in records:
            body = cramjam.snappy.decompress_raw(record.body)
            [sample] = parse_time_series(parse_write_request(bytes(body)).timeseries[0]).samples
            seen.setdefault(sample.value, []).append(sample.timestamp)
        forwarder.acknowledge(records)
    assert seen == {float(number): list(range(50)) for number in range(4)}


def test_a_full_spool_drops_the_oldest_and_counts_them(tmp_path: Path, clock: ManualClock) -> None:
    forwarder = Forwarder(tmp_path, clock, max_bytes=64_000, max_age_seconds=3600)
    for index in range(200):
        forwarder.whole(index.to_bytes(2) * 500, 10)
    size, records, samples, _ = forwarder.state()
    assert size <= 64_000
    assert samples == 10 * records
    assert forwarder.counts.dropped_samples == {Drop.SIZE: 2000 - samples}
    [first, *_] = forwarder.front(1)
    assert first.body == (200 - records).to_bytes(2) * 500
    forwarder.close()


async def test_what_waits_too_long_is_dropped_and_counted(forwarder: Forwarder, clock: ManualClock) -> None:
    forwarder.whole(b"old", 3)
    await clock.advance(3601)
    forwarder.whole(b"new", 4)
    assert [record.body for record in forwarder.front(1 << 20)] == [b"new"]
    assert forwarder.counts.dropped_samples == {Drop.EXPIRED: 3}


def test_once_closed_nothing_is_taken_in_silence(forwarder: Forwarder) -> None:
    forwarder.close()
    with pytest.raises(StorageError, match="stopping"):
        forwarder.whole(b"x", 1)
    assert forwarder.front(1) == []
    assert forwarder.state() == (0, 0, 0, None)
