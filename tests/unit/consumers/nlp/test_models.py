"""Versions: measured fairly, stored as numbers, fetched once, swapped between batches."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from consumers.nlp.adapters.head_file import digest, pack, unpack
from consumers.nlp.adapters.job_training import lessons_of, train
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.version_shelf import VersionShelf
from consumers.nlp.errors import HeadError
from consumers.nlp.ports import Matrix
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.encodings import Encodings
from consumers.nlp.service.follower import Follower
from consumers.nlp.service.heads import IntentGuess, IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.ledger import Ledger
from consumers.nlp.service.library import Library
from consumers.nlp.service.measures import measure, part
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.ai import LoadedModel
from schemas.events.envelope import Event
from schemas.events.models import Example, ModelKind, ModelPromoted, ModelRegistered, Phase, Stored
from tests.unit.consumers.nlp.readers import catch_up
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    RETURN,
    AxisEmbedder,
    FixedTone,
    small_analyzer,
    small_intents,
    small_knowledge,
)
from tests.unit.consumers.nlp.test_ledger import Watch, example

EXAMPLES = [Example(text=f"{ORDER} {at}", intent="order_status") for at in range(20)]
EXAMPLES += [Example(text=f"{RETURN} {at}", intent="send_back") for at in range(20)]
EXAMPLES += [Example(text=f"joke {at}", intent=None) for at in range(10)]


def test_a_fifth_of_every_intent_is_held_out() -> None:
    """Stratified and seeded: the same labels give the same parts, and no intent goes untested."""
    labels = ["a"] * 50 + ["b"] * 8 + [None] * 10 + ["a|b"] * 9
    parts = part(labels)
    held = [labels[row] for row in parts.held_out]
    assert (held.count("a"), held.count("b"), held.count(None)) == (10, 2, 2)
    assert "a|b" not in held
    assert sorted(parts.learnt + parts.held_out) == list(range(len(labels)))
    assert part(labels) == parts


def test_measures_are_those_of_what_was_guessed() -> None:
    """Accuracy, F1, the matrix, the mistakes and the scope, counted by hand."""
    embedder = AxisEmbedder()
    texts = [ORDER, ORDER, RETURN, ORDER, "joke"]
    labels = ["order_status", "order_status", "send_back", "send_back", None]
    found = measure(small_intents(), embedder.embed(texts), labels, learnt=7)
    assert (found.learnt, found.held_out, found.accuracy) == (7, 5, 0.75)
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert found.matrix == ((2, 0), (1, 1))
    assert [(each.expected, each.guessed, each.count) for each in found.confusions] == [
        ("send_back", "order_status", 1)
    ]
    assert found.out_of_scope_auroc == 1.0


def test_training_tells_every_chunk_and_measures_what_it_has_not_learnt() -> None:
    """Progress per 64 sentences, a head that knows both intents, nothing held out is learnt."""
    told: list[tuple[Phase, int, int]] = []
    lessons = lessons_of(EXAMPLES, None)
    trained = train(lessons, ["poem"], AxisEmbedder(), lambda *step: told.append(step), threads=2)
    assert [step for step in told if step[0] is Phase.EMBEDDING] == [
        (Phase.EMBEDDING, 0, 51),
        (Phase.EMBEDDING, 51, 51),
    ]
    assert [step[0] for step in told[2:]] == [Phase.EVALUATING, Phase.FITTING, Phase.STORING]
    assert trained.intents == ("order_status", "send_back")
    assert (trained.metrics.learnt, trained.metrics.held_out) == (40, 10)
    assert trained.metrics.accuracy == 1.0
    assert trained.metrics.out_of_scope_auroc == 1.0


def test_training_extends_what_the_knowledge_folder_teaches() -> None:
    """New examples do not make the assistant forget the old ones."""
    new = [Example(text=f"plant {at}", intent="plants") for at in range(8)]
    trained = train(lessons_of(new, small_knowledge()), [], AxisEmbedder(), lambda *_: None)
    assert trained.intents == ("order_status", "plants", "send_back")


def test_many_examples_are_trained_as_well_as_few() -> None:
    """Above 3,000 sentences one fit is calibration enough: half of what is held out is for it."""
    many = [Example(text=f"{ORDER} {at}", intent="order_status") for at in range(1_900)]
    many += [Example(text=f"{RETURN} {at}", intent="send_back") for at in range(1_900)]
    many += [Example(text=f"joke {at}", intent=None) for at in range(100)]
    trained = train(lessons_of(many, None), [], AxisEmbedder(), lambda *_: None)
    assert (trained.metrics.learnt, trained.metrics.held_out) == (3_120, 390)
    assert trained.metrics.accuracy == 1.0
    assert trained.metrics.calibration_error < 0.1


def test_a_head_comes_back_as_it_was_stored() -> None:
    """Numbers and names survive; nothing in the file can run code."""
    head = unpack(pack(small_intents(), "axis"), "axis")
    vectors = AxisEmbedder().embed([ORDER, RETURN, "joke"])
    kept = [(each.intent, each.in_scope) for each in small_intents().guess(vectors)]
    assert [(each.intent, each.in_scope) for each in head.guess(vectors)] == kept
    assert head.kernel.anchors.dtype == np.float32


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"not an archive" * 100])
def test_a_damaged_head_is_refused(content: bytes) -> None:
    """Whatever stands there, the answer is one clear error."""
    with pytest.raises(HeadError):
        unpack(content, "axis")


def test_a_head_for_another_engine_is_refused() -> None:
    """Vectors of two engines may not be compared."""
    with pytest.raises(HeadError, match="other"):
        unpack(pack(small_intents(), "other"), "axis")


class Source:
    """Heads as the log holds them."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked = 0
        self.failure: Exception | None = None
        self.network = b"network"

    async def encoder(self, registered: ModelRegistered) -> bytes:
        self.asked += 1
        return self.network

    async def head(self, registered: ModelRegistered) -> bytes:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.content


