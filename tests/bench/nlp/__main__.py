"""`make bench OF=nlp`: the assistant's speed and quality, as a table and as bench-nlp.json."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.app import build_analyzer
from consumers.nlp.settings import EncoderKind, ModelSettings
from tests.bench.nlp.abuse import measure_abuse
from tests.bench.nlp.figures import Figure, Figures
from tests.bench.nlp.questions import measure_questions
from tests.bench.nlp.sets import BESIDE, ROOT
from tests.bench.nlp.speed import (
    measure_answers,
    measure_batching,
    measure_names,
    measure_training,
)
from tests.bench.nlp.writing import measure_writing

RESULTS = ROOT / "bench-nlp.json"
Part = tuple[str, Callable[[], Figures]]


def main() -> None:
    """Measure what was asked for, part after part."""
    arguments = _arguments()
    # What a message costs that nobody has said before.
    settings = ModelSettings(threads=arguments.threads, remembered_texts=0)
    if arguments.multilingual:
        other = settings.model_copy(update={"encoder": EncoderKind.MULTILINGUAL})
        build_analyzer(other)  # learns what it has to, so that a warm start is measured
        list(_show(measure_answers(other)))
        return
    parts: list[Part] = []
    if not arguments.quality_only:
        parts += _speed(settings)
    if not arguments.speed_only:
        parts += _quality(settings, arguments.sets)
    found = {name: [_as_json(each) for each in _show(measure())] for name, measure in parts}
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nlp", description=__doc__)
    add = parser.add_argument
    add(
        "--sets", type=Path, default=BESIDE, help="folder of banking77/ and clinc150/ (%(default)s)"
    )
    add("--threads", type=int, default=ModelSettings().threads, help="texts at once (%(default)s)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--speed-only", action="store_true", help="no public sets are needed")
    only.add_argument("--quality-only", action="store_true", help="leave the speed out")
    only.add_argument("--multilingual", action="store_true", help="the other encoder's speed")
    arguments = parser.parse_args()
    needs_sets = not (arguments.speed_only or arguments.multilingual)
    if needs_sets and not arguments.sets.is_dir():
        parser.error(f"no public sets in {arguments.sets}: see --sets and --speed-only")
    return arguments


def _speed(settings: ModelSettings) -> list[Part]:
    # What is to be learnt is learnt in another process: this one's memory is a serving one's.
    subprocess.run(
        [sys.executable, "-m", "consumers.nlp", "--check"], check=True, stdout=subprocess.DEVNULL
    )
    # Training last: it imports scikit-learn, which would count as the serving process's memory.
    measures = (measure_answers, measure_names, measure_batching, measure_writing, measure_training)
    return [(each.__name__.removeprefix("measure_"), partial(each, settings)) for each in measures]


def _quality(settings: ModelSettings, folder: Path) -> list[Part]:
    # Import scikit-learn, see above.
    def job() -> Figures:
        from tests.bench.nlp.job import measure_job  # noqa: PLC0415

        return measure_job(settings, folder)

    def sets() -> Figures:
        from tests.bench.nlp.quality import measure_sets  # noqa: PLC0415

        return measure_sets(prepare_model(settings.model_dir).embedder(settings.threads), folder)

    return [
        ("questions", partial(measure_questions, settings)),
        ("abuse", partial(measure_abuse, settings, folder)),
        ("job", job),
        ("sets", sets),
    ]


def _show(figures: Iterable[Figure]) -> Iterator[Figure]:
    verdicts = {None: "", True: "met", False: "missed"}
    for each in figures:
        reached = f"{each.value:.4g} {each.unit}"
        line = f"{each.name:<52}{reached:<14}{each.aim:<10}{verdicts[each.met]:<8}{each.published}"
        sys.stdout.write(f"{line.rstrip()}\n")
        sys.stdout.flush()
        yield each


def _as_json(figure: Figure) -> dict[str, object]:
    return asdict(figure) | {"met": figure.met}


if __name__ == "__main__":
    main()
