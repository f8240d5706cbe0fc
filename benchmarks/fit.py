"""The fit: analytic against finite-difference Jacobian, and what share each stage takes.

    python benchmarks/fit.py [--runs 5]

One synthetic head, all coefficients; medians of one run on one machine: compare the ratios, not the seconds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from furrow.core.assets import HEAD, assets_folder
from furrow.core.fit import coarse, photometric, smooth_residual
from furrow.core.fit.evidence import Evidence
from furrow.core.fit.state import POSE_PARAMETERS, ViewState
from furrow.core.fit.terms import PointBasis, landmark_basis, project
from furrow.core.head import personal_shapes
from furrow.core.head.camera import Camera, Pose, rotation_matrix
from furrow.core.head.fitted import Landmarks
from furrow.core.head.model import HeadModel, load_head_model
from furrow.core.head.raster import rasterize
from furrow.core.mesh.operators import vertex_normals

SIZE = 1000


def seconds(task: Callable[[], object], runs: int) -> float:
    """Median wall time of a task, the first run not counted."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        task()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def synthetic(model: HeadModel) -> tuple[coarse.Observation, np.ndarray]:
    """Landmarks and a shaded picture (SIZE, SIZE, 3) uint8 of a sampled head."""
    identity = 0.7 * np.random.default_rng(0).normal(size=len(model.identity_basis))
    head = model.neutral(identity).astype(float)
    pose = Pose(rotation_matrix(np.array([0.05, 0.2, 0.0])) @ np.diag([1.0, -1, -1]), np.array([0.0, -20, 850]))
    camera = Camera(1500.0, 1500.0, SIZE / 2, SIZE / 2, SIZE, SIZE)
    points = pose.apply(head)
    marks = pose.apply(model.landmarks(head))
    pixels = camera.project(marks)
    depth = (marks[:, 2] / marks[:, 2].mean() - 1.0) * camera.fx
    landmarks = Landmarks(pixels, depth, np.full(478, 0.5), 0.99, np.concatenate([pixels.min(0), pixels.max(0)]))
    triangles = model.topology.triangles
    ids, weights = rasterize(camera.project(points), points[:, 2], triangles, SIZE, SIZE)
    shade = 0.25 + 0.6 * np.clip(vertex_normals(points, triangles) @ np.array([0.4, -0.5, -0.77]), 0.0, 1.0)
    image = np.zeros((SIZE, SIZE))
    covered = ids >= 0
    image[covered] = (shade[triangles[ids[covered]]] * weights[covered]).sum(axis=1)
    picture = np.repeat((255 * image[:, :, None] ** (1 / 2.2)).astype(np.uint8), 3, axis=2)
    return coarse.Observation(landmarks, SIZE, SIZE, 1500.0, "synthetic.png"), picture


def differences(basis: PointBasis, identity: np.ndarray, state: ViewState) -> np.ndarray:
    """(n, 2, 7 + E + K) forward differences of the projected pixels, one projection a parameter."""
    step = 1e-6

    def pixels(moved: ViewState, coefficients: np.ndarray) -> np.ndarray:
        points = moved.pose().apply(basis.points(coefficients, moved.expression))
        return moved.camera(SIZE, SIZE).project(points)

    here = pixels(state, identity)
    count = POSE_PARAMETERS + len(state.expression)
    columns = [(pixels(state.stepped(move), identity) - here) / step for move in step * np.eye(count)]
    columns += [(pixels(state, identity + move) - here) / step for move in step * np.eye(len(identity))]
    return np.stack(columns, axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    model = load_head_model(assets_folder() / HEAD)
    seen, picture = synthetic(model)
    fitted = coarse.fit(model, [seen])
    basis = landmark_basis(model, len(fitted.identity))
    # within the bounds, so that a step to one side counts
    state = coarse.state_of(fitted.views[0]).with_expression(np.full(len(model.expression_names), 0.2))
    analytic = project(basis, fitted.identity, state, SIZE, SIZE).pixel_jacobian
    numeric = differences(basis, fitted.identity, state)
    fast = seconds(lambda: project(basis, fitted.identity, state, SIZE, SIZE), runs)
    slow = seconds(lambda: differences(basis, fitted.identity, state), runs)
    print(f"Jacobian, finite differences / analytic: {slow / fast:.1f}   ({1000 * slow:.0f} ms / {1000 * fast:.1f} ms)")
    print(f"largest difference of both, relative: {np.abs(analytic - numeric).max() / np.abs(analytic).max():.1e}")
    stages = {
        "landmark fit": seconds(lambda: coarse.fit(model, [seen]), runs),
        "shading": seconds(lambda: photometric.refine(model, fitted, Evidence([picture])), runs),
        "smooth residual": seconds(lambda: smooth_residual.follow_photos(model, fitted, Evidence([picture])), runs),
        "shape keys": seconds(lambda: personal_shapes.personal_deltas(model, fitted.neutral), runs),
    }
    total = sum(stages.values())
    print(f"{'stage':<16}{'share':>8}{'seconds':>10}")
    for name, spent in stages.items():
        print(f"{name:<16}{spent / total:>8.0%}{spent:>10.3f}")


if __name__ == "__main__":
    main()
