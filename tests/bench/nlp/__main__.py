"""`python -m tests.bench.nlp [--sets DIR]`: the assistant's speed and quality, table and JSON."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.app import build_analyzer
from consumers.nlp.settings import EncoderKind, ModelSettings
from tests.bench.nlp.abuse import measure_abuse
from tests.bench.nlp.sets import BESIDE, ROOT
from tests.bench.nlp.speed import (
    Rows,
    measure_answers,
    measure_batching,
    measure_names,
    measure_training,
)
from tests.bench.nlp.writing import measure_writing

RESULTS = ROOT / "bench-nlp.json"


def main() -> None:
    """Print the tables; public sets are measured when their folder is there or given."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sets", type=Path, default=BESIDE if BESIDE.is_dir() else None)
    parser.add_argument("--threads", type=int, default=ModelSettings().threads)
    parser.add_argument(
        "--multilingual", action="store_true", help="only the other encoder's speed"
    )
    parser.add_argument("--quality-only", action="store_true", help="leave the speed out")
    arguments = parser.parse_args()
    # What a message costs that nobody has said before.
    settings = ModelSettings(threads=arguments.threads, remembered_texts=0)
    results: dict[str, object] = {}
    if arguments.multilingual:
        other = settings.model_copy(update={"encoder": EncoderKind.MULTILINGUAL})
        build_analyzer(other)  # learns what it has to, so that a warm start is measured
        _measured(other, measure_answers)
        return
    if not arguments.quality_only:
        results["speed"] = _speed(settings)
    if arguments.sets:
        results["abuse"] = _abuse(settings, arguments.sets)
        results["training"] = _training(settings, arguments.sets)
        results["quality"] = _quality(settings, arguments.sets)
    else:
        _tell(f"public sets are not measured: no {BESIDE}, and no --sets")
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _speed(settings: ModelSettings) -> dict[str, str]:
    # What is to be learnt is learnt in another process: this one's memory is a serving one's.
    subprocess.run(
        [sys.executable, "-m", "consumers.nlp", "--check"], check=True, stdout=subprocess.DEVNULL
    )
    # Training last: it imports scikit-learn, which would count as the serving process's memory.
    measures = (measure_answers, measure_names, measure_batching, measure_writing, measure_training)
    return _measured(settings, *measures)


def _measured(
    settings: ModelSettings, *measures: Callable[[ModelSettings], Rows]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for measure in measures:
        for name, value in measure(settings):
            found[name] = value
            _tell(f"{name:<44}{value}")
    return found


def _abuse(settings: ModelSettings, folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in measure_abuse(settings, folder):
        found[name] = value
        _tell(f"{name:<44}{value}")
    return found


def _training(settings: ModelSettings, folder: Path) -> dict[str, str]:
    # Imports scikit-learn, as the quality does.
    from tests.bench.nlp.job import measure_job  # noqa: PLC0415

    found: dict[str, str] = {}
    for name, value in measure_job(settings, folder):
        found[name] = value
        _tell(f"{name:<44}{value}")
    return found


def _quality(settings: ModelSettings, folder: Path) -> list[dict[str, object]]:
    # Imports scikit-learn, see above.
    from tests.bench.nlp.quality import measure_sets  # noqa: PLC0415

    found: list[dict[str, object]] = []
    embedder = prepare_model(settings.model_dir).embedder(settings.threads)
    for figure in measure_sets(embedder, folder):
        found.append(asdict(figure) | {"met": figure.met})
        aim = "" if figure.at_least is None else f"aim {figure.at_least:g}"
        verdict = {None: "", True: "met", False: "missed"}[figure.met]
        _tell(f"{figure.name:<44}{figure.value:<10.4g}{aim:<12}{verdict:<8}{figure.published}")
    return found


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
