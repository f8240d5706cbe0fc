"""Builds the face nets: MediaPipe's detector, landmark and person segmentation nets, and those of hands, as ONNX.

Source: the pinned ``mediapipe`` wheel (Apache-2.0). The landmark net also gets, as metadata, which of the 468 mesh
points its lip and eye outputs refine; the lists are read from the net itself. Two of its inner maps become outputs:
they know the texture of the face, teeth, lips, creases and bulges, that its points do not tell.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import AssetsError
from ...core.io.safe_files import written_aside
from ..sources.wheels import open_wheel
from .attention_ops import custom_options
from .tflite_graph import Operator, TfliteGraph, read_tflite
from .tflite_to_onnx import translate


@dataclass(frozen=True)
class FaceNet:
    """One net to translate.

    Attributes:
        member: path inside the wheel.
        sha256: of the .tflite file, hexadecimal.
    """

    member: str
    sha256: str


FACE_NETS = {
    "face_detection_short_range": FaceNet(
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "face_detection_full_range": FaceNet(
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    ),
    "face_landmarks": FaceNet(
        "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    ),
    "selfie_segmentation": FaceNet(
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
    "palm_detection": FaceNet(
        "mediapipe/modules/palm_detection/palm_detection_lite.tflite",
        "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
    ),
    "hand_landmarks": FaceNet(
        "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite",
        "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
    ),
}
# inner maps of the landmark net by the size at which its trunk pools them: (1, size, size, channels)
LANDMARK_NET = "face_landmarks"
TEXTURE_SHAPES = {"texture_48": (1, 48, 48, 32), "texture_24": (1, 24, 24, 64), "texture_6": (1, 6, 6, 128)}


def build(destination: Path) -> list[Path]:
    """Write the nets as ``<name>.onnx`` into a folder and return their paths; the bytes depend on the source only.

    Raises:
        AssetsError: the wheel cannot be had, or a net in it is not the pinned one.
    """
    destination.mkdir(parents=True, exist_ok=True)
    written = []
    for name in FACE_NETS:
        graph = read_tflite(tflite_bytes(name))
        metadata = {"source_sha256": FACE_NETS[name].sha256, "licence": "Apache-2.0"}
        metadata |= refined_points(graph)
        model = translate(with_textures(graph) if name == LANDMARK_NET else graph, metadata)
        path = destination / f"{name}.onnx"
        with written_aside(path) as aside:
            aside.write_bytes(model.SerializeToString(deterministic=True))
        written.append(path)
    return written


def tflite_bytes(name: str) -> bytes:
    """The source of one net, checked.

    Raises:
        AssetsError: the wheel cannot be had, or the net in it is not the pinned one.
    """
    net = FACE_NETS[name]
    with open_wheel("mediapipe") as wheel:
        data = wheel.read(net.member)
    if hashlib.sha256(data).hexdigest() != net.sha256:
        raise AssetsError(f"{net.member} in the mediapipe wheel is not the pinned net: delete the wheel and try again.")
    return data


def refined_points(graph: TfliteGraph) -> dict[str, str]:
    """Mesh point indices refined by each output of an attention net, as ``{output name: "i,j,..."}``.

    The output is a reshaped TransformLandmarks whose matrix was made from those points. The irises use the eyes'
    matrices but are points of their own, so outputs whose size differs from the list's are left out.
    """
    found = {}
    for output in graph.outputs:
        operator = _upstream(graph, output, "RESHAPE")
        if operator is None or operator.name != "TransformLandmarks":
            continue
        matrix = _upstream(graph, operator.inputs[1], "MUL")
        if matrix is None:
            continue
        points = custom_options(matrix)["subset_idxs"]
        if graph.shapes[operator.outputs[0]][1] == len(points):
            found[graph.names[output]] = ",".join(str(point) for point in points)
    return found


def with_textures(graph: TfliteGraph) -> TfliteGraph:
    """The landmark net with the maps of ``TEXTURE_SHAPES`` as outputs of those names besides its own.

    Raises:
        AssetsError: the net has no such map.
    """
    names, outputs = list(graph.names), graph.outputs
    for name, shape in TEXTURE_SHAPES.items():
        pooled = [op.inputs[0] for op in graph.operators if op.name == "MAX_POOL_2D"]
        tensor = next((tensor for tensor in pooled if graph.shapes[tensor] == shape), None)
        if tensor is None:
            raise AssetsError(f"The landmark net has no map of shape {shape}: delete the wheel and try again.")
        names[tensor] = name
        outputs += (tensor,)
    return replace(graph, names=tuple(names), outputs=outputs)


def _upstream(graph: TfliteGraph, tensor: int, passing: str) -> Operator | None:
    """The operator that makes a tensor, looking through operators of one name along their first input."""
    operator = graph.producer(tensor)
    while operator is not None and operator.name == passing:
        operator = graph.producer(operator.inputs[0])
    return operator
