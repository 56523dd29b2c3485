"""MiniLM as the formulas of the paper say it (Devlin et al. 2019), in numpy: slow and plain."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HEADS = 12
Tensor = NDArray[np.float32]
_erf = np.vectorize(math.erf, otypes=[np.float32])


def sentence_vector(weights: dict[str, Tensor], ids: Sequence[int]) -> Tensor:
    """Return the mean of the last layer over the tokens, scaled to length 1."""
    words, places, types = (
        weights[f"embeddings.{name}_embeddings.weight"]
        for name in ("word", "position", "token_type")
    )
    hidden = words[list(ids)] + places[: len(ids)] + types[0]
    hidden = _normed(weights, "embeddings.LayerNorm", hidden)
    layers = {name.split(".")[2] for name in weights if name.startswith("encoder.")}
    for number in range(len(layers)):
        hidden = _layer(weights, f"encoder.layer.{number}", hidden)
    mean = hidden.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _layer(weights: dict[str, Tensor], name: str, hidden: Tensor) -> Tensor:
    query, key, value = (
        _heads(_dense(weights, f"{name}.attention.self.{part}", hidden))
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    attended = (shares @ value).transpose(1, 0, 2).reshape(hidden.shape)
    projected = _dense(weights, f"{name}.attention.output.dense", attended)
    hidden = _normed(weights, f"{name}.attention.output.LayerNorm", hidden + projected)
    wide = _dense(weights, f"{name}.intermediate.dense", hidden)
    bent = wide * (1 + _erf(wide / math.sqrt(2))) / 2
    narrow = _dense(weights, f"{name}.output.dense", bent)
    return _normed(weights, f"{name}.output.LayerNorm", hidden + narrow)


def _dense(weights: dict[str, Tensor], name: str, hidden: Tensor) -> Tensor:
    return np.asarray(hidden @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])


def _heads(hidden: Tensor) -> Tensor:
    return hidden.reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)


def _normed(weights: dict[str, Tensor], name: str, hidden: Tensor) -> Tensor:
    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"])
