"""Face nets: equality with their source, and time side by side. Run: python benchmarks/nets.py [SECONDS_PER_CASE]

Each case is timed in turn with the others, round after round, and the medians are compared, so that a machine that is
busy for a while slows all of them. Times are for one image; ratios are against the form that Furrow ships, one thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import skimage.data
from ai_edge_litert.interpreter import Interpreter
from furrow.core.nets.detection import find_faces
from furrow.core.nets.devices import choose
from furrow.core.nets.landmarks import detect_landmarks, segment_person
from furrow.core.nets.onnx_runtime import onnxruntime
from furrow.core.nets.sessions import FaceNets
from furrow.models.nets import face_nets, tflite_ops
from furrow.models.nets.tflite_to_onnx import OPS, translate
from PIL import Image

ASSETS = Path(__file__).parents[1] / "models" / "assets"
CUSTOM_OPS = ("face_landmarks",)  # not for LiteRT; tests/models/nets/test_face_nets.py compares it part by part


def face_image(side: int) -> np.ndarray:
    """(side, side, 3) float32 in [0, 1]: the default photo's head."""
    head = Image.fromarray(skimage.data.astronaut()[20:220, 120:320])
    return np.asarray(head.resize((side, side)), np.float32) / np.float32(255)


def onnx_session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def litert(name: str, threads: int) -> Interpreter:
    interpreter = Interpreter(model_content=face_nets.tflite_bytes(name), num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


def runner(session, batch: np.ndarray):
    if isinstance(session, Interpreter):
        slot = session.get_input_details()[0]["index"]

        def run():
            session.set_tensor(slot, batch)
            session.invoke()

        return run
    feed = {session.get_inputs()[0].name: batch}
    return lambda: session.run(None, feed)


def side_by_side(cases: dict, seconds: float) -> dict[str, float]:
    """Median milliseconds of each case, all of them run in turn."""
    times = {name: [] for name in cases}
    for run in cases.values():
        run()
    end = time.perf_counter() + seconds * len(cases)
    while time.perf_counter() < end:
        for name, run in cases.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: float(np.median(values)) for name, values in times.items()}


def equality(name: str, session: onnxruntime.InferenceSession, batch: np.ndarray) -> str:
    """Largest difference from LiteRT over all outputs, and the largest output."""
    interpreter = litert(name, 1)
    runner(interpreter, batch)()
    found = session.run(None, {session.get_inputs()[0].name: batch})
    expected = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    difference = max(np.abs(a - b).max() for a, b in zip(found, expected))
    return f"largest difference {difference:.1e} on outputs up to {max(np.abs(b).max() for b in expected):.3g}"


def main(seconds: float) -> None:
    for name in face_nets.FACE_NETS:
        shipped = (ASSETS / f"{name}.onnx").read_bytes()
        native = translate(face_nets.tflite_bytes(name), ops=OPS | {"PRELU": tflite_ops.prelu_node})
        sessions = {"shipped, 1 thread": onnx_session(shipped), "shipped, 2 threads": onnx_session(shipped, 2)}
        if any(node.op_type == "PRelu" for node in native.graph.node):
            sessions["PRelu node, 1 thread"] = onnx_session(native.SerializeToString())
        if name not in CUSTOM_OPS:
            sessions["LiteRT, 1 thread"] = litert(name, 1)
        side = sessions["shipped, 1 thread"].get_inputs()[0].shape[1]
        batch = face_image(side)[None]
        compared = "" if name in CUSTOM_OPS else equality(name, sessions["shipped, 1 thread"], batch)
        print(f"{name}: {compared}")
        medians = side_by_side({case: runner(session, batch) for case, session in sessions.items()}, seconds)
        if name in CUSTOM_OPS:
            seven = np.repeat(batch, 7, axis=0)
            many = side_by_side({"7 in one batch": runner(sessions["shipped, 1 thread"], seven)}, seconds)
            medians |= {case: value / 7 for case, value in many.items()}
        for case, value in medians.items():
            print(f"  {case:22s} {value:7.2f} ms  x {value / medians['shipped, 1 thread']:.2f}")
    chain(seconds)


def chain(seconds: float) -> None:
    """The steps as the pipeline runs them, on the default photo."""
    photo = skimage.data.astronaut()
    start = time.perf_counter()
    nets = FaceNets(ASSETS, choose("cpu"))
    face = find_faces(photo, nets)[0]
    print(f"chain on the default photo; first face, nets loaded for it: {1e3 * (time.perf_counter() - start):.0f} ms")
    steps = {
        "find_faces": lambda: find_faces(photo, nets),
        "detect_landmarks, 7 crops": lambda: detect_landmarks(photo, face, nets),
        "detect_landmarks, 1 crop": lambda: detect_landmarks(photo, face, nets, 1),
        "segment_person": lambda: segment_person(photo, face, nets),
    }
    for step, value in side_by_side(steps, seconds).items():
        print(f"  {step:26s} {value:7.2f} ms")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
