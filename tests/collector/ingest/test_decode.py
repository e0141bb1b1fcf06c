"""Decoding by columns is the same as decoding by protobuf, whatever is sent."""

from __future__ import annotations

import struct

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st

from collector.ingest.decode import Decoder
from collector.ingest.label_reader import LabelReader
from collector.ingest.limits import IngestLimits
from collector.series.refusal import Refusal
from collector.series.store import UNKNOWN
from core.errors import InvalidInput
from core.labels import labels
from core.remote_write import STALE_NAN, encode_labels, encode_write_request, varint
from tests.collector.ingest.messages import PlainWriteRequest, field, find_in, label, sample, series

LIMITS = IngestLimits(labels=6, label_name_bytes=20, label_value_bytes=30, series_bytes=2000)
KNOWN_SETS = [labels(__name__="up", instance=f"i{n}") for n in range(4)]
KNOWN = {encode_labels(of): 10 + n for n, of in enumerate(KNOWN_SETS)}
DECODER = Decoder(find_in(KNOWN), LIMITS)  # one for all, so that what it remembers cannot do harm


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def plainly(body: bytes):
    """(label set, time, value bits) of every sample taken, and refused samples by reason: the straightforward way."""
    taken, refused = [], {}

    def refuse(reason, count):
        if count:
            refused[reason] = refused.get(reason, 0) + count

    for one in PlainWriteRequest.FromString(body).timeseries:
        key = LabelReader(LIMITS).key([(pair.name, pair.value) for pair in one.labels])
        if isinstance(key, Refusal):
            refuse(key, len(one.samples) + len(one.histograms))
            continue
        refuse(Refusal.NATIVE_HISTOGRAM, len(one.histograms))
        taken += [(key, each.timestamp, bits(each.value)) for each in one.samples]
    return taken, refused


def by_columns(body: bytes):
    decoded = DECODER.decode(body)
    for key, row in zip(decoded.keys, decoded.ids.tolist(), strict=True):
        assert row == KNOWN.get(key, UNKNOWN)
    taken = [
        (decoded.keys[at], time, bits(value))
        for at, time, value in zip(
            decoded.series.tolist(), decoded.times.tolist(), decoded.values.tolist(), strict=True
        )
    ]
    return taken, dict(decoded.refused)


floats = st.floats() | st.just(STALE_NAN)
times = st.integers(1_600_000_000_000, 1_800_000_000_000) | st.integers(-(2**63), 2**63 - 1)
steady = st.builds(
    lambda of, value, at: series(encode_labels(of), sample(value, at)), st.sampled_from(KNOWN_SETS), floats, times
)
new_sets = st.dictionaries(
    st.sampled_from(["__name__", "a", "b", "a-b", "n" * 21, "é"]), st.sampled_from(["up", "x", "a b", "v" * 31, "é"])
).map(labels)
new = st.builds(lambda of, value, at: series(encode_labels(of), sample(value, at)), new_sets, floats, times)
names = st.sampled_from([b"__name__", b"a", b"b", b"", b"bad-name", b"\xff", b"n" * 21]) | st.binary(max_size=4)
label_values = st.sampled_from([b"up", b"x", b"", b"\xc3\x28", b"v" * 31]) | st.binary(max_size=4)
odd_fields = st.one_of(
    st.builds(label, names, label_values),
    st.builds(sample, floats, times),
    st.builds(lambda value: field(2, b"\x09" + bits(value)), floats),  # a sample without a time
    st.builds(lambda at: field(2, b"\x10" + varint(at)), times),  # one without a value
    st.builds(lambda at, value: field(2, b"\x10" + varint(at) + b"\x09" + bits(value)), times, floats),
    st.builds(field, st.sampled_from([3, 4, 5, 15]), st.binary(max_size=6)),  # exemplars, histograms, unknown
    st.sampled_from([encode_labels(of) for of in KNOWN_SETS]),
)
odd = st.lists(odd_fields, max_size=6).map(lambda fields: series(*fields))
other = st.builds(field, st.sampled_from([3, 7]), st.binary(max_size=6))
requests = st.lists(steady | new | odd | other, max_size=8).map(b"".join)


@given(requests)
@example(b"")
@example(series(encode_labels(KNOWN_SETS[0]), sample(1.0, 1_700_000_000_000)) * 2)
@example(series(b"\x12\x10\x09" + b"\0" * 8 + b"\x10" + b"\x80" * 5 + b"\x01"))
def test_a_request_decodes_as_protobuf_decodes_it(body) -> None:
    assert by_columns(body) == plainly(body)


