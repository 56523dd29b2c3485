"""A folder of transformers weights as a language model: a tiny Llama, made up on the spot."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from consumers.nlp.adapters.language.chosen import language_model
from consumers.nlp.adapters.language.transformers_model import (
    TransformersLanguageModel,
    load_transformers,
)
from consumers.nlp.errors import LanguageModelError, ModelSourceError
from consumers.nlp.ports import LanguageModel, Piece, Prompt, Turn
from consumers.nlp.settings import LanguageModelKind, LanguageModelSettings
from schemas.events.replies import Fallback

pytestmark = pytest.mark.timeout(900)

PROMPT = Prompt("Be short.", (Turn("user", "When do plants travel?"),))
TEMPLATE = (
    "{% for each in messages %}<{{ each.role }}> {{ each.content }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of 30,000 numbers that knows 64 words, saved as such models are."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<unk>", "<end>", *(f"word{number}" for number in range(62))]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<end>", chat_template=TEMPLATE
    )
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=2_048,
        bos_token_id=None,
        # An end that is never written: how long answers become is the test's to say.
        eos_token_id=1_000,
    )
    made = tmp_path_factory.mktemp("tiny-llama")
    LlamaForCausalLM(config).save_pretrained(made)
    fast.save_pretrained(made)
    return made


def loaded(folder: Path, context_tokens: int = 2_048) -> TransformersLanguageModel:
    return load_transformers(
        folder, name="tiny", threads=1, at_once=1, context_tokens=context_tokens
    )


async def pieces_of(model: LanguageModel, tokens: int, prompt: Prompt = PROMPT) -> list[Piece]:
    async with aclosing(model.write(prompt, tokens)) as pieces:
        return [piece async for piece in pieces]


async def test_it_streams_and_says_what_it_cost(folder: Path) -> None:
    """By the same port as any other, through the breaker and the metrics, from the settings."""
    settings = LanguageModelSettings(
        kind=LanguageModelKind.TRANSFORMERS,
        dir=folder,
        threads=1,
        at_once=1,
        silence=timedelta(seconds=300),
    )
    async with language_model(settings) as model:
        assert model is not None
        assert model.name == folder.name
        pieces = await pieces_of(model, 20)
    assert len(pieces) > 5
    usage = pieces[-1].usage
    assert usage is not None
    # <system> Be short. <user> When do plants travel? <assistant>
    assert (usage.prompt_tokens, usage.answer_tokens) == (9, 20)


async def test_leaving_early_ends_the_work(folder: Path) -> None:
    """The thread is free for the next answer long before this one would have been written."""
    model = loaded(folder)
    async with aclosing(model.write(PROMPT, 2_000)) as pieces:
        await anext(pieces)
    async with asyncio.timeout(120):
        assert await pieces_of(model, 1)
    await model.close()


async def test_a_prompt_beyond_the_context_is_refused(folder: Path) -> None:
    """Before anything is computed, and with the error that all models have."""
    model = loaded(folder, context_tokens=16)
    with pytest.raises(LanguageModelError) as raised:
        await pieces_of(model, 8, Prompt("", (Turn("user", "word1 " * 40),)))
    assert raised.value.reason is Fallback.FAILED
    usage = (await pieces_of(model, 100))[-1].usage
    assert usage is not None
    assert usage.answer_tokens == 16 - 9
    await model.close()


async def test_a_model_that_breaks_is_one_kind_of_error(folder: Path) -> None:
    """Whatever torch raises, who listens hears of it instead of waiting for ever."""
    model = loaded(folder)
    model._loaded.network.lm_head = None
    with pytest.raises(LanguageModelError, match=r"^failed: \w+Error$"):
        await pieces_of(model, 8)
    await model.close()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """Nothing is fetched from anywhere; the text says what is wrong."""
    with pytest.raises(ModelSourceError, match="no folder"):
        loaded(tmp_path / "nowhere")
    with pytest.raises(ModelSourceError, match="cannot be loaded"):
        loaded(tmp_path)


def test_a_model_that_cannot_chat_is_refused(folder: Path, tmp_path: Path) -> None:
    """Without a template there is no telling the rules from the question."""
    for file in folder.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelSourceError, match="no chat template"):
        loaded(tmp_path)
