from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import AgentConfig, host_name, is_agent_name, load, parse_address, parse_url
from core.config import Duration
from core.errors import ConfigError

LEAST = """\
collector: {url: http://127.0.0.1:9470, token_file: agent.token}
data_dir: ./agent-data          # spool, state
interval: 15s                   # default of every collection below
host: {enabled: true}
snmp:
  credentials: {lab: {version: 2c, community: public}}
  targets:
    - {name: core-1, address: 127.0.0.1:1161, credential: lab, interval: 60s}
"""

KEYS = (
    "allow_remote, collector, data_dir, discovery, host, interval, limits, max_remote_targets, name, probes, push, "
    "remote_config, remote_networks, site, snmp, spool, traps"
)
AN_ADDRESS = "write one like 10.0.0.1, switch.example.org:1161, [fd00::1]:1161"
A_URL = "write one like https://forewatch.example.org:9470"


def read(tmp_path: Path, text: str) -> AgentConfig:
    file = tmp_path / "agent.yaml"
    file.write_text(text)
    return load(file)


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    return str(raised.value).replace(f"{tmp_path}/", "").splitlines()


def test_the_least_that_must_work(tmp_path: Path) -> None:
    config = read(tmp_path, LEAST)
    assert config.collector.token_file == tmp_path / "agent.token"
    assert config.data_dir == tmp_path / "agent-data"
    assert config.host.enabled
    (target,) = config.snmp.targets
    assert (target.name, target.interval) == ("core-1", Duration(60))
    assert config.snmp.credentials["lab"].community == "public"
    assert "public" not in repr(config)
    assert config.agent_name == host_name()


