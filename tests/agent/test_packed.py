from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import remembered
from agent.encoding import TargetEncoder, full_labels
from agent.packed import Batch, LabelRows, Packed, Slots, decode_labels, packed, slot
from agent.remembered import Remembered
from agent.sample import Family, Sample, Series
from core.labels import Labels, labels
from core.remote_write import STALE_NAN, encode_labels, encode_write_request

COMMON = labels(job="snmp", instance="core-1")
AT = 1_760_000_000_000
IN, OUT = Family("ifIn", "counter", ""), Family("ifOut", "counter", "")
PLAIN = Series(Family("sysUpTime", "gauge", ""))
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


def rows(*names: str) -> LabelRows:
    """One row a name, and the same type for whoever asks."""
    return LabelRows((encode_labels(labels(ifName=name)) for name in names), (b"", encode_labels(labels(ifType="x"))))


def plain(pairs: list[tuple[Series, float]], common: Labels = COMMON) -> bytes:
    return encode_write_request([(encode_labels(full_labels(one, common)), value, AT) for one, value in pairs])


def encode(encoder: TargetEncoder, series: list[Series]) -> bytes:
    return b"".join(encoder.encode([Sample(one, 1) for one in series], [], AT))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,200}", fullmatch=True), TEXTS, max_size=5))
def test_decoding_is_the_inverse_of_encoding(of: dict[str, str]) -> None:
    assert decode_labels(encode_labels(labels(of))) == labels(of)


def test_a_packed_series_says_the_same_as_a_plain_one() -> None:
    one = Packed(slot(IN, 1, 1), rows("a", "b"))
    assert (one.name, one.family, one.labels) == ("ifIn", IN, labels(ifName="b", ifType="x"))
    assert repr(one) == "Series('ifIn', (('ifName', 'b'), ('ifType', 'x')))"
    assert not hasattr(one, "colour")


def test_packed_series_are_equal_when_name_and_labels_are() -> None:
    one = Packed(slot(IN, 0), rows("a"))
    assert one == Packed(slot(IN, 1), rows("b", "a"))
    assert hash(one) == hash(Packed(slot(IN, 1), rows("b", "a")))
    assert one != Packed(slot(OUT, 0), rows("a"))
    assert one != Packed(slot(IN, 0), rows("b"))
    assert one != Packed(slot(IN, 0, 1), rows("a"))
    assert one != "ifIn"


@pytest.mark.parametrize(
    ("common", "why"),
    [
        (COMMON, "the target's labels follow"),
        ((), "the target has none"),
        (labels(a="first"), "the target's stand before"),
        (labels(ifName="mine", job="snmp"), "the target has one of the same name"),
        (labels(job="j" * 3000), "the message is long"),
    ],
)
def test_packed_series_are_pushed_as_plain_ones_are(common: Labels, why: str) -> None:
    series: list[Series] = list(packed([slot(IN, 0), slot(OUT, 1), slot(IN, 1)], rows("a", "b" * 200)))
    expected = plain([(Series(one.family, one.labels), 1) for one in series], common)
    assert b"".join(TargetEncoder(common).encode([Sample(one, 1) for one in series], [], AT)) == expected, why


@pytest.mark.parametrize(
    ("before", "after", "ended", "why"),
    [
        (["a", "b"], ["a", "b"], [], "made anew and the same"),
        (["a", "b"], ["a"], ["b"], "an interface is gone"),
        (["a"], ["a", "b"], [], "an interface came"),
        (["a", "b"], ["b", "a"], [], "interfaces changed places"),
        (["a"], ["c"], ["a"], "an interface has another name"),
        (["a"], [], ["a"], "the device does not answer"),
        ([], ["a"], [], "it answers for the first time"),
    ],
)
def test_series_end_when_they_are_gone_and_only_then(
    before: list[str], after: list[str], ended: list[str], why: str
) -> None:
    def made(names: list[str]) -> list[Series]:
        return [PLAIN, *packed([slot(IN, row) for row in range(len(names))], rows(*names))]

    encoder = TargetEncoder(COMMON)
    encode(encoder, made(before))
    stale = [(one, STALE_NAN) for one in made(ended)[1:]]
    expected = plain([*((one, 1.0) for one in made(after)), *stale])
    assert encode(encoder, made(after)) == expected, why
    assert encode(encoder, made(after)) == plain([(one, 1) for one in made(after)]), "said once"


def test_a_series_given_twice_is_pushed_once() -> None:
    one, again = Packed(slot(IN, 0), rows("a")), Packed(slot(IN, 1), rows("b", "a"))
    assert encode(TargetEncoder(COMMON), [one, again]) == plain([(one, 1)])


