"""What was answered, by which version in which slot, to whom, and what came of it.

Written by the gateway without delaying callers, read by whoever judges versions: release
verdicts, drift reports. SQLite by default, PostgreSQL by URL. Knows no HTTP and no model.
"""
