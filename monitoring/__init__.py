"""Telemetry's set-up: entry points call it. Lower floors use the APIs of OpenTelemetry and of
prometheus-client only, and know nothing of where traces and metrics go.
"""
