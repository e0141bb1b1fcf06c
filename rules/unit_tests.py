"""Unit tests of rules in promtool's format: what a file may say, and reading it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import config
from core.config import Duration, Section
from core.errors import ConfigError, Fault
from rules import notation
from rules.errors import PromqlError
from rules.files import RuleSet, expand, load_rule_files
from rules.promql.parse import parse


class InputSeries(Section, frozen=True):
    series: str
    values: str


class ExpectedAlert(Section, frozen=True):
    """A firing alert: its labels less `alertname`, and its annotations."""

    exp_labels: dict[str, str] = {}
    exp_annotations: dict[str, str] = {}


class AlertTest(Section, frozen=True):
    eval_time: Duration
    alertname: str
    exp_alerts: list[ExpectedAlert] | None = []


class ExpectedSample(Section, frozen=True):
    labels: str
    value: float


class ExpressionTest(Section, frozen=True):
    expr: str
    eval_time: Duration
    exp_samples: list[ExpectedSample] | None = []


class Case(Section, frozen=True):
    """One test: series, a sample each interval from the Unix epoch on, and what is expected of them."""

    interval: Duration
    name: str = ""
    input_series: list[InputSeries] = []
    alert_rule_test: list[AlertTest] = []
    promql_expr_test: list[ExpressionTest] = []
    external_labels: dict[str, str] = {}
    external_url: str = ""


class UnitFile(Section, frozen=True):
    rule_files: list[str] = []
    evaluation_interval: Duration = Duration(60)
    group_eval_order: list[str] = []
    tests: list[Case] = []


@dataclass(frozen=True, slots=True)
class UnitTests:
    """A file that was read, with its rules, groups in the order of evaluation."""

    file: UnitFile
    rules: RuleSet


def load_unit_tests(path: Path) -> UnitTests:
    """The tests of a file and the rules they are about.

    Raises:
        ConfigError: the file, or one of its rule files, is wrong.
    """
    file = config.load(path, UnitFile)
    rules = load_rule_files(expand(file.rule_files, path.parent))
    faults = [Fault(str(path), 0, message) for message in _faults(file, rules)]
    if faults:
        raise ConfigError(faults)
    order = {name: place for place, name in enumerate(file.group_eval_order)}
    ordered = sorted(rules.groups, key=lambda group: order.get(group.name, len(order)))
    return UnitTests(file, RuleSet(tuple(ordered)))


def _faults(file: UnitFile, rules: RuleSet) -> list[str]:
    faults = []
    if file.evaluation_interval <= 0:
        faults.append("evaluation_interval: must be more than 0s")
    known = {group.name for group in rules.groups}
    faults += [f"group_eval_order: there is no group {name!r}" for name in file.group_eval_order if name not in known]
    for number, case in enumerate(file.tests):
        where = f"tests[{number}]" + (f" {case.name!r}" if case.name else "")
        faults += [f"{where}: {message}" for message in _case_faults(case)]
    return faults


def _case_faults(case: Case) -> list[str]:
    faults = ["interval: must be more than 0s"] if case.interval <= 0 else []
    for one in case.input_series:
        faults += [*_fault(notation.series, one.series), *_fault(notation.samples, one.values)]
    for test in case.promql_expr_test:
        faults += _fault(parse, test.expr)
        for sample in test.exp_samples or []:
            faults += _fault(notation.series, sample.labels)
    return faults


def _fault(read: Callable[[str], object], text: str) -> list[str]:
    try:
        read(text)
    except (ValueError, PromqlError) as error:
        return [f"{text!r}: {error}" if isinstance(error, PromqlError) else str(error)]
    return []
