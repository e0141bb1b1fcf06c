"""Samples as Prometheus' text exposition format, version 0.0.4, for `agent once`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from agent.sample import Family, Sample
from core.labels import Labels, labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def expose(samples: Iterable[Sample], common: Labels = ()) -> str:
    """The samples as text, families by name, samples in the order given.

    `common` (`job`, `instance`) is added to every sample and wins over a label of the sample's own. A family that
    comes with different types or help texts is shown as it came first.
    """
    grouped: dict[str, tuple[Family, list[str]]] = {}
    for sample in samples:
        family = sample.family
        group = grouped.get(family.name)
        if group is None:
            group = grouped[family.name] = (family, [])
        own = labels((*sample.labels, *common)) if common else sample.labels
        group[1].append(f"{family.name}{_spell_labels(own)} {spell_value(sample.value)}\n")
    return "".join(_head(family) + "".join(lines) for _, (family, lines) in sorted(grouped.items()))


def spell_value(value: float) -> str:
    """A float as Go's ParseFloat reads it: `NaN`, `+Inf`, `-Inf`, whole numbers without a point."""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number.is_integer() and abs(number) < 1e16:
        return str(int(number))
    return repr(number)


def _head(family: Family) -> str:
    text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.type}\n"


def _spell_labels(of: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in of) + "}" if of else ""


def _escape(value: str) -> str:
    # Only these three: the format knows no other escape, so core.labels.quote would change what is read back.
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
