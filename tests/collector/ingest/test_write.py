"""The write endpoint: what a sender may rely on, and what hostile input meets."""

from __future__ import annotations

import asyncio
import math
import struct

import cramjam
import pytest

from collector.ingest.limits import IngestLimits
from collector.series.limits import SeriesLimits
from core.access import Principal
from core.errors import StorageError
from core.labels import labels
from core.remote_write import STALE_NAN, compress, encode_labels, varint
from tests.collector.ingest.messages import field, label, sample, series

NOW = 1_760_000_000_000
UP = labels(__name__="up", instance="core-1", job="snmp")
LOAD = labels(__name__="node_load1", instance="db-1", job="node")
GOOD = series(encode_labels(UP), sample(1.0, NOW))


def agent(sequence: int, *, name: str = "a1", boot: str = "b00f", sent_at: int | None = None) -> dict[str, str]:
    headers = {"Forewatch_Agent": name, "Forewatch_Boot": boot, "Forewatch_Sequence": str(sequence)}
    return headers | ({} if sent_at is None else {"Forewatch_Sent_At": str(sent_at)})


async def test_a_push_is_answered_204_and_its_samples_are_there(endpoint) -> None:
    response = await endpoint.push((UP, 1.0, NOW), (LOAD, 0.5, NOW))
    assert (response.status, await response.read()) == (204, b"")
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (1.0, 0.5)
    assert endpoint.counted("forewatch_ingest_samples_total") == 2
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="ok") == 1
    assert endpoint.counted("forewatch_series") == 2


async def test_the_second_push_goes_by_columns_with_the_same_result(endpoint) -> None:
    for turn in range(3):
        assert (await endpoint.push((UP, float(turn), NOW + turn), (LOAD, -float(turn), NOW + turn))).status == 204
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (0.0, -0.0), "what is later is not yet, by the collector's clock"
    endpoint.clock.set_wall(NOW + 2)
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (2.0, -2.0)


WRITTEN = "X-Prometheus-Remote-Write-Samples-Written"


async def test_every_answer_says_how_many_samples_are_stored(endpoint) -> None:
    assert (await endpoint.push((UP, 1.0, NOW), (LOAD, 0.5, NOW))).headers[WRITTEN] == "2"
    again = await endpoint.push((UP, 1.0, NOW), (LOAD, 0.5, NOW), (LOAD, 0.5, NOW + 1))
    assert (again.status, again.headers[WRITTEN]) == (204, "3"), "what the store held already is stored too"
    partly = await endpoint.push((UP, 2.0, NOW + 5), (LOAD, 1.0, NOW - 86_400_000 * 400))
    assert (partly.status, partly.headers[WRITTEN]) == (400, "1")
    assert WRITTEN not in (await endpoint.send(b"noise")).headers


async def test_a_replayed_push_is_not_counted_twice_in_its_answer(endpoint) -> None:
    await endpoint.push((UP, 1.0, NOW), **agent(1))
    replayed = await endpoint.push((UP, 1.0, NOW), **agent(1))
    assert replayed.status == 204
    assert WRITTEN not in replayed.headers, "nothing of it was looked at"


async def test_silent_series_are_swept_away_and_counted(make_endpoint, monkeypatch) -> None:
    endpoint = await make_endpoint(series=SeriesLimits(retire_after_ms=3_600_000))
    await endpoint.push((UP, 1.0, NOW))
    accidents = [StorageError("disk full"), ValueError("nobody thought of this")]
    retire = endpoint.store.retire

    def retire_at_last() -> int:
        if accidents:
            raise accidents.pop()
        return retire()

    monkeypatch.setattr(endpoint.store, "retire", retire_at_last)
    for _ in range(8):
        await endpoint.clock.advance(600)
    assert (len(endpoint.store), accidents) == (0, []), "what went wrong twice did not end the sweeps"
    assert endpoint.counted("forewatch_series_retired_total") == 1


async def test_an_empty_push_is_fine(endpoint) -> None:
    assert (await endpoint.push()).status == 204


