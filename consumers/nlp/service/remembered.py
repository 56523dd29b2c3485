"""Remembers the vectors of what was said lately: people say the same short things all day."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from runtime import metrics


class RememberingEmbedder:
    """
    An embedder that works each text once, as long as it is among the latest `most`.

    A vector depends on the text alone, so nothing changes but the time it takes. Texts are kept as
    digests only. Calls may come from any thread.
    """

    def __init__(self, embedder: Embedder, most: int) -> None:
        self._embedder = embedder
        self._most = most
        self._kept: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The embedder's own."""
        return self._embedder.name

    @property
    def multilingual(self) -> bool:
        """As the embedder."""
        return self._embedder.multilingual

    @property
    def kernel_width(self) -> float:
        """The embedder's own."""
        return self._embedder.kernel_width

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """As the embedder: they are embedded once anyway."""
        return self._embedder.embed_passages(texts)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text, in the given order."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        found = self._recalled(keys)
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if fresh:
            vectors = self._embedder.embed(list(fresh.values()))
            # Copies: a row on its own would keep its whole batch alive.
            worked = {key: row.copy() for key, row in zip(fresh, vectors, strict=True)}
            self._keep(worked)
            found |= worked
        metrics.ai_embeddings.labels("model").inc(len(fresh))
        metrics.ai_embeddings.labels("memory").inc(len(texts) - len(fresh))
        return np.stack([found[key] for key in keys]) if keys else self._embedder.embed(texts)

    def _recalled(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def _keep(self, worked: dict[bytes, Vector]) -> None:
        with self._lock:
            self._kept.update(worked)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def remembering(embedder: Embedder, most: int) -> Embedder:
    """The embedder with a memory for so many texts; itself without one."""
    return RememberingEmbedder(embedder, most) if most else embedder
