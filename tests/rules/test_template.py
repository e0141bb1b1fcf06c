"""Templates of labels and annotations."""

from __future__ import annotations

import contextlib
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.labels import labels
from rules.errors import TemplateError
from rules.template import Template

SERIES = labels(__name__="up", instance="core-1:161", job="snmp")


@pytest.mark.parametrize(
    ("text", "value", "expected", "reason"),
    [
        ("plain", 1, "plain", "no action"),
        ("{{ $labels.instance }} down", 1, "core-1:161 down", "a label"),
        ("{{.Labels.instance}}", 1, "core-1:161", "the long form, without spaces"),
        ('{{ index $labels "job" }}', 1, "snmp", "index"),
        ("[{{ $labels.nope }}]", 1, "[]", "a label the series does not have"),
        ("{{ $value }}", 0.1, "0.1", "a number as Go writes it"),
        ("{{ $value }}", 3.0, "3", "without a fraction that is none"),
        ("{{ $value }}", 999999, "999999", "no exponent below a million"),
        ("{{ $value }}", 1234567, "1.234567e+06", "an exponent from a million on"),
        ("{{ $value }}", 1e20, "1e+20", "no more digits than needed"),
        ("{{ $value }}", 0.00001, "1e-05", "exponent below 1e-4, two digits"),
        ("{{ $value }}", 1.5e-7, "1.5e-07", "digits before the exponent"),
        ("{{ .Value }}", math.nan, "NaN", "not a number"),
        ("{{ $value }}", -math.inf, "-Inf", "infinite"),
        ("{{ $value | humanize }}", 1234567, "1.235M", "SI prefix"),
        ("{{ humanize $value }}", 0.00123, "1.23m", "small SI prefix"),
        ("{{ $value | humanize }}", 0, "0", "nothing to scale"),
        ("{{ $value | humanize1024 }}", 1536, "1.5ki", "binary prefix"),
        ("{{ $value | humanize1024 }}", 2.0**80, "1Yi", "the largest binary prefix"),
        ("{{ $value | humanizePercentage }}", 0.1234, "12.34%", "a ratio"),
        ("{{ $value | humanizeDuration }}", 0, "0s", "no time"),
        ("{{ $value | humanizeDuration }}", 59.5, "59.5s", "seconds keep their fraction"),
        ("{{ $value | humanizeDuration }}", 3725, "1h 2m 5s", "hours"),
        ("{{ $value | humanizeDuration }}", 90061, "1d 1h 1m 1s", "days"),
        ("{{ $value | humanizeDuration }}", -61, "-1m 1s", "negative"),
        ("{{ $value | humanizeDuration }}", 0.0012, "1.2ms", "less than a second"),
        ("{{ $value | humanizeTimestamp }}", 1760000000, "2025-10-09 08:53:20 +0000 UTC", "an instant"),
        ('{{ printf "%.2f" $value }}', 1.005, "1.00", "printf"),
        ('{{ $value | printf "%.1f%%" }}', 12.34, "12.3%", "printf in a pipeline, and a percent sign"),
        ("{{ printf `%6.1f|%-5s|%q` $value $labels.job $labels.job }}", 2.25, '   2.2|snmp |"snmp"', "widths"),
        ('{{ printf "%v" $value }}', 3.0, "3", "%v of a number"),
        ('{{ printf "%s" (humanize $value) }}', 2000, "2k", "parentheses"),
        ("{{ $labels.job | toUpper }}", 1, "SNMP", "toUpper"),
        ("{{ $labels.instance | stripPort }}", 1, "core-1", "stripPort"),
        ("a {{-  $labels.job  -}} b", 1, "asnmpb", "white space is trimmed"),
        ("a {{- /* note */ -}} b", 1, "ab", "a comment that trims"),
        ("x{{/* note }} */}}y", 1, "xy", "a comment"),
        ('{{ "}}" }}', 1, "}}", "braces in a string"),
        ("{{ $labels.job | humanize }}", 1, "<error expanding template: 'snmp' is no number>", "shown"),
    ],
)  # fmt: skip
def test_templates_expand_as_in_prometheus(text: str, value: float, expected: str, reason: str) -> None:
    assert Template(text).expand(SERIES, float(value)) == expected, reason


