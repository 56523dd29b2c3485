"""A head as one file: an npz archive of numbers with its description as JSON, never a pickle."""

import hashlib
import io
import json
import zipfile

import numpy as np

from consumers.nlp.errors import HeadError
from consumers.nlp.service.heads import KERNEL_WIDTH, IntentHead, KernelHead, LinearHead

FORMAT = 1


def pack(head: IntentHead, engine: str) -> bytes:
    """
    The file of a head.

    Sentences and their weights are kept in half precision: half the bytes on the log, and scores
    that differ in the fourth digit.
    """
    description = {
        "format": FORMAT,
        "engine": engine,
        "labels": head.linear.labels,
        "sharpness": head.sharpness,
        "threshold": head.threshold,
        "closeness": head.closeness,
        "kernel_width": head.kernel.width,
    }
    file = io.BytesIO()
    np.savez(
        file,
        linear_weights=head.linear.weights,
        linear_bias=head.linear.bias,
        anchors=head.kernel.anchors.astype(np.float16),
        anchor_weights=head.kernel.weights.astype(np.float16),
        description=np.frombuffer(json.dumps(description).encode(), dtype=np.uint8),
    )
    return file.getvalue()


def unpack(content: bytes, engine: str) -> IntentHead:
    """
    The head in a file.

    Raises:
        HeadError: it is damaged, of a newer format, or reads another engine's vectors.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            described = json.loads(stored["description"].tobytes())
            if described["format"] != FORMAT:
                raise HeadError(f"a head of format {described['format']}; known is {FORMAT}")
            if described["engine"] != engine:
                raise HeadError(f"a head for {described['engine']}, and this is {engine}")
            return IntentHead(
                linear=LinearHead(
                    tuple(described["labels"]), stored["linear_weights"], stored["linear_bias"]
                ),
                kernel=KernelHead(
                    stored["anchors"].astype(np.float32),
                    stored["anchor_weights"].astype(np.float32),
                    # Heads stored before engines differed in it do not say.
                    float(described.get("kernel_width", KERNEL_WIDTH)),
                ),
                sharpness=float(described["sharpness"]),
                threshold=float(described["threshold"]),
                closeness=float(described["closeness"]),
            )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise HeadError("the head's file cannot be read") from error


def digest(content: bytes) -> str:
    """Sha256 as hex."""
    return hashlib.sha256(content).hexdigest()
