"""The sentence model on onnxruntime: no torch, no network, no lock held while it computes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from consumers.nlp.ports import Matrix

DIMENSIONS = 384
# The model was trained on 128 word pieces; a longer message is understood by its beginning.
MAX_TOKENS = 128
# Adds and normalises in one kernel that takes five times as long as the two it replaces: a fifth
# of a message's processor time (onnxruntime 1.32, 14 tokens).
_SLOW_FUSION = "SkipLayerNormFusion"


class OnnxEmbedder:
    """
    Embeds with one ONNX model: mean over the tokens, scaled to length 1.

    Texts of the same length share a run, `batch` at most: weights are read once per run, and one
    text alone takes half as long again as one of several. There is no padding and the engine's
    scales are fixed (`quantize`), so neighbours change nothing in a text's vector, not one bit.
    """

    def __init__(
        self, name: str, model: Path, tokenizer: Path, *, threads: int, batch: int = 16
    ) -> None:
        self._name = name
        self._batch = batch
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = onnxruntime.InferenceSession(
            str(model),
            _options(threads),
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[_SLOW_FUSION],
        )

    @property
    def name(self) -> str:
        """Model and engine."""
        return self._name

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text, in the given order."""
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # One by one: encode_batch would start a thread per core for a millisecond of work.
        encoded = [self._tokenizer.encode(text) for text in texts]
        for rows in self._runs(encoded):
            vectors[rows] = self._run([encoded[row].ids for row in rows])
        return vectors

    def _runs(self, encoded: Sequence[Encoding]) -> Iterator[list[int]]:
        alike: dict[int, list[int]] = {}
        for row, one in enumerate(encoded):
            alike.setdefault(len(one.ids), []).append(row)
        for rows in alike.values():
            for start in range(0, len(rows), self._batch):
                yield rows[start : start + self._batch]

    def _run(self, encoded: Sequence[Sequence[int]]) -> Matrix:
        ids = np.array(encoded, dtype=np.int64)
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        hidden = np.asarray(self._session.run(["last_hidden_state"], feed)[0], dtype=np.float32)
        pooled = hidden.mean(axis=1)
        unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float32)


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A spinning pool burns a core between messages; broker and database need it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
