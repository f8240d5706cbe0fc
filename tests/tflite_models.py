"""Small TFLite models for tests, cut TFLite models, and LiteRT to run them; LiteRT is the reference."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int32): 2}
_CUSTOM = 32


def pack(model: schema.ModelT) -> bytes:
    """Bytes of a .tflite file."""
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def unpack(data: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromPackedBuf(data, 0)


def single_op(
    op: str,
    inputs: list[tuple[int, ...]],
    output: tuple[int, ...],
    constants: list[np.ndarray] = (),
    options=None,
    custom_options: bytes = b"",
    sparsity: dict[int, object] | None = None,
) -> bytes:
    """A model of one operator.

    Args:
        op: builtin name, or a custom op's.
        inputs: shapes of the float inputs, which come first.
        output: shape of the float output.
        constants: further inputs.
        options: object of the schema (``schema.AddOptionsT()``).
        custom_options: bytes of a custom op.
        sparsity: by index into ``constants``, for constants given as stored values with a dense shape in ``output``.
    """
    builtin = getattr(schema.BuiltinOperator, op, _CUSTOM)
    code = schema.OperatorCodeT(deprecatedBuiltinCode=min(builtin, 127), builtinCode=builtin, version=1)
    if builtin == _CUSTOM:
        code.customCode = op
    tensors = [schema.TensorT(shape=list(shape), type=0, buffer=0, name=f"in{i}") for i, shape in enumerate(inputs)]
    buffers = [schema.BufferT()]
    for i, values in enumerate(constants):
        buffers.append(schema.BufferT(data=np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)))
        tensor = schema.TensorT(list(values.shape), _TYPES[values.dtype], len(buffers) - 1, f"constant{i}")
        if sparsity and i in sparsity:
            tensor.shape, tensor.sparsity = list(output), sparsity[i]
        tensors.append(tensor)
    tensors.append(schema.TensorT(list(output), 0, 0, "out"))
    operator = schema.OperatorT(opcodeIndex=0, inputs=list(range(len(tensors) - 1)), outputs=[len(tensors) - 1])
    if options is not None:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        operator.builtinOptions = options
    if custom_options:
        operator.customOptions = list(custom_options)
    graph = schema.SubGraphT(tensors, list(range(len(inputs))), [len(tensors) - 1], [operator], "main")
    return pack(schema.ModelT(3, [code], [graph], "test", buffers))


def cut(data: bytes, inputs: list[int], outputs: list[int]) -> bytes:
    """The part of a model that leads from some tensors to others; these become its inputs and outputs."""
    model = unpack(data)
    graph = model.subgraphs[0]
    producer = {int(tensor): operator for operator in graph.operators for tensor in operator.outputs}
    wanted, kept = [int(tensor) for tensor in outputs], set()
    while wanted:
        tensor = wanted.pop()
        if tensor in inputs or tensor not in producer or id(producer[tensor]) in kept:
            continue
        kept.add(id(producer[tensor]))
        wanted += [int(i) for i in producer[tensor].inputs]
    graph.operators = [operator for operator in graph.operators if id(operator) in kept]
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    # operator codes that are no longer used may be custom ones that LiteRT does not know
    used = sorted({operator.opcodeIndex for operator in graph.operators})
    model.operatorCodes = [model.operatorCodes[i] for i in used]
    for operator in graph.operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)
    model.metadata = model.signatureDefs = None
    return pack(model)


def run_litert(data: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    """Outputs of a model on inputs with a batch of one, run item by item for larger batches."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    slots = [detail["index"] for detail in interpreter.get_input_details()]
    results = []
    for item in range(len(inputs[0])):
        for slot, values in zip(slots, inputs):
            interpreter.set_tensor(slot, np.ascontiguousarray(values[item : item + 1], np.float32))
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()])
    return [np.concatenate(values) for values in zip(*results)]