def shelf(folder: Path, source: Source) -> VersionShelf:
    """A shelf whose sentence models need no engine to be opened."""

    def opened(name: str, network: Path) -> TurnedEmbedder:
        assert network.read_bytes() == source.network
        return TurnedEmbedder(name)

    return VersionShelf(folder, "axis", source, opened)


def registered(content: bytes, version: str = "intents-1") -> ModelRegistered:
    stored = Stored(partition=0, offset=0, parts=1, sha256=digest(content))
    found: ModelRegistered = example(ModelRegistered, version=version, stored=stored)
    return found


async def test_a_head_is_fetched_once_and_again_when_its_copy_is_damaged(tmp_path: Path) -> None:
    """A restart reads the copy; one that does not have its sha256 is not used."""
    content = pack(small_intents(), "axis")
    source = Source(content)
    for _ in range(2):
        await shelf(tmp_path, source).get(registered(content))
    assert source.asked == 1
    (tmp_path / f"{digest(content)}.npz").write_bytes(b"torn")
    await shelf(tmp_path, source).get(registered(content))
    assert source.asked == 2


class TurnedEmbedder(AxisEmbedder):
    """A sentence model of a version's own: its space is another than everybody's."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def embed(self, texts: Sequence[str]) -> Matrix:
        return np.ascontiguousarray(super().embed(texts)[:, ::-1])


class Log:
    """Model events as they come, batch by batch."""

    def __init__(self, *batches: Sequence[Event]) -> None:
        self.batches = list(batches)

    @property
    def caught_up(self) -> bool:
        return not self.batches

    async def poll(self) -> Sequence[Event]:
        return self.batches.pop(0) if self.batches else []


class Promoting:
    """A follower over a small analyzer, and what it was told."""

    def __init__(
        self, folder: Path, *batches: Sequence[Event], models: Sequence[LoadedModel] = ()
    ) -> None:
        self.content = pack(small_intents(), "axis")
        self.source = Source(self.content)
        self.analyzer = small_analyzer(AxisEmbedder(), models=models)
        self.library = Library(AxisEmbedder(), small_knowledge())
        self.served: list[str | None] = []
        self.follower = Follower(
            ledger=Ledger(Watch()),
            log=Log(*batches),
            versions=shelf(folder, self.source),
            encodings=Encodings(self.library, FixedTone(0.0)),
            analyzer=self.analyzer,
            clock=HybridLogicalClock(),
            served=lambda each: self.served.append(each.version if each else None),
        )

    def answered_by(self) -> str:
        return self.analyzer.analyze([Question.alone(ORDER)])[0].model_version


def promotion(version: str) -> Event:
    found: Event = example(ModelPromoted, version=version)
    return found


OWN_ACCURACY = 0.5
LOADED = [
    LoadedModel(name=kind, version="1", kind=kind, accuracy=accuracy, loaded_at=AT)
    for kind, accuracy in (("embedding", None), ("intent", OWN_ACCURACY), ("sentiment", None))
]


def accuracies(promoting: Promoting) -> list[float | None]:
    return [each.accuracy for each in promoting.analyzer.models]


HEAD = pack(small_intents(), "axis")


async def test_at_start_only_the_last_promotion_is_served(tmp_path: Path) -> None:
    """The whole log is read before a head is fetched: a restart goes straight to what answers."""
    promoting = Promoting(
        tmp_path,
        [registered(HEAD, "intents-1"), promotion("intents-1")],
        [registered(HEAD, "intents-2"), promotion("intents-2")],
    )
    await catch_up(promoting.follower)
    assert promoting.answered_by() == "axis+test+intents-2"
    assert promoting.served == ["intents-2"]


async def test_what_is_loaded_says_how_good_it_is(tmp_path: Path) -> None:
    """A promoted head by its card, the own as measured at the start; nothing else has any."""
    card = registered(HEAD)
    own = card.model_copy(update={"version": "knowledge-1", "kind": ModelKind.KNOWLEDGE})
    promoting = Promoting(tmp_path, [card, promotion("intents-1")], models=LOADED)
    await catch_up(promoting.follower)
    assert card.metrics.accuracy != OWN_ACCURACY
    assert accuracies(promoting) == [None, card.metrics.accuracy, None]
    promoting.follower._log = Log([own, promotion("knowledge-1")])
    await promoting.follower.read()
    assert accuracies(promoting) == [None, OWN_ACCURACY, None]


async def test_the_knowledge_folders_own_version_can_be_promoted_again(tmp_path: Path) -> None:
    """Rolling back past the first promotion ends at what each replica has trained itself."""
    own = registered(HEAD, "knowledge-1").model_copy(update={"kind": ModelKind.KNOWLEDGE})
    promoting = Promoting(tmp_path, [registered(HEAD), promotion("intents-1")])
    await catch_up(promoting.follower)
    promoting.follower._log = Log([own, promotion("knowledge-1")])
    await promoting.follower.read()
    assert promoting.answered_by() == "axis+test"
    assert promoting.served == ["intents-1", None]


async def test_a_log_made_anew_is_served_while_it_is_read(tmp_path: Path) -> None:
    """It may be shorter than what was read before, and so never be read up to there again."""
    promoting = Promoting(tmp_path, [registered(HEAD), promotion("intents-1")])
    await catch_up(promoting.follower)
    own = registered(HEAD, "knowledge-1").model_copy(update={"kind": ModelKind.KNOWLEDGE})
    promoting.follower._log = Log([own, promotion("knowledge-1")], [])
    await promoting.follower.read()
    assert not promoting.follower._log.caught_up
    assert promoting.served == ["intents-1", None]


async def test_a_head_that_cannot_be_had_leaves_the_old_one_answering(tmp_path: Path) -> None:
    """While the log is away nothing changes, and the next look serves it."""
    promoting = Promoting(tmp_path, [registered(HEAD), promotion("intents-1")])
    promoting.source.failure = RetryableError("away")
    with pytest.raises(RetryableError):
        await catch_up(promoting.follower)
    assert promoting.answered_by() == "axis+test"
    promoting.source.failure = None
    await catch_up(promoting.follower)
    assert promoting.answered_by() == "axis+test+intents-1"


def test_a_batch_is_understood_with_one_version() -> None:
    """A swap in the middle of a batch shows in the next batch, in all of it."""
    analyzer = small_analyzer(AxisEmbedder())
    swapped = threading.Event()

    class Swapping(IntentHead):
        def guess(
            self, vectors: Matrix, allowances: Sequence[float] | None = None
        ) -> list[IntentGuess]:
            analyzer.serve(small_intents(), "intents-2")
            swapped.set()
            return small_intents().guess(vectors, allowances)

    plain = small_intents()
    analyzer.serve(Swapping(plain.linear, plain.kernel, 0.3, 0.8, 0.7), "intents-1")
    questions = [Question.alone(f"{ORDER} {at}") for at in range(4)]
    assert {each.model_version for each in analyzer.analyze(questions)} == {"axis+test+intents-1"}
    assert swapped.is_set()
    assert {each.model_version for each in analyzer.analyze(questions)} == {"axis+test+intents-2"}


def test_an_intent_without_an_answer_goes_to_a_colleague() -> None:
    """A head may know more than the knowledge folder answers; nothing is made up."""
    analyzer = small_analyzer(AxisEmbedder())
    plain = small_intents()
    strange = IntentHead(
        type(plain.linear)(("plants", "send_back"), plain.linear.weights, plain.linear.bias),
        plain.kernel,
        sharpness=0.3,
        threshold=0.8,
        closeness=0.7,
    )
    analyzer.serve(strange, "intents-3")
    (analysis,) = analyzer.analyze([Question.alone(ORDER)])
    assert analysis.understanding.intent.intent == "plants"
    assert analysis.answer.text == "A colleague will answer."


def test_the_starter_knowledge_is_extended_without_harm(
    embedder: OnnxEmbedder, knowledge: Knowledge
) -> None:
    """Two new intents on top of the starter's: its held-out sentences are understood as before."""
    new = [
        Example(text=f"{start} {thing}", intent=f"buy_{thing}")
        for thing in ("violin", "telescope")
        for start in (
            "I want a",
            "sell me a",
            "get me a",
            "is there a",
            "one",
            "a nice",
            "any",
            "a",
        )
    ]
    trained = train(lessons_of(new, knowledge), [], embedder, lambda *_: None, threads=2)
    head = unpack(trained.head, embedder.name)
    held_out = [(text, each.name) for each in knowledge.intents for text in each.held_out]
    guesses = head.guess(embedder.embed([text for text, _ in held_out]))
    right = [name == guess.intent for (_, name), guess in zip(held_out, guesses, strict=True)]
    assert sum(right) / len(right) > 0.9
    assert {"buy_violin", "order_status"} <= set(trained.intents)