WRONG = [
    ({"Content_Encoding": "gzip"}, b"", 415, "unsupported_media_type", "gzip"),
    ({"Content_Encoding": "identity"}, GOOD, 415, "unsupported_media_type", "no compression"),
    ({"Content_Type": "application/json"}, b"{}", 415, "unsupported_media_type", "JSON"),
    ({"Content_Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, compress(GOOD), 415,
     "unsupported_media_type", "remote write 2.0"),
    ({"Content_Type": "application/x-protobuf;proto=some.Other"}, compress(GOOD), 415,
     "unsupported_media_type", "another message"),
    ({}, b"", 400, "malformed_snappy", "no body at all"),
    ({}, b"\xff" * 20, 400, "malformed_snappy", "noise"),
    ({}, compress(GOOD)[:-3], 400, "malformed_snappy", "snappy cut off"),
    ({}, b"\x05\x00", 400, "malformed_snappy", "shorter than it says"),
    ({}, bytes(cramjam.snappy.compress(GOOD)), 400, "malformed_snappy", "framed snappy is not the block format"),
    ({}, compress(GOOD[:-3]), 400, "malformed_protobuf", "protobuf cut off"),
    ({}, compress(b"\x0a\xff\xff\xff\xff\x0f"), 400, "malformed_protobuf", "a length beyond the body"),
    ({}, compress(b"<html>not protobuf</html>"), 400, "malformed_protobuf", "HTML"),
    ({}, compress(GOOD + series(b"\x0a\x05\x0a\x7f")), 400, "malformed_protobuf", "one series is torn inside"),
    ({}, varint(2**32 - 1) + b"\x00" * 10, 413, "body_too_large", "claims 4 GiB"),
    ({}, varint(129 << 20) + b"\x00" * 10, 413, "body_too_large", "claims just over the limit"),
    ({"Forewatch_Agent": "a b"}, compress(GOOD), 400, "malformed_header", "a space in the agent's name"),
    ({"Forewatch_Agent": "a", "Forewatch_Boot": "b", "Forewatch_Sequence": "-1"}, compress(GOOD), 400,
     "malformed_header", "a negative sequence"),
    ({"Forewatch_Agent": "a", "Forewatch_Sent_At": "9" * 30}, compress(GOOD), 400,
     "malformed_header", "beyond 64 bits"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "body", "status", "outcome", "reason"), WRONG)
async def test_a_request_that_cannot_be_read_is_refused_as_a_whole(
    endpoint, headers, body, status, outcome, reason
) -> None:
    response = await endpoint.send(body, **headers)
    assert response.status == status, reason
    assert response.content_type == "application/problem+json"
    assert (await response.json())["detail"], reason
    assert endpoint.counted("forewatch_ingest_requests_total", outcome=outcome) == 1, reason
    assert len(endpoint.store) == 0, "nothing of it was stored"
    assert endpoint.counted("forewatch_ingest_in_flight_bytes") == 0


async def test_an_oversize_body_is_refused_by_its_length_and_while_it_streams(make_endpoint) -> None:
    endpoint = await make_endpoint(ingest=IngestLimits(body_bytes=1000))
    assert (await endpoint.send(b"x" * 1001)).status == 413

    async def stream():
        for _ in range(100):
            yield b"x" * 100

    response = await endpoint.client.post(
        "/prometheus/api/v1/write", data=stream(),
        headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
    )  # fmt: skip
    assert response.status == 413
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="http_413") == 2
    assert endpoint.counted("forewatch_ingest_in_flight_bytes") == 0


def named(*fields: bytes) -> bytes:
    return series(label("__name__", "m"), *fields)


