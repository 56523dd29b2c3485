"""Counts and times answered messages by what became of them, once each has its answer."""

from consumers.nlp.service.analysis import Analysis
from runtime import metrics
from schemas.events.replies import Moderated, ReplySource

ENDPOINT = "process-message"
_STATUS = {ReplySource.HANDOVER: "handed_over", ReplySource.CLARIFY: "asked_back"}


def count(analysis: Analysis) -> None:
    """Note one answer that is on the log, with the time that was worked on it."""
    answer = analysis.answer
    status = "silent" if answer.withheld else _STATUS.get(answer.source, "answered")
    metrics.ai_requests.labels(ENDPOINT, status).inc()
    metrics.ai_request_seconds.labels(ENDPOINT).observe(sum(analysis.timings_ms.values()) / 1e3)
    for step, took in analysis.timings_ms.items():
        metrics.ai_step_seconds.labels(step).observe(took / 1e3)
    if analysis.understanding.flagged:
        metrics.ai_moderated.labels(Moderated.QUESTION).inc()