@pytest.mark.parametrize(
    ("text", "part", "reason"),
    [
        ("{{ $labels.instance", "unclosed action", "unclosed"),
        ("{{ if $value }}x", "has no end", "an unclosed block"),
        ("{{ if $value }}x{{ else }}y", "has no end", "an unclosed else"),
        ("{{ range query `up` }}", "has no end", "an unclosed loop"),
        ("x{{ end }}", "closes nothing", "an end of nothing"),
        ("{{ else }}", "closes nothing", "an else of nothing"),
        ("{{ end", "unclosed action", "unclosed"),
        ("{{ if }}x{{ end }}", "lacks an operand", "no condition"),
        ("{{ if $value }}x{{ end 5 }}", "not understood", "an end with more"),
        ("{{ range $value }}x{{ end }}", "ranges over a number", "a number has no elements"),
        ("{{ define `x` }}{{ end }}", "uses define", "templates within templates"),
        ("{{ break }}", "uses break", "loops run to their end"),
        ("{{ query `up ==` }}", "cannot be used", "a query that is none"),
        ("{{ query `up` }}", "cannot be; this is not supported", "a whole result"),
        ("{{ query `up` | value }}", "gives value a query's result", "first is missing"),
        ("{{ query `up` | first }}", "prints a sample", "value is missing"),
        ("{{ $x }}", "not declared", "a variable of nothing"),
        ("{{ if $value }}{{ $x := 1 }}{{ end }}{{ $x }}", "not declared", "out of its block"),
        ("{{ $value = 1.0 }}", "not declared", "what is given cannot be assigned to"),
        ("{{ $x := 1 }}{{ $x = `a` }}", "which is a whole number", "another kind"),
        ("{{ if gt $value 5 }}x{{ end }}", "write 5.0", "Go compares no float with an integer"),
        ("{{ eq $labels.job $value }}", "cannot be compared", "text and number"),
        ("{{ match `(` $labels.job }}", "no RE2", "a pattern that is none"),
        ("{{ toUpper $value }}", "gives toUpper a number", "Go refuses it too"),
        ("{{ $labels.job.x }}", "does not have", "a field of text"),
        ("{{ .Nope }}", "does not have", "a field of the dot"),
        ("{{ label `x` . }}", "gives label .", "the dot is no sample"),
        ("{{ tableLink `up` }}", "uses tableLink", "links into Prometheus"),
        ("{{ foo $value }}", "uses foo", "an unknown function"),
        ("{{ humanize }}", "0 argument(s)", "too few arguments"),
        ("{{ humanize $value $value }}", "2 argument(s)", "too many arguments"),
        ('{{ printf "%d" $value }}', "%d does not suit a number", "Go would print %!d(float64=…)"),
        ('{{ printf "%#g" $value }}', "%# does not suit a number", "Go would keep zeros that nobody reads"),
        ('{{ printf "%f" $labels.job }}', "%f does not suit text", "Go would print %!f(string=…)"),
        ('{{ printf "%.2f" }}', "wants 1 value(s) and gets 0", "a missing value"),
        ("{{ printf $labels.job $value }}", "quoted format", "a format that is not known beforehand"),
        ("{{ $value | $value }}", "no function", "a pipe into a value"),
        ("{{ $value $value }}", "not understood", "two values"),
        ("{{-$value}}", "not supported", "a trim marker without its space"),
        ("{{ }}", "lacks an operand", "nothing"),
        ("{{ ($value }}", "closing parenthesis", "unclosed parenthesis"),
        ('{{ "a\\q" }}', "unknown escape", "an escape Go does not have"),
        ("{{ . }}", "prints .", "everything at once"),
    ],
)
def test_what_is_not_supported_is_refused_when_it_is_read(text: str, part: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(text)
    assert part in str(caught.value), reason


@given(st.text())
def test_any_text_is_either_read_or_refused_for_a_reason(text: str) -> None:
    for candidate in (text, "{{" + text + "}}"):
        with contextlib.suppress(TemplateError):
            Template(candidate).expand(SERIES, 1.0)


@given(st.text().filter(lambda text: "{{" not in text), st.floats())
def test_text_without_actions_stays_as_it_is(text: str, value: float) -> None:
    assert Template(text).expand(SERIES, value) == text


@given(st.floats())
def test_a_number_reads_back_as_itself(value: float) -> None:
    text = Template("{{ $value }}").expand(SERIES, value)
    assert (math.isnan(value) and text == "NaN") or float(text) == value


@pytest.mark.parametrize(
    "text", ["{{ " + '"' * 5000, "{{" * 9000, "{{ /*" + "*" * 9000, "{{ " + "(" * 190 + " }}", "{{ -" * 4000]
)
def test_a_hostile_template_is_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(TemplateError):
        Template(text)
    assert time.perf_counter() - began < 1