BAD_SAMPLES = [
    (named(label("a", b"\xff\xfe"), sample(1, NOW)), {"invalid_utf8": 1}, "invalid UTF-8"),
    (named(label("a", "v" * 2**20), sample(1, NOW)), {"label_value_too_long": 1}, "a label of 1 MB"),
    (named(label("n" * 257, "v"), sample(1, NOW)), {"label_name_too_long": 1}, "a label name of 257 bytes"),
    (named(*[label(f"l{n}", "v") for n in range(10_000)], sample(1, NOW)), {"too_many_labels": 1}, "10,000 labels"),
    (named(label("a", "v" * (5 << 20)), sample(1, NOW)), {"series_too_large": 1}, "a label of 5 MB"),
    (series(label("a", "b"), sample(1, NOW)), {"missing_name": 1}, "no metric name"),
    (series(label("__name__", "a b"), sample(1, NOW)), {"invalid_metric_name": 1}, "a metric name with a space"),
    (named(label("a-b", "v"), sample(1, NOW)), {"invalid_label_name": 1}, "a label name with a dash"),
    (named(label("a", "1"), label("a", "2"), sample(1, NOW)), {"duplicate_label": 1}, "a label given twice"),
    (named(field(4, b"\x10\x01")), {"native_histogram": 1}, "a native histogram"),
    (named(sample(1, 0)), {"too_old": 1}, "a sample from 1970"),
    (named(sample(1, 2_147_483_647_000)), {"too_new": 1}, "a sample from 2038"),
    (named(sample(1, -5)), {"too_old": 1}, "a sample from before 1970"),
    (named(sample(1, 2**63 - 1)), {"too_new": 1}, "the last instant there is"),
    (named(sample(1, NOW - 86_400_000 - 7_200_000)), {"too_old": 1}, "a foreign sender a day behind"),
    (named(sample(1, NOW), sample(2, NOW)), {"duplicate_timestamp": 1}, "two values for one instant"),
    (named(sample(1, NOW), sample(2, NOW - 600_000), sample(3, NOW - 600_001)), {"out_of_order": 2}, "late"),
]


@pytest.mark.parametrize(("bad", "refused", "reason"), BAD_SAMPLES)
async def test_bad_samples_are_refused_one_by_one_and_the_good_ones_kept(endpoint, bad, refused, reason) -> None:
    around = series(encode_labels(LOAD), sample(0.5, NOW))
    response = await endpoint.send(compress(GOOD + bad + around))
    assert response.status == 400, "as Prometheus answers: sending it again is useless"
    detail = (await response.json())["detail"]
    assert f"{next(iter(refused))} {next(iter(refused.values()))}" in detail, reason
    assert "do not send them again" in detail
    assert len(detail) < 2000
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (1.0, 0.5), reason
    assert endpoint.refused() == refused, reason
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="partial") == 1


