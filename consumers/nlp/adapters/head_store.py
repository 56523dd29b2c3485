"""Keeps trained heads as numbers and JSON; never pickles, which run code and age badly."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import structlog

from consumers.nlp.adapters.files import exclusive, whole_folder
from consumers.nlp.adapters.weights import sha256_of
from consumers.nlp.ports import Embedder
from consumers.nlp.service.calibration import accuracy
from consumers.nlp.service.heads import IntentHead, KernelHead, LinearHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.retrieval import Nearness
from consumers.nlp.service.sureness import Sureness
from consumers.nlp.service.tolerances import Tolerances, fit_tolerances

TRAINER = "linear+kernel/4"
"""Changed whenever training would make another head of the same knowledge."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heads:
    """Everything trained from one state of the knowledge base."""

    intents: IntentHead
    tone: LinearHead
    accuracy: float
    """Share of the intents' held-out sentences that are understood."""
    tolerances: Tolerances = field(default_factory=Tolerances)


def prepare_heads(model_dir: Path, embedder: Embedder, knowledge: Knowledge) -> Heads:
    """The heads for this knowledge and engine: read if they were trained before, else trained."""
    digest = knowledge.sha256
    folder = model_dir / "heads" / f"{embedder.name.replace('/', '-')}-{digest[:16]}"
    origin = {"engine": embedder.name, "trainer": TRAINER, "knowledge_sha256": digest}
    with exclusive(folder.parent):
        heads = _read(folder, origin)
        if heads is None:
            logger.info("heads_training_started", intents=len(knowledge.intents))
            heads = _train(embedder, knowledge)
            _write(folder, heads, origin)
            logger.info("heads_trained", accuracy=round(heads.accuracy, 4))
    return heads


def _train(embedder: Embedder, knowledge: Knowledge) -> Heads:
    # Only a start with new knowledge pays for scikit-learn: serving needs numpy alone.
    from consumers.nlp.adapters.training import train_intents, train_tone  # noqa: PLC0415

    intents = train_intents(embedder, knowledge)
    held_out = [(text, intent.name) for intent in knowledge.intents for text in intent.held_out]
    guesses = intents.guess(embedder.embed([text for text, _ in held_out]))
    understood = accuracy([name for _, name in held_out], [guess.intent for guess in guesses])
    tolerances = fit_tolerances(embedder, knowledge, intents)
    return Heads(intents, train_tone(embedder, knowledge), understood, tolerances)


def _write(folder: Path, heads: Heads, origin: dict[str, str]) -> None:
    with whole_folder(folder) as fresh:
        arrays = fresh / "heads.npz"
        np.savez(
            arrays,
            intent_weights=heads.intents.linear.weights,
            intent_bias=heads.intents.linear.bias,
            intent_anchors=heads.intents.kernel.anchors,
            intent_anchor_weights=heads.intents.kernel.weights,
            tone_weights=heads.tone.weights,
            tone_bias=heads.tone.bias,
        )
        description = {
            **origin,
            "intents": heads.intents.linear.labels,
            "tones": heads.tone.labels,
            "threshold": heads.intents.threshold,
            "closeness": heads.intents.closeness,
            "sharpness": heads.intents.sharpness,
            "accuracy": heads.accuracy,
            "kernel_width": heads.intents.kernel.width,
            "scope_allowances": dict(heads.tolerances.scope),
            "snippet_nearness": {
                language: [
                    each.enough,
                    each.related,
                    each.sureness.even,
                    each.sureness.steepness,
                ]
                for language, each in heads.tolerances.snippets.items()
            },
            "arrays_sha256": sha256_of(arrays),
        }
        text = json.dumps(description, indent=2)
        (fresh / "heads.json").write_text(text, encoding="utf-8")


def _read(folder: Path, origin: dict[str, str]) -> Heads | None:
    """The stored heads, or None when they are missing, damaged or of another origin."""
    arrays = folder / "heads.npz"
    try:
        described = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
        same = all(described[key] == value for key, value in origin.items())
        if not same or described["arrays_sha256"] != sha256_of(arrays):
            return None
        with np.load(arrays, allow_pickle=False) as stored:
            intents = IntentHead(
                linear=LinearHead(
                    tuple(described["intents"]), stored["intent_weights"], stored["intent_bias"]
                ),
                kernel=KernelHead(
                    stored["intent_anchors"],
                    stored["intent_anchor_weights"],
                    float(described["kernel_width"]),
                ),
                sharpness=float(described["sharpness"]),
                threshold=float(described["threshold"]),
                closeness=float(described["closeness"]),
            )
            tone = LinearHead(
                tuple(described["tones"]), stored["tone_weights"], stored["tone_bias"]
            )
        tolerances = Tolerances(
            scope={key: float(each) for key, each in described["scope_allowances"].items()},
            snippets={
                key: Nearness(
                    float(enough), float(related), Sureness(float(even), float(steepness))
                )
                for key, (enough, related, even, steepness) in described["snippet_nearness"].items()
            },
        )
        return Heads(intents, tone, float(described["accuracy"]), tolerances)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
