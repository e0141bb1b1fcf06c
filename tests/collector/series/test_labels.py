"""Names and values of labels, from the index: equal to what a look at every series finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.series.store import SeriesStore
from core.clock import ManualClock
from core.labels import Labels, labels

PAIRS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2", "ü"]), max_size=3)
LABEL_SETS = st.lists(PAIRS.map(lambda pairs: labels(pairs, __name__="m")), min_size=1, max_size=12, unique=True)


def by_looking(sets: list[Labels], name: str) -> tuple[list[str], list[str]]:
    """The names of all labels and the values of one."""
    return (
        sorted({label for of in sets for label, _ in of}),
        sorted({value for of in sets for label, value in of if label == name}),
    )


@settings(max_examples=30, deadline=None)
@given(sets=LABEL_SETS, data=st.data())
def test_the_index_says_what_the_series_say(sets: list[Labels], data: Any, tmp_path_factory: Any) -> None:
    store = SeriesStore.open(tmp_path_factory.mktemp("series"), ManualClock())
    try:
        ids = store.resolve(sets)
        some = data.draw(st.lists(st.sampled_from(range(len(sets))), unique=True))
        for name in ("a", "b", "__name__", "none"):
            assert (store.label_names(), store.label_values(name)) == by_looking(sets, name)
            chosen = ids[np.array(some, np.int64)]
            found = store.label_names(chosen), store.label_values(name, chosen)
            assert found == by_looking([sets[place] for place in some], name)
    finally:
        store.close()


@pytest.mark.parametrize("ids", [None, np.array([0, 1])])
def test_what_is_retired_is_gone(tmp_path: Any, clock: ManualClock, ids: Any) -> None:
    store = SeriesStore.open(tmp_path / "series", clock)
    store.resolve([labels(__name__="m", a="1"), labels(__name__="m", a="2")])
    clock.set_wall(clock.now_ms() + 30 * 86_400_000)
    assert store.retire() == 2
    assert (store.label_names(ids), store.label_values("a", ids)) == ([], [])
    store.close()
