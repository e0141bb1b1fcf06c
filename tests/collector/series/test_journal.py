"""The journal's records, and where the keys in them stand."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from collector.series.journal import Journal
from collector.series.journal_records import Birth, Replay, Retirement, encode, replay
from collector.series.keys import decode_labels
from core.labels import labels
from core.remote_write import encode_labels

rows = st.lists(st.integers(0, 2**32 - 1), max_size=5)
births = st.builds(
    lambda sender, pairs: Birth(sender, [row for row, _ in pairs], [key for _, key in pairs]),
    st.text(max_size=8), st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=300)), max_size=5),
)  # fmt: skip
records = st.lists(births | st.builds(Retirement, rows), max_size=6)


@given(records)
def test_what_is_written_is_read_back(written) -> None:
    content = b"".join(map(encode, written))
    starts = [0, *accumulate(len(encode(record)) for record in written)][:-1]
    assert replay(content) == Replay(written, starts, len(content), 0)


@given(records.filter(bool), st.data())
def test_a_cut_anywhere_loses_only_the_record_it_cuts(written, data) -> None:
    content = b"".join(map(encode, written))
    cut = data.draw(st.integers(0, len(content) - 1))
    told = replay(content[:cut])
    whole = len(told.records)
    assert told.records == written[:whole]
    assert told.lost_bytes == 0
    assert told.sound_bytes == sum(len(encode(record)) for record in written[:whole]) <= cut


@given(records.filter(bool), st.data())
def test_a_flipped_byte_costs_only_its_own_record(written, data) -> None:
    content = bytearray(b"".join(map(encode, written)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    told = replay(bytes(content))
    hit, offset = 0, 0
    while offset + len(encode(written[hit])) <= at:
        offset += len(encode(written[hit]))
        hit += 1
    assert told.records == written[:hit] + written[hit + 1 :]


@given(st.dictionaries(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200), max_size=8).map(labels))
def test_a_key_decodes_to_its_label_set(label_set) -> None:
    pairs: dict[bytes, tuple[str, str]] = {}
    assert decode_labels(encode_labels(label_set), pairs) == label_set
    assert decode_labels(encode_labels(label_set), pairs) == label_set


def test_a_rewritten_journal_tells_of_the_living_only(tmp_path) -> None:
    file = tmp_path / "journal"
    file.write_bytes(encode(Birth("a", [0, 1], [b"x", b"y"])) + encode(Retirement([0])))
    journal = Journal(file)
    keys, [(ids, places)] = journal.replace([Birth("a", [1], [b"y"])])
    assert replay(file.read_bytes()).records == [Birth("a", [1], [b"y"])]
    assert (ids, [keys.key(place) for place in places.tolist()]) == ([1], [b"y"])
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]
    keys, places = journal.bear(Birth("a", [0, 2], [b"new", b"other"]))
    assert [keys.key(place) for place in places.tolist()] == [b"new", b"other"]
    journal.close()
    assert keys.key(int(places[1])) == b"other", "who still has them goes on reading"
