"""The three custom operators of MediaPipe's attention mesh (version 2), as standard ONNX operators.

Definitions: mediapipe/util/tflite/operations (Apache-2.0): landmarks_to_transform_matrix, transform_tensor_bilinear,
transform_landmarks. A transform is a matrix (N, 4, 4) for column vectors [x y z 1]; x and y do not depend on z. For
points as rows it is used as ``affine (N, 3, 2)``: ``[x y 1] @ affine`` is the transformed point.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
from flatbuffers import flexbuffers

from .onnx_graph import NCHW, TFLITE, OnnxGraph
from .tflite_graph import Operator
from .tflite_ops import Translate, require

# matrix = _ROWS @ affine^T @ _COLUMNS + _REST
_ROWS = np.eye(4, 2, dtype=np.float32)
_COLUMNS = np.eye(4, dtype=np.float32)[[0, 1, 3]]
_REST = np.diag(np.array([0, 0, 1, 1], np.float32))


def custom_options(operator: Operator) -> dict:
    """The operator's options; they are stored as a flexbuffer map."""
    return flexbuffers.Loads(operator.custom_options)


def landmarks_to_transform_matrix(graph: OnnxGraph, operator: Operator) -> None:
    """Transform from the pixels of an upright crop around some landmarks to the input's pixels.

    With a the angle of the line from the left to the right rotation landmark, r = target - a and R its rotation, the
    crop is the bounding box of ``R p`` over the subset, times (scale_x, scale_y). Output pixel q maps to
    ``R^-1 (centre + diag(size * scale / output_size) (q - output_size / 2))``. Cosine and sine of r come from the
    unit vector along the line, so no arctangent is needed.
    """
    require(operator.version == 2, operator, f"version {operator.version}")
    options = custom_options(operator)
    landmarks = graph.get(operator.inputs[0], TFLITE)
    xy = graph.add("Slice", [landmarks, graph.integers(0), graph.integers(2), graph.integers(2)])
    ends = [
        graph.add("Gather", [xy, graph.integers(options[f"{side}_rotation_idx"])], axis=1) for side in ("right", "left")
    ]
    line = graph.add("Sub", ends)
    unit = graph.add("Div", [line, graph.add("ReduceL2", [line], axes=[2], keepdims=1)])

    # cos r = cos t cos a + sin t sin a, sin r = sin t cos a - cos t sin a: linear in (cos a, sin a).
    cos_t, sin_t = (f(options.get("target_rotation_radians", 0.0)) for f in (math.cos, math.sin))
    cos_r, sin_r = np.array([cos_t, sin_t]), np.array([sin_t, -cos_t])
    to_rotation = graph.constant(np.stack([cos_r, -sin_r, sin_r, cos_r], axis=1))
    # for points as rows: p @ R^T rotates them, p @ R rotates them back
    rotation = graph.add("Reshape", [graph.add("MatMul", [unit, to_rotation]), graph.integers(0, 2, 2)])
    rotation_t = graph.add("Transpose", [rotation], perm=[0, 2, 1])

    subset = graph.add("Gather", [xy, graph.integers(*options["subset_idxs"])], axis=1)
    upright = graph.add("MatMul", [subset, rotation_t])
    low, high = (graph.add(op, [upright], axes=[1], keepdims=1) for op in ("ReduceMin", "ReduceMax"))
    centre = graph.add("Mul", [graph.add("Add", [low, high]), graph.constant(np.float32(0.5))])
    output_size = np.array([options["output_width"], options["output_height"]], np.float64)
    pixel_scale = graph.constant(np.array([options["scale_x"], options["scale_y"]]) / output_size)
    pixel = graph.add("Mul", [graph.add("Sub", [high, low]), pixel_scale])
    corner = graph.add("Sub", [centre, graph.add("Mul", [pixel, graph.constant(output_size / 2)])])

    linear = graph.add("Mul", [graph.add("Transpose", [pixel], perm=[0, 2, 1]), rotation])
    offset = graph.add("MatMul", [corner, rotation])
    affine_t = graph.add("Transpose", [graph.add("Concat", [linear, offset], axis=1)], perm=[0, 2, 1])
    placed = graph.add("MatMul", [graph.constant(_ROWS), affine_t])
    placed = graph.add("MatMul", [placed, graph.constant(_COLUMNS)])
    graph.put(operator.outputs[0], graph.add("Add", [placed, graph.constant(_REST)]), TFLITE)


