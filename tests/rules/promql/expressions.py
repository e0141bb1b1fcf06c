"""Hypothesis strategies for series and for expressions of the supported subset.

Four choices keep known differences between Debian's Prometheus 2.42 and Prometheus 3 (whose semantics are ours) out:

- ranges are closed in 2.42 and left-open in 3: no sample, nor step of a subquery, stands on the edge of a range;
- extrapolation to a counter's zero is cut at another place: counters start high and never fall to near zero;
- predict_linear of a range fixed by `@` has but one step in 2.42: it is moved by offsets only;
- the deviation of one NaN is 0 in 2.42 and NaN in 3: stddev and stdvar have a table of their own.

Operands of == and of vector-to-vector comparison are exact (whole numbers), so that no last bit decides anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import strategies as st

from core.labels import Labels, labels
from core.remote_write import STALE_NAN

START_MS = 1_760_000_000_000
STEPS = 44  # one each 15 s
AT_MS = START_MS + STEPS * 15_000 - 7_321

RANGES = ("30s", "1m", "2m", "5m", "10m")
MATCHERS = (
    'i="0"', 'i=~"0|1"', 'g!="x"', 'g!~"x.*"', 'g=""', 'i!="0"', 'g=~".+"', 'i=~"[0-9]"', 'g=~"X|(?i:x)"', 'i!=""',
)  # fmt: skip
CONSTANTS = ("0", "1", "2", "-3", "50", "99999", "1e5", "NaN", "Inf", "-Inf", "0.5")
RATIOS = ("0", "0.5", "0.9", "1", "-0.1", "1.5", "NaN", "0.25")
BETWEEN = ("0.37", "50.37", "75000.37", "-1.37")  # equal to no result


@dataclass(frozen=True)
class Series:
    labels: Labels
    samples: list[tuple[int, float]]


@st.composite
def one_series(draw: st.DrawFn, name: str, labelling: tuple[str, str], number: int) -> Series:
    """A counter for names beginning with `a`, a gauge for others, with gaps, ends, and the odd special value."""
    first = draw(st.sampled_from([0, 0, 0, 3, STEPS - 12, STEPS - 2]))
    last = draw(st.sampled_from([STEPS, STEPS, STEPS, STEPS - 3, STEPS - 15]))
    missing = draw(st.sets(st.integers(0, STEPS), max_size=6))
    times = [START_MS + step * 15_000 + 113 * (number + 1) for step in range(first, last + 1) if step not in missing]
    values = draw(_counter(len(times)) if name.startswith("a") else _gauge(len(times)))
    samples = list(zip(times, values, strict=True))
    if samples and draw(st.integers(0, 5)) == 0:
        samples.append((samples[-1][0] + 15_000, STALE_NAN))
    i, g = labelling
    return Series(labels(__name__=name, i=i, g=g), samples)


@st.composite
def _counter(draw: st.DrawFn, count: int) -> list[float]:
    steps = draw(st.lists(st.integers(0, 50), min_size=count, max_size=count))
    resets = draw(st.sets(st.integers(1, STEPS), max_size=2))
    value, floor, values = 100_000, 100_000, []
    for step, by in enumerate(steps):
        if step in resets:
            floor //= 2
            value = floor
        value += by
        values.append(float(value))
    return values


def _gauge(count: int) -> st.SearchStrategy[list[float]]:
    usual = st.integers(-100, 100).map(float)
    odd = st.sampled_from([math.nan, math.inf, -math.inf, 0.0])
    return st.lists(st.one_of(usual, usual, usual, usual, usual, usual, odd), min_size=count, max_size=count)


@st.composite
def all_series(draw: st.DrawFn) -> list[Series]:
    """Three to eight series of `a` and `b`, told apart by `i` and `g`."""
    chosen = draw(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.tuples(st.sampled_from("01"), st.sampled_from(("x", "y", "")))),
            min_size=3, max_size=8, unique=True,
        )
    )  # fmt: skip
    return [draw(one_series(name, labelling, number)) for number, (name, labelling) in enumerate(chosen)]


def selectors() -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, matchers: name + ("{" + ",".join(matchers) + "}" if matchers else ""),
        st.sampled_from("ab"),
        st.one_of(st.just([]), st.just([]), st.lists(st.sampled_from(MATCHERS), max_size=2)),
    )


MOVES = st.sampled_from(["", "", "", " offset 1m", " offset -30s"])
OFFSETS = MOVES | st.sampled_from([f" @ {START_MS / 1000 + 301.5}", " @ start()", " @ end() offset 1m"])
GROUPING = st.sampled_from(["", " by (i)", " by (g)", " by (i, g)", " without (i)", " without (g)", " by (nope)"])
MATCHING = st.sampled_from(["", " on (i)", " on (g)", " on (i, g)", " ignoring (g)", " ignoring (i)", " on ()"])
GROUPED = st.sampled_from(
    [" on (i) group_left ()", " on (i) group_right ()", " on (i) group_left (g)", " ignoring (g) group_left ()",
     " on (g) group_right (i)"]
)  # fmt: skip


def calls(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(
        "{}({}[{}]{})".format, st.sampled_from(names), selectors(), st.sampled_from(RANGES), OFFSETS
    )  # fmt: skip


EXACT_OVER_TIME = (
    "last_over_time", "min_over_time", "max_over_time", "count_over_time", "changes", "resets", "idelta",
    "present_over_time", "absent_over_time",
)  # fmt: skip
EXACT_CALLS = calls(EXACT_OVER_TIME)
SUBQUERIES = st.builds(
    "{}:{}]{}".format, st.sampled_from(("1m1ms", "4m1ms", "5m30s1ms")), st.sampled_from(("10s", "17s", "1m")), OFFSETS
)
INEXACT_CALLS = calls(("rate", "increase", "irate", "delta", "deriv", "avg_over_time", "sum_over_time")) | st.builds(
    "quantile_over_time({}, {}[{}]{})".format, st.sampled_from(RATIOS), selectors(), st.sampled_from(RANGES), OFFSETS
) | st.builds(
    "predict_linear({}[{}]{}, {})".format, selectors(), st.sampled_from(RANGES), MOVES, st.sampled_from(("60", "-5"))
)  # fmt: skip


CALENDAR = (
    "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
)  # fmt: skip
TRIGONOMETRY = (
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "sin", "sinh", "tan", "tanh",
)  # fmt: skip
REPLACEMENTS = (
    "'g', 'n$1', 'i', '(.*)'", "'i', '${1}x', 'g', '(x|y)'", "'v', '$1-$2$$', 'i', '(.)(.*)'", "'g', '', '', ''",
    "'__name__', 'n', 'g', 'x'", "'v', '$nope$1x', 'i', '(.*)'", "'v', '$w', 'g', '(?P<w>.+)'",
    "'i', '$1', 'i', '0(.*)'",
)  # fmt: skip
JOINS = ("'v', '-', 'i', 'g'", "'i', '', 'g'", "'v', ':'", "'g', ',', 'nope', 'g', 'g'")


def _finite(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Values that have a date: NaN and infinities have whatever date the processor makes of them in Prometheus."""
    return inner.map(lambda text: f"clamp({text} == {text}, -1e6, 1e6)")


