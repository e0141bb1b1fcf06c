"""How costs grow with the number of series: ingest, a tick of rules, memory; written as a plot for the documentation.

    .venv/bin/python bench/growth.py [--sizes 10000 100000 1000000] [--plot docs/images/growth.svg]

For each size two collectors over HTTP, 2,000 samples a request. One without rules: CPU seconds per million samples
in the steady state, and unevictable memory. One with fifteen rules over every series (ten thresholds, three rates, two
averages): the mean duration of the ticks that have new samples to look at. One line a figure.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import servers
from bench.load import Load
from bench.memory import resident_mib
from bench.servers import Server

WARM, LOOKED_AT, SAMPLES = 3, 4, 1_000_000
COLOURS = {"ingest, CPU ms per 100k samples": "#1f77b4", "tick, ms": "#d62728", "memory, MiB": "#2ca02c"}


def rules() -> dict[str, object]:
    """Fifteen recording rules over all series; none has many results."""
    expressions = [f'count({{job="node"}} > {10**9 + n})' for n in range(10)]
    expressions += [f'count(rate({{job="node",cpu="{n}"}}[5m]) > 1e9)' for n in range(3)]
    expressions += [f'max(avg by (instance) ({{job="node",cpu="{n}"}}))' for n in (3, 4)]
    recorded = [{"record": f"bench:{n}", "expr": expression} for n, expression in enumerate(expressions)]
    return {"groups": [{"name": "growth", "interval": "1s", "rules": recorded}]}


def measure_ingest(server: Server, load: Load, series: int) -> tuple[float, float]:
    """CPU seconds per million samples, and MiB of unevictable memory."""
    rounds = max(2, math.ceil(SAMPLES / series))
    with server.connection() as connection:
        for _ in range(WARM):
            server.send(connection, load.next_round())
        cpu = 0.0
        for _ in range(rounds):
            requests = load.next_round()
            before = server.cpu_seconds()
            server.send(connection, requests)
            cpu += server.cpu_seconds() - before
    memory = resident_mib(server)
    return cpu / (rounds * series) * 1e6, memory["RssAnon"] + memory["RssShmem"]


def measure_tick(server: Server, load: Load) -> float:
    """Mean seconds of a tick while each second or two brings new samples."""
    with server.connection() as connection:
        for _ in range(WARM):
            server.send(connection, load.next_round())
        before = settled(server)
        for _ in range(LOOKED_AT):
            server.send(connection, load.next_round())
            time.sleep(2)
        after = tick_seconds(server)
    return (after[0] - before[0]) / max(after[1] - before[1], 1)


def settled(server: Server) -> tuple[float, float]:
    """As `tick_seconds`, three ticks later: the first over new series, which resolves every rule, may take long."""
    first = tick_seconds(server)
    deadline = time.monotonic() + 120
    while (now := tick_seconds(server))[1] < first[1] + 3:
        if time.monotonic() > deadline:
            raise RuntimeError("no three ticks in two minutes")
        time.sleep(0.5)
    return now


def tick_seconds(server: Server) -> tuple[float, float]:
    """Sum and count of the durations of ticks."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))
    return tuple(float(lines[f"forewatch_tick_duration_seconds_{name}"]) for name in ("sum", "count"))  # type: ignore[return-value]


def measure(series: int) -> tuple[float, float, float]:
    """CPU ms per 100,000 samples, ms a tick, MiB."""
    load = Load(series, 2 * WARM + LOOKED_AT + max(2, math.ceil(SAMPLES / series)))
    with servers.temporary_folder() as folder, servers.collector(folder) as server:
        cpu, memory = measure_ingest(server, load, series)
    with servers.temporary_folder() as folder:
        (folder / "rules.yaml").write_text(json.dumps(rules()))
        with servers.collector(folder, folder / "rules.yaml") as server:
            tick = measure_tick(server, load)
    print(
        f"growth, {series} series: {cpu:.2f} CPU s per million samples, tick {tick * 1000:.1f} ms, "
        f"{memory:.0f} MiB unevictable",
        flush=True,
    )
    return cpu * 100, tick * 1000, memory


def plot(figures: dict[int, tuple[float, float, float]]) -> str:
    """The figures over the number of series, both axes logarithmic, as SVG."""
    width, height, left, bottom = 640, 400, 60, 50
    sizes = sorted(figures)
    top = math.ceil(math.log10(max(map(max, figures.values()))))

    def x(size: int) -> float:
        return left + (math.log10(size) - math.log10(sizes[0])) / math.log10(sizes[-1] / sizes[0]) * (width - 2 * left)

    def y(value: float) -> float:
        return height - bottom - math.log10(max(value, 1)) / top * (height - 2 * bottom)

    parts = [f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(top + 1):
        at = y(10**power)
        parts.append(f'<line x1="{left}" x2="{width - left}" y1="{at:.0f}" y2="{at:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.0f}" text-anchor="end">{10**power:,}</text>')
    parts += [f'<text x="{x(n):.0f}" y="{height - bottom + 20}" text-anchor="middle">{n:,}</text>' for n in sizes]
    parts.append(f'<text x="{width / 2:.0f}" y="{height - 8}" text-anchor="middle">series</text>')
    for at, (name, colour) in enumerate(COLOURS.items()):
        points = [(x(n), y(figures[n][at])) for n in sizes]
        spelled = " ".join(f"{px:.0f},{py:.0f}" for px, py in points)
        parts.append(f'<polyline points="{spelled}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.0f}" cy="{py:.0f}" r="4" fill="{colour}"/>' for px, py in points]
        parts.append(f'<text x="{left + 12}" y="{22 + 16 * at}" fill="{colour}">{name}</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12">\n{body}\n</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="costs by the number of series")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the plot is written, as SVG")
    options = parser.parse_args()
    figures = {series: measure(series) for series in options.sizes}
    if options.plot is not None and len(figures) > 1:
        options.plot.write_text(plot(figures))


if __name__ == "__main__":
    main()