def test_series_of_two_devices_in_one_target_stay_apart_and_end_each() -> None:
    one, other = Packed(slot(IN, 0), rows("a")), Packed(slot(IN, 0), rows("b"))
    encoder = TargetEncoder(COMMON)
    encode(encoder, [one, other, PLAIN])
    assert encode(encoder, [one, other, PLAIN]) == plain([(one, 1), (other, 1), (PLAIN, 1)])
    assert encode(encoder, [one, PLAIN]) == plain([(one, 1), (PLAIN, 1), (other, STALE_NAN)])


def test_devices_of_one_model_share_what_is_remembered_but_for_their_labels() -> None:
    def remembered(name: str) -> Remembered:
        return Remembered.of([*packed([slot(IN, 0), slot(OUT, 0)], rows(name)), PLAIN])

    one, other = remembered("a"), remembered("b")
    assert one.slots is other.slots
    assert one.plain == [PLAIN]
    assert list(one.series()) != list(other.series())


def test_equal_labels_that_were_made_anew_replace_those_before() -> None:
    before, after = rows("a"), rows("a")
    last = Remembered.of(list(packed([slot(IN, 0)], before)))
    renewed = last.renewed(list(packed([slot(IN, 0)], after)))
    assert renewed is not None
    assert renewed.rows is after


def batch(of: LabelRows, values: list[float], *, more: list[Sample] | None = None) -> Batch:
    """The metric `ifIn` of each row, and other samples."""
    return Batch(Slots(tuple(slot(IN, row) for row in range(len(of.rows)))), of, values, more or [])


NAMES = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=4)
READINGS = st.lists(st.tuples(NAMES, st.booleans(), st.integers(1, 3)), min_size=1, max_size=5)


@given(READINGS)
def test_a_batch_is_encoded_as_its_samples_are(readings: list[tuple[list[str], bool, int]]) -> None:
    """Whatever the device has next: the same, the same made anew, other interfaces, none, nothing more."""
    one, other = TargetEncoder(COMMON), TargetEncoder(COMMON)
    for names, more, times in readings:
        for value in range(times):
            given = batch(rows(*names), [value] * len(names), more=[Sample(PLAIN, value)] if more else [])
            assert sorted(one.encode(given, [], AT)) == sorted(other.encode(list(given), [], AT))


def test_a_batch_is_a_collection_of_samples() -> None:
    given = batch(rows("a", "b"), [1, 2], more=[Sample(PLAIN, 3)])
    assert (len(given), [sample.value for sample in given]) == (3, [1, 2, 3])
    assert Sample(PLAIN, 3) in given
    assert Sample(PLAIN, 4) not in given
    assert not batch(rows(), [])


def test_devices_of_one_shape_have_their_own_names_and_one_that_is_replaced_has_the_new_ones() -> None:
    encoders = [TargetEncoder(labels(job="snmp", instance=name)) for name in ("core-1", "core-2")]
    for _ in range(3):
        for name, encoder in zip("ab", encoders, strict=True):
            encoded = b"".join(encoder.encode(batch(rows(name), [1]), [], AT))
    assert encoded == plain([(Series(IN, labels(ifName="b")), 1)], labels(job="snmp", instance="core-2"))
    encoded = b"".join(encoders[0].encode(batch(rows("c"), [2]), [], AT))
    assert encoded == plain([(Series(IN, labels(ifName="c")), 2), (Series(IN, labels(ifName="a")), STALE_NAN)],
                            labels(job="snmp", instance="core-1"))  # fmt: skip


def test_labels_that_are_very_long_or_out_of_order_go_the_long_way() -> None:
    long, capital = rows("n" * 3000), TargetEncoder(labels(Zone="z", instance="core-1"))
    encoder = TargetEncoder(COMMON)
    for _ in range(3):
        assert encoder.encode(batch(long, [1]), [], AT) == [plain([(Series(IN, labels(ifName="n" * 3000)), 1)])]
        expected = plain([(Series(IN, labels(ifName="a")), 1)], labels(Zone="z", instance="core-1"))
        assert capital.encode(batch(rows("a"), [1]), [], AT) == [expected]


def test_slots_that_no_target_has_any_more_are_forgotten() -> None:
    encoder = TargetEncoder(COMMON)
    for count in range(1, 30):
        encoder.encode(list(batch(rows(*map(str, range(count))), [1] * count)), [], AT)
    gc.collect()
    kept = [slots for slots in remembered._slots.values() if {one.family for one in slots.all} == {IN}]
    assert [len(slots.all) for slots in kept] == [29]
