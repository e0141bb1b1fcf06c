from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.encoding import TargetEncoder, full_labels, requests
from agent.sample import Family, Sample, Series
from core.labels import Labels, labels
from core.remote_write import STALE_NAN, encode_labels, encode_sample, encode_write_request

COMMON = labels(job="node", instance="web-1")
AT = 1_760_000_000_000
UP = Series(Family("up", "gauge", ""))


def series(name: str, **of: str) -> Series:
    return Series(Family(name, "gauge", ""), labels(of))


A, B, C = series("a", x="1"), series("b"), series("c", y="ü")


def plain(pairs: list[tuple[Series, float]], at_ms: int = AT) -> bytes:
    return encode_write_request([(encode_labels(full_labels(one, COMMON)), value, at_ms) for one, value in pairs])


NAMES = st.sampled_from("abcdefgh")
SERIES = st.builds(lambda name, value: series(name, x=value), NAMES, st.text(max_size=300))
SAMPLES = st.lists(st.builds(Sample, SERIES, st.floats(allow_nan=False)), max_size=8, unique_by=lambda one: one.series)
COLLECTIONS = st.lists(st.tuples(SAMPLES, st.integers(1, 4)), min_size=1, max_size=4).map(
    lambda few: [samples for samples, times in few for _ in range(times)]  # heads are kept after the second time
)


@given(
    COLLECTIONS,
    st.sampled_from([0, 1, 2**35 - 1, 2**35, AT, 2**42, -1]),
)
def test_requests_are_what_the_plain_encoder_writes(collections: list[list[Sample]], first_ms: int) -> None:
    encoder = TargetEncoder(COMMON)
    before: list[Series] = []
    for step, samples in enumerate(collections):
        at_ms = first_ms + step
        gone = [one for one in before if one not in {sample.series for sample in samples}]
        expected = plain([*samples, *((one, STALE_NAN) for one in gone), (UP, 1.0)], at_ms)
        assert b"".join(encoder.encode(samples, [Sample(UP, 1.0)], at_ms)) == expected
        before = [sample.series for sample in samples]


def test_an_own_label_that_the_target_has_too_is_kept_as_exported() -> None:
    own = series("a", instance="other", disk="sda")
    expected = labels(__name__="a", disk="sda", exported_instance="other", instance="web-1", job="node")
    assert full_labels(own, COMMON) == expected


def test_a_series_that_vanishes_gets_one_stale_marker() -> None:
    encoder = TargetEncoder(COMMON)
    encoder.encode([Sample(A, 1), Sample(B, 2)], [], AT)
    assert b"".join(encoder.encode([Sample(B, 2)], [], AT + 1)) == plain([(B, 2), (A, STALE_NAN)], AT + 1)
    assert b"".join(encoder.encode([Sample(B, 2)], [], AT + 2)) == plain([(B, 2)], AT + 2)


def test_a_failure_ends_all_series_but_the_runners_own() -> None:
    encoder = TargetEncoder(COMMON)
    encoder.encode([Sample(A, 1), Sample(B, 2)], [Sample(UP, 1)], AT)
    expected = plain([(A, STALE_NAN), (B, STALE_NAN), (UP, 0)], AT + 1)
    assert b"".join(encoder.encode([], [Sample(UP, 0)], AT + 1)) == expected
    assert b"".join(encoder.encode([], [Sample(UP, 0)], AT + 2)) == plain([(UP, 0)], AT + 2)


def test_a_series_given_twice_counts_once() -> None:
    encoded = TargetEncoder(COMMON).encode([Sample(A, 1), Sample(series("a", x="1"), 2)], [], AT)
    assert b"".join(encoded) == plain([(A, 1)])


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([A, B], [A, B], "the same again"),
        ([A, B], [B, A], "another order"),
        ([A, A], [A, A], "one given twice, twice"),
        ([A, A], [], "one given twice, then the target fails"),
        ([], [], "nothing, twice"),
        ([A, B], [A, B, C], "one more"),
        ([A, B], [A], "one less"),
    ],
)
def test_a_collection_after_another_is_encoded_as_if_nothing_were_remembered(
    before: list[Series], after: list[Series], why: str
) -> None:
    encoder = TargetEncoder(COMMON)
    encoder.encode([Sample(one, 1) for one in before], [], AT)
    given = dict.fromkeys(after)
    gone = [one for one in dict.fromkeys(before) if one not in given]
    expected = plain([*((one, 2) for one in given), *((one, STALE_NAN) for one in gone)], AT + 1)
    assert b"".join(encoder.encode([Sample(one, 2) for one in after], [], AT + 1)) == expected, why