def test_the_shipped_example_names_every_key_with_its_default(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "configs/agent/agent.yaml"
    defaults = read(
        tmp_path, "collector: {url: 'http://127.0.0.1:9470', token_file: agent.token}\ndata_dir: agent-data"
    )
    shipped = load(example)
    for part in ("interval", "host", "snmp", "spool", "push"):
        assert getattr(shipped, part) == getattr(defaults, part)
    text = example.read_text()
    for section in (
        AgentConfig,
        *(type(getattr(shipped, part)) for part in ("collector", "host", "snmp", "spool", "push")),
    ):
        for name in section.__struct_fields__:
            assert f"{name}:" in text or name == "token", f"{section.__name__}.{name} is not shown"


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("", ["agent.yaml:1: collector: is required", "agent.yaml:1: data_dir: is required"], "empty file"),
        (
            LEAST + "intervall: 5s\n",
            [
                f"agent.yaml:9: intervall: unknown key; known here: {KEYS}",
            ],
            "a mistyped key",
        ),
        (LEAST + "interval: 5s\n", ["agent.yaml:9: interval: duplicate key; first given in line 3"], "given twice"),
        (
            LEAST.replace("60s", "60"),
            ["agent.yaml:8: snmp.targets[0].interval: '60' is no duration; write one like 500ms, 15s, 5m, 6h, 30d"],
            "a number without unit",
        ),
        (
            LEAST.replace("60s", "200ms"),
            ["agent.yaml:8: snmp.targets[0].interval: must be at least 1s, not 200ms"],
            "a load no device wants",
        ),
        (
            LEAST.replace("credential: lab", "credential: lob"),
            ["agent.yaml:8: snmp.targets[0].credential: no credential 'lob' in snmp.credentials; known: lab"],
            "unknown credential",
        ),
        (
            LEAST.replace("{lab: {version: 2c, community: public}}", "{}"),
            ["agent.yaml:8: snmp.targets[0].credential: no credential 'lab' in snmp.credentials; known: none"],
            "no credentials at all",
        ),
        (
            LEAST.replace("version: 2c", "version: 2"),
            ["agent.yaml:6: snmp.credentials.lab.version: must be one of 1, 2c, 3, not '2'"],
            "a version that is not spoken",
        ),
        (
            LEAST.replace("community: public", 'community: ""'),
            ["agent.yaml:6: snmp.credentials.lab.community: must not be empty, nor longer than 255 octets"],
            "empty secret",
        ),
        (
            LEAST.replace("community: public", "community: '${FOREWATCH_TEST_UNSET}'"),
            ["agent.yaml:6: snmp.credentials.lab.community: environment variable FOREWATCH_TEST_UNSET is not set"],
            "a secret that is not there",
        ),
        (
            LEAST + "    - {name: core-1, address: 10.0.0.2, credential: lab}\n",
            ["agent.yaml:9: snmp.targets[1].name: 'core-1' is the name of targets[0] too; each target needs its own"],
            "two targets of one name",
        ),
        (
            "name: core-1\n" + LEAST,
            [
                "agent.yaml:9: snmp.targets[0].name: 'core-1' is the name of this agent; an instance must be one thing",
            ],
            "a target named as the host",
        ),
        (
            "name: web 1\n" + LEAST,
            ["agent.yaml:1: name: 'web 1' is no agent name; use letters, digits, dots, dashes, underscores"],
            "a name that no header carries",
        ),
        (
            LEAST.replace("127.0.0.1:1161", "10.0.0.300"),
            [
                f"agent.yaml:8: snmp.targets[0].address: '10.0.0.300' is no address; {AN_ADDRESS}",
            ],
            "no IP address",
        ),
        (
            LEAST.replace("127.0.0.1:1161", "10.0.0.1:0"),
            ["agent.yaml:8: snmp.targets[0].address: '10.0.0.1:0' has no port from 1 to 65535 after the colon"],
            "no port",
        ),
        (
            LEAST.replace("http://127.0.0.1:9470", "127.0.0.1:9470"),
            [
                f"agent.yaml:1: collector.url: '127.0.0.1:9470' is no http or https URL; {A_URL}",
            ],
            "no scheme",
        ),
        (
            LEAST.replace("token_file:", "token: abc, token_file:"),
            ["agent.yaml:1: collector.token: token_file is given too; keep one of them"],
            "two credentials",
        ),
        (
            LEAST + "spool: {max_age: 1s, max_size: 1KiB}\npush: {max_samples: 0}\n",
            [
                "agent.yaml:9: spool.max_age: must be at least 1m, not 1s",
                "agent.yaml:9: spool.max_size: must be at least 1MiB",
                "agent.yaml:10: push.max_samples: must be from 1 to 100000",
            ],
            "limits that lose everything",
        ),
        (
            LEAST + "  timeout: 0\n  retries: 11\n",
            [
                "agent.yaml:9: snmp.timeout: must be at least 50ms, not 0s",
                "agent.yaml:10: snmp.retries: must be from 0 to 10, not 11",
            ],
            "hopeless timing",
        ),
        (
            LEAST + "  max_varbinds: 10\n",
            ["agent.yaml:9: snmp.max_varbinds: must be from 100 to 1000000, not 10"],
            "not one interface can be read",
        ),
        (
            LEAST.replace("name: core-1", 'name: ""'),
            ["agent.yaml:8: snmp.targets[0].name: must be printable text of 1 to 200 characters"],
            "no name",
        ),
        (
            LEAST.replace("enabled: true", "enabled: yes"),
            ["agent.yaml:4: host.enabled: must be true or false, not 'yes'"],
            "a boolean of YAML 1.1",
        ),
    ],
)
def test_what_is_wrong_is_named_with_line_and_key_path(
    tmp_path: Path, text: str, expected: list[str], reason: str
) -> None:
    assert faults(tmp_path, text) == expected, reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", ("10.0.0.1", 161)),
        ("10.0.0.1:1161", ("10.0.0.1", 1161)),
        ("switch.example.org", ("switch.example.org", 161)),
        ("core_1:65535", ("core_1", 65535)),
        ("fd00::1", ("fd00::1", 161)),
        ("[fd00::1]", ("fd00::1", 161)),
        ("[fd00::1]:1161", ("fd00::1", 1161)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":161", "10.0.0", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:1161:1", "[10.0.0.1]:161", "[fd00::1", "a b", "-a",
     "a..b", "a" * 64, "http://10.0.0.1", "10.0.0.1/24", "10.0.0.1:١٦١", "[fd00::1]x", "[fd00::1]:"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address|has no port"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://", "is no http or https URL"),
        ("ftp://host", "is no http or https URL"),
        ("http://host:99999", "is no URL: Port out of range"),
        ("http://[::1", "is no URL: Invalid IPv6 URL"),
        ("http://user:secret@host", "a URL must not hold a credential; there are keys"),
        ("http://host/?a=b", "has more than host, port and path"),
        ("http://host/a b", "has more than host, port and path"),
        ("http://höst", "has more than host, port and path"),
    ],
)
def test_what_is_no_url(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_url(text)


@given(st.text(max_size=300))
def test_any_host_name_makes_an_agent_name(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.config.address.socket.gethostname", lambda: name)
        assert is_agent_name(host_name())
