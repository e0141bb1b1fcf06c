"""docs/rules.md names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from rules.functions import FUNCTIONS
from rules.promql.aggregate import AGGREGATIONS
from rules.template_functions import FUNCTIONS as TEMPLATE_FUNCTIONS

TEXT = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")


def named(kind: str) -> list[list[str]]:
    """The words of each list item that begins with `kind:`."""
    return [item.split() for item in re.findall(rf"^- {kind}: (.*?)(?=\n\n|\n- )", TEXT, re.MULTILINE | re.DOTALL)]


def test_every_function_and_aggregation_is_documented() -> None:
    functions, templates = named("functions")
    assert functions == sorted(FUNCTIONS)
    assert templates == sorted([*TEMPLATE_FUNCTIONS, "printf", "query"])
    assert named("aggregations") == [sorted(AGGREGATIONS)]