def test_vanished_series_are_not_kept() -> None:
    encoder = TargetEncoder(COMMON)
    for index in range(100):
        encoder.encode([Sample(series("a", x=str(index)), 1)], [], AT)
    assert len(encoder._heads) == 1


def test_series_made_anew_at_every_collection_do_not_pile_up() -> None:
    encoder = TargetEncoder(COMMON)
    for value in range(100):
        encoder.encode([Sample(series("a", x="1"), value), Sample(series("b", x="1"), value)], [], AT)
    assert len(encoder._heads) <= 3


def test_a_target_whose_time_grows_longer_has_heads_that_say_so() -> None:
    encoder, at_ms = TargetEncoder(COMMON), 2**42 - 3
    for step in range(6):
        expected = plain([(A, step), (B, 2 * step), (UP, 1)], at_ms + step)
        encoded = encoder.encode([Sample(A, step), Sample(B, 2 * step)], [Sample(UP, 1)], at_ms + step)
        assert b"".join(encoded) == expected


def test_series_of_one_label_set_share_its_bytes() -> None:
    encoder = TargetEncoder(COMMON)
    shared = labels(port="1")
    encoder.encode([Sample(Series(Family(f"m{n}", "gauge", ""), shared), n) for n in range(50)], [], AT)
    assert len(encoder._heads) == 1


@pytest.mark.parametrize(
    "of",
    [
        pytest.param({"ifAlias": "上联\udce4", "ifName": "Gi0/1"}, id="all before the target's"),
        pytest.param({"ifName": "Gi0/1", "instance": "x"}, id="one that the target has"),
        pytest.param({"ifName": "Gi0/1", "zone": "z"}, id="around the target's"),
        pytest.param({"A": "a", "ifName": "Gi0/1"}, id="around the name"),
    ],
)
@pytest.mark.parametrize("honor", [False, True])
@pytest.mark.parametrize("common", [COMMON, (), labels(job="node", instance="web-2")])
def test_labels_stand_in_the_order_of_their_names(of: dict[str, str], honor: bool, common: Labels) -> None:
    one = series("a", **of)
    expected = encode_write_request([(encode_labels(full_labels(one, common, honor=honor)), 1, AT)])
    assert b"".join(TargetEncoder(common, honor=honor).encode([Sample(one, 1)], [], AT)) == expected


def test_labels_in_capitals_stand_before_the_name() -> None:
    of = series("a", Zone="z", zone="z", _A="a")
    encoded = b"".join(TargetEncoder(COMMON).encode([Sample(of, 1)], [], AT))
    assert encoded == plain([(of, 1)], AT)
    assert encoded.index(b"Zone") < encoded.index(b"_A") < encoded.index(b"__name__") < encoded.index(b"zone")


def test_the_end_of_a_target_ends_each_of_its_series_once() -> None:
    encoder = TargetEncoder(COMMON)
    encoder.encode([Sample(A, 1)], [Sample(series("up"), 1)], AT)
    assert b"".join(encoder.end(AT + 1)) == plain([(A, STALE_NAN), (series("up"), STALE_NAN)], AT + 1)
    assert encoder.end(AT + 2) == []


def test_a_collection_that_cannot_be_encoded_leaves_the_memory_of_the_one_before() -> None:
    encoder = TargetEncoder(COMMON)
    encoder.encode([Sample(A, 1)], [], AT)
    with pytest.raises(struct.error):
        encoder.encode([Sample(B, "no number")], [], AT)  # type: ignore[arg-type]
    assert b"".join(encoder.encode([], [], AT)) == plain([(A, STALE_NAN)])


def test_a_path_in_another_encoding_does_not_stop_the_rest() -> None:
    strange = series("a", mountpoint="/mnt/caf\udce9")
    assert full_labels(strange, ()) == labels(__name__="a", mountpoint="/mnt/caf\\udce9")


def test_a_probes_nan_is_no_stale_marker() -> None:
    (encoded,) = TargetEncoder(COMMON).encode([Sample(A, math.nan)], [], AT)
    assert encode_sample(math.nan, AT) in encoded
    assert encode_sample(STALE_NAN, AT) not in encoded


def test_large_collections_are_cut() -> None:
    encoded = [b"%d" % index for index in range(5)]
    assert list(requests(encoded, 2)) == [(b"01", 2), (b"23", 2), (b"4", 1)]
    assert list(requests([], 2)) == []


def test_common_labels_may_be_empty() -> None:
    empty: Labels = ()
    assert full_labels(B, empty) == labels(__name__="b")
