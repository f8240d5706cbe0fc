"""Translation of TFLite's builtin operators (and the transposed convolution with bias) to ONNX.

Each function takes the graph under construction and one operator, appends nodes, and records the output's value.
Semantics: the op definitions of TensorFlow Lite; only the options that the face nets use, anything else is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import tflite

from .onnx_graph import NCHW, TFLITE, OnnxGraph
from .tflite_graph import Operator, options_of

Translate = Callable[[OnnxGraph, Operator], None]
_OHWI_TO_OIHW = (0, 3, 1, 2)
_INT64_MAX = np.iinfo(np.int64).max


def require(condition: bool, operator: Operator, what: str) -> None:
    """Refuse an operator that uses something this translator does not know.

    Raises:
        NotImplementedError: always a bug or another model, never an artist's mistake.
    """
    if not condition:
        raise NotImplementedError(f"{operator.name}: {what} is not translated")


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """(before, after) of TensorFlow's SAME padding along one axis; the odd pixel goes after."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(graph: OnnxGraph, operator: Operator, kernel: list[int], options: Any, dilations: list[int]) -> list[int]:
    """ONNX pads [top, left, bottom, right] of a convolution or pooling."""
    if options.Padding() == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    strides = (options.StrideH(), options.StrideW())
    size = graph.shape(operator.inputs[0])[1:3]
    (top, bottom), (left, right) = map(same_padding, size, kernel, strides, dilations)
    return [top, left, bottom, right]


def _activate(graph: OnnxGraph, operator: Operator, value: str, activation: int) -> str:
    """Append a fused activation."""
    kinds = tflite.ActivationFunctionType
    require(activation in (kinds.NONE, kinds.RELU, kinds.RELU6), operator, f"fused activation {activation}")
    if activation == kinds.RELU:
        return graph.add("Relu", [value])
    if activation == kinds.RELU6:
        return graph.add("Clip", [value, graph.constant(np.float32(0)), graph.constant(np.float32(6))])
    return value


def _convolution(graph: OnnxGraph, operator: Operator, weights: np.ndarray, options: Any, group: int) -> None:
    kernel = list(weights.shape[2:])
    dilations = [options.DilationHFactor(), options.DilationWFactor()]
    inputs = [graph.get(operator.inputs[0], NCHW), graph.constant(weights)]
    inputs += [graph.constant(graph.constants[bias]) for bias in operator.inputs[2:] if bias >= 0]
    value = graph.add(
        "Conv",
        inputs,
        kernel_shape=kernel,
        strides=[options.StrideH(), options.StrideW()],
        dilations=dilations,
        group=group,
        pads=_pads(graph, operator, kernel, options, dilations),
    )
    graph.put(operator.outputs[0], _activate(graph, operator, value, options.FusedActivationFunction()), NCHW)


def conv_2d(graph: OnnxGraph, operator: Operator) -> None:
    """Weights (out, h, w, in)."""
    weights = graph.constants[operator.inputs[1]].transpose(_OHWI_TO_OIHW)
    _convolution(graph, operator, weights, options_of(operator, tflite.Conv2DOptions), 1)


def depthwise_conv_2d(graph: OnnxGraph, operator: Operator) -> None:
    """Weights (1, h, w, channels * multiplier)."""
    weights = graph.constants[operator.inputs[1]].transpose(3, 0, 1, 2)
    group = graph.shape(operator.inputs[0])[3]
    _convolution(graph, operator, weights, options_of(operator, tflite.DepthwiseConv2DOptions), group)


