"""What fine-tuning gives, on validation parts of Banking77's training part: never the test part.

`.venv-train/bin/python -m tests.bench.nlp.tuning --sets DIR [--shots 10] [--rounds 1 4 …]`
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from consumers.nlp.adapters.model_store import SentenceModel, build_tuned, prepare_model
from consumers.nlp.adapters.training import fit_blend
from consumers.nlp.adapters.tuning import Recipe, tune
from consumers.nlp.adapters.weights import WEIGHTS, locate
from consumers.nlp.ports import Embedder
from consumers.nlp.service.calibration import accuracy
from consumers.nlp.service.pairs import batches
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.sets import BESIDE, Pairs, banking77, few

VALIDATED = 2_001
"""Sentences to try on, as in the table of heads; drawn from what is not learnt."""


@dataclass(frozen=True)
class Draw:
    """What is learnt and what is tried."""

    learnt: Pairs
    tried: Pairs


def drawn(folder: Path, shots: int | None, seed: int) -> Draw:
    """Draw so many examples of each intent, or four fifths of all when no number is given."""
    train = banking77(folder, "train")
    tried = few(train, VALIDATED // 77, seed)
    rest = sorted(set(train) - set(tried))
    return Draw(rest if shots is None else few(rest, shots, seed), tried)


def measured(
    model: SentenceModel, draw: Draw, rounds: list[int], rates: list[float], threads: int
) -> Iterator[str]:
    """Yield a line per try: the served int8 engine's accuracy with the product's head."""
    yield f"untuned: {_right(model.embedder(threads), draw):.2f} %"
    texts, labels = [text for text, _ in draw.learnt], [label for _, label in draw.learnt]
    for count in rounds:
        for rate in rates:
            recipe = Recipe(rounds=count, rate=rate)
            started = time.process_time()
            tensors = tune(
                texts,
                batches(labels, rounds=count, size=recipe.pairs),
                weights=locate(WEIGHTS),
                tokenizer=model.tokenizer,
                recipe=recipe,
                told=lambda *_: None,
                threads=threads,
            )
            spent = time.process_time() - started
            with tempfile.TemporaryDirectory() as folder:
                network = Path(folder) / "network.onnx"
                build_tuned(network, tensors)
                right = _right(model.tuned("tried", network, threads), draw)
            yield f"{count} rounds at {rate:g}: {right:.2f} %, {spent:.0f} s of processor time"


def _right(embedder: Embedder, draw: Draw) -> float:
    learnt = embedder.embed([text for text, _ in draw.learnt])
    head = fit_blend(learnt, [label for _, label in draw.learnt])
    readings = head.read_together(embedder.embed([text for text, _ in draw.tried]))
    guessed = [head.linear.labels[at] for at in readings.logits.argmax(axis=1)]
    return 100 * accuracy([label for _, label in draw.tried], guessed)


def main() -> None:
    """Print one line per try."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sets", type=Path, default=BESIDE)
    parser.add_argument("--shots", type=int, help="examples per intent; left out: all")
    parser.add_argument("--rounds", type=int, nargs="+", default=[Recipe().rounds])
    parser.add_argument("--rates", type=float, nargs="+", default=[Recipe().rate])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=ModelSettings().training_threads)
    chosen = parser.parse_args()
    draw = drawn(chosen.sets, chosen.shots, chosen.seed)
    model = prepare_model(ModelSettings().model_dir)
    for line in measured(model, draw, chosen.rounds, chosen.rates, chosen.threads):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