def _exact_more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    constant, comparison = st.sampled_from(CONSTANTS), st.sampled_from(("==", "!=", ">", "<", ">=", "<="))
    boolean = st.sampled_from(("", " bool"))
    return st.one_of(
        st.builds("({} {}{} {})".format, inner, comparison, boolean, constant),
        st.builds("({} {}{} {})".format, constant, comparison, boolean, inner),
        st.builds("({} {}{}{} {})".format, inner, comparison, boolean, MATCHING | GROUPED, inner),
        st.builds("({} {}{} {})".format, inner, st.sampled_from("+-*"), MATCHING | GROUPED, inner),
        st.builds("({} {}{} {})".format, inner, st.sampled_from(("and", "or", "unless")), MATCHING, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*%"), constant),
        st.builds("{}{}({})".format, st.sampled_from(("min", "max", "count", "group")), GROUPING, inner),
        st.builds(
            lambda grouping, outer, choice, number, of: f"{outer}{grouping}({choice}{grouping}({number}, {of}))",
            GROUPING,
            st.sampled_from(("min", "max", "count")),
            st.sampled_from(("topk", "bottomk")),
            st.sampled_from(("0", "1", "2", "3.7", "-1", "100", "scalar(b)", "NaN")),
            inner,
        ),
        st.builds("count_values{}({}, {})".format, GROUPING, st.sampled_from(("'v'", "'i'", "'g'")), inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({})".format, st.sampled_from(("abs", "absent", "ceil", "floor", "sgn")), inner),
        st.builds("clamp({}, {}, {})".format, inner, constant, constant),
        st.builds("{}({}, {})".format, st.sampled_from(("clamp_min", "clamp_max")), inner, constant),
        st.builds("{}(({})[{})".format, st.sampled_from(EXACT_OVER_TIME), inner, SUBQUERIES),
        st.builds("vector(scalar({}))".format, inner),
        st.builds("{}({})".format, st.sampled_from(("sort", "sort_desc")), inner),
        st.builds("timestamp({}{})".format, selectors(), OFFSETS) | st.builds("timestamp({})".format, inner),
        st.builds("round({})".format, inner) | st.builds("round({}, 5)".format, inner),
        st.builds("{}({} * 86400)".format, st.sampled_from(CALENDAR), _finite(inner)),
        st.builds("label_replace({}, {})".format, inner, st.sampled_from(REPLACEMENTS)),
        st.builds("label_join({}, {})".format, inner, st.sampled_from(JOINS)),
        st.builds("({} * scalar({}))".format, inner, inner),
        st.builds("vector({})".format, constant),
    )


def _inexact_more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}({})".format, st.sampled_from(("sum", "avg")), GROUPING, inner),
        st.builds("{}({} / 60)".format, st.sampled_from(TRIGONOMETRY), inner),
        st.builds("{}({})".format, st.sampled_from(("ln", "log2", "log10", "sqrt", "exp", "deg", "rad")), inner),
        st.builds("({} * pi())".format, inner),
        st.builds("{}(({})[{})".format, st.sampled_from(("avg_over_time", "delta", "deriv")), inner, SUBQUERIES),
        st.builds("round({}, 0.1)".format, inner),
        st.builds("quantile{}({}, {})".format, GROUPING, st.sampled_from(RATIOS), inner),
        st.builds("({} {}{} {})".format, inner, st.sampled_from("+-*/"), MATCHING | GROUPED, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from("*/^"), st.sampled_from(CONSTANTS)),
        st.builds("({} {} {})".format, inner, st.sampled_from((">", "<")), st.sampled_from(BETWEEN)),
        st.builds("({} {}{} {})".format, inner, st.sampled_from(("and", "or", "unless")), MATCHING, inner),
        st.builds("(-{})".format, inner),
    )


EXACT = st.recursive(st.builds("{}{}".format, selectors(), OFFSETS) | EXACT_CALLS, _exact_more, max_leaves=4)
INEXACT = st.recursive(EXACT | INEXACT_CALLS | INEXACT_CALLS, _inexact_more, max_leaves=3)
EXPRESSIONS = EXACT | INEXACT
