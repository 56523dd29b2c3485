"""Language models in folders of `transformers` weights, in threads of this process."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumers.nlp.errors import LanguageModelError, ModelSourceError
from consumers.nlp.ports import Piece, Prompt, Usage
from schemas.events.replies import Fallback

REMEDY = "install the extra train (scripts/setup train)"
TEMPERATURE = 0.2
"""As any endpoint is asked: facts are to be repeated, not varied."""


@dataclass(frozen=True)
class _Loaded:
    """A model and its words, ready to write."""

    network: Any
    tokenizer: Any
    context_tokens: int


def load_transformers(
    folder: Path, *, name: str, threads: int, at_once: int, context_tokens: int
) -> "TransformersLanguageModel":
    """
    Load the model in a folder; blocks for as long as that takes.

    Nothing is looked for anywhere else, no code of the folder is run, and weights are read from
    safetensors only, because the other format can run code.

    Raises:
        ModelSourceError: the extra or the folder is missing, or holds no model that can chat.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise ModelSourceError(f"transformers or torch is not installed: {REMEDY}") from error
    if not folder.is_dir():
        raise ModelSourceError(f"there is no folder {folder}")
    # The setting is the process's: the sentence model has threads of its own kind.
    torch.set_num_threads(threads)
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **local)
        network = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", use_safetensors=True, **local
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelSourceError(f"{folder} cannot be loaded as a transformers model") from error
    if tokenizer.chat_template is None:
        raise ModelSourceError(f"the model in {folder} has no chat template: it cannot chat")
    network.eval()
    longest = getattr(network.config, "max_position_embeddings", None) or context_tokens
    loaded = _Loaded(network, tokenizer, min(context_tokens, longest))
    return TransformersLanguageModel(name, loaded, at_once=at_once)


def _templated(tokenizer: Any, said: list[dict[str, str]]) -> Mapping[str, Any]:  # noqa: ANN401
    given: Mapping[str, Any] = tokenizer.apply_chat_template(
        said, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    return given


class TransformersLanguageModel:
    """See `consumers.nlp.ports.LanguageModel`; at most `at_once` answers, the others wait."""

    def __init__(self, name: str, loaded: _Loaded, *, at_once: int) -> None:
        self.name = name
        self._loaded = loaded
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="language-model")

    async def close(self) -> None:
        """Wait for threads, which end with the token that they are at."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """See `LanguageModel`."""
        from transformers import AsyncTextIteratorStreamer

        given = self._given(prompt)
        read = int(given["input_ids"].shape[1])
        room = min(max_tokens, self._loaded.context_tokens - read)
        if room < 1:
            raise LanguageModelError(Fallback.FAILED, "the prompt is longer than the context")
        streamer = AsyncTextIteratorStreamer(
            self._loaded.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        left = threading.Event()
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._threads, self._generate, given, streamer, room, left)
        try:
            async for text in streamer:
                if text:
                    yield Piece(text)
            yield Piece("", Usage(read, int((await writing).shape[1]) - read))
        except Exception as error:
            # Networks raise what they like; the text stays out: it may repeat what people wrote.
            raise LanguageModelError(Fallback.FAILED, type(error).__name__) from error
        finally:
            left.set()
            writing.cancel()

    def _given(self, prompt: Prompt) -> Mapping[str, Any]:
        said = [{"role": "system", "content": prompt.rules}]
        said += [{"role": turn.speaker, "content": turn.text} for turn in prompt.turns]
        try:
            return _templated(self._loaded.tokenizer, said)
        except Exception as error:
            # A template is the folder's own program, and refuses as it likes.
            raise LanguageModelError(Fallback.FAILED, type(error).__name__) from error

    def _generate(
        self,
        given: Mapping[str, Any],
        streamer: Any,  # noqa: ANN401 - untyped
        room: int,
        left: threading.Event,
    ) -> Any:  # noqa: ANN401 - a tensor of token ids
        """Write until the end, or until nobody listens any more; in a thread."""
        from transformers import StoppingCriteriaList

        try:
            return self._loaded.network.generate(
                **given,
                streamer=streamer,
                max_new_tokens=room,
                do_sample=True,
                temperature=TEMPERATURE,
                pad_token_id=self._loaded.tokenizer.eos_token_id,
                stopping_criteria=StoppingCriteriaList([lambda *_, **__: left.is_set()]),
            )
        finally:
            # Also when it fails: who listens would wait for ever otherwise.
            streamer.end()
