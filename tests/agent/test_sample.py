from __future__ import annotations

from agent.sample import Family, Sample, Series

IN = Family("ifHCInOctets", "counter", "Octets in.")
OUT = Family("ifHCOutOctets", "counter", "Octets out.")
ONE = (("ifIndex", "1"),)


def test_series_made_apart_from_the_same_parts_are_equal() -> None:
    again = Family("ifHCInOctets", "untyped", "The same metric, described otherwise.")
    assert Series(IN, ONE) == Series(again, tuple(ONE))
    assert hash(Series(IN, ONE)) == hash(Series(again, tuple(ONE)))


def test_series_of_other_names_or_labels_differ() -> None:
    assert Series(IN, ONE) != Series(OUT, ONE)
    assert Series(IN, ONE) != Series(IN, (("ifIndex", "2"),))
    assert Series(IN, ONE) != ("ifHCInOctets", ONE)
    assert len({Series(IN, ONE), Series(OUT, ONE), Series(IN, ONE), Series(IN)}) == 3


def test_a_sample_tells_of_its_series() -> None:
    sample = Sample(Series(IN, ONE), 5)
    assert (sample.name, sample.family, sample.labels, sample.value) == ("ifHCInOctets", IN, ONE, 5)
    assert repr(sample.series) == "Series('ifHCInOctets', (('ifIndex', '1'),))"
