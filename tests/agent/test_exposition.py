"""The text that `agent once` prints is what Prometheus reads."""

from __future__ import annotations

import math
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from agent.exposition import expose, spell_value
from agent.sample import Family, Sample, Series
from core.labels import labels
from tests.servers.require import require_program

READS = Family("node_disk_reads_completed_total", "counter", "Reads completed.")
LOAD = Family("node_load1", "gauge", "Load.")
FAULTS = Family("node_vmstat_pgfault", "untyped", 'A "help" with a \\ and a\nnew line.')


def test_families_come_once_each_with_help_and_type_by_name() -> None:
    text = expose(
        [
            Sample(Series(LOAD), 0.25),
            Sample(Series(READS, (("device", "sda"),)), 7),
            Sample(Series(FAULTS), 1e21),
            Sample(Series(READS, (("device", "sdb"),)), 8.0),
        ]
    )
    assert text == (
        "# HELP node_disk_reads_completed_total Reads completed.\n"
        "# TYPE node_disk_reads_completed_total counter\n"
        'node_disk_reads_completed_total{device="sda"} 7\n'
        'node_disk_reads_completed_total{device="sdb"} 8\n'
        "# HELP node_load1 Load.\n"
        "# TYPE node_load1 gauge\n"
        "node_load1 0.25\n"
        '# HELP node_vmstat_pgfault A "help" with a \\\\ and a\\nnew line.\n'
        "# TYPE node_vmstat_pgfault untyped\n"
        "node_vmstat_pgfault 1e+21\n"
    )


def test_common_labels_are_added_in_order_and_win() -> None:
    sample = Sample(Series(READS, (("device", "sda"), ("job", "mine"), ("zone", "b"))), 1)
    line = expose([sample], (("instance", "db-1"), ("job", "node"))).splitlines()[-1]
    assert line == 'node_disk_reads_completed_total{device="sda",instance="db-1",job="node",zone="b"} 1'


def test_the_first_description_of_a_family_is_shown() -> None:
    other = Family(LOAD.name, "counter", "Something else.")
    text = expose([Sample(Series(LOAD), 1), Sample(Series(other, (("a", "b"),)), 2)])
    assert text.count("# TYPE") == 1
    assert "# TYPE node_load1 gauge" in text


def test_nothing_is_an_empty_page() -> None:
    assert expose([]) == ""


@pytest.mark.parametrize(
    ("value", "text", "reason"),
    [
        (0, "0", "an integer"),
        (-0.5, "-0.5", "a fraction"),
        (1795360149.0, "1795360149", "whole floats have no point"),
        (2.0**53, "9007199254740992", "the largest exactly counted"),
        (1e300, "1e+300", "large numbers keep their exponent"),
        (math.nan, "NaN", "Go's spelling"),
        (math.inf, "+Inf", "Go's spelling"),
        (-math.inf, "-Inf", "Go's spelling"),
    ],
)
def test_values_are_spelled_as_go_reads_them(value: float, text: str, reason: str) -> None:
    assert spell_value(value) == text, reason


@given(
    # The client library's own parser strips white space at the ends of a value.
    values=st.lists(st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: f"<{text}>"), max_size=4),
    number=st.floats(),
)
@settings(max_examples=60)
def test_what_is_written_is_read_back_by_the_reference_parser(values: list[str], number: float) -> None:
    own = labels((f"label_{index}", value) for index, value in enumerate(values))
    text = expose([Sample(Series(LOAD, own), number)])
    (family,) = text_string_to_metric_families(text)
    (sample,) = family.samples
    assert sample.name == LOAD.name
    assert sample.labels == dict(own)
    assert sample.value == number or (math.isnan(number) and math.isnan(sample.value))


def test_promtool_reads_a_page_with_hostile_labels() -> None:
    promtool = require_program("promtool", "prometheus")
    hostile = labels(mountpoint='/mnt/a b"c\\d\ne', device="数据盘")
    text = expose([Sample(Series(Family("node_things", "gauge", "Things."), hostile), 1)])
    read = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False)
    assert read.returncode == 0, read.stdout + read.stderr
