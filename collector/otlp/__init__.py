"""OTLP/HTTP metrics: OpenTelemetry's data points as the series that Prometheus would make of them."""
