"""The endpoint: encodings, partial success, hostile bodies, limits and accounts."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from collector.access.roles import Role
from collector.ingest.births import Births
from collector.ingest.limits import IngestLimits
from core.errors import StorageError
from tests.collector.otlp.conftest import JSON, PROTOBUF, Endpoint, problem
from tests.collector.otlp.messages import DELTA, document, gauge, histogram, point, request, total


async def test_a_protobuf_export_is_stored_and_answered_with_an_empty_message(endpoint: Endpoint) -> None:
    now = endpoint.site.clock.now_ms()
    answer = await endpoint.export(gauge("q", point(now, asInt="3")), resource={"service.name": "shop"})
    assert answer.SerializeToString() == b""
    assert endpoint.value("q", job="shop") == 3.0
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="ok") == 1
    assert endpoint.counted("forewatch_ingest_samples_total") == 1
    assert endpoint.counted("forewatch_ingest_duration_seconds_count") == 1


@pytest.mark.parametrize("packed", [True, False])
async def test_a_json_export_is_answered_in_json(endpoint: Endpoint, packed: bool) -> None:
    now = endpoint.site.clock.now_ms()
    exemplar = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "asInt": "1"}
    sent = document(total("c", point(now, asInt="3", exemplars=[exemplar])))
    sent["resourceMetrics"][0]["notOfThisVersion"] = {"x": 1}
    body = json.dumps(sent).encode()
    more = {"Content_Encoding": "gzip"} if packed else {}
    status, headers, answer = await endpoint.send(gzip.compress(body) if packed else body, JSON, **more)
    assert (status, headers["Content-Type"].partition(";")[0], json.loads(answer)) == (200, JSON, {})
    assert endpoint.value("c_total") == 3.0


async def test_gzip_is_taken(endpoint: Endpoint) -> None:
    body = request(gauge("q", point(endpoint.site.clock.now_ms(), asInt="4"))).SerializeToString()
    assert (await endpoint.send(gzip.compress(body), Content_Encoding="gzip"))[0] == 200
    assert endpoint.value("q") == 4.0


async def test_partial_success_counts_the_points_and_gives_the_reasons(endpoint: Endpoint) -> None:
    now = endpoint.site.clock.now_ms()
    old = point(now - 10 * 86_400_000, explicitBounds=[1], bucketCounts=["1", "0"], count="1", sum=1)
    sent = (
        gauge("q", point(now, asInt="3")),
        total("c", point(now, asInt="1"), point(now, asInt="2"), temporality=DELTA),
        histogram("t", old),
    )
    answer = (await endpoint.export(*sent)).partial_success
    assert answer.rejected_data_points == 3
    assert "not_cumulative 2" in answer.error_message
    assert "too_old 4" in answer.error_message
    assert endpoint.value("q") == 3.0
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="partial") == 1
    assert endpoint.counted("forewatch_ingest_samples_refused_total", reason="not_cumulative") == 2
    assert endpoint.counted("forewatch_ingest_samples_refused_total", reason="too_old") == 4


async def test_an_export_that_is_sent_again_is_no_fault(endpoint: Endpoint) -> None:
    sent = gauge("q", point(endpoint.site.clock.now_ms(), asInt="3"))
    for _ in range(2):
        assert not (await endpoint.export(sent)).HasField("partial_success")
    assert endpoint.counted("forewatch_ingest_samples_duplicate_total") == 1


async def test_refused_target_info_is_a_warning_that_rejects_no_point(endpoint: Endpoint) -> None:
    resource = {"service.name": "shop"} | {f"a{number}": "x" for number in range(70)}
    sent = gauge("q", point(endpoint.site.clock.now_ms(), asInt="3"))
    answer = (await endpoint.export(sent, resource=resource)).partial_success
    assert answer.rejected_data_points == 0
    assert "target_info" in answer.error_message


GOOD = request(gauge("q", point(asInt="1"))).SerializeToString()
DEEP = b'{"resourceMetrics":' * 3000
HOSTILE = [
    (b"\xff\xff", PROTOBUF, {}, 400, "no protobuf"),
    (GOOD[:-1], PROTOBUF, {}, 400, "protobuf cut short"),
    (GOOD.replace(b"q", b"\xff"), PROTOBUF, {}, 400, "a name that is no UTF-8"),
    (b"{", JSON, {}, 400, "no JSON"),
    (b"", JSON, {}, 400, "an empty document"),
    (b"[]", JSON, {}, 400, "a list"),
    (b"null", JSON, {}, 400, "nothing"),
    (b"\xff", JSON, {}, 400, "JSON that is no UTF-8"),
    (b'{"resourceMetrics": 1}', JSON, {}, 400, "a number in place of a list"),
    (b'{"resourceMetrics": [{"schemaUrl": "\\ud800"}]}', JSON, {}, 400, "half a character"),
    (DEEP, JSON, {}, 400, "nested without end"),
    (b"[" * 200_000, JSON, {}, 400, "lists without end"),
    (b"no gzip", PROTOBUF, {"Content_Encoding": "gzip"}, 400, "no gzip"),
    (GOOD, "text/plain", {}, 415, "text"),
    (GOOD, "application/x-protobuf-not", {}, 415, "another type"),
    (zlib.compress(GOOD), PROTOBUF, {"Content_Encoding": "deflate"}, 415, "another compression"),
    (GOOD, PROTOBUF, {"Content_Encoding": "snappy"}, 415, "snappy"),
]


@pytest.mark.parametrize(("body", "kind", "more", "expected", "why"), HOSTILE, ids=[row[4] for row in HOSTILE])
async def test_a_hostile_body_is_refused_with_its_status(endpoint: Endpoint, body, kind, more, expected, why) -> None:
    status, headers, answer = await endpoint.send(body, kind, **more)
    assert (status, headers["Content-Type"], problem(answer)["status"]) == (
        expected, "application/problem+json", expected
    )  # fmt: skip
    assert endpoint.counted("forewatch_ingest_samples_total") == 0
    assert endpoint.ingest.pressure.in_flight == 0


async def test_a_gzip_bomb_is_given_up_at_the_limit(endpoint: Endpoint) -> None:
    endpoint.ingest.limits = IngestLimits(body_bytes=1 << 20)
    held: list[int] = []
    take = endpoint.ingest.pressure.take
    endpoint.ingest.pressure.take = lambda size: (take(size), held.append(endpoint.ingest.pressure.in_flight))
    bomb = gzip.compress(b"\0" * (256 << 20), 9)
    assert len(bomb) < 1 << 20
    status, _, answer = await endpoint.send(bomb, Content_Encoding="gzip")
    assert (status, problem(answer)["title"]) == (413, "Body too large")
    assert max(held) < 4 << 20
    assert endpoint.ingest.pressure.in_flight == 0


async def test_a_body_that_says_it_is_too_long_is_not_read(endpoint: Endpoint) -> None:
    endpoint.ingest.limits = IngestLimits(body_bytes=10)
    assert (await endpoint.send(b"x" * 11))[0] == 413


async def test_what_does_not_fit_into_memory_now_is_asked_to_come_again(endpoint: Endpoint) -> None:
    with endpoint.ingest.pressure.hold((256 << 20) - 5 * len(GOOD) + 1):  # the body fits, the parsed request does not
        status, headers, _ = await endpoint.send(GOOD)
    assert (status, headers["Retry-After"]) == (429, "2")
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="overloaded") == 1


async def test_new_series_go_on_the_account_of_the_credential_and_known_ones_never_wait(endpoint: Endpoint) -> None:
    endpoint.ingest._births = Births(0.1)
    now = endpoint.site.clock.now_ms()

    def sent(at_ms: int, *names: str) -> bytes:
        return request(*[gauge(name, point(at_ms, asInt="1")) for name in names]).SerializeToString()

    assert (await endpoint.send(sent(now, "a", "b")))[0] == 200
    status, headers, answer = await endpoint.send(sent(now, "c"))
    assert (status, "agent:otel" in problem(answer)["detail"]) == (429, True)
    assert int(headers["Retry-After"]) >= 1
    endpoint.token = await endpoint.site.token(Role.AGENT, "other")
    assert (await endpoint.send(sent(now, "c")))[0] == 200
    endpoint.token = await endpoint.site.token(Role.AGENT, "otel-2")
    endpoint.ingest._births.count("agent:otel-2", 100, endpoint.site.clock.monotonic())
    assert (await endpoint.send(sent(now + 1, "a", "b")))[0] == 200


async def test_a_full_disk_is_answered_503(endpoint: Endpoint, monkeypatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise StorageError("full")

    monkeypatch.setattr(endpoint.ingest._store, "append", refuse)
    status, headers, _ = await endpoint.send(GOOD)
    assert (status, headers["Retry-After"]) == (503, "5")
    assert endpoint.counted("forewatch_ingest_requests_total", outcome="storage") == 1


@pytest.mark.parametrize(("role", "expected"), [(Role.AGENT, 200), (Role.ADMIN, 200), (Role.VIEWER, 403)])
async def test_who_may_push_may_export(endpoint: Endpoint, role: Role, expected: int) -> None:
    endpoint.token = await endpoint.site.token(role, "somebody")
    assert (await endpoint.send(b""))[0] == expected


async def test_an_empty_export_is_fine(endpoint: Endpoint) -> None:
    assert (await endpoint.send(b""))[::2] == (200, b"")
    assert (await endpoint.send(b"{}", JSON))[::2] == (200, b"{}")
