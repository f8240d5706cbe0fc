"""Translator from TFLite (float or half-precision weights, dense or sparse) to ONNX.

Standard ONNX operators only, opset 17; NHWC input as in the source, any batch size; half-precision weights stay as
they are and are cast to float when the net is loaded, which loses nothing.
"""

from __future__ import annotations

import onnx

from .attention_ops import ATTENTION_OPS
from .onnx_graph import TFLITE, OnnxGraph
from .tflite_graph import TfliteGraph, read_tflite
from .tflite_ops import BUILTIN_OPS, Translate

OPS: dict[str, Translate] = BUILTIN_OPS | ATTENTION_OPS


def translate(
    source: bytes | TfliteGraph, metadata: dict[str, str] | None = None, ops: dict[str, Translate] = OPS
) -> onnx.ModelProto:
    """The ONNX model of a .tflite file.

    Args:
        source: bytes of the file, or the graph read from it.
        metadata: stored in the model's metadata.
        ops: how each operator is translated.

    Raises:
        NotImplementedError: an operator, or an option of one, is not known.
    """
    tflite_graph = source if isinstance(source, TfliteGraph) else read_tflite(source)
    graph = OnnxGraph(tflite_graph)
    for tensor in tflite_graph.inputs:
        graph.put(tensor, tflite_graph.names[tensor], TFLITE)
    for operator in tflite_graph.operators:
        if operator.name not in ops:
            raise NotImplementedError(f"{operator.name} is not translated")
        ops[operator.name](graph, operator)
    return graph.model(metadata or {})
