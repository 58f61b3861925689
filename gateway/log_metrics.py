"""What the answer log counts, brought to where it is scraped.

The log counts in plain numbers (``WriterStats``); what was added since the last look is put
on the counters right before a page is made, so no answer pays for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from answerlog.writer import WriterStats
from gateway.metrics import Meters

WRITE_SECONDS = "proctor_gateway_log_write_seconds"
"""The histogram that hears of every transaction with lines, when it ends."""


class LogMeters:
    """``publish`` brings ``meters`` up to what ``stats`` says."""

    def __init__(self, meters: Meters, stats: Callable[[], WriterStats]) -> None:
        self._meters = meters
        self._stats = stats
        self._published = Counter[tuple[str, str]]()

    def publish(self) -> None:
        now, meters = self._stats(), self._meters
        self._bring("proctor_gateway_log_lines_total", "written", now.lines_written)
        self._bring("proctor_gateway_log_lines_total", "dropped", now.lines_dropped)
        self._bring("proctor_gateway_feedback_total", "recorded", now.feedback_recorded)
        self._bring("proctor_gateway_feedback_total", "refused", now.feedback_refused)
        meters.put("proctor_gateway_log_queue_lines", float(now.queue_lines))
        meters.put("proctor_gateway_log_queue_bytes", float(now.queue_bytes))
        meters.put("proctor_gateway_log_sound", float(now.fault is None))

    def _bring(self, name: str, result: str, total: int) -> None:
        added = total - self._published[name, result]
        self._meters.count(name, float(added), result=result)
        self._published[name, result] = total