@given(requests, st.data())
def test_a_damaged_request_decodes_as_protobuf_decodes_it_or_is_refused_as_a_whole(body, data) -> None:
    if body:
        damaged = bytearray(body)
        at = data.draw(st.integers(0, len(body) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
        body = bytes(damaged[: data.draw(st.integers(at, len(body)))])
    try:
        expected = plainly(body)
    except DecodeError:
        with pytest.raises(InvalidInput) as refused:
            by_columns(body)
        assert refused.value.reason == "malformed_protobuf"
        return
    assert by_columns(body) == expected


@given(st.binary(max_size=60))
def test_noise_decodes_as_protobuf_decodes_it_or_is_refused(noise) -> None:
    try:
        expected = plainly(noise)
    except DecodeError:
        with pytest.raises(InvalidInput):
            by_columns(noise)
        return
    assert by_columns(noise) == expected


def test_the_steady_shape_needs_no_protobuf_decoding(monkeypatch) -> None:
    body = encode_write_request((encode_labels(of), 1.5, 1_700_000_000_000) for of in KNOWN_SETS)
    monkeypatch.setattr("collector.ingest.decode.parse_time_series", None)
    assert [value for _, _, value in by_columns(body)[0]] == [bits(1.5)] * 4


def test_a_new_series_that_is_spelled_as_a_key_needs_no_protobuf_decoding(monkeypatch) -> None:
    new = encode_labels(labels(__name__="up", a="new", Zone="1"))
    body = encode_write_request((key, 1.5, 1_700_000_000_000) for key in [*KNOWN, new])
    monkeypatch.setattr("collector.ingest.decode.parse_time_series", None)
    decoded = DECODER.decode(body)
    assert (decoded.keys[-1], decoded.ids.tolist(), decoded.steady) == (new, [*KNOWN.values(), UNKNOWN], False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no labels"),
        (label("a", "1"), "no name"),
        (label("__name__", "up") + label("a", ""), "an empty value is no label"),
        (label("a", "1") + label("__name__", "up"), "not in order"),
        (label("__name__", "up") + label("a", "1") * 2, "given twice"),
        (label("__name__", "up") + label("a", b"\xff"), "not UTF-8"),
        (label("__name__", "up") + label("a", "1")[:-1], "cut"),
        (label("__name__", "up") + b"\x0a", "cut behind a tag"),
        (label("__name__", "up") + label("a", "1") + b"\0", "something behind"),
        (label("__name__", "up") + field(1, field(2, b"1") + field(1, b"a")), "the value before the name"),
        (label("__name__", "up") + field(1, b"\x0a\x81\x00a\x12\x011"), "a length longer than it need be"),
        (label("__name__", "up") + field(2, b"\x0a\x01a\x12\x011"), "another tag"),
        (label("__name__", "up") + label("a", "v" * 31), "a value too long"),
        (label("__name__", "a b"), "a space in the name"),
        (label("__name__", "up") + b"".join(label(f"l{n}", "1") for n in range(6)), "7 of 6 labels"),
    ],
)
def test_what_is_not_spelled_as_a_key_of_a_taken_label_set_is_told(content, reason) -> None:
    reader = LabelReader(LIMITS)
    assert reader.is_key(encode_labels(labels(__name__="up", a="1", l0="1", l1="1", l2="1", l3="1")))
    assert not reader.is_key(content), reason
    assert not reader.is_key(content), "nor when it is remembered"


CHECKS = [
    ([(b"__name__", b"up"), (b"b", b"1"), (b"a", b"2")], labels(__name__="up", a="2", b="1"), "sorted here"),
    ([(b"__name__", b"up"), (b"a", b"")], labels(__name__="up"), "an empty value is no label"),
    ([(b"a", b"1")], Refusal.MISSING_NAME, "no name"),
    ([(b"__name__", b"")], Refusal.MISSING_NAME, "an empty name is no name"),
    ([(b"__name__", b"a b")], Refusal.INVALID_METRIC_NAME, "a space"),
    ([(b"__name__", b"up"), (b"a-b", b"1")], Refusal.INVALID_LABEL_NAME, "a dash"),
    ([(b"__name__", b"up"), (b"", b"1")], Refusal.INVALID_LABEL_NAME, "a label without a name"),
    ([(b"__name__", b"up"), (b"a", b"1"), (b"a", b"1")], Refusal.DUPLICATE_LABEL, "given twice"),
    ([(b"__name__", b"up"), (b"a", b"\xff")], Refusal.INVALID_UTF8, "not UTF-8"),
    ([(b"__name__", b"up"), (b"a" * 21, b"1")], Refusal.LABEL_NAME_TOO_LONG, "21 of 20 bytes"),
    ([(b"__name__", b"up"), (b"a", b"v" * 31)], Refusal.LABEL_VALUE_TOO_LONG, "31 of 30 bytes"),
    ([(b"__name__", b"up")] + [(b"l%d" % n, b"1") for n in range(6)], Refusal.TOO_MANY_LABELS, "7 of 6 labels"),
]


@pytest.mark.parametrize(("pairs", "expected", "reason"), CHECKS)
def test_label_sets_are_taken_or_refused_for_a_named_reason(pairs, expected, reason) -> None:
    key = expected if isinstance(expected, Refusal) else encode_labels(expected)
    reader = LabelReader(LIMITS)
    assert reader.key(pairs) == key, reason
    assert reader.key(pairs) == key, "and the same when it is remembered"


def test_what_a_reader_remembers_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr("collector.ingest.label_reader._MOST_KEPT", 10)
    reader = LabelReader(LIMITS)
    for n in range(100):
        assert reader.key([(b"__name__", b"m"), (b"n", b"%d" % n)]) == encode_labels(labels(__name__="m", n=str(n)))
        assert reader.is_key(encode_labels(labels(__name__="m", n=str(n))))
    assert len(reader._known) <= 10
    assert len(reader._spelled) <= 10
