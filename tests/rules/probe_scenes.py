"""What the shipped rules of configs/rules/probes.yaml are tried on; see scenes.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

START = 1_760_000_000
MINUTE, DAY = 60, 86_400

Scene = Mapping[str, Callable[[float], float] | float]

SITE = 'instance="portal",job="probe"'
DNS = 'instance="resolver",job="probe"'
HOST = 'instance="web-1",job="node"'
PLUGIN = 'instance="queue",job="exec"'
ENDPOINT = 'instance="database",job="scrape"'
ARRAY = f'device="md0",{HOST}'
DISK = f'device="sda",{HOST}'


def certificate(days: float, *, trusted: bool = True) -> Scene:
    """A site whose certificate expires in so many days."""
    failed = {f'forewatch_probe_failure_info{{class="certificate",{SITE}}}': 1.0}
    return {
        f"probe_success{{{SITE}}}": float(trusted),
        f"probe_ssl_earliest_cert_expiry{{{SITE}}}": START + days * DAY,
        **({} if trusted else failed),
    }


def raid(failed: float = 0, down: float = 0, inactive: float = 0) -> Scene:
    return {
        f'node_md_disks{{state="active",{ARRAY}}}': 2,
        f'node_md_disks{{state="failed",{ARRAY}}}': failed,
        f'node_md_disks{{state="down",{ARRAY}}}': down,
        f'node_md_state{{state="inactive",{ARRAY}}}': inactive,
    }


def resolver(success: float, answered: float) -> Scene:
    return {f"probe_success{{{DNS}}}": success, f"probe_dns_query_succeeded{{{DNS}}}": answered}


PROCESSES = f'namedprocess_namegroup_num_procs{{groupname="nginx",{HOST}}}'
RESTARTS = f'node_systemd_service_restart_total{{name="nginx.service",{HOST}}}'
UNIT = f'node_systemd_unit_state{{name="nginx.service",state="failed",type="notify",{HOST}}}'
STATUS = f"smartctl_device_smart_status{{{DISK}}}"
WARNING = f"smartctl_device_critical_warning{{{DISK}}}"
USED = f"smartctl_device_percentage_used{{{DISK}}}"

PROBE_TROUBLE: list[tuple[str, Scene, float, str]] = [
    ("ProbeFailed", {f"probe_success{{{SITE}}}": 0}, 2 * MINUTE, "does not work"),
    ("DnsAnswerWrong", resolver(0, 1), 2 * MINUTE, "answers, but wrongly"),
    ("CertificateNotTrusted", certificate(90, trusted=False), 2 * MINUTE, "valid, but not believed"),
    ("PacketLoss", {f"probe_icmp_loss_ratio{{{SITE}}}": 0.4}, 6 * MINUTE, "two of five lost"),
    ("ScrapeTargetDown", {f"up{{{ENDPOINT}}}": 0}, 2 * MINUTE, "cannot be scraped"),
    ("CertificateExpired", certificate(-1, trusted=False), MINUTE, "yesterday"),
    ("CertificateExpiresTomorrow", certificate(0.5), MINUTE, "tonight"),
    ("CertificateExpiresThisWeek", certificate(6), MINUTE, "in six days"),
    ("CertificateExpiresInTwoWeeks", certificate(13), MINUTE, "in thirteen days"),
    ("CertificateExpiresInThirtyDays", certificate(29), MINUTE, "in 29 days"),
    ("PluginCritical", {f"exec_status{{{PLUGIN}}}": 2}, 2 * MINUTE, "says so"),
    ("PluginWarning", {f"exec_status{{{PLUGIN}}}": 1}, 6 * MINUTE, "says so"),
    ("PluginUnknown", {f"exec_status{{{PLUGIN}}}": 3}, 6 * MINUTE, "cannot tell"),
    ("ClockWrong", {f"node_ntp_offset_seconds{{{SITE}}}": -2}, 6 * MINUTE, "two seconds ahead"),
    ("ProcessMissing", {PROCESSES: 0}, 2 * MINUTE, "none runs"),
    ("SystemdUnitFailed", {UNIT: 1}, 3 * MINUTE, "given up"),
    ("ServiceRestartsOften", {RESTARTS: lambda at: at // 120}, 40 * MINUTE, "every two minutes"),
    ("RaidDegraded", raid(failed=1), 2 * MINUTE, "a disk failed"),
    ("RaidInactive", raid(inactive=1), 6 * MINUTE, "not assembled"),
    ("DiskFailing", {STATUS: 0}, MINUTE, "says so itself"),
    ("DiskWornOut", {USED: 95}, MINUTE, "95 % worn"),
    ("LogUnreadable", {f'log_file_readable{{file="/var/log/app.log",{HOST}}}': 0}, 11 * MINUTE, "not allowed to"),
    ("LogUnreadable", {f"log_journal_readable{{{HOST}}}": 0}, 11 * MINUTE, "not in the group"),
    ("TextfileBroken", {f"node_textfile_scrape_error{{{HOST}}}": 1}, 11 * MINUTE, "half a file"),
]

PROBE_HEALTHY: Scene = {
    **certificate(90),
    **resolver(1, 1),
    **raid(),
    f'forewatch_probe_failure_info{{class="timeout",{PLUGIN}}}': 1,
    f"probe_icmp_loss_ratio{{{SITE}}}": 0,
    f"up{{{ENDPOINT}}}": 1,
    f"exec_status{{{PLUGIN}}}": 0,
    f"node_ntp_offset_seconds{{{SITE}}}": 0.01,
    PROCESSES: 3,
    UNIT: 0,
    RESTARTS: 3,
    STATUS: 1,
    WARNING: 0,
    USED: 4,
    f'log_file_readable{{file="/var/log/app.log",{HOST}}}': 1,
    f"log_journal_readable{{{HOST}}}": 1,
    f"node_textfile_scrape_error{{{HOST}}}": 0,
}

PROBE_HARMLESS: list[tuple[str, Scene, float, str]] = [
    ("ServiceRestartsOften", {RESTARTS: lambda at: at // 900}, 40 * MINUTE, "now and then"),
    ("ProbeFailed", resolver(0, 1), 5 * MINUTE, "a wrong answer has an alert of its own"),
    ("ProbeFailed", certificate(90, trusted=False), 5 * MINUTE, "so has a certificate that is not believed"),
    ("DnsAnswerWrong", resolver(0, 0), 5 * MINUTE, "no answer at all is a failed probe"),
    ("CertificateNotTrusted", certificate(-1, trusted=False), 5 * MINUTE, "expired is another matter"),
    ("CertificateExpiresThisWeek", certificate(0.5), MINUTE, "only the nearest of the five fires"),
    ("CertificateExpiresTomorrow", certificate(-1), MINUTE, "it has expired already"),
    ("PacketLoss", {f"probe_icmp_loss_ratio{{{SITE}}}": 1}, 10 * MINUTE, "nothing comes back: a failed probe"),
    ("ClockWrong", {f"node_ntp_offset_seconds{{{SITE}}}": 0.2}, 10 * MINUTE, "a fifth of a second"),
    ("ScrapeTargetDown", {'up{instance="web-1",job="node"}': 0}, 5 * MINUTE, "a host has a rule of its own"),
]
