"""Builds the sentence model's network from its weights, of kernels that onnxruntime has fused.

The network is BERT (Devlin et al. 2019) as sentence-transformers' MiniLM uses it: post-norm layers
of attention and a GELU of twice two products. A graph exported from torch spends a third of its
time between the products, on transposing and reshaping; here attention, GELU and the embeddings
are one node each.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors import SafetensorError
from safetensors.numpy import load_file

from consumers.nlp.errors import ModelBuildError

IDS, MASK, TYPES, HIDDEN = "input_ids", "attention_mask", "token_type_ids", "last_hidden_state"
"""Inputs are int32 of shape (texts, tokens), padded on the right; the output adds `width`."""
HEAD_SIZE = 32
"""Of all MiniLM models: width 384 has 12 heads."""
_EPSILON = 1e-12
_OPSET, _IR_VERSION = 17, 8
_FUSED = "com.microsoft"

Tensor = NDArray[np.float32]


def build_full_precision(weights: Path, target: Path) -> None:
    """
    Write the fp32 ONNX model to `target`.

    Raises:
        ModelBuildError: the file holds no weights, or not those of such a network.
    """
    try:
        network = _Network(load_file(str(weights)))
        network.build()
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        message = f"{weights.name} does not hold the weights of a MiniLM: {error}"
        raise ModelBuildError(message) from error
    onnx.save(network.model(), str(target))


def quantize(full_precision: Path, target: Path) -> None:
    """Write the int8 model: dynamic activations, one scale per output channel."""
    with _quiet():
        quantize_dynamic(
            str(full_precision),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )


class _Network:
    """Nodes and weights of one network, in the order in which they are worked."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._width = self._weights["embeddings.LayerNorm.weight"].shape[0]

    def build(self) -> None:
        """Add every node."""
        layers = len({name.split(".")[2] for name in self._weights if name.startswith("encoder.")})
        hidden = self._embeddings()
        for number in range(layers):
            hidden = self._layer(f"encoder.layer.{number}", hidden)
        self._nodes[-1].output[0] = HIDDEN

    def model(self) -> onnx.ModelProto:
        """Return the whole; checked by onnxruntime when it loads it."""
        shape = ["texts", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            "minilm",
            [
                helper.make_tensor_value_info(name, TensorProto.INT32, shape)
                for name in (IDS, MASK, TYPES)
            ],
            [helper.make_tensor_value_info(HIDDEN, TensorProto.FLOAT, [*shape, self._width])],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        # Says that onnxruntime's pre-processing is not missing: it changes nothing here.
        helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
        return model

    def _embeddings(self) -> str:
        names = ("word_embeddings", "position_embeddings", "token_type_embeddings", "LayerNorm")
        tables = [self._constant(f"embeddings.{name}.weight") for name in names]
        return self._node(
            "EmbedLayerNormalization",
            [IDS, TYPES, *tables, self._constant("embeddings.LayerNorm.bias"), MASK],
            ["embedded", "lengths"],
            epsilon=_EPSILON,
            domain=_FUSED,
        )

    def _layer(self, name: str, hidden: str) -> str:
        attended = self._attention(f"{name}.attention.self", hidden)
        projected = self._dense(f"{name}.attention.output.dense", attended)
        hidden = self._normed(f"{name}.attention.output.LayerNorm", projected, hidden)
        wide = self._dense(f"{name}.intermediate.dense", hidden)
        bent = self._node("Gelu", [wide], [f"{name}.gelu"], domain=_FUSED)
        narrow = self._dense(f"{name}.output.dense", bent)
        return self._normed(f"{name}.output.LayerNorm", narrow, hidden)

    def _attention(self, name: str, hidden: str) -> str:
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self._weights[f"{part}.bias"] for part in parts])
        inputs = [hidden, self._keep(f"{name}.weight", weight), self._keep(f"{name}.bias", bias)]
        heads = self._width // HEAD_SIZE
        return self._node("Attention", [*inputs, "lengths"], [name], num_heads=heads, domain=_FUSED)

    def _dense(self, name: str, hidden: str) -> str:
        # onnxruntime makes one kernel of the two, and of the quantization before them.
        weight = self._keep(f"{name}.weight", self._weights[f"{name}.weight"].T)
        product = self._node("MatMul", [hidden, weight], [f"{name}.product"])
        return self._node("Add", [product, self._constant(f"{name}.bias")], [name])

    def _normed(self, name: str, hidden: str, skipped: str) -> str:
        summed = self._node("Add", [hidden, skipped], [f"{name}.sum"])
        weights = [self._constant(f"{name}.{part}") for part in ("weight", "bias")]
        return self._node("LayerNormalization", [summed, *weights], [name], epsilon=_EPSILON)

    def _constant(self, name: str) -> str:
        return self._keep(name, self._weights[name])

    def _keep(self, name: str, values: Tensor) -> str:
        # Whatever precision it was saved in.
        exact = np.ascontiguousarray(values, dtype=np.float32)
        self._constants[name] = numpy_helper.from_array(exact, name)
        return name

    def _node(
        self,
        kind: str,
        inputs: list[str],
        outputs: list[str],
        *,
        domain: str | None = None,
        **attributes: float,
    ) -> str:
        node = helper.make_node(kind, inputs, outputs, outputs[0], domain=domain)
        node.attribute.extend(helper.make_attribute(*each) for each in attributes.items())
        self._nodes.append(node)
        return outputs[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what onnxruntime tells the root logger of every tensor; loggers with a name speak on."""

    def warnings_only(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    root = logging.getLogger()
    root.addFilter(warnings_only)
    try:
        yield
    finally:
        root.removeFilter(warnings_only)
