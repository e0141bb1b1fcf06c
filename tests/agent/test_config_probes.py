"""What is wrong in `probes` and in `host` is named with line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import load
from core.errors import ConfigError

TYPES = "http, tcp, tls, udp, icmp, dns, ntp, smtp, imap, pop3, ftp, ssh, postgresql, mysql, redis, exec, scrape"


def faults(folder: Path, *probes: str, host: str = "{}") -> list[str]:
    file = folder / "agent.yaml"
    lines = ["collector: {url: 'http://127.0.0.1:1'}", "data_dir: d", f"host: {host}", "probes:"]
    file.write_text("\n".join([*lines, *(f"  - {probe}" for probe in probes)]) + ("" if probes else " []"))
    with pytest.raises(ConfigError) as raised:
        load(file)
    return str(raised.value).replace(f"{file}:", "").splitlines()


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ("{name: a, target: 'b:1'}", f"5: probes[0].type: is required: one of {TYPES}"),
        ("{name: a, type: gopher, target: 'b:1'}", f"5: probes[0].type: must be one of {TYPES}"),
        ("{name: a, type: tcp, target: b}", "5: probes[0].target: 'b' has no port; write one like b:8080"),
        ("{type: ntp, target: b}", "5: probes[0].name: is required"),
        ("{name: a, type: http, url: 'ftp://b'}", "5: probes[0].url: 'ftp://b' is no http or https URL"),
        ("{name: a, type: http, url: 'http://u:p@b'}", "5: probes[0].url: a URL must not hold a credential"),
        (
            "{name: a, type: http, url: 'http://b', expect_status: [99]}",
            "5: probes[0].expect_status[0]: 99 is no status",
        ),
        ("{name: a, type: http, url: 'http://b', expect_body: ['(']}", "5: probes[0].expect_body[0]: '(' is no RE2"),
        (
            "{name: a, type: http, url: 'http://b', expect_body: ['(?=x)']}",
            "5: probes[0].expect_body[0]: '(?=x)' is no RE2",
        ),
        ("{name: a, type: http, url: 'http://b', headers: {'a b': c}}", "5: probes[0].headers.a b: 'a b' is no name"),
        (
            "{name: a, type: http, url: 'http://b', username: u}",
            "5: probes[0].username: username and password go together",
        ),
        ("{name: a, type: icmp, target: b, packets: 0}", "5: probes[0].packets: must be from 1 to 100, not 0"),
        ("{name: a, type: icmp, target: b, packets: 100}", "5: probes[0].spacing: 100 packets 200ms apart do not fit"),
        ("{name: a, type: dns, target: b, query: 'a..b'}", "5: probes[0].query: 'a..b' is no domain name"),
        ("{name: a, type: tcp, target: 'b:1', send: '\\q'}", "5: probes[0].send: a backslash begins"),
        ("{name: a, type: ssh, target: b, tls: true}", "5: probes[0].tls: SSH has its own encryption"),
        ("{name: a, type: smtp, target: b, tls: true, starttls: true}", "5: probes[0].starttls: tls is given too"),
        ("{name: a, type: exec, command: [check_x]}", "5: probes[0].command: must be a list that begins with"),
        ("{name: a, type: exec, command: []}", "5: probes[0].command: must be a list that begins with"),
        ("{name: a, type: scrape, url: 'http://b', max_series: 0}", "5: probes[0].max_series: must be from 1"),
        ("{name: a, type: ntp, target: b, timeout: 20s}", "5: probes[0].timeout: 20s is more than the interval of 15s"),
        (
            "{name: a, type: ntp, target: b, stratum: 1}",
            "5: probes[0].stratum: unknown key; known here: interval, ip_v",
        ),
    ],
)
def test_a_probe_that_cannot_be_is_named_with_its_line_and_key(tmp_path: Path, probe: str, expected: str) -> None:
    [fault] = faults(tmp_path, probe)
    assert fault.strip().startswith(expected)


def test_two_probes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    probes = ("{name: a, type: ntp, target: b}", "{name: a, type: icmp, target: b}")
    [fault] = faults(tmp_path, *probes)
    assert fault == "6: probes[1].name: 'a' is the name of probes[0] too; each probe needs its own"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("{processes: {a: '('}}", "3: host.processes.a: '(' is no RE2"),
        ("{systemd: {enabled: true, include: '['}}", "3: host.systemd.include: '[' is no RE2"),
        ("{smart: {interval: 1s}}", "3: host.smart.interval: must be at least 1m, not 1s"),
        ("{logs: [{file: a, patterns: {}}]}", "3: host.logs[0].patterns: must have one pattern at least"),
        ("{logs: [{file: a, patterns: {b: c}}, {file: a, patterns: {b: c}}]}", "3: host.logs[1].file: "),
        ("{journal: [{name: ssh, patterns: {}}]}", "3: host.journal[0].patterns: must have one pattern at least"),
        ("{journal: [{name: ssh, patterns: {a: '['}}]}", "3: host.journal[0].patterns.a: '[' is no RE2"),
        ("{journal: [{name: ssh, units: [ssh], patterns: {a: b}}]}", "3: host.journal[0].units[0]: 'ssh' must end"),
        ("{journal: [{name: ssh, priority: error, patterns: {a: b}}]}", "3: host.journal[0].priority: must be one of"),
        ("{journal: [{name: a, patterns: {b: c}}, {name: a, patterns: {b: c}}]}", "3: host.journal[1].name: 'a' is"),
    ],
)
def test_a_subject_of_the_host_that_cannot_be_is_named_too(tmp_path: Path, host: str, expected: str) -> None:
    [fault] = faults(tmp_path, host=host)
    assert fault.startswith(expected)