async def test_a_sender_that_errs_at_every_push_is_logged_once_a_minute(endpoint, caplog) -> None:
    bad = compress(series(encode_labels(UP), sample(1, 0)))
    for _ in range(3):
        await endpoint.send(bad, Forewatch_Agent="a1")
    await endpoint.send(bad, Forewatch_Agent="a2")
    assert caplog.messages.count("samples refused") == 2
    await endpoint.clock.advance(61)
    await endpoint.send(bad, Forewatch_Agent="a1")
    last = [record for record in caplog.records if record.getMessage() == "samples refused"][-1]
    assert last.fields["like_it_before"] == 2
    assert "too_old 1" in last.fields["detail"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
async def test_nan_and_infinities_are_values(endpoint, value) -> None:
    assert (await endpoint.push((UP, value, NOW))).status == 204
    assert struct.pack("<d", endpoint.now(UP)) == struct.pack("<d", value)


@pytest.mark.parametrize("known", [True, False], ids=["by columns", "by protobuf"])
async def test_a_stale_marker_ends_a_series(endpoint, known) -> None:
    if known:
        await endpoint.push((UP, 1.0, NOW - 15_000))
        assert endpoint.now(UP) == 1.0
    assert (await endpoint.push((UP, STALE_NAN, NOW))).status == 204
    assert endpoint.now(UP) is None


async def test_unsorted_labels_are_the_same_series(endpoint) -> None:
    mixed = series(label("job", "snmp"), label("__name__", "up"), label("instance", "core-1"), sample(1.0, NOW - 1))
    assert (await endpoint.send(compress(mixed))).status == 204
    assert (await endpoint.send(compress(GOOD))).status == 204
    assert len(endpoint.store) == 1


async def test_a_push_that_another_one_overtook_is_taken(endpoint) -> None:
    assert (await endpoint.push((UP, 2.0, NOW), (LOAD, 2.0, NOW))).status == 204
    assert (await endpoint.push((UP, 1.0, NOW - 200), (LOAD, 1.0, NOW - 200))).status == 204
    assert endpoint.counted("forewatch_ingest_samples_late_total") == 2
    assert endpoint.counted("forewatch_ingest_samples_total") == 4


async def test_the_same_push_again_is_no_fault(endpoint) -> None:
    assert (await endpoint.push((UP, 1.0, NOW), (UP, 2.0, NOW + 1))).status == 204
    assert (await endpoint.push((UP, 1.0, NOW), (UP, 2.0, NOW + 1))).status == 204
    assert endpoint.counted("forewatch_ingest_samples_duplicate_total") == 2
    assert endpoint.counted("forewatch_ingest_samples_total") == 2


async def test_a_push_whose_sequence_was_taken_is_dropped_unread(endpoint) -> None:
    assert (await endpoint.push((UP, 1.0, NOW), **agent(7))).status == 204
    for sequence in (7, 3):
        assert (await endpoint.push((UP, 9.0, NOW + 5), **agent(sequence))).status == 204
    assert endpoint.counted("forewatch_ingest_pushes_replayed_total") == 2
    assert endpoint.counted("forewatch_ingest_samples_total") == 1
    assert (await endpoint.push((UP, 9.0, NOW + 5), **agent(8))).status == 204
    assert (await endpoint.push((UP, 9.0, NOW + 6), **agent(7, boot="b1"))).status == 204, "another boot"
    assert (await endpoint.push((UP, 9.0, NOW + 7), **agent(7, name="a2"))).status == 204, "another agent"
    assert endpoint.counted("forewatch_ingest_samples_total") == 4


async def test_a_push_that_failed_is_not_taken_for_a_replay(endpoint) -> None:
    endpoint.space[0] = 0
    assert (await endpoint.push((UP, 1.0, NOW), **agent(1))).status == 503
    endpoint.space[0] = 1 << 40
    assert (await endpoint.push((UP, 1.0, NOW), **agent(1))).status == 204
    assert endpoint.now(UP) == 1.0


@pytest.mark.parametrize("days", [-1, 1])
async def test_an_agent_whose_clock_is_a_day_off_is_shifted_to_receive_time(endpoint, days) -> None:
    off = NOW + days * 86_400_000
    response = await endpoint.push((UP, 1.0, off - 2000), **agent(1, sent_at=off))
    assert response.status == 204
    assert endpoint.now(UP) == 1.0
    assert endpoint.store.last_times(endpoint.store.resolve([UP]))[0] == NOW - 2000
    assert endpoint.counted("forewatch_agent_clock_skew_seconds", agent="a1") == -days * 86_400
    # A slower network must not move the next sample against the last one.
    await endpoint.push((UP, 2.0, off - 1000), **agent(2, sent_at=off - 400))
    assert endpoint.store.last_times(endpoint.store.resolve([UP]))[0] == NOW - 1000


async def test_a_small_skew_is_shown_and_left_alone(endpoint) -> None:
    await endpoint.push((UP, 1.0, NOW - 20_000), **agent(1, sent_at=NOW - 20_000))
    assert endpoint.store.last_times(endpoint.store.resolve([UP]))[0] == NOW - 20_000
    assert endpoint.counted("forewatch_agent_clock_skew_seconds", agent="a1") == 20


async def test_an_agent_cannot_push_in_the_name_of_another(make_endpoint) -> None:
    endpoint = await make_endpoint(principal=Principal("agent", "a1", "agent", frozenset()))
    assert (await endpoint.push((UP, 1.0, NOW), **agent(1, name="a2"))).status == 403
    assert endpoint.now(UP) is None
    assert (await endpoint.push((UP, 1.0, NOW), **agent(1, name="a1"))).status == 204
    assert (await endpoint.push((UP, 2.0, NOW + 1))).status == 204, "without the header it is still that agent"


async def test_one_sender_cannot_use_up_the_series_of_all(make_endpoint) -> None:
    endpoint = await make_endpoint(series=SeriesLimits(max_series_per_sender=2))
    many = [(labels(__name__="m", n=str(n)), 1.0, NOW) for n in range(4)]
    assert (await endpoint.push(*many, **agent(1))).status == 400
    assert endpoint.refused() == {"series_limit": 2}
    assert (await endpoint.push((UP, 1.0, NOW), **agent(1, name="a2"))).status == 204


def unfinished(sent: int) -> tuple[dict[str, str], object, asyncio.Event]:
    """Headers and body of a push of 9900 bytes of which only some arrive, and what lets it end."""
    gate = asyncio.Event()

    async def body():
        yield b"x" * sent
        await gate.wait()

    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "Content-Length": "9900"}
    return headers, body(), gate


