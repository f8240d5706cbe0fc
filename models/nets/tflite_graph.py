"""Reading a TFLite file: tensors, constants (sparse ones unpacked) and operators, as plain Python data.

Format: tensorflow/lite/schema/schema.fbs (Apache-2.0), read through the ``tflite`` package's flatbuffer accessors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

_BUILTIN_NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}


@dataclass(frozen=True)
class Operator:
    """One node.

    Attributes:
        name: builtin name (``CONV_2D``) or the custom op's own name.
        version: of the op.
        inputs, outputs: tensor indices, -1 for an absent optional input.
        options: the flatbuffer table of the builtin's options, or None.
        custom_options: the custom op's option bytes.
    """

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any
    custom_options: bytes


@dataclass(frozen=True)
class TfliteGraph:
    """The first subgraph of a TFLite model.

    Attributes:
        names: of all tensors.
        shapes: of all tensors, batch first.
        constants: arrays of the constant tensors by tensor index, dense.
        operators: in execution order.
        inputs, outputs: tensor indices.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: dict[int, np.ndarray]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def producer(self, tensor: int) -> Operator | None:
        """The operator that writes a tensor; None for inputs and constants."""
        return next((op for op in self.operators if tensor in op.outputs), None)


def read_tflite(data: bytes) -> TfliteGraph:
    """Parse the bytes of a .tflite file."""
    model = tflite.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    shapes = tuple(tuple(int(n) for n in _vector(tensor.ShapeAsNumpy())) for tensor in tensors)
    constants = {}
    for i, tensor in enumerate(tensors):
        buffer = model.Buffers(tensor.Buffer())
        if buffer.DataLength():
            values = np.frombuffer(buffer.DataAsNumpy().tobytes(), _DTYPES[tensor.Type()])
            sparsity = tensor.Sparsity()
            constants[i] = values.reshape(shapes[i]) if sparsity is None else densify(values, shapes[i], sparsity)
    return TfliteGraph(
        names=tuple(tensor.Name().decode() for tensor in tensors),
        shapes=shapes,
        constants=constants,
        operators=tuple(_operator(model, graph.Operators(i)) for i in range(graph.OperatorsLength())),
        inputs=tuple(int(i) for i in graph.InputsAsNumpy()),
        outputs=tuple(int(i) for i in graph.OutputsAsNumpy()),
    )


def _vector(values: Any) -> np.ndarray:
    """Flatbuffer accessors return 0 for an absent vector."""
    return values if isinstance(values, np.ndarray) else np.zeros(0, np.int32)


def _operator(model: Any, node: Any) -> Operator:
    code = model.OperatorCodes(node.OpcodeIndex())
    name = _BUILTIN_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    return Operator(
        name=code.CustomCode().decode() if name == "CUSTOM" else name,
        version=code.Version(),
        inputs=tuple(int(i) for i in _vector(node.InputsAsNumpy())),
        outputs=tuple(int(i) for i in _vector(node.OutputsAsNumpy())),
        options=node.BuiltinOptions(),
        custom_options=_vector(node.CustomOptionsAsNumpy()).astype(np.uint8).tobytes(),
    )


def options_of(operator: Operator, table: type) -> Any:
    """The builtin options of an operator as its flatbuffer class, such as ``tflite.Conv2DOptions``."""
    options = table()
    options.Init(operator.options.Bytes, operator.options.Pos)
    return options


def densify(values: np.ndarray, shape: tuple[int, ...], sparsity: Any) -> np.ndarray:
    """Dense array of a sparse tensor (``SparsityParameters`` in schema.fbs).

    The stored values are the leaves of a tree whose levels follow ``traversal_order``: a dense level has ``DenseSize``
    children under every node, a compressed level the children that its segments and indices list. Levels at or past
    the tensor's rank are the inside of blocks, whose dimension ``block_map`` names.

    Args:
        values: (n,) stored values.
        shape: of the dense tensor.
        sparsity: flatbuffer table.
    """
    order = [int(level) for level in _vector(sparsity.TraversalOrderAsNumpy())]
    block_map = [int(dimension) for dimension in _vector(sparsity.BlockMapAsNumpy())]
    levels = [sparsity.DimMetadata(i) for i in range(sparsity.DimMetadataLength())]
    rank = len(shape)
    block_size = np.ones(rank, np.int64)
    for position, dimension in enumerate(block_map):
        block_size[dimension] = levels[order.index(rank + position)].DenseSize()

    nodes = np.zeros(1, np.int64)
    index = np.zeros((1, rank), np.int64)
    for level, dimension in zip(levels, order):
        if level.Format() == tflite.DimensionType.DENSE:
            size = level.DenseSize()
            parent = np.repeat(np.arange(len(nodes)), size)
            child = np.tile(np.arange(size), len(nodes))
            nodes = nodes[parent] * size + child
        else:
            segments = _index_vector(level.ArraySegmentsType(), level.ArraySegments())
            children = _index_vector(level.ArrayIndicesType(), level.ArrayIndices())
            count = segments[nodes + 1] - segments[nodes]
            parent = np.repeat(np.arange(len(nodes)), count)
            within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            nodes = segments[nodes][parent] + within
            child = children[nodes]
        index = index[parent]
        if dimension < rank:
            index[:, dimension] += child * block_size[dimension]
        else:
            index[:, block_map[dimension - rank]] += child
    dense = np.zeros(shape, values.dtype)
    dense[tuple(index.T)] = values[nodes]
    return dense


def _index_vector(kind: int, table: Any) -> np.ndarray:
    """The int64 values of a ``SparseIndexVector`` union."""
    vector = {
        tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
        tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
        tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
    }[kind]()
    vector.Init(table.Bytes, table.Pos)
    return _vector(vector.ValuesAsNumpy()).astype(np.int64)
