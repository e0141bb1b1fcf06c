# ruff: noqa: E501 - rules and tests have long lines, as people write them
"""Rule files as people run them in the field: promtool takes them, so do we, and both come to the same alerts.

Each scene is written here after what is usual for its exporter; the same unit test is run by promtool and by us.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigError
from rules.files import load_rule_files
from rules.unit_run import run
from rules.unit_tests import load_unit_tests
from tests.servers.require import require_program

NODE = r"""
groups:
  - name: node
    interval: 30s
    rules:
      - record: instance:node_cpu_utilisation:rate5m
        expr: 1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode="idle"}[5m]))
      - alert: NodeFilesystemSpaceFillingUp
        annotations:
          description: Filesystem on {{ $labels.device }} at {{ $labels.instance }} has only {{ printf "%.2f" $value }}% left.
          summary: '{{ $labels.mountpoint | toUpper }} is filling up'
        expr: |
          (
            node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 40
          and
            predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 24*60*60) < 0
          and
            node_filesystem_readonly{fstype!=""} == 0
          )
        for: 5m
        labels: {severity: warning}
      - alert: NodeCpuBusy
        expr: instance:node_cpu_utilisation:rate5m * 100 > 90
        labels: {severity: '{{ if gt $value 95.0 }}critical{{ else }}major{{ end }}'}
        annotations:
          summary: '{{ $value | humanize }}% busy'
"""
NODE_TEST = r"""
    input_series:
      - {series: 'node_filesystem_avail_bytes{device="sda1",fstype="ext4",instance="web-1",mountpoint="/var"}', values: '3900-10x100'}
      - {series: 'node_filesystem_size_bytes{device="sda1",fstype="ext4",instance="web-1",mountpoint="/var"}', values: '10000x100'}
      - {series: 'node_filesystem_readonly{device="sda1",fstype="ext4",instance="web-1",mountpoint="/var"}', values: '0x100'}
      - {series: 'node_cpu_seconds_total{cpu="0",mode="idle",instance="web-1"}', values: '0+1x100'}
    alert_rule_test:
      - eval_time: 30m
        alertname: NodeFilesystemSpaceFillingUp
        exp_alerts:
          - exp_labels: {device: sda1, fstype: ext4, instance: web-1, mountpoint: /var, severity: warning}
            exp_annotations:
              description: Filesystem on sda1 at web-1 has only 36.00% left.
              summary: /VAR is filling up
      - eval_time: 30m
        alertname: NodeCpuBusy
        exp_alerts:
          - {exp_labels: {instance: web-1, severity: critical}, exp_annotations: {summary: 98.33% busy}}
"""

BLACKBOX = r"""
groups:
  - name: blackbox
    rules:
      - alert: ProbeFailed
        expr: probe_success == 0
        for: 1m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} does not answer"}
      - alert: CertificateExpires
        expr: probe_ssl_earliest_cert_expiry - time() < 86400 * 21
        annotations:
          summary: expires in {{ $value | humanizeDuration }}
          when: '{{ range query "probe_ssl_earliest_cert_expiry" }}{{ .Labels.instance }}={{ .Value }};{{ end }}'
      - alert: ProbeSlow
        expr: avg_over_time(probe_duration_seconds[5m]) > 1 and on (instance) probe_success == 1
        annotations: {summary: '{{ $value | humanizePercentage }} of a second, {{ reReplaceAll "https?://([^/]+).*" "$1" $labels.instance }}'}
