"""The metrics of checks, under blackbox_exporter's names where it has them."""

from __future__ import annotations

from agent.sample import Family


def _gauge(name: str, text: str) -> Family:
    return Family(name, "gauge", text)


SUCCESS = _gauge("probe_success", "Whether the target was as it should be.")
DURATION = _gauge("probe_duration_seconds", "How long the check took.")
FAILURE = _gauge("forewatch_probe_failure_info", "Why the check failed, by class; absent while it succeeds.")

LOOKUP = _gauge("probe_dns_lookup_time_seconds", "How long the look-up of the target's name took.")
IP_PROTOCOL = _gauge("probe_ip_protocol", "Version of IP: 4 or 6.")
IP_HASH = _gauge("probe_ip_addr_hash", "FNV-1a of the target's address; it changes with the address.")
CONNECT_PHASES = _gauge("probe_tcp_duration_seconds", "How long each phase took: connect, tls, exchange.")
REGEX = _gauge("probe_failed_due_to_regex", "Whether the check failed because of a pattern.")

HTTP_PHASES = _gauge(
    "probe_http_duration_seconds", "How long each phase took: resolve, connect, tls, processing, transfer."
)
HTTP_STATUS = _gauge("probe_http_status_code", "The answer's status.")
HTTP_VERSION = _gauge("probe_http_version", "Version of HTTP.")
HTTP_SSL = _gauge("probe_http_ssl", "Whether the last request went over TLS.")
HTTP_REDIRECTS = _gauge("probe_http_redirects", "How many redirects were followed.")
HTTP_LENGTH = _gauge("probe_http_content_length", "Content-Length of the answer; -1 when it has none.")
HTTP_BODY = _gauge("probe_http_uncompressed_body_length", "Bytes of the body, uncompressed.")
HTTP_MODIFIED = _gauge("probe_http_last_modified_timestamp_seconds", "Last-Modified of the answer, in Unix time.")

SSL_EXPIRY = _gauge("probe_ssl_earliest_cert_expiry", "When the first certificate of the chain expires, in Unix time.")
SSL_CHAIN_EXPIRY = _gauge(
    "probe_ssl_last_chain_expiry_timestamp_seconds", "When the verified chain expires, in Unix time."
)
SSL_CHAIN = _gauge("probe_ssl_last_chain_info", "The server's certificate; always 1.")
TLS_VERSION = _gauge("probe_tls_version_info", "Version of TLS; always 1.")
TLS_CIPHER = _gauge("probe_tls_cipher_info", "Cipher of TLS; always 1.")

ICMP_PHASES = _gauge("probe_icmp_duration_seconds", "How long each phase took: resolve, setup, rtt (the median).")
ICMP_HOP_LIMIT = _gauge("probe_icmp_reply_hop_limit", "Hop limit (TTL) of the last reply; absent when unknown.")
ICMP_SENT = _gauge("probe_icmp_packets_sent", "Echo requests of this check.")
ICMP_RECEIVED = _gauge("probe_icmp_packets_received", "Echo replies of this check, duplicates not counted.")
ICMP_LOSS = _gauge("probe_icmp_loss_ratio", "Share of echo requests without a reply.")
ICMP_RTT = _gauge("probe_icmp_rtt_seconds", "Round-trip times by quantile: 0, 0.5, 0.9, 0.99, 1.")

DNS_PHASES = _gauge("probe_dns_duration_seconds", "How long each phase took: resolve, connect, request.")
DNS_ANSWERS = _gauge("probe_dns_answer_rrs", "Records in the answer section.")
DNS_AUTHORITIES = _gauge("probe_dns_authority_rrs", "Records in the authority section.")
DNS_ADDITIONALS = _gauge("probe_dns_additional_rrs", "Records in the additional section.")
DNS_SUCCEEDED = _gauge("probe_dns_query_succeeded", "Whether the server answered at all, whatever it said.")
DNS_SERIAL = _gauge("probe_dns_serial", "Serial of the zone, when an SOA record was asked for.")
DNS_RCODE = _gauge("probe_dns_rcode", "The answer's code: 0 no error, 2 server failure, 3 no such name.")

NTP_OFFSET = _gauge("node_ntp_offset_seconds", "The server's clock less this machine's.")
NTP_RTT = _gauge("node_ntp_rtt_seconds", "Round-trip time to the NTP server.")
NTP_STRATUM = _gauge("node_ntp_stratum", "The NTP server's distance from a reference clock, 1 to 15; 0, 16: none.")
NTP_LEAP = _gauge("node_ntp_leap", "Leap indicator: 0 none, 1 and 2 a leap second is near, 3 not synchronised.")
NTP_ROOT_DELAY = _gauge("node_ntp_root_delay_seconds", "The NTP server's round-trip time to its reference clock.")
NTP_ROOT_DISPERSION = _gauge("node_ntp_root_dispersion_seconds", "How far the NTP server may be off.")

SSH_BANNER = _gauge("probe_ssh_banner_info", "What the SSH server says it is; always 1.")
MYSQL_INFO = _gauge("probe_mysql_info", "Version of the MySQL or MariaDB server; always 1.")
POSTGRESQL_INFO = _gauge("probe_postgresql_info", "How the PostgreSQL server wants to be logged into; always 1.")
POSTGRESQL_TLS = _gauge("probe_postgresql_tls", "Whether the PostgreSQL server offers TLS.")
REDIS_INFO = _gauge("redis_instance_info", "Version and role of the Redis server; always 1.")
