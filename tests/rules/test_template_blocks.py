"""Templates with blocks, variables, queries and comparisons."""

from __future__ import annotations

import pytest

from core.labels import labels
from rules.errors import EvaluationError
from rules.memory import MemorySource
from rules.promql.evaluate import Evaluator
from rules.template import MAX_RESULT, Template
from rules.template_values import Context

NOW = 1_760_000_000_000
SERIES = labels(__name__="up", instance="core-1.example.org:161", job="snmp")


@pytest.fixture(scope="module")
def context() -> Context:
    source = MemorySource()
    for instance, value in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        source.append(labels(__name__="load", instance=instance), [(NOW, value)])
    moment = Evaluator(source).moment(NOW)
    return Context(moment.result, {"site": "east"}, "https://watch.example.org/fw/")


@pytest.mark.parametrize(
    ("text", "value", "expected", "reason"),
    [
        ("{{ if gt $value 90.0 }}hot{{ else }}warm{{ end }}", 95, "hot", "if"),
        ("{{ if gt $value 90.0 }}hot{{ else }}warm{{ end }}", 80, "warm", "else"),
        ("{{ if gt $value 9.5 }}a{{ else if gt $value 5.5 }}b{{ else }}c{{ end }}", 7, "b", "else if"),
        ("{{ if gt $value 9.5 }}a{{ else if gt $value 5.5 }}b{{ else }}c{{ end }}", 1, "c", "else of else if"),
        ("{{ if $labels.nope }}x{{ end }}y", 1, "y", "empty text is false"),
        ("{{ if $value }}x{{ else }}zero{{ end }}", 0, "zero", "zero is false"),
        ("{{ if .Labels }}x{{ end }}", 1, "x", "labels are true"),
        ("{{ if and (eq $labels.job `snmp`) (lt $value 5.0) }}x{{ end }}", 1, "x", "and"),
        ("{{ if or (eq $labels.job `node` `snmp`) false }}x{{ end }}", 1, "x", "or; eq with several"),
        ("{{ if not (ne $labels.job `node`) }}x{{ else }}y{{ end }}", 1, "y", "not, ne"),
        ("{{ le $value 1.0 }} {{ ge $value 2.0 }}", 1, "true false", "printed"),
        ("{{ or $labels.nope `none` }}", 1, "none", "or yields a value"),
        ("{{ with $labels.job }}job {{ . }}{{ end }}", 1, "job snmp", "with moves the dot"),
        ("{{ with $labels.nope }}x{{ else }}none{{ end }}", 1, "none", "with of nothing"),
        ("{{ with $x := $labels.job }}{{ $x }}{{ $.Value }}{{ end }}", 2, "snmp2", "with a variable; the root"),
        ("{{ $x := $value | humanize }}{{ $x }}{{ $x }}", 2000, "2k2k", "a variable"),
        ("{{ $x := `a` }}{{ if true }}{{ $x = `b` }}{{ end }}{{ $x }}", 1, "b", "assigned in a block"),
        ("{{ $x := `a` }}{{ if true }}{{ $x := `b` }}{{ end }}{{ $x }}", 1, "a", "declared anew in a block"),
        ("{{ query `load{instance='a'}` | first | value }}", 1, "1", "a query"),
        ("{{ (query `load{instance='a'}` | first).Labels.instance }}", 1, "a", "a field of parentheses"),
        ("{{ query (printf `load > %f` $value) | len }}", 1, "2", "a query made of values"),
        ("{{ range query `load` | sortByLabel `instance` }}{{ .Labels.instance }}={{ .Value }} {{ end }}", 1,
         "a=1 b=2 c=3 ", "range"),
        ("{{ range query `sort_desc(load)` }}{{ label `instance` . }}{{ value . }}{{ end }}", 1,
         "c3b2a1", "in its order"),
        ("{{ range $i, $e := query `sort(load)` }}{{ $i }}{{ $e.Labels.instance }}{{ end }}", 1,
         "0a1b2c", "numbered"),
        ("{{ range query `load > 9` }}x{{ else }}none{{ end }}", 1, "none", "range over nothing"),
        ("{{ range $k, $v := $labels }}{{ $k }}:{{ $v }};{{ end }}", 1,
         "__name__:up;instance:core-1.example.org:161;job:snmp;", "labels, sorted"),
        ("{{ range query `load` }}{{ if eq .Labels.instance `b` }}{{ .Value }}{{ end }}{{ end }}", 1,
         "2", "if in range"),
        ("{{ query `count_values('__value__', load > 2)` | first | strvalue }}", 1, "3", "strvalue"),
        ("{{ query `42` | first | value }}", 1, "42", "a number"),
        ("{{ $externalLabels.site }} {{ .ExternalLabels.site }} {{ $externalURL }}", 1,
         "east east https://watch.example.org/fw/", "external"),
        ("{{ externalURL }} {{ pathPrefix }}", 1, "https://watch.example.org/fw/ /fw/", "as functions"),
        ("{{ if match `^core-[0-9]` $labels.instance }}x{{ end }}", 1, "x", "match is not anchored"),
        ("{{ reReplaceAll `(.*):(.*)` `$2 of $1` $labels.instance }}", 1, "161 of core-1.example.org", "reReplaceAll"),
        ("{{ stripDomain $labels.instance }} {{ stripDomain `10.0.0.1:80` }}", 1,
         "core-1:161 10.0.0.1:80", "stripDomain"),
        ("{{ parseDuration `1h30m` }} {{ parseDuration `1h` | humanizeDuration }}", 1,
         "5400 1h 0m 0s", "parseDuration"),
        ("{{ len $labels.job }} {{ printf `%d` (len $labels) }}", 1, "4 3", "len"),
        ("{{ (args `a` `b`).arg1 }}", 1, "b", "args"),
        ("{{ $labels }}", 1, "map[__name__:up instance:core-1.example.org:161 job:snmp]", "as Go prints it"),
        ("{{- if true -}}  x  {{- end -}}", 1, "x", "trimmed around blocks"),
        ("{{ query `nope` | first | value }}", 1,
         "<error expanding template: first() called on vector with no elements>", "nothing to take"),
        ("{{ query (printf `load %s` `==`) | len }}", 1,
         "<error expanding template: 1:8: syntax error: unexpected end of input>", "a query that is none"),
    ],
)  # fmt: skip
def test_blocks_and_queries(context: Context, text: str, value: float, expected: str, reason: str) -> None:
    got = Template(text).expand(SERIES, float(value), context)
    if "syntax error" in expected:
        assert got.startswith("<error expanding template: 1:8: "), reason
    else:
        assert got == expected, reason


def test_without_a_context_a_query_is_an_error_in_the_text() -> None:
    assert "nothing here to query" in Template("{{ query `up` | len }}").expand(SERIES, 1.0)


def test_a_query_that_fails_is_told_in_the_text() -> None:
    def fail(_expression: object) -> None:
        raise EvaluationError("many-to-many")

    text = Template("a{{ query `up` | len }}").expand(SERIES, 1.0, Context(fail))  # type: ignore[arg-type]
    assert text == "<error expanding template: many-to-many>"


def test_a_result_that_would_fill_the_database_is_cut_off() -> None:
    source = MemorySource()
    for number in range(2000):
        source.append(labels(__name__="x", i=str(number)), [(NOW, 1.0)])
    moment = Evaluator(source).moment(NOW)
    text = "{{ range query `x` }}" + "y" * 100 + "{{ end }}"
    assert f"longer than {MAX_RESULT}" in Template(text).expand(SERIES, 1.0, Context(moment.result))


def test_blocks_nested_too_deep_are_refused() -> None:
    with pytest.raises(Exception, match="nested too deep"):
        Template("{{ if true }}" * 30 + "{{ end }}" * 30)