"""
BLACKBOX_TEST = r"""
    input_series:
      - {series: 'probe_success{instance="https://a.example.org/login"}', values: '1x10 0x20'}
      - {series: 'probe_duration_seconds{instance="https://a.example.org/login"}', values: '1.5x30'}
      - {series: 'probe_ssl_earliest_cert_expiry{instance="https://a.example.org/login"}', values: '900000x30'}
    alert_rule_test:
      - eval_time: 15m
        alertname: ProbeFailed
        exp_alerts:
          - exp_labels: {instance: https://a.example.org/login, severity: critical}
            exp_annotations: {summary: https://a.example.org/login does not answer}
      - eval_time: 15m
        alertname: CertificateExpires
        exp_alerts:
          - exp_labels: {instance: https://a.example.org/login}
            exp_annotations: {summary: expires in 10d 9h 45m 0s, when: https://a.example.org/login=900000;}
      - eval_time: 5m
        alertname: ProbeSlow
        exp_alerts:
          - exp_labels: {instance: https://a.example.org/login}
            exp_annotations: {summary: '150% of a second, a.example.org'}
      - {eval_time: 15m, alertname: ProbeSlow, exp_alerts: []}
"""

SNMP = r"""
groups:
  - name: snmp
    rules:
      - alert: InterfaceDown
        expr: ifOperStatus == 2 and on (instance, ifIndex) ifAdminStatus == 1
        labels: {severity: major}
        annotations:
          summary: >-
            {{ $labels.ifName }}{{ with $labels.ifAlias }} ({{ . }}){{ end }} of
            {{ $labels.instance }} is down{{ if eq $labels.ifName "Gi0/1" }} (uplink){{ end }}
      - alert: InterfaceBusy
        expr: rate(ifHCInOctets[5m]) * 8 / on (instance, ifIndex) group_left (ifName) (ifHighSpeed * 1e6) > 0.8
        annotations: {summary: '{{ $labels.ifName }} carries {{ $value | humanizePercentage }}'}
      - alert: DeviceRestarted
        expr: sysUpTime / 100 < 300 and changes(sysUpTime[10m]) > 0
        annotations: {summary: 'up for {{ $value | humanizeDuration }}'}
"""
SNMP_TEST = r"""
    input_series:
      - {series: 'ifOperStatus{instance="core-1",ifIndex="1",ifName="Gi0/1",ifAlias="to core-2"}', values: '1x5 2x20'}
      - {series: 'ifAdminStatus{instance="core-1",ifIndex="1"}', values: '1x30'}
      - {series: 'ifOperStatus{instance="core-1",ifIndex="2",ifName="Gi0/2"}', values: '2x30'}
      - {series: 'ifAdminStatus{instance="core-1",ifIndex="2"}', values: '2x30'}
      - {series: 'ifHCInOctets{instance="core-1",ifIndex="1"}', values: '0+6750000x30'}
      - {series: 'ifHighSpeed{instance="core-1",ifIndex="1",ifName="Gi0/1"}', values: '1x30'}
      - {series: 'sysUpTime{instance="core-1"}', values: '90000000 90006000 100+6000x20'}
    alert_rule_test:
      - eval_time: 10m
        alertname: InterfaceDown
        exp_alerts:
          - exp_labels: {severity: major, instance: core-1, ifIndex: 1, ifName: Gi0/1, ifAlias: to core-2}
            exp_annotations: {summary: Gi0/1 (to core-2) of core-1 is down (uplink)}
      - eval_time: 10m
        alertname: InterfaceBusy
        exp_alerts:
          - {exp_labels: {instance: core-1, ifIndex: 1, ifName: Gi0/1}, exp_annotations: {summary: Gi0/1 carries 90%}}
      - eval_time: 4m
        alertname: DeviceRestarted
        exp_alerts: [{exp_labels: {instance: core-1}, exp_annotations: {summary: up for 2m 1s}}]
"""

KUBE = r"""
groups:
  - name: kubernetes
    rules:
      - record: namespace:requests:sum
        expr: |
          sum by (namespace) (
              sum by (namespace, pod) (
                  max by (namespace, pod, container) (kube_pod_container_resource_requests{resource="memory"})
                  * on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"} == 1)
              )
          )
      - alert: PodCrashLooping
        expr: max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1
        for: 10m
        labels: {severity: warning}
        annotations:
          description: 'Pod {{ $labels.namespace }}/{{ $labels.pod }} ({{ $labels.container }}) is in waiting state (reason: "CrashLoopBackOff").'
      - alert: DeploymentReplicasMismatch
        expr: |
          (kube_deployment_spec_replicas > kube_deployment_status_replicas_available)
          unless on (namespace, deployment) changes(kube_deployment_status_replicas_updated[10m]) > 0
        annotations: {summary: '{{ $labels.deployment }}: {{ with printf "kube_deployment_status_replicas_available{deployment=''%s''}" $labels.deployment | query }}{{ . | first | value }}{{ end }} of {{ $value }}'}
      - alert: NamespaceMemory
        expr: namespace:requests:sum > 1.5 * 1024^3
        annotations: {summary: '{{ $labels.namespace }} asks for {{ $value | humanize1024 }}B'}
"""
KUBE_TEST = r"""
    input_series:
      - {series: 'kube_pod_container_resource_requests{namespace="shop",pod="p1",container="c",resource="memory"}', values: '2147483648x30'}
      - {series: 'kube_pod_status_phase{namespace="shop",pod="p1",phase="Running"}', values: '1x30'}
      - {series: 'kube_pod_container_status_waiting_reason{namespace="shop",pod="p1",container="c",reason="CrashLoopBackOff"}', values: '1x30'}
      - {series: 'kube_deployment_spec_replicas{namespace="shop",deployment="web"}', values: '3x30'}
      - {series: 'kube_deployment_status_replicas_available{namespace="shop",deployment="web"}', values: '1x30'}
      - {series: 'kube_deployment_status_replicas_updated{namespace="shop",deployment="web"}', values: '3x30'}
    alert_rule_test:
      - eval_time: 15m
        alertname: PodCrashLooping
        exp_alerts:
          - exp_labels: {namespace: shop, pod: p1, container: c, reason: CrashLoopBackOff, severity: warning}
            exp_annotations: {description: 'Pod shop/p1 (c) is in waiting state (reason: "CrashLoopBackOff").'}
      - eval_time: 15m
        alertname: DeploymentReplicasMismatch
        exp_alerts: [{exp_labels: {namespace: shop, deployment: web}, exp_annotations: {summary: 'web: 1 of 3'}}]
      - eval_time: 15m
        alertname: NamespaceMemory
        exp_alerts: [{exp_labels: {namespace: shop}, exp_annotations: {summary: shop asks for 2GiB}}]
"""

SCENES = {
    "node": (NODE, NODE_TEST),
    "blackbox": (BLACKBOX, BLACKBOX_TEST),
    "snmp": (SNMP, SNMP_TEST),
    "kube": (KUBE, KUBE_TEST),
}
HEAD = "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m"


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = require_program("promtool", "prometheus")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("scene", SCENES)
def test_the_file_fires_as_it_does_in_prometheus(tmp_path: Path, scene: str) -> None:
    rules, test = SCENES[scene]
    (tmp_path / "rules.yaml").write_text(rules)
    file = tmp_path / "tests.yaml"
    file.write_text(HEAD + test)
    theirs = promtool("test", "rules", file)
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    assert run(load_unit_tests(file)) == []


def _rule(body: str) -> str:
    indented = body.strip().replace("\n", "\n        ")
    return f"groups:\n  - name: g\n    rules:\n      - {indented}\n"


VERDICTS = [
    (_rule("alert: A\nexpr: up == 0 and on() vector(1)"), "a join on nothing"),
    (_rule("alert: A\nexpr: up == bool 0"), "bool"),
    (_rule("alert: A\nexpr: up offset -5m"), "an offset to come"),
    (_rule("alert: A\nexpr: max_over_time(up[1h:])"), "a subquery's default step"),
    (_rule("alert: A\nexpr: up @ 1609746000"), "a fixed instant"),
    (_rule("alert: A\nexpr: up @ end()"), "the end of a query"),
    (_rule("alert: A\nexpr: histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))"), "a quantile"),
    (_rule("alert: A\nexpr: rate(up)"), "a range that is missing"),
    (_rule("alert: A\nexpr: sum(up) by (a) / sum by (b)"), "half an aggregation"),
    (_rule("alert: A\nexpr: up == on(a) bool 1"), "bool at the wrong place"),
    (_rule("alert: A\nexpr: nothere(up)"), "a function that does not exist"),
    (_rule("alert: A\nexpr: topk(up)"), "an aggregation without its parameter"),
    (_rule("alert: A\nexpr: up{job=~'*'}"), "a pattern that repeats nothing"),
    (_rule("alert: A\nexpr: '{}'"), "a selector of everything"),
    (_rule("alert: A\nexpr: '{job=\"\"}'"), "a selector of everything without a label"),
    (_rule("alert: A\nexpr: up and 1"), "a set of a number"),
    (_rule("alert: A\nexpr: 1 == 1"), "numbers compared without bool"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ $value | humanize }} {{ $labels.job | title }}'}"), "templates"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ if }}'}"), "half a condition"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ end }}'}"), "an end of nothing"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ range query \"up\" }}{{ .Value }}'}"), "a range without an end"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ $nothere }}'}"), "a variable that does not exist"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ nothere 1 }}'}"), "a template's function that does not exist"),
    (_rule("alert: A\nexpr: up\nannotations: {a: '{{ printf \"%.2f\" $value }}{{/* said */}}'}"), "a comment"),
    (_rule("alert: A\nexpr: up\nlabels: {severity: '{{ if eq $labels.a \"b\" }}x{{ end }}'}"), "a label's template"),
    (_rule("alert: A\nexpr: up\nfor: 1h30m"), "a duration of two parts"),
    (_rule("alert: A\nexpr: up\nfor: 90"), "a duration without a unit"),
    (_rule("record: a:b\nexpr: up\nannotations: {a: b}"), "annotations of a recorded series"),
    (_rule("record: a:b\nexpr: up\nlabels: {job: x}"), "labels of a recorded series"),
    (_rule("record: 1a\nexpr: up"), "a name that begins with a digit"),
    (_rule("alert: A\nexpr: up") * 2, "the key groups twice"),
    ("groups:\n  - name: g\n    partial_response_strategy: warn\n    rules: []\n", "a key of another product"),
    ("groups:\n  - name: g\n    rules:\n      - expr: up\n", "neither alert nor record"),
    ("groups: []\n", "no groups"),
    ("---\ngroups: []\n", "a document's mark"),
    ("groups:\n\t- name: g\n", "a tab"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what"), VERDICTS, ids=[row[1] for row in VERDICTS])
def test_the_verdict_on_a_file_is_promtools(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    theirs = promtool("check", "rules", file)
    try:
        load_rule_files([file])
        fault = ""
    except ConfigError as error:
        fault = str(error)
    assert (fault == "") is (theirs.returncode == 0), f"{what}\n  ours   {fault or 'good'}\n  theirs {theirs.stderr}"


@pytest.mark.parametrize("expression", ["up[5m]", "'\"text\"'"])
def test_what_could_never_be_evaluated_is_refused_though_promtool_lets_it_pass(tmp_path: Path, expression: str) -> None:
    """Prometheus loads it and fails at every evaluation: the result is neither vector nor scalar."""
    file = tmp_path / "rules.yaml"
    file.write_text(_rule(f"alert: A\nexpr: {expression}"))
    assert promtool("check", "rules", file).returncode == 0
    with pytest.raises(ConfigError):
        load_rule_files([file])
