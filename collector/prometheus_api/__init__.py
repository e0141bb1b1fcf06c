"""The Prometheus HTTP API under `/prometheus/api/v1`: what Grafana, promtool and vmalert ask.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/.
"""
