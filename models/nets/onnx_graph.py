"""An ONNX graph under construction: nodes, initialisers, and which layout each translated tensor is in.

TFLite images are NHWC, ONNX convolutions NCHW. A tensor is kept in the layout its producer gave; the other one is made
by a Transpose the first time it is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .tflite_graph import TfliteGraph

OPSET = 17
IR_VERSION = 8
TFLITE, NCHW = "tflite", "nchw"
_TO_NCHW = [0, 3, 1, 2]
_TO_TFLITE = [0, 2, 3, 1]


class OnnxGraph:
    """Collects the translation of one TFLite graph.

    Attributes:
        source: the graph being translated.
        constants: arrays by tensor index; DEQUANTIZE and DENSIFY of constants add theirs, still in half precision.
    """

    def __init__(self, source: TfliteGraph):
        self.source = source
        self.constants = dict(source.constants)
        self._values: dict[int, dict[str, str]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def add(self, op: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Append a node and return the name of its output."""
        output = output or f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [output], name=f"node_{len(self._nodes)}", **attributes))
        return output

    def constant(self, values: Any) -> str:
        """Name of a constant; half precision is stored as it is and cast to float where it is used."""
        values = np.array(values, order="C")
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        name = f"constant_{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(values, name))
        if values.dtype == np.float16:
            return self.add("Cast", [name], to=onnx.TensorProto.FLOAT)
        return name

    def integers(self, *values: int) -> str:
        """Name of a constant vector of int64."""
        return self.constant(np.array(values, np.int64))

    def shape(self, tensor: int) -> tuple[int, ...]:
        """TFLite's shape of a tensor, batch of one first."""
        return self.source.shapes[tensor]

    def layout(self, tensor: int) -> str:
        """The layout in which elementwise work on a tensor is best done."""
        return NCHW if len(self.shape(tensor)) == 4 else TFLITE

    def put(self, tensor: int, name: str, layout: str) -> None:
        """Record the ONNX value of a tensor."""
        self._values[tensor] = {layout: name}

    def get(self, tensor: int, layout: str) -> str:
        """Name of the ONNX value of a tensor in a layout; constants broadcast as TFLite's do."""
        if tensor in self.constants:
            values = self.constants[tensor]
            if layout == NCHW and values.size > 1:
                axes = tuple(range(values.ndim))
                if values.ndim == 4:
                    axes = tuple(_TO_NCHW)
                elif values.ndim == 3:
                    axes = (2, 0, 1)
                elif values.ndim == 1:
                    values = values[:, None, None]
                    axes = (0, 1, 2)
                values = values.transpose(axes)
            return self.constant(values)
        known = self._values[tensor]
        if layout not in known:
            (have,) = known
            if {have, layout} != {TFLITE, NCHW}:
                raise ValueError(f"tensor {tensor} is {have}, not {layout}")
            known[layout] = self.add("Transpose", [known[have]], perm=_TO_NCHW if layout == NCHW else _TO_TFLITE)
        return known[layout]

    def model(self, metadata: dict[str, str]) -> onnx.ModelProto:
        """The finished, checked model: float inputs and outputs named as in the source, batch size ``N``."""
        for tensor in self.source.outputs:
            self.add("Identity", [self.get(tensor, TFLITE)], self.source.names[tensor])
        graph = helper.make_graph(
            self._nodes,
            "furrow",
            [self._value_info(tensor) for tensor in self.source.inputs],
            [self._value_info(tensor) for tensor in self.source.outputs],
            self._initializers,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="furrow"
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _value_info(self, tensor: int) -> onnx.ValueInfoProto:
        shape: list[str | int | None] = ["N", *self.shape(tensor)[1:]]
        return helper.make_tensor_value_info(self.source.names[tensor], onnx.TensorProto.FLOAT, shape)
