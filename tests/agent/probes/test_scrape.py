from __future__ import annotations

import asyncio
import gzip
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client import exposition as classic
from prometheus_client.openmetrics import exposition as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from agent.collection import Collector
from agent.encoding import full_labels
from agent.probes.openmetrics import Malformed, Scraper
from agent.target_checks import scrapes
from core.clock import SystemClock
from core.labels import labels
from tests.agent.probes.checks import configured
from tests.agent.probes.read import by_name
from tests.servers.ports import free_port
from tests.servers.scripted import Scripted, saying


def scraper(most: int = 1000) -> Scraper:
    return Scraper(lambda _: True, most)


def registry() -> CollectorRegistry:
    all_kinds = CollectorRegistry()
    Counter("jobs", "Jobs done.", ["queue"], registry=all_kinds).labels('a "b" \\ c\nd').inc(3)
    Gauge("temperature_celsius", "Warmth.", registry=all_kinds).set(21.5)
    Histogram("latency_seconds", "Waiting.", buckets=(0.1, 1), registry=all_kinds).observe(0.5)
    Summary("size_bytes", "Sizes.", registry=all_kinds).observe(7)
    return all_kinds


@pytest.mark.parametrize("library", [classic, open_metrics])
def test_what_the_client_library_writes_is_read(library: Any) -> None:
    samples = scraper().read(library.generate_latest(registry()).decode())
    values = {(sample.name, sample.labels): sample.value for sample in samples if not sample.name.endswith("_created")}
    assert values == {
        ("jobs_total", labels(queue='a "b" \\ c\nd')): 3,
        ("temperature_celsius", ()): 21.5,
        ("latency_seconds_bucket", labels(le="0.1")): 0,
        ("latency_seconds_bucket", labels(le="1.0")): 1,
        ("latency_seconds_bucket", labels(le="+Inf")): 1,
        ("latency_seconds_count", ()): 1,
        ("latency_seconds_sum", ()): 0.5,
        ("size_bytes_count", ()): 1,
        ("size_bytes_sum", ()): 7,
    }
    kinds = {sample.name: sample.family.type for sample in samples}
    assert (kinds["jobs_total"], kinds["temperature_celsius"]) == ("counter", "gauge")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a 1", {"a": 1}),
        ("a{} 1 1700000000000", {"a": 1}),
        ('a{b="c",} 1', {"a c": 1}),
        ('a { b = "x } y" , d="e" } 2', {"a x } y e": 2}),
        ("a +Inf", {"a": math.inf}),
        ('a{b=""} 1', {"a": 1}),
        ('a_bucket{le="1"} 4 # {trace_id="x"} 0.7 1.0', {"a_bucket 1": 4}),
        ("# EOF\nb 2", {}),
        ("a 1\r", {"a": 1}),
        ("a 1\na 2", {"a": 1}),
        ("#a comment\n\n a 1", {"a": 1}),
        ("a:b_C9 0x", None), ("a", None), ("a 1_0", None), ("9a 1", None), ("a{b 1", None), ('a{b="c} 1', None),
        ("a{b=c} 1", None), ('a{b="c" d="e"} 1', None), ('a{b="c",b="d"} 1', None), ('a{9="c"} 1', None),
        ('a{b="' + "x" * 5000 + '"} 1', None), ("a{" + ",".join(f'l{n}="x"' for n in range(65)) + "} 1", None),
        ('a{__name__="b"} 1', None), ("<html>", None),
    ],
)  # fmt: skip
def test_a_line_is_a_sample_or_the_text_is_refused(line: str, expected: dict[str, float] | None) -> None:
    if expected is None:
        with pytest.raises(Malformed, match="line 1"):
            scraper().read(line)
    else:
        assert by_name(scraper().read(line)) == expected


def test_a_target_that_grew_beyond_its_bounds_is_refused_whole() -> None:
    text = "".join(f'a{{b="{number}"}} 1\n' for number in range(11))
    assert len(scraper(11).read(text)) == 11
    with pytest.raises(Malformed, match="more than 10 samples"):
        scraper(10).read(text)


def test_a_steady_target_s_series_are_the_same_objects_and_what_went_is_forgotten() -> None:
    reader = scraper()
    first, second = reader.read("a 1\nb 2"), reader.read("a 3\nb 4")
    assert [one.series is two.series for one, two in zip(first, second, strict=True)] == [True, True]
    reader.read("a 1")
    assert len(reader._known) == 1


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        samples = scraper().read(text)
    except Malformed:
        return
    assert len({sample.series for sample in samples}) == len(samples)


