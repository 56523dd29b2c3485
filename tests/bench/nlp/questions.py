"""How the starter's own questions and conversations fare, which nothing is ever learnt from."""

from collections import Counter

from consumers.nlp.adapters.knowledge_files import read_evaluation, read_rehearsals
from consumers.nlp.app import build_analyzer
from consumers.nlp.service.evaluation import Outcome, try_out
from consumers.nlp.service.rehearsals import rehearse
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.figures import Figure, Figures

RIGHT_SHARE = 0.9


def measure_questions(settings: ModelSettings) -> Figures:
    """Ask every question of the knowledge folder; hold every conversation of it."""
    analyzer, folder = build_analyzer(settings), settings.knowledge_dir
    evaluation, rehearsals = read_evaluation(folder), read_rehearsals(folder)
    if evaluation is not None:
        outcomes = try_out(analyzer, evaluation)
        right = sum(each.right for each in outcomes)
        least = RIGHT_SHARE * len(outcomes)
        yield Figure(f"questions met, of {len(outcomes)}", right, at_least=least)
        yield from _by_kind(outcomes)
    if rehearsals is not None:
        yield from _by_kind(rehearse(analyzer, rehearsals))


def _by_kind(outcomes: list[Outcome]) -> Figures:
    kinds = Counter(each.kind for each in outcomes)
    right = Counter(each.kind for each in outcomes if each.right)
    for kind, count in kinds.items():
        yield Figure(f"  {kind.replace('_', ' ')}, of {count}", right[kind])
