from __future__ import annotations

from pathlib import Path

import pytest

from collector.config import load, parse_listen
from core.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "configs" / "collector" / "collector.yaml"


def write(folder: Path, text: str) -> Path:
    file = folder / "collector.yaml"
    file.write_text(text)
    return file


def test_the_least_that_works_is_a_data_folder(tmp_path: Path) -> None:
    config = load(write(tmp_path, "data_dir: ./data\n"))
    assert config.address() == ("127.0.0.1", 9470)
    assert config.data_dir == tmp_path / "data"
    assert config.database_url() == f"sqlite:///{tmp_path / 'data' / 'forewatch.db'}"
    assert config.url() == "http://127.0.0.1:9470"
    assert not config.secure()


def test_the_interfaces_example_is_read(tmp_path: Path) -> None:
    text = """
listen: 127.0.0.1:9470
data_dir: ./data                # embedded database, series, keys
database: sqlite                # or postgresql+psycopg://…
rule_files: [rules/*.yaml]
channels:                       # without an on-call policy every page goes to every channel
  - {name: ops, type: webhook, url: http://127.0.0.1:8080/hook}
  - {name: mail, type: email, smtp: 127.0.0.1:2525, from: forewatch@example.org, to: [ops@example.org]}
"""
    config = load(write(tmp_path, text))
    assert [channel.name for channel in config.channels] == ["ops", "mail"]


def test_the_shipped_file_is_the_defaults(tmp_path: Path) -> None:
    shipped, least = load(SHIPPED), load(write(tmp_path, "data_dir: ./data\n"))
    for field in shipped.__struct_fields__:
        if field != "data_dir":
            assert getattr(shipped, field) == getattr(least, field), field


@pytest.mark.parametrize(
    ("line", "fault", "why"),
    [
        ("listen: 9470", "'9470' is not HOST:PORT", "no host"),
        ("listen: 127.0.0.1:99999", "is not HOST:PORT", "no such port"),
        ("listen: ::1:9470", "is not HOST:PORT", "IPv6 without brackets"),
        ("database: mysql://h/d", "mysql is not supported", "another database"),
        ("database: oops", "write sqlite, or a URL", "no URL"),
        ("external_labels: {my-site: east}", "is no name for a label", "Prometheus would not take it"),
        ("external_labels: {__name__: up}", "is no name for a label", "it is the metric's"),
        ("external_url: forewatch.example.org", "must be an http or https URL", "no scheme"),
        ("trusted_proxies: [10.0.0.1/8]", "neither an address nor a network", "host bits set"),
        ("trusted_proxies: [proxy]", "neither an address nor a network", "a name"),
        ("evaluation_interval: 100ms", "must be at least 1s", "faster than the tick"),
        ("evaluation_interval: 15", "write one like", "no unit"),
        ("retention: {events: 90d}", "must be at least 180d", "less than the law asks"),
        ("limits: {connections: 0}", "must be at least 1", "nobody could connect"),
        ("limits: {labels_per_series: 0}", "must be at least 1", "every series has a name"),
        ("limits: {new_series_per_second: 0}", "must be at least 1", "no series could be born"),
        ("limits: {request_timeout: 10ms}", "must be at least 1s", "nothing would finish"),
        ("limit: {}", "unknown key", "a typing error"),
        ("listen: a:1\nlisten: b:2", "duplicate key", "given twice"),
        ("tls: {cert: a.crt}", "tls.key: is required", "half a certificate"),
        ("channels: [{name: x, type: pigeon}]", "must be one of", "no such channel"),
        ("channels: [{name: x, type: webhook, url: 'http://h/'}, {name: x, type: webhook, url: 'http://h/'}]",
         "names another channel already", "one name twice"),
    ],
)  # fmt: skip
def test_a_fault_names_line_and_key(tmp_path: Path, line: str, fault: str, why: str) -> None:
    file = write(tmp_path, f"data_dir: ./data\n{line}\n")
    with pytest.raises(ConfigError) as raised:
        load(file)
    assert str(raised.value).startswith(f"{file}:2: " if "duplicate" not in fault else f"{file}:3: "), why
    assert fault in str(raised.value), why


def test_the_password_in_a_database_url_comes_from_the_environment_and_never_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG", "s3cret")
    config = load(write(tmp_path, "data_dir: .\ndatabase: postgresql+psycopg://f:${PG}@db/forewatch\n"))
    assert config.database_url() == "postgresql+psycopg://f:s3cret@db/forewatch"
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9470", ("127.0.0.1", 9470)),
        ("[::1]:9470", ("::1", 9470)),
        (":9470", ("", 9470)),
        ("forewatch.example.org:0", ("forewatch.example.org", 0)),
        ("host", None),
        ("host:", None),
        ("host:x", None),
        ("host:-1", None),
        ("ho st:1", None),
        ("host:٣", None),
    ],
)
def test_addresses_to_listen_on(text: str, expected: tuple[str, int] | None) -> None:
    assert parse_listen(text) == expected


def test_rule_files_are_expanded_in_order_each_once_and_a_missing_name_is_kept(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in ("b.yaml", "a.yaml", "note.txt"):
        (tmp_path / "rules" / name).touch()
    config = load(write(tmp_path, "data_dir: .\nrule_files: [rules/*.yaml, rules/a.yaml, gone.yaml]\n"))
    assert config.rule_paths() == [tmp_path / "rules/a.yaml", tmp_path / "rules/b.yaml", tmp_path / "gone.yaml"]


def test_https_is_known_from_the_certificate_or_the_external_url(tmp_path: Path) -> None:
    assert load(write(tmp_path, "data_dir: .\ntls: {cert: c, key: k}\n")).secure()
    config = load(write(tmp_path, "data_dir: .\nexternal_url: https://ops.example.org/\n"))
    assert (config.secure(), config.url()) == (True, "https://ops.example.org")


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("10.0.0.7:80", "http://10.0.0.7:80"),
        ("[::1]:9470", "http://[::1]:9470"),
        ("0.0.0.0:9470", "http://localhost:9470"),
        ("[::]:9470", "http://localhost:9470"),
        (":9470", "http://localhost:9470"),
    ],
)
def test_without_an_external_url_the_address_that_is_listened_on_is_taken(
    tmp_path: Path, listen: str, url: str
) -> None:
    assert load(write(tmp_path, f"data_dir: .\nlisten: '{listen}'\n")).url() == url
