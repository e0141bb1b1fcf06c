"""Label sets and rows: the same as two plain dicts, though keys are only in the journal."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series import hash_table
from collector.series.dictionary import Dictionary
from collector.series.hash_table import NONE, HashTable
from collector.series.journal import Journal
from collector.series.journal_records import Birth, Retirement, encode, replay


class Interned:
    """A dictionary and the journal that it stands on."""

    def __init__(self, file) -> None:
        self._file = file
        self.journal = Journal(file)
        self.dictionary = Dictionary(self.journal.keys())

    def bear(self, sender: str, keys: list[bytes]) -> list[int]:
        rows = self.dictionary.vacant(len(keys))
        keys_now, places = self.journal.bear(Birth(sender, rows, keys))
        self.dictionary.add(sender, rows, keys, places, keys_now)
        return rows

    def retire(self, rows: list[int]) -> None:
        self.journal.append(Retirement(rows))
        self.dictionary.remove(rows)

    def again(self) -> Dictionary:
        """What a process that starts now has."""
        return Dictionary.replayed(replay(self._file.read_bytes()), self.journal.keys())


@pytest.fixture
def interned(tmp_path):
    made = Interned(tmp_path / "journal")
    yield made
    made.journal.close()


def rows_of(dictionary: Dictionary) -> dict[bytes, int]:
    return {key: row for row, key in dictionary.by_row()}


def told(tmp_path, *records) -> Dictionary:
    content = b"".join(map(encode, records))
    (tmp_path / "told").write_bytes(content)
    journal = Journal(tmp_path / "told")
    dictionary = Dictionary.replayed(replay(content), journal.keys())
    journal.close()
    return dictionary


def test_freed_rows_are_taken_lowest_first_and_only_once(interned) -> None:
    interned.bear("a", [b"0", b"1", b"2", b"3"])
    interned.retire([2, 0])
    dictionary = interned.dictionary
    assert dictionary.vacant(3) == [0, 2, 4]
    assert dictionary.vacant(3) == [0, 2, 4], "asking takes nothing"
    interned.bear("b", [b"new"])
    interned.retire([0])
    assert dictionary.vacant(2) == [0, 2]
    assert dictionary.per_sender == {"a": 2}
    assert interned.again().vacant(2) == [0, 2]


def test_what_each_of_very_many_senders_brought_is_told_in_one_pass(interned) -> None:
    """A thousand senders and a million series came to seconds in which nothing else was taken in."""
    looks: list[int] = []

    class Counted(np.ndarray):
        def __getitem__(self, at):
            if isinstance(at, np.ndarray):
                looks.append(len(at))
            return super().__getitem__(at)

    for sender in range(300):
        interned.bear(f"s{sender}", [b"%d" % (300 * n + sender) for n in range(sender % 3)])
    dictionary = interned.dictionary
    dictionary._senders = dictionary._senders.view(Counted)
    births = list(dictionary.births())
    assert {birth.sender: list(birth.keys) for birth in births} == {
        f"s{sender}": [b"%d" % (300 * n + sender) for n in range(sender % 3)] for sender in range(300) if sender % 3
    }
    assert {birth.sender for birth in interned.again().births()} == {birth.sender for birth in births}
    assert len(looks) < 5, "not one look a sender"


def test_a_row_or_key_that_a_damaged_journal_gives_twice_belongs_to_the_last(tmp_path) -> None:
    dictionary = told(tmp_path, Birth("a", [0, 1], [b"x", b"y"]), Birth("b", [0, 2], [b"z", b"y"]))
    assert rows_of(dictionary) == {b"z": 0, b"y": 2}
    assert dictionary.find([b"x", b"y", b"z"]).tolist() == [NONE, 2, 0]
    assert dictionary.per_sender == {"b": 2}
    assert dictionary.vacant(1) == [1]
    assert len(dictionary) == 2


def test_a_damaged_journal_may_retire_what_it_never_told_of(tmp_path) -> None:
    dictionary = told(tmp_path, Birth("a", [1], [b"x"]), Retirement([0, 7_000_000]))
    assert (rows_of(dictionary), dictionary.vacant(2)) == ({b"x": 1}, [0, 2])


steps = st.lists(
    st.tuples(st.sampled_from(["bear", "retire", "shorten", "start"]), st.integers(0, 2**16), st.integers(1, 8)),
    max_size=20,
)


@pytest.mark.parametrize(
    ("hashing", "reason"),
    [
        (hash, "as it is"),
        (lambda key: zlib.crc32(key) % 3, "most have the hashes of others"),
        (lambda _: 0, "all have one hash"),
    ],
)
@settings(max_examples=40)
@given(steps=steps)
def test_whatever_happens_it_is_the_same_as_plain_dicts(tmp_path_factory, hashing, reason, steps) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_table, "hash", hashing, raising=False)
        interned = Interned(tmp_path_factory.mktemp("interned") / "journal")
        plain: dict[bytes, int] = {}
        for what, number, count in steps:
            dictionary = interned.dictionary
            if what == "bear":
                keys = [b"%d" % ((number + n) % 50) for n in range(count)]
                keys = [key for key in keys if key not in plain]
                plain |= zip(keys, interned.bear(f"s{number % 3}", keys), strict=True)
            elif what == "retire" and plain:
                gone = sorted(plain.values())[:count]
                plain = {key: row for key, row in plain.items() if row not in gone}
                interned.retire(gone)
            elif what == "shorten":
                dictionary.move(*interned.journal.replace(dictionary.births()))
            elif what == "start":
                interned.dictionary = interned.again()
            check_same(interned.dictionary, plain)
        interned.journal.close()


def check_same(dictionary: Dictionary, plain: dict[bytes, int]) -> None:
    asked = [b"%d" % n for n in range(60)]
    assert dictionary.find(asked).tolist() == [plain.get(key, NONE) for key in asked]
    assert rows_of(dictionary) == plain
    assert len(dictionary) == len(plain) == dictionary.per_sender.total()
    assert dictionary.live().tolist() == sorted(plain.values())
    assert all(dictionary.key(row) == key for key, row in plain.items())


def test_what_is_kept_nowhere_is_told_as_a_missing_row(interned) -> None:
    interned.bear("a", [b"0"])
    for row in (-1, 1, 1023, 5000):
        with pytest.raises(KeyError, match="no series"):
            interned.dictionary.key(row)


def test_a_row_that_is_taken_anew_in_the_middle_of_a_look_is_read_from_the_file_that_has_it(interned) -> None:
    interned.bear("a", [b"old"])
    interned.retire([0])
    turns = [lambda: interned.bear("b", [b"new"])]  # of another thread, once the file was looked up

    class Interrupted(np.ndarray):
        def __getitem__(self, at):
            if isinstance(at, int) and turns:
                turns.pop()()
            return super().__getitem__(at)

    dictionary = interned.dictionary
    file, places = dictionary._book
    dictionary._book = file, places.view(Interrupted)
    assert dictionary.key(0) == b"new"
    assert not turns


def test_keys_that_come_in_any_order_are_found(interned) -> None:
    keys = [b"key-%d" % (n * n) for n in range(3000)]
    interned.bear("a", keys[:2000])
    interned.bear("b", keys[2000:])
    order = np.random.default_rng(1).permutation(3000)
    shuffled = [keys[at] for at in order.tolist()]
    assert interned.dictionary.find(shuffled).tolist() == order.tolist()
    mixed = [key for pair in zip(keys, (b"no-" + key for key in keys), strict=True) for key in pair]
    assert interned.dictionary.find(mixed)[::2].tolist() == list(range(3000))
    assert (interned.dictionary.find(mixed)[1::2] == NONE).all()


def test_a_table_stays_at_most_half_full_and_shrinks_again() -> None:
    table = HashTable()
    rows = np.arange(5000)
    table.add((rows * 7).astype(np.uint32), rows)
    assert len(table._slots) == 16_384
    table.remove(rows[10:])
    assert len(table._slots) == 1024
    assert table.find((rows * 7).astype(np.uint32))[0].tolist() == [*range(10), *[NONE] * 4990]
