"""Reading snmp.yml: both layouts, and files that are broken or hostile."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.snmp.exporter import nodes
from agent.snmp.exporter.document import read_document
from core.errors import ConfigError

METRIC = "{name: sysUpTime, oid: 1.3.6.1.2.1.1.3, type: gauge, help: x}"
FLAT = f"""
if_mib:
  walk: [1.3.6.1.2.1.2]
  get: [1.3.6.1.2.1.1.3.0]
  metrics: [{METRIC}]
  version: 3
  max_repetitions: 25
  auth: {{username: ops, security_level: authPriv, password: hidden, priv_password: hidden}}
"""
NEW = f"""
auths:
  public_v2: {{community: hidden, version: 2}}
modules:
  if_mib:
    walk: [1.3.6.1.2.1.2]
    get: [1.3.6.1.2.1.1.3.0]
    metrics: [{METRIC}]
    max_repetitions: 25
"""


def read(folder: Path, text: str) -> object:
    file = folder / "snmp.yml"
    file.write_text(text)
    return read_document(file)


def test_both_layouts_have_the_same_modules(tmp_path: Path) -> None:
    flat, new = read(tmp_path, FLAT), read(tmp_path, NEW)
    module, other = flat.modules["if_mib"], new.modules["if_mib"]  # type: ignore[attr-defined]
    assert (module.walk, module.metrics, module.options) == (other.walk, other.metrics, other.options)
    assert module.walk == ["1.3.6.1.2.1.2", "1.3.6.1.2.1.1.3.0"]
    assert module.options == ["max_repetitions"]
    assert (module.auth.version, module.auth.username, other.auth) == (3, "ops", None)
    assert list(new.auths) == ["public_v2"]  # type: ignore[attr-defined]


def test_scalars_are_what_the_file_says_and_not_what_yaml_makes_of_them(tmp_path: Path) -> None:
    metric = "{name: x, oid: 1.30, type: EnumAsInfo, enum_values: {1: off, 2: 22:00, 3: null}, lookups: ~, indexes: }"
    module = read(tmp_path, f"m: {{walk: [1.30], metrics: [{metric}]}}").modules["m"]  # type: ignore[attr-defined]
    assert module.walk == ["1.30"]
    assert module.metrics[0].oid == "1.30"
    assert module.metrics[0].enum_values == {1: "off", 2: "22:00"}


def test_what_is_wrong_with_a_metric_leaves_out_that_metric(tmp_path: Path) -> None:
    wrong = [
        "{name: a, oid: 1.3.1, type: gauge, colour: red}",
        "{name: b, oid: 1.3.1}",
        "{name: c, oid: 1.3.1, type: gauge, scale: much}",
        "[d]",
        "~",
        "{name: e, oid: 1.3.1, type: gauge, name: f}",
    ]
    metrics = "".join(f"\n  - {one}" for one in (*wrong, METRIC))
    module = read(tmp_path, f"m:\n  walk: [1.3]\n  metrics:{metrics}\n").modules["m"]  # type: ignore[attr-defined]
    assert [metric.name for metric in module.metrics] == ["sysUpTime"]
    assert module.lines == [10]
    assert [(one.line, one.name) for one in module.unread] == [
        (4, "a"), (5, "b"), (6, "c"), (7, "a metric without a name"), (8, "a metric without a name"), (9, "e"),
    ]  # fmt: skip
    assert "colour" in module.unread[0].message


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        ("", "has no modules", "an empty file"),
        ("# nothing\n", "has no modules", "Debian's own file"),
        ("scrape_configs: []\n", "must be a mapping", "another file of Prometheus'"),
        ("global: {scrape_interval: 15s}\n", "has no modules", "another one"),
        ("- a\n", "must be a mapping", "a list"),
        ("a: [\n", "is no YAML", "no YAML"),
        ("a: \x07\n", "is no YAML", "control characters"),
        ("if_mib: {walk: [1.3]}\nif_mib: {walk: [1.3]}\n", "'if_mib' is given twice", "a module twice"),
        ("? [a]\n: b\n", "a key must be plain text", "a list for a key"),
        ("m: {walk: [1.3], metrics: {a: b}}\n", "metrics must be a list", "no list"),
        ("auths: {a: [b]}\nmodules: {}\n", "Expected `object`", "no auth"),
        ("a: " + "[" * 200_000, "is nested deeper than", "nested without an end"),
        ("m: {walk: &a [*a]}\n", "is too much", "a list that holds itself"),
        ("a: &a !!python/object/apply:os.system [x]\nb: {walk: [1]}\n", "must be a mapping", "a tag runs nothing"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, text: str, said: str, why: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, text)


def test_parts_that_refer_to_each_other_cost_no_more_than_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MOST_ENTRIES", 10_000)
    laughs = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(ConfigError, match="is too much, with all that it refers to"):
        read(tmp_path, f"auths: {{}}\nmodules: {{m: {{walk: *a8}}}}\nmore:\n  {laughs.replace(chr(10), chr(10) + '  ')}"
             .replace("modules: {m: {walk: *a8}}\n", "") + "\nmodules: {m: {walk: *a8}}\n")  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("{name: *a9, b: 1, b: 2}", "a name, in a metric that is wrong for another reason"),
        ("{name: n, ? *a9 : 1}", "a key"),
        ("&self {name: n, ? *self : 1}", "a key that is what it stands in"),
    ],
)
def test_what_is_no_text_is_not_spelled_out(tmp_path: Path, metric: str, why: str) -> None:
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    file = tmp_path / "snmp.yml"
    file.write_text(f"a0: &a0 [lol]\n{laughs}auths: {{}}\nmodules: {{m: {{metrics: [{metric}]}}}}\n")
    (unread,) = read_document(file).modules["m"].unread
    assert unread.name in ("a metric without a name", "n"), why


def test_a_module_may_have_nothing_for_metrics(tmp_path: Path) -> None:
    (tmp_path / "snmp.yml").write_text("a: {walk: [1.3], metrics: }\nb: {walk: [1.3]}\n")
    assert set(read_document(tmp_path / "snmp.yml").modules) == {"a", "b"}


def test_a_file_of_too_many_entries_or_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST_ENTRIES", 100)
    with pytest.raises(ConfigError, match="has more than 100 entries"):
        read(tmp_path, "m: {walk: [" + "1.3," * 200 + "]}")
    monkeypatch.setattr(nodes, "MOST_BYTES", 2**20)
    with pytest.raises(ConfigError, match="is longer than 1 MiB"):
        read(tmp_path, " " * (2**20 + 1))


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "octets.yml").write_bytes(b"\xff\xfe\x00")
    for name in ("octets.yml", "missing.yml", "."):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_document(tmp_path / name)
