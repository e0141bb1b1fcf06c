"""What speaks to an Alertmanager finds one here: alerts are pushed to it and read from it.

Alerts of another Prometheus, vmalert or Grafana become alerts of the pipeline like those of our own rules: matched,
correlated, one incident a condition. Grafana and amtool read all that fire.
Source: Alertmanager's API v2 (api/v2/openapi.yaml of prometheus/alertmanager).
"""