async def hang(endpoint, sent: int) -> tuple[asyncio.Task, asyncio.Event]:
    """A push that has sent so many bytes and then says nothing."""
    headers, body, gate = unfinished(sent)
    push = asyncio.create_task(endpoint.client.post("/prometheus/api/v1/write", data=body, headers=headers))
    while endpoint.counted("forewatch_ingest_in_flight_bytes") < sent:
        await asyncio.sleep(0)
    return push, gate


async def give_up(endpoint, push: asyncio.Task, gate: asyncio.Event) -> None:
    push.cancel()
    gate.set()
    await asyncio.gather(push, return_exceptions=True)
    while endpoint.counted("forewatch_ingest_in_flight_bytes"):
        await asyncio.sleep(0)


MANY = [(labels(__name__="m", n=str(n)), 1.0, NOW) for n in range(100)]


async def test_a_header_does_not_change_whose_account_new_series_go_on(make_endpoint) -> None:
    endpoint = await make_endpoint(
        series=SeriesLimits(max_series_per_sender=2), principal=Principal("token", "shared", "admin", frozenset())
    )
    for n in range(3):
        response = await endpoint.push((labels(__name__="m", n=str(n)), 1.0, NOW), **agent(1, name=f"a{n}"))
        assert response.status == (204 if n < 2 else 400)


async def test_under_pressure_pushes_are_asked_to_come_again(make_endpoint) -> None:
    endpoint = await make_endpoint(ingest=IngestLimits(in_flight_bytes=10_000))
    push, gate = await hang(endpoint, 9800)
    response = await endpoint.push(*MANY)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="overloaded") == 1
    await give_up(endpoint, push, gate)
    assert (await endpoint.push(*MANY)).status == 204


async def test_a_sender_that_only_announces_a_large_body_keeps_nobody_out(make_endpoint) -> None:
    endpoint = await make_endpoint(ingest=IngestLimits(in_flight_bytes=10_000))
    push, gate = await hang(endpoint, 10)
    assert (await endpoint.push(*MANY)).status == 204
    await give_up(endpoint, push, gate)


async def test_a_body_that_does_not_come_to_an_end_is_given_up(make_endpoint) -> None:
    endpoint = await make_endpoint(ingest=IngestLimits(body_seconds=0.01))
    headers, body, gate = unfinished(10)
    push = asyncio.create_task(endpoint.client.post("/prometheus/api/v1/write", data=body, headers=headers))
    while endpoint.counted("forewatch_ingest_requests_total", outcome="http_408") == 0:
        await asyncio.sleep(0.001)
    await give_up(endpoint, push, gate)


async def test_a_full_disk_acknowledges_nothing_and_recovers(endpoint) -> None:
    await endpoint.push((UP, 1.0, NOW - 1000))
    endpoint.space[0] = 1 << 20
    for of in (UP, LOAD):
        response = await endpoint.push((of, 2.0, NOW))
        assert response.status == 503
        assert "Retry-After" in response.headers
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (1.0, None)
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="storage") == 2
    endpoint.space[0] = 1 << 40
    assert (await endpoint.push((UP, 2.0, NOW), (LOAD, 3.0, NOW))).status == 204
    assert (endpoint.now(UP), endpoint.now(LOAD)) == (2.0, 3.0)


async def test_a_large_push_goes_through_a_thread_with_the_same_result(endpoint) -> None:
    many = [(labels(__name__="m", n=f"{n:050}"), float(n), NOW) for n in range(20_000)]
    assert (await endpoint.push(*many)).status == 204
    assert (await endpoint.push(*[(of, value + 1, NOW + 1) for of, value, _ in many])).status == 204
    endpoint.clock.set_wall(NOW + 1)
    assert endpoint.now(many[-1][0]) == 20_000.0
    assert endpoint.counted("forewatch_ingest_samples_total") == 40_000


async def test_pushes_of_one_sender_are_stored_in_the_order_they_came(endpoint) -> None:
    large = [(labels(__name__="m", n=f"{n:050}"), 1.0, NOW) for n in range(10_000)]
    late = [(of, 2.0, at + 1) for of, _, at in large[-10:]]
    first = asyncio.create_task(endpoint.push(*large))
    while endpoint.counted("forewatch_series") == 0:
        await asyncio.sleep(0)
    assert (await endpoint.push(*late)).status == 204, "not before the samples it follows"
    assert (await first).status == 204
