"""Alerts that another Prometheus, vmalert or Grafana pushes to what it takes for an Alertmanager.

They become alerts of the pipeline like those of our own rules: matched, correlated, one incident a condition.
Source: Alertmanager's API v2 (api/v2/openapi.yaml of prometheus/alertmanager).
"""
