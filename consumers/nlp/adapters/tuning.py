"""Fine-tunes the sentence model with torch: sentences of one intent near, others far (extra train).

The way of ConvFiT and SetFit, in the shape that costs least: in-batch contrast over pairs
(Henderson 2017, Vulić 2021, Tunstall 2022). Word embeddings stay as they are, so that words which
no example holds keep their meaning, and so that half of the numbers need no gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from consumers.nlp.adapters.onnx_embedder import MAX_TOKENS
from consumers.nlp.adapters.weights import weights_of
from consumers.nlp.service.pairs import Batch

if TYPE_CHECKING:
    import torch

EXTRA = ("torch", "transformers")
FROZEN = "embeddings."
WARM_UP = 0.1
SEED = 0

Tensors = dict[str, NDArray[np.float32]]
Told = Callable[[int, int], None]
"""Takes the batches that are done, and all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How much is learnt; usual values of the sources above."""

    rounds: int = 4
    """How often every sentence begins a pair."""
    pairs: int = 16
    """Per batch, each of another intent."""
    rate: float = 5e-5
    sharpness: float = 20.0
    """What cosines are multiplied with before they compete."""


def train_extra_installed() -> bool:
    """Whether this environment can fine-tune; looks for the packages and imports none."""
    return all(find_spec(name) is not None for name in EXTRA)


def tune(
    texts: Sequence[str],
    batches: Sequence[Batch],
    *,
    weights: Path,
    tokenizer: Path,
    recipe: Recipe,
    told: Told,
    threads: int,
) -> Tensors:
    """
    Return the tensors that changed, by their names in the weights file.

    The same arguments give the same tensors on one machine; blocks for minutes.
    """
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    words = Words(tokenizer)
    model = sentence_model(weights_of(weights))
    model.train()
    learning = [value for name, value in model.named_parameters() if _learns(name)]
    optimizer = torch.optim.AdamW(learning, lr=recipe.rate)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, len(batches)))
    for done, batch in enumerate(batches, start=1):
        loss = _contrast(model, words, texts, batch, recipe.sharpness)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        rates.step()
        told(done, len(batches))
    return {
        name: np.ascontiguousarray(value.detach().numpy(), dtype=np.float32)
        for name, value in model.named_parameters()
        if _learns(name)
    }


class Words:
    """Texts as the model reads them; the very tokenizer that serves."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def __call__(self, texts: Sequence[str]) -> "tuple[torch.Tensor, torch.Tensor]":
        """Ids and mask, one row per text."""
        import torch

        encoded = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([each.ids for each in encoded])
        return ids, torch.tensor([each.attention_mask for each in encoded])


def sentence_model(tensors: Mapping[str, NDArray[np.float32]]) -> Any:  # noqa: ANN401 - untyped
    """The network of all-MiniLM-L6-v2 with these weights."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    model = BertModel(config, add_pooling_layer=False)
    known = model.state_dict()
    # The file also holds positions, which are counted, and a pooler that sentences have no use of.
    model.load_state_dict(
        {name: torch.from_numpy(value) for name, value in tensors.items() if name in known}
    )
    return model


def embedded(model: Any, words: Words, texts: Sequence[str]) -> "torch.Tensor":  # noqa: ANN401
    """One unit vector per text: the mean over its tokens."""
    import torch

    ids, mask = words(texts)
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    pooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1)
    return torch.nn.functional.normalize(pooled, dim=1)


def _contrast(
    model: Any,  # noqa: ANN401 - untyped
    words: Words,
    texts: Sequence[str],
    batch: Batch,
    sharpness: float,
) -> "torch.Tensor":
    """How badly each first sentence of a pair is told apart by its second, and the other way."""
    import torch

    rows = [pair[side] for side in (0, 1) for pair in batch.pairs]
    vectors = embedded(model, words, [texts[row] for row in rows])
    first, second = vectors.chunk(2)
    scores = sharpness * first @ second.T
    right = torch.arange(len(batch.pairs))
    both = (torch.nn.functional.cross_entropy(each, right) for each in (scores, scores.T))
    return sum(both, start=torch.zeros(())) / 2


def _learns(name: str) -> bool:
    return not name.startswith(FROZEN)


def _share(step: int, steps: int) -> float:
    """Of the full rate: up over the first tenth, then down to nothing."""
    begin = max(1, round(WARM_UP * steps))
    return min((step + 1) / begin, max(0.0, (steps - step) / max(1, steps - begin)))
