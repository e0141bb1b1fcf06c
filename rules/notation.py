"""The expanding notation of samples in rule unit tests (promtool's): `0+10x5 _ stale 3x2 NaN`.

a+bxn, a-bxn   a and n more, each b further
axn            a and n more of the same
_  _xn         one sample, n samples missing
stale          the series ends
"""

from __future__ import annotations

import re

from core.labels import Labels, labels
from core.remote_write import STALE_NAN
from rules.errors import PromqlError
from rules.promql.parse import parse
from rules.promql.plan import VectorSelector

MAX_SAMPLES = 1_000_000  # of one series

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[Ii]nf|NaN)"
_ITEM = re.compile(
    rf"(?P<missing>_)(?:x(?P<gap>\d+))?|(?P<stale>stale)|(?P<first>{_NUMBER})(?:(?P<step>[-+]{_NUMBER.removeprefix('[-+]?')})?x(?P<times>\d+))?"
)


def samples(spelled: str) -> list[float | None]:
    """The values of a series, one each interval; None where there is none.

    Raises:
        ValueError: the notation is wrong or expands to too much.
    """
    values: list[float | None] = []
    for word in spelled.split():
        item = _ITEM.fullmatch(word)
        if item is None:
            raise ValueError(f"{word!r} is no sample; write numbers, a+bxn, axn, _, _xn or stale")
        if len(values) + int(item["gap"] or item["times"] or 1) > MAX_SAMPLES:
            raise ValueError(f"more than {MAX_SAMPLES} samples in one series")
        if item["missing"]:
            values += [None] * int(item["gap"] or 1)
        elif item["stale"]:
            values.append(STALE_NAN)
        else:
            first, step = float(item["first"]), float(item["step"] or 0)
            value = first
            for _ in range(int(item["times"] or 0) + 1):
                values.append(value)
                value += step
    return values


def series(spelled: str) -> Labels:
    """The labels of `name{label="value"}`; of nothing or `{}` the empty label set.

    Raises:
        ValueError: it is no series.
    """
    if re.fullmatch(r"\s*(\{\s*\})?\s*", spelled):
        return ()
    try:
        root = parse(spelled).root
    except PromqlError as error:
        raise ValueError(f"{spelled!r} is no series: {error}") from None
    if not isinstance(root, VectorSelector) or any(matcher.op != "=" for matcher in root.selector.matchers):
        raise ValueError(f'{spelled!r} is no series; write one like up{{job="node"}}')
    return labels((matcher.name, matcher.value) for matcher in root.selector.matchers)