def _affine(graph: OnnxGraph, tensor: int) -> str:
    """(N, 3, 2) affine map for row vectors of a transform matrix (N, 4, 4)."""
    top = graph.add("MatMul", [graph.constant(_ROWS.T), graph.get(tensor, TFLITE)])
    return graph.add("Transpose", [graph.add("MatMul", [top, graph.constant(_COLUMNS.T)])], perm=[0, 2, 1])


def transform_tensor_bilinear(graph: OnnxGraph, operator: Operator) -> None:
    """Resample a feature map: pixel centres are mapped, and samples outside the centres of the map are zero."""
    require(operator.version == 2, operator, f"version {operator.version}")
    options = custom_options(operator)
    width, height = options["output_width"], options["output_height"]
    _, in_height, in_width, _ = graph.shape(operator.inputs[0])
    rows, columns = np.mgrid[0:height, 0:width].reshape(2, -1) + 0.5
    centres = graph.constant(np.stack([columns, rows, np.ones_like(rows)], axis=-1)[None])
    mapped = graph.add("MatMul", [centres, _affine(graph, operator.inputs[1])])
    source = graph.add("Sub", [mapped, graph.constant(np.float32(0.5))])

    last = np.array([in_width - 1, in_height - 1], np.float32)
    above = graph.add("GreaterOrEqual", [source, graph.constant(np.float32(0))])
    below = graph.add("LessOrEqual", [source, graph.constant(last)])
    inside = graph.add("Cast", [graph.add("And", [above, below])], to=onnx.TensorProto.FLOAT)
    inside = graph.add("ReduceMin", [inside], axes=[2], keepdims=0)
    mask = graph.add("Reshape", [inside, graph.integers(0, 1, height, width)])

    # GridSample with aligned corners: -1 and 1 are the centres of the first and the last pixel
    grid = graph.add("Sub", [graph.add("Mul", [source, graph.constant(2 / last)]), graph.constant(np.float32(1))])
    grid = graph.add("Reshape", [grid, graph.integers(0, height, width, 2)])
    inputs = [graph.get(operator.inputs[0], NCHW), grid]
    sampled = graph.add("GridSample", inputs, mode="bilinear", padding_mode="border", align_corners=1)
    graph.put(operator.outputs[0], graph.add("Mul", [sampled, mask]), NCHW)


def transform_landmarks(graph: OnnxGraph, operator: Operator) -> None:
    """Apply the transform to x and y; z, where there is one, stays."""
    require(operator.version == 2, operator, f"version {operator.version}")
    landmarks = graph.get(operator.inputs[0], TFLITE)
    affine = _affine(graph, operator.inputs[1])
    dimensions = graph.shape(operator.inputs[0])[-1]
    linear = graph.add("Slice", [affine, graph.integers(0), graph.integers(2), graph.integers(1)])
    offset = graph.add("Slice", [affine, graph.integers(2), graph.integers(3), graph.integers(1)])
    xy = landmarks
    if dimensions > 2:
        xy = graph.add("Slice", [landmarks, graph.integers(0), graph.integers(2), graph.integers(2)])
    moved = graph.add("Add", [graph.add("MatMul", [xy, linear]), offset])
    if dimensions > 2:
        rest = graph.add("Slice", [landmarks, graph.integers(2), graph.integers(dimensions), graph.integers(2)])
        moved = graph.add("Concat", [moved, rest], axis=2)
    graph.put(operator.outputs[0], moved, TFLITE)


ATTENTION_OPS: dict[str, Translate] = {
    "Landmarks2TransformMatrix": landmarks_to_transform_matrix,
    "TransformLandmarks": transform_landmarks,
    "TransformTensorBilinear": transform_tensor_bilinear,
}
