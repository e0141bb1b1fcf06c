"""Templates expand to what promtool, which runs Prometheus' own code, expands them to."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from core.labels import labels
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator
from rules.template import Template
from rules.template_values import Context
from tests.servers.require import require_program

TEMPLATES = (
    "{{ $value }}|{{ printf `%+v` $value }}|{{ printf `%G` $value }}|{{ printf `%15v` $value }}",
    "{{ printf `%010v` $value }}|{{ printf `% g` $value }}|{{ printf `% .1f` $value }}|{{ printf `%-9v` $value }}|",
    "{{ $value | humanize }}",
    "{{ $value | humanize1024 }}",
    "{{ $value | humanizePercentage }}",
    "{{ $value | humanizeDuration }}",
    '{{ printf "%.2f" $value }}|{{ printf "%08.3f" $value }}|{{ printf "%+.1e" $value }}',
    '{{ printf "%v" $value }}|{{ printf "%g" $value }}|{{ printf "%.3g" $value }}|{{ printf "%-14.1f" $value }}|',
    "{{ $labels.host }} {{ .Labels.host | toUpper }} {{ $labels.host | title }} {{ index $labels `host` | stripPort }}",
    '{{ printf "%s|%-9s|%12s|%q" $labels.host $labels.host $labels.host $labels.host }}',
    "{{ if gt $value 60.0 }}much{{ else if eq $value 0.0 }}none{{ else }}some{{ end }}",
    "{{ ge $value 1.0 }} {{ $labels }} {{ len $labels }}",
    "{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}{{ with $labels.nope }}x{{ else }}y{{ end }}",
    "{{ $x := $value | humanize }}{{ if true }}{{ $x = `b` }}{{ end }}{{ $x }}",
    "{{ and $labels.host $value }} {{ or `` 5 }} {{ not $value }}",
    "{{ query `x > 0` | len }}{{ range query `x` }} {{ .Labels.host }} {{ .Value }} {{ label `host` . }}{{ end }}",
    "{{ reReplaceAll `(.)-` `$1${1}+` $labels.host }} {{ match `^w.b` $labels.host }} {{ printf `%d|%5d` 3 4 }}",
    "{{ toUpper `ß ä` }} {{ title `über ß x'y a_b` }} {{ print }}{{ print `a` 1 2 $value `b` $labels.host }}",
    "{{ urlquery $labels.host `&ü~` 1 }} {{ $labels.host | urlquery }}",
    "a {{- /* note */ -}} b {{- $labels.nope -}} c",
)
VALUES = (
    "0", "1", "-1", "0.1", "59.95", "61", "3725", "90061.5", "-86400", "999", "1000", "1024", "1048577", "0.00123",
    "0.00004", "123456.789", "1234567", "21470837.25", "1e9", "1.5e18", "-2.5e-9", "NaN", "+Inf", "-Inf",
)  # fmt: skip
HOST = "web-1 a.b:9100"


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], str]:
    """What promtool makes of each template for each value, by (value, number of the template)."""
    folder = tmp_path_factory.mktemp("promtool")
    annotations = {f"t{place}": text for place, text in enumerate(TEMPLATES)}
    rules = [{"alert": "A0", "expr": "x == x or x != x", "annotations": annotations}]
    (folder / "rules.yaml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": f'x{{host="{HOST}"}}', "values": value.replace("+Inf", "Inf")}],
            "alert_rule_test": [{"eval_time": "0m", "alertname": "A0", "exp_alerts": []}],
        }
        for value in VALUES
    ]
    (folder / "tests.yaml").write_text(
        json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests})
    )
    done = subprocess.run(
        [require_program("promtool", "prometheus"), "test", "rules", folder / "tests.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = re.findall(r"Annotations:(\{.*\})", done.stdout + done.stderr)
    assert len(lines) == len(VALUES), done.stdout + done.stderr
    return {
        (value, int(place)): json.loads(f'"{text}"')
        for value, line in zip(VALUES, lines, strict=True)
        for place, text in re.findall(r't(\d+)="((?:[^"\\]|\\.)*)"', line)
    }


@pytest.mark.parametrize("value", VALUES)
def test_a_template_expands_to_what_prometheus_makes_of_it(promtool: dict[tuple[str, int], str], value: str) -> None:
    series, source = labels(__name__="x", host=HOST), MemorySource()
    source.append(series, [(0, float(value))])
    context = Context(Evaluator(source).moment(0).result)
    for place, text in enumerate(TEMPLATES):
        assert Template(text).expand(series, float(value), context) == promtool[value, place], text