VALUES = st.floats() | st.integers(-1000, 1000)
LABELS = st.dictionaries(st.sampled_from(["a", "b", "job"]), st.text(st.characters(codec="utf-8"), max_size=20))


@given(st.lists(st.tuples(LABELS, VALUES), max_size=5))
def test_what_is_written_comes_back_as_the_client_library_reads_it(rows: list[tuple[dict[str, str], float]]) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    def line(of: dict[str, str], value: float) -> str:
        return "m{" + ",".join(f'{name}="{escaped(text)}"' for name, text in of.items()) + f"}} {value}\n"

    text = "".join(line(of, value) for of, value in rows if not any("\r" in text for text in of.values()))
    ours = {sample.labels: sample.value for sample in scraper().read(text)}
    theirs: dict[Any, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            theirs.setdefault(labels(sample.labels), sample.value)
    assert ours.keys() == theirs.keys()
    assert all(ours[key] == theirs[key] or math.isnan(theirs[key]) for key in ours)


async def collected(folder: Path, answer: bytes, **more: Any) -> tuple[dict[str, float], str | None]:
    """Values of one scrape, and the class of failure."""
    async with Scripted(saying(answer)) as server:
        probe = {"type": "scrape", "url": f"http://127.0.0.1:{server.port}/metrics"} | more
        [target] = scrapes(configured(folder, probe), SystemClock())
        collection = await Collector(target, SystemClock()).collect()
    return by_name(collection.samples), collection.failure


OK = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "more", "expected"),
    [
        (OK + b"a 1\nb 2", {}, ({"a": 1, "b": 2}, None)),
        (OK + b"go_x 1\nb 2\nbc 3", {"exclude": ["go_.*", "b"]}, ({"bc": 3}, None)),
        (OK + b"go_x 1\nb 2\nbc 3", {"include": ["b.*"], "exclude": ["bc"]}, ({"b": 2}, None)),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a 1", mtime=0), {}, ({"a": 1}, None)),
        (OK + b"<html>", {}, ({}, "content")),
        (OK + b"a\xff 1", {}, ({}, "content")),
        (OK + b"a 1\nb 2", {"max_series": 1}, ({}, "content")),
        (OK + b"a" * 2000, {"max_body": "1KiB"}, ({}, "too_large")),
        (b"HTTP/1.1 503 Busy\r\n\r\n", {}, ({}, "status")),
        (b"", {}, ({}, "protocol")),
    ],
)
async def test_an_endpoint_is_scraped_or_down_with_a_class(
    tmp_path: Path, answer: bytes, more: dict[str, Any], expected: tuple[dict[str, float], str | None]
) -> None:
    assert await collected(tmp_path, answer, **more) == expected


async def test_nobody_there_is_down(tmp_path: Path) -> None:
    probe = {"type": "scrape", "url": f"http://127.0.0.1:{free_port()}/metrics"}
    [target] = scrapes(configured(tmp_path, probe), SystemClock())
    collection = await Collector(target, SystemClock()).collect()
    assert collection.failure == "refused"
    assert next(iter(collection.own_samples())).value == 0


@pytest.mark.parametrize(
    ("honor", "expected"),
    [
        (False, {"exported_job": "theirs", "job": "scrape", "instance": "probe-0", "a": "b"}),
        (True, {"job": "theirs", "instance": "probe-0", "a": "b"}),
    ],
)
async def test_a_label_that_the_target_has_too_is_exported_or_honoured(
    tmp_path: Path, honor: bool, expected: dict[str, str]
) -> None:
    probe = {"type": "scrape", "url": "http://127.0.0.1/", "honor_labels": honor}
    [target] = scrapes(configured(tmp_path, probe), SystemClock())
    [sample] = scraper().read('m{job="theirs",a="b"} 1')
    told = full_labels(sample.series, target.labels, honor=target.honor_labels)
    assert dict(told) == expected | {"__name__": "m"}


async def test_a_target_that_drips_ends_with_the_time_limit(tmp_path: Path) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with Scripted(drip) as server:
        probe = {"type": "scrape", "url": f"http://127.0.0.1:{server.port}/", "timeout": "200ms"}
        [target] = scrapes(configured(tmp_path, probe), SystemClock())
        collection = await Collector(target, SystemClock()).collect()
    assert collection.failure == "timeout"
    assert collection.seconds < 3
