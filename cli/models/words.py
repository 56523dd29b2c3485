"""How jobs and versions look on a screen."""

from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

COLOURS = {"promoted": "green", "retired": "dim"}
MOST_CONFUSIONS = 10


def listing(models: list[dict[str, Any]]) -> Table:
    """Return one row per version."""
    rows = Table(box=None, pad_edge=False)
    for heading in ("version", "kind", "status", "accuracy", "intents", "KiB", "made"):
        rows.add_column(heading)
    for each in models:
        colour = COLOURS.get(each["status"], "default")
        rows.add_row(
            each["version"],
            each["kind"],
            f"[{colour}]{each['status']}",
            f"{each['metrics']['accuracy']:.1%}",
            str(len(each["intents"])),
            str(each["size"] // 1024 or ""),
            each["createdAt"][:19],
        )
    return rows


def card(model: dict[str, Any]) -> str:
    """Return a version's card as Markdown."""
    return "\n".join(_card(model)) + "\n"


def _card(model: dict[str, Any]) -> Iterator[str]:
    metrics = model["metrics"]
    yield f"# {model['version']}"
    yield ""
    yield f"- status: {model['status']}"
    yield f"- kind: {model['kind']}, reads vectors of {model['engine']}"
    yield f"- made: {model['createdAt']}" + (f" by job {model['jobId']}" if model["jobId"] else "")
    if model["sha256"]:
        yield f"- sha256: {model['sha256']} ({model['size']} bytes)"
    yield f"- learnt from {metrics['learnt']} sentences, measured on {metrics['held_out']} others"
    yield ""
    yield "| measure | value |"
    yield "| --- | --- |"
    yield f"| accuracy | {metrics['accuracy']:.2%} |"
    yield f"| macro F1 | {metrics['macro_f1']:.4f} |"
    yield f"| calibration error (ECE) | {metrics['calibration_error']:.4f} |"
    auroc = metrics.get("out_of_scope_auroc")
    yield f"| out-of-scope AUROC | {'not measured' if auroc is None else f'{auroc:.4f}'} |"
    if metrics.get("processor_seconds"):
        yield f"| processor time | {metrics['processor_seconds']:.1f} s |"
    confusions = metrics.get("confusions") or []
    if confusions:
        yield ""
        yield "| expected | taken for | times |"
        yield "| --- | --- | --- |"
        for each in confusions[:MOST_CONFUSIONS]:
            yield f"| {each['expected']} | {each['guessed']} | {each['count']} |"
    yield ""
    yield f"Intents ({len(model['intents'])}): {', '.join(model['intents'])}"


def asked(answer: dict[str, Any]) -> str:
    """Return what a job learns from, and where that comes from."""
    sources = answer["sources"]
    told = f"job {answer['jobId']}: {answer['examples']} examples, {answer['intents']} intents"
    if sources["labelled"] or sources["liked"]:
        told += (
            f" ({sources['given']} given, {sources['labelled']} labelled, {sources['liked']} liked)"
        )
    if answer["duplicateCount"]:
        told += f"\n{answer['duplicateCount']} duplicates are learnt once"
    return told


def candidates(items: list[dict[str, Any]]) -> Table:
    """Return one row per question that may be learnt from."""
    rows = Table(box=None, pad_edge=False)
    for heading in ("question", "text", "taken for", "sure", "up", "down", "why", "label"):
        rows.add_column(heading, no_wrap=heading == "question", overflow="fold")
    for each in items:
        handed_over = "handed over" if each["unanswered"] else ""
        rows.add_row(
            each["messageId"],
            escape(" ".join(each["text"].split())),
            escape(each["intent"] or ""),
            f"{each['confidence']:.0%}",
            str(each["ratings"]["up"] or ""),
            str(each["ratings"]["down"] or ""),
            escape("; ".join(each["reasons"]) or handed_over),
            escape(each["label"] or ""),
        )
    return rows


def progress_of(job: dict[str, Any]) -> tuple[str, float]:
    """Return what a job does now, and the share of it that is done; embedding is most of it."""
    progress = job["progress"]
    phase = progress["phase"] or job["status"]
    if phase == "embedding":
        return phase, 0.7 * progress["done"] / max(progress["total"], 1)
    before = {"evaluating": 0.7, "fitting": 0.85, "storing": 0.95}
    return phase, before.get(phase, 1.0 if job["status"] == "succeeded" else 0.0)
