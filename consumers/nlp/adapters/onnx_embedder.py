"""The sentence model on onnxruntime: no torch, no network, no lock held while it computes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from consumers.nlp.errors import HeadError
from consumers.nlp.ports import Matrix
from consumers.nlp.service.heads import KERNEL_WIDTH

DIMENSIONS = 384
# The model was trained on 128 word pieces; a longer message is understood by its beginning.
MAX_TOKENS = 128
# Adds and normalises in one kernel that takes five times as long as the two it replaces: a fifth
# of a message's processor time (onnxruntime 1.32, 14 tokens).
_SLOW_FUSION = "SkipLayerNormFusion"


class OnnxEmbedder:
    """
    Embeds with one ONNX model: mean over the tokens, scaled to length 1.

    `threads` is how many runs go on at once: a single text is too little work to be shared.
    `batch` is how many texts share one run, sorted by length so that little is padding. The int8
    engine scales its activations over the whole batch, which makes a vector depend on its
    neighbours (cosine down to 0.984): above 1 the port's promise is broken. Batches of 8 would be
    a quarter faster (tests/bench/nlp/speed.py).
    """

    def __init__(
        self, name: str, model: Path, tokenizer: Path, *, threads: int, batch: int = 1
    ) -> None:
        self._name = name
        self._batch = batch
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = onnxruntime.InferenceSession(
            str(model),
            _options(),
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[_SLOW_FUSION],
        )
        self._pool = ThreadPoolExecutor(threads, "embedding") if threads > 1 else None

    @property
    def name(self) -> str:
        """Model and engine."""
        return self._name

    @property
    def multilingual(self) -> bool:
        """English only."""
        return False

    @property
    def kernel_width(self) -> float:
        """Chosen on validation parts, as the constant says."""
        return KERNEL_WIDTH

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """As `embed`: this model knows no difference."""
        return self.embed(texts)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text, in the given order."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # One by one: encode_batch would start a thread per core for a millisecond of work.
        encoded = [self._tokenizer.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        shared = [order[at : at + self._batch] for at in range(0, len(order), self._batch)]
        parts = [[encoded[row] for row in rows] for rows in shared]
        pool = self._pool if len(parts) > 1 else None
        runs = map(self._run, parts) if pool is None else pool.map(self._run, parts)
        for rows, vector in zip(shared, runs, strict=True):
            vectors[rows] = vector
        return vectors

    def _run(self, encoded: Sequence[Encoding]) -> Matrix:
        shape = (len(encoded), max(len(one.ids) for one in encoded))
        ids, mask = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = np.asarray(self._session.run(["last_hidden_state"], feed)[0], dtype=np.float32)
        pooled = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float32)


def tuned_embedder(name: str, network: Path, tokenizer: Path, *, threads: int) -> OnnxEmbedder:
    """
    The embedder of a network that came from somewhere else, tried once.

    Raises:
        HeadError: it cannot be run, or gives no vectors of the right size.
    """
    try:
        embedder = OnnxEmbedder(name, network, tokenizer, threads=threads)
        numbers = bool(np.isfinite(embedder.embed(["Where is my order?"])).all())
    except Exception as error:
        # onnxruntime's errors have no base of their own, and what is in the file is not ours.
        raise HeadError(f"its sentence model cannot be run: {type(error).__name__}") from error
    if not numbers:
        raise HeadError("its sentence model gives no numbers")
    return embedder


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # Each run in its caller's thread.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
