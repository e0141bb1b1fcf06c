"""What senders say about their metrics is kept within bounds, whatever they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.api import INGEST
from collector.ingest.metadata import MetadataStore
from core.labels import labels
from core.remote_write import compress, encode_labels, encode_write_request, varint
from tests.collector.ingest.messages import field

UP = {"type": "gauge", "help": "Whether it answers.", "unit": ""}


def message(kind: int, name: str, told: str = "", unit: str = "") -> bytes:
    """A MetricMetadata."""
    return b"\x08" + varint(kind) + field(2, name.encode()) + field(4, told.encode()) + field(5, unit.encode())


def test_accounts_of_a_metric_are_told_once_each_and_by_name() -> None:
    store = MetadataStore()
    store.put("up", "gauge", "Whether it answers.", "", sender="b")
    for sender in ("a", "b"):
        store.put("node_load1", "gauge", "Load.", "", sender=sender)
    store.put("node_load1", "gauge", "Another exporter's words.", "", sender="a")
    assert list(store.get()) == ["node_load1", "up"]
    assert [entry["help"] for entry in store.get()["node_load1"]] == ["Load.", "Another exporter's words."]
    assert store.get(metric="up") == {"up": [UP]}
    assert store.get(metric="down") == {}
    assert list(store.get(limit=1)) == ["node_load1"]
    assert store.get(limit=0) == {}
    assert len(store.get(limit=-1)) == 2


def test_a_sender_who_makes_up_metrics_fills_his_own_share_only() -> None:
    store = MetadataStore(most=10, most_per_sender=3)
    assert store.take([message(1, f"made_up_{n}_total") for n in range(50)], "hostile") == 47
    assert store.put("up", "gauge", "", "", sender="honest")
    assert len(store) == 4


def test_beyond_the_bound_the_longest_not_repeated_gives_way() -> None:
    store = MetadataStore(most=2, most_per_sender=2)
    store.put("a", "gauge", "", "", sender="1")
    store.put("b", "gauge", "", "", sender="1")
    store.put("a", "gauge", "", "", sender="2")  # said again
    store.put("c", "gauge", "", "", sender="2")
    assert list(store.get()) == ["a", "c"]
    assert store.put("d", "gauge", "", "", sender="1"), "its share has room again"


def test_a_metric_that_is_described_ever_anew_keeps_ten_accounts() -> None:
    store = MetadataStore()
    assert [store.put("up", "gauge", f"Call {n}", "") for n in range(12)] == [True] * 10 + [False] * 2


def test_malformed_accounts_are_dropped_alone() -> None:
    store = MetadataStore()
    wrong = [
        b"\xff",  # no message
        message(1, "9lives"),  # no metric's name
        message(1, "x" * 300),  # too long a name
        message(1, "ok", "y" * 20_000),  # too long to be looked at
        b"\x08\x01" + field(2, b"up") + field(4, b"\xff"),  # no UTF-8
    ]
    assert store.take([*wrong, message(77, "up", "z" * 2_000, "u" * 100)], "a") == 5
    assert store.get() == {"up": [{"type": "unknown", "help": "z" * 1024, "unit": "u" * 64}]}


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_noise_is_counted_or_taken(noise) -> None:
    store = MetadataStore(most=4)
    assert len(noise) - store.take(noise, "a") >= len(store)


async def test_a_push_brings_metadata_beside_its_samples(endpoint) -> None:
    at_ms = endpoint.clock.now_ms()
    body = encode_write_request([(encode_labels(labels(__name__="up", instance="a")), 1.0, at_ms)])
    body += field(3, message(2, "up", "Whether it answers.")) + field(3, b"\xff")
    response = await endpoint.send(compress(body))
    assert response.status == 204
    assert endpoint.now(labels(__name__="up", instance="a")) == 1.0
    assert endpoint.client.app[INGEST].metadata.get() == {"up": [UP]}
    assert endpoint.counted("forewatch_ingest_metadata_dropped_total") == 1
    assert endpoint.counted("forewatch_ingest_metadata_entries") == 1
