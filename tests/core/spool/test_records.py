from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.spool import records
from core.spool.records import Record

RECORDS = st.builds(
    Record,
    boot=st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"),
    sequence=st.integers(0, 2**64 - 1),
    created_at_ms=st.integers(-(2**63), 2**63 - 1),
    samples=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=200) | st.just(b"body with " + records.MAGIC + b" inside"),
)


def read_all(data: bytes) -> list[Record]:
    found, start = [], 0
    while (one := records.scan(data, start)) is not None:
        found.append(one.record)
        start = one.end
    return found


@given(st.lists(RECORDS, max_size=6))
def test_records_come_back_in_order(several: list[Record]) -> None:
    assert read_all(b"".join(map(records.encode, several))) == several


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_a_cut_costs_only_the_record_it_goes_through(several: list[Record], data: st.DataObject) -> None:
    stored = b"".join(map(records.encode, several))
    cut = data.draw(st.integers(0, len(stored)))
    whole, end = [], 0
    for record in several:
        end += records.size(record)
        if end <= cut:
            whole.append(record)
    assert read_all(stored[:cut]) == whole


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_a_changed_byte_costs_only_the_record_it_is_in(several: list[Record], data: st.DataObject) -> None:
    stored = bytearray(b"".join(map(records.encode, several)))
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    end, others = 0, []
    for record in several:
        start, end = end, end + records.size(record)
        if not start <= at < end:
            others.append(record)
    assert read_all(bytes(stored)) == others


@given(RECORDS, st.binary(max_size=60))
def test_a_record_is_found_behind_anything(record: Record, garbage: bytes) -> None:
    found = records.scan(garbage + records.encode(record))
    assert found is not None
    assert found.record == record


def test_a_length_beyond_reason_is_damage() -> None:
    header = records.encode(Record("0" * 16, 1, 0, 1, b""))
    huge = header[:8] + (2**32 - 1).to_bytes(4, "little") + header[12:]
    assert records.body_length(huge) is None
    assert records.decode(huge) is None
