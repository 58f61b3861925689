"""What the batcher does, as Prometheus metrics beside BentoML's own at ``/metrics``.

prometheus-client is imported here only, and this file only once BentoML has said where the
processes of a server keep their numbers (PROMETHEUS_MULTIPROC_DIR is read at import).
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

WAITING: Final = "proctor_answerer_waiting_questions"
BATCH_QUESTIONS: Final = "proctor_answerer_batch_questions"
BATCH_TOKENS: Final = "proctor_answerer_batch_tokens"
BATCH_SECONDS: Final = "proctor_answerer_batch_seconds"
DROPPED: Final = "proctor_answerer_dropped_total"


class Metrics:
    """A ``bentos.batching.Watcher``. One for a process: names are registered once."""

    def __init__(self) -> None:
        self._waiting = Gauge(
            WAITING, "Questions that wait for the model.", multiprocess_mode="livesum"
        )
        self._questions = Histogram(
            BATCH_QUESTIONS, "Questions of one batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128)
        )
        self._tokens = Histogram(
            BATCH_TOKENS,
            "Tokens of one batch, without padding and pinned prefix.",
            buckets=(32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192),
        )
        self._seconds = Histogram(
            BATCH_SECONDS,
            "Seconds of one batch.",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        )
        self._dropped = Counter(
            DROPPED.removesuffix("_total"), "Questions that were not scored.", ["reason"]
        )

    def waits(self, questions: int) -> None:
        self._waiting.set(questions)

    def scored(self, questions: int, tokens: int, seconds: float) -> None:
        self._questions.observe(questions)
        self._tokens.observe(tokens)
        self._seconds.observe(seconds)

    def dropped(self, reason: str) -> None:
        """``reason``: ``cancelled`` (the caller went), ``late`` or ``refused``."""
        self._dropped.labels(reason).inc()
