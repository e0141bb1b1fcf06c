from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.encoding import TargetEncoder, full_labels
from agent.packed import LabelRows, Packed, decode_labels, packed, slot
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