def transposed_convolution_with_bias(graph: OnnxGraph, operator: Operator) -> None:
    """MediaPipe's ``Convolution2DTransposeBias``; options are int32 padding, stride width, stride height."""
    _, stride_w, stride_h = struct.unpack_from("<3i", operator.custom_options)
    weights = graph.constants[operator.inputs[1]].transpose(3, 0, 1, 2)
    strides, kernel = (stride_h, stride_w), weights.shape[2:]
    size, wanted = graph.shape(operator.inputs[0])[1:3], graph.shape(operator.outputs[0])[1:3]
    excess = [(n - 1) * s + k - out for n, s, k, out in zip(size, strides, kernel, wanted)]
    require(min(excess) >= 0, operator, "an output larger than its input reaches")
    before = [total // 2 for total in excess]
    value = graph.add(
        "ConvTranspose",
        [
            graph.get(operator.inputs[0], NCHW),
            graph.constant(weights),
            graph.constant(graph.constants[operator.inputs[2]]),
        ],
        kernel_shape=list(kernel),
        strides=list(strides),
        pads=[*before, *(total - first for total, first in zip(excess, before))],
    )
    graph.put(operator.outputs[0], value, NCHW)


def fully_connected(graph: OnnxGraph, operator: Operator) -> None:
    """Of vectors (N, in), weights (out, in)."""
    options = options_of(operator, tflite.FullyConnectedOptions)
    require(options.WeightsFormat() == 0, operator, "shuffled weights")
    require(len(graph.shape(operator.inputs[0])) == 2, operator, "an input that is not a vector")
    inputs = [graph.get(operator.inputs[0], TFLITE)]
    inputs += [graph.constant(graph.constants[tensor]) for tensor in operator.inputs[1:] if tensor >= 0]
    value = graph.add("Gemm", inputs, transB=1)
    graph.put(operator.outputs[0], _activate(graph, operator, value, options.FusedActivationFunction()), TFLITE)


def pooling(op: str, **attributes: Any) -> Translate:
    """MAX_POOL_2D and AVERAGE_POOL_2D (padding does not count in the average)."""

    def translate(graph: OnnxGraph, operator: Operator) -> None:
        options = options_of(operator, tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        pads = _pads(graph, operator, kernel, options, [1, 1])
        strides = [options.StrideH(), options.StrideW()]
        inputs = [graph.get(operator.inputs[0], NCHW)]
        value = graph.add(op, inputs, kernel_shape=kernel, strides=strides, pads=pads, **attributes)
        graph.put(operator.outputs[0], _activate(graph, operator, value, options.FusedActivationFunction()), NCHW)

    return translate


def elementwise(op: str) -> Translate:
    """Functions of one value: RELU, LOGISTIC, HARD_SWISH."""

    def translate(graph: OnnxGraph, operator: Operator) -> None:
        layout = graph.layout(operator.inputs[0])
        graph.put(operator.outputs[0], graph.add(op, [graph.get(operator.inputs[0], layout)]), layout)

    return translate


def binary(op: str, table: type) -> Translate:
    """ADD and MUL with broadcasting and a fused activation."""

    def translate(graph: OnnxGraph, operator: Operator) -> None:
        layout = graph.layout(operator.outputs[0])
        value = graph.add(op, [graph.get(tensor, layout) for tensor in operator.inputs])
        activation = options_of(operator, table).FusedActivationFunction()
        graph.put(operator.outputs[0], _activate(graph, operator, value, activation), layout)

    return translate


def prelu(graph: OnnxGraph, operator: Operator) -> None:
    """PReLU as ``a x + (1 - a) max(x, 0)``, which ONNX Runtime's CPU kernels run faster than its PRelu node."""
    layout = graph.layout(operator.inputs[0])
    value, slope = (graph.get(tensor, layout) for tensor in operator.inputs)
    rest = graph.add("Sub", [graph.constant(np.float32(1)), slope])
    positive = graph.add("Mul", [graph.add("Relu", [value]), rest])
    graph.put(operator.outputs[0], graph.add("Add", [graph.add("Mul", [value, slope]), positive]), layout)


def prelu_node(graph: OnnxGraph, operator: Operator) -> None:
    """PReLU as ONNX's own node; for comparison."""
    layout = graph.layout(operator.inputs[0])
    inputs = [graph.get(tensor, layout) for tensor in operator.inputs]
    graph.put(operator.outputs[0], graph.add("PRelu", inputs), layout)


def constant_as_it_is(graph: OnnxGraph, operator: Operator) -> None:
    """DEQUANTIZE and DENSIFY of constants: half precision is kept, sparse ones were unpacked on reading."""
    require(operator.inputs[0] in graph.constants, operator, "an input that is not constant")
    graph.constants[operator.outputs[0]] = graph.constants[operator.inputs[0]]


def pad(graph: OnnxGraph, operator: Operator) -> None:
    """Zero padding, (rank, 2) amounts."""
    amounts = graph.constants[operator.inputs[1]]
    layout = graph.layout(operator.inputs[0])
    if layout == NCHW:
        amounts = amounts[[0, 3, 1, 2]]
    inputs = [graph.get(operator.inputs[0], layout), graph.integers(*amounts.T.ravel())]
    graph.put(operator.outputs[0], graph.add("Pad", inputs), layout)


def reshape(graph: OnnxGraph, operator: Operator) -> None:
    """The batch dimension is kept whatever its size."""
    before, after = graph.shape(operator.inputs[0]), graph.shape(operator.outputs[0])
    require(before[0] == after[0] == 1, operator, "a change of the batch dimension")
    inputs = [graph.get(operator.inputs[0], TFLITE), graph.integers(0, *after[1:])]
    graph.put(operator.outputs[0], graph.add("Reshape", inputs), TFLITE)


def concatenation(graph: OnnxGraph, operator: Operator) -> None:
    """Along one axis, not the batch."""
    axis = options_of(operator, tflite.ConcatenationOptions).Axis() % len(graph.shape(operator.outputs[0]))
    require(axis != 0, operator, "concatenation along the batch")
    inputs = [graph.get(tensor, TFLITE) for tensor in operator.inputs]
    graph.put(operator.outputs[0], graph.add("Concat", inputs, axis=axis), TFLITE)


def strided_slice(graph: OnnxGraph, operator: Operator) -> None:
    """Slices of any axis but the batch, which is taken whole."""
    options = options_of(operator, tflite.StridedSliceOptions)
    special = options.ShrinkAxisMask() | options.NewAxisMask() | options.EllipsisMask()
    require(special == 0, operator, "a new, dropped or elided axis")
    begin, end, step = (graph.constants[tensor].astype(np.int64) for tensor in operator.inputs[1:4])
    axes = np.arange(len(begin))
    begin = np.where(options.BeginMask() >> axes & 1, 0, begin)
    end = np.where(options.EndMask() >> axes & 1, _INT64_MAX, end)
    require(begin[0] == 0 and step.min() > 0 and end[0] > 0, operator, "a slice of the batch or backwards")
    end[0] = _INT64_MAX
    inputs = [graph.get(operator.inputs[0], TFLITE), *(graph.integers(*v) for v in (begin, end, axes, step))]
    graph.put(operator.outputs[0], graph.add("Slice", inputs), TFLITE)


def resize_bilinear(graph: OnnxGraph, operator: Operator) -> None:
    """All three of TFLite's sampling conventions."""
    options = options_of(operator, tflite.ResizeBilinearOptions)
    before, after = graph.shape(operator.inputs[0]), graph.shape(operator.outputs[0])
    mode = "asymmetric"
    if options.AlignCorners():
        mode = "align_corners"
    elif options.HalfPixelCenters():
        mode = "half_pixel"
    scales = graph.constant(np.array([1, 1, after[1] / before[1], after[2] / before[2]], np.float32))
    inputs = [graph.get(operator.inputs[0], NCHW), "", scales]
    value = graph.add("Resize", inputs, mode="linear", coordinate_transformation_mode=mode)
    graph.put(operator.outputs[0], value, NCHW)


def depth_to_space(graph: OnnxGraph, operator: Operator) -> None:
    """Depth, column, row order."""
    block = options_of(operator, tflite.DepthToSpaceOptions).BlockSize()
    value = graph.add("DepthToSpace", [graph.get(operator.inputs[0], NCHW)], blocksize=block, mode="DCR")
    graph.put(operator.outputs[0], value, NCHW)


def mean(graph: OnnxGraph, operator: Operator) -> None:
    """Over height and width."""
    axes = sorted(graph.constants[operator.inputs[1]].ravel().tolist())
    require(axes == [1, 2], operator, f"a mean over axes {axes}")
    keep = options_of(operator, tflite.ReducerOptions).KeepDims()
    value = graph.add("ReduceMean", [graph.get(operator.inputs[0], NCHW)], axes=[2, 3], keepdims=int(keep))
    graph.put(operator.outputs[0], value, NCHW if keep else TFLITE)


BUILTIN_OPS: dict[str, Translate] = {
    "ADD": binary("Add", tflite.AddOptions),
    "AVERAGE_POOL_2D": pooling("AveragePool", count_include_pad=0),
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DENSIFY": constant_as_it_is,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEPTH_TO_SPACE": depth_to_space,
    "DEQUANTIZE": constant_as_it_is,
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": elementwise("HardSwish"),
    "LOGISTIC": elementwise("Sigmoid"),
    "MAX_POOL_2D": pooling("MaxPool"),
    "MEAN": mean,
    "MUL": binary("Mul", tflite.MulOptions),
    "PAD": pad,
    "PRELU": prelu,
    "RELU": elementwise("Relu"),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
    "STRIDED_SLICE": strided_slice,
    "Convolution2DTransposeBias": transposed_convolution_with_bias,
}
