"""Build the wrinkle atlas: curves on the mean head with their depths, for ``wrinkles.npz``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from ...core.head.model import HeadModel, HeadTopology
from ...core.image.filters import smoothstep
from ...core.wrinkles.maps import FOLD, PRIMARY, SECONDARY, WrinkleAtlas, save_atlas
from .depths import Depths, driver_compression, fold_depths, grid_image, group_depths
from .face_frame import front_of_neck
from .fields import Driven, bare_skin, excess_strain, family_direction, group_direction, vertex_fields, wrinkle_normals
from .folds import trace_fold
from .groups import FOLDS, GROUPS, ZONES, drivers, records
from .line_group import LineGroup
from .pits import trace_pits
from .streamlines import Streamline, trace_group
from .surface_grid import GRID_SIZE, SurfaceGrid, surface_grid

__all__ = ["build", "build_atlas", "wrinkle_normals"]

SEED = 22
LAYOUTS = 4  # of groups whose lines keep away from each other
CONTROL_SPACING = 1.2  # mm between control points


@dataclass(frozen=True)
class _Traced:
    """One curve on the surface grid with its place in the atlas."""

    line: Streamline
    group: int
    layout: int
    rank: int
    onset: float
    rolls: tuple[float, float]
    crest: np.ndarray
    pair: int


def build(model: HeadModel, path: Path) -> WrinkleAtlas:
    """Build the atlas of a head model and write it to ``path``."""
    atlas = build_atlas(model.topology, model.mean, model.expression_basis, model.expression_names)
    save_atlas(atlas, path)
    return atlas


def build_atlas(
    topology: HeadTopology, mean: np.ndarray, expression_basis: np.ndarray, expression_names: Sequence[str]
) -> WrinkleAtlas:
    """Curves, groups and depths on the mean head.

    Args:
        topology: mesh, UV, regions.
        mean: (V, 3) mm.
        expression_basis: (52, V, 3) mm.
        expression_names: their names.
    """
    normals = wrinkle_normals(topology, mean, expression_basis, expression_names)
    topology = replace(topology, wrinkle_normals=normals)
    grid = surface_grid(topology, mean)
    texels, at = _texel_fields(topology, grid, vertex_fields(topology, mean, expression_basis, expression_names))
    compression = driver_compression(topology, mean, expression_basis, expression_names, grid)
    traced: list[_Traced] = []
    depths: list[Depths] = []
    distance = [np.full((GRID_SIZE, GRID_SIZE), 1e3, np.float32) for _ in range(LAYOUTS)]
    directions = {family: family_direction(family, at) for family in (1, 2)}
    for number, group in enumerate(GROUPS):
        direction = group_direction(group, at) if group.resting else directions[group.family]
        excess = excess_strain(group, at, direction)
        drive = grid_image((0.0 if group.resting else excess) + group.prior * at.masks[group.name], texels)
        depths.append(group_depths(group, at, texels, direction, excess, compression))
        for layout in range(group.layouts):
            rng = np.random.default_rng([SEED, number, layout])
            if group.pits:
                lines = trace_pits(group, grid, drive, rng)
            elif group.drawn:
                lines = group.drawn(group, grid, rng)
            else:
                seeds = group.seeds(rng)
                apart = None if group.resting else distance[layout]
                lines = trace_group(group, grid, grid_image(direction, texels), drive, rng, seeds, apart)
            traced += _placed(lines, group, number, layout, grid, rng)
    for number, fold in enumerate(FOLDS):
        line_of = [other.name for other in FOLDS].index(fold.follows or fold.name)
        rng = np.random.default_rng([SEED, LAYOUTS, line_of])
        depths.append(fold_depths(fold, compression))
        for line, rolls in trace_fold(fold, grid, rng):
            crest = np.full((len(line.points), 2), fold.bulge)
            traced.append(_Traced(line, len(GROUPS) + number, 0, FOLD, fold.onset, rolls, crest, 0))
    return _assemble(topology, expression_names, grid, traced, depths)


def _texel_fields(topology: HeadTopology, grid: SurfaceGrid, at: Driven) -> tuple[np.ndarray, Driven]:
    """Vertex fields carried to the texels of the face, smoothed over a millimetre or so.

    Returns:
        (n,) flat texels of the grid, and the fields there.
    """
    head = topology.part_slice("head")
    x, y, z = np.moveaxis(grid.frame, -1, 0)
    face = grid.covered & (np.abs(x) < 95.0) & (y < 100.0) & ((y > -125.0) & (z > -60.0) | (y > -185.0) & (z > -90.0))
    texels = np.flatnonzero(face)

    def carried(values: np.ndarray) -> np.ndarray:
        whole = np.zeros((topology.vertex_count, values.shape[1]), np.float32)
        whole[head] = values
        image = cv2.GaussianBlur(grid.raster.sample(whole) * face[..., None], (0, 0), 2.0)
        weight = cv2.GaussianBlur(face.astype(np.float32), (0, 0), 2.0)
        return image.reshape(face.size, -1)[texels] / np.maximum(weight.reshape(-1, 1)[texels], 1e-3)

    strain = tuple(carried(tensor.reshape(-1, 9)).reshape(-1, 3, 3) for tensor in at.strain)
    masks = carried(np.stack(list(at.masks.values()), axis=-1))
    return texels, Driven(
        grid.frame.reshape(-1, 3)[texels].astype(np.float64),
        grid.axes.reshape(-1, 2, 3)[texels],
        strain,
        {name: masks[:, i] for i, name in enumerate(at.masks)},
    )


def _placed(
    lines: list[Streamline], group: LineGroup, number: int, layout: int, grid: SurfaceGrid, rng: np.random.Generator
) -> list[_Traced]:
    """Resampled lines with the crests of their rolls, onset by strength and rank."""
    lines = [_resampled(line, grid) for line in lines]
    crests = _roll_crests(lines, group, grid)
    top = max((line.strength.max() for line in lines), default=1.0)
    placed = []
    for line, crest in zip(lines, crests):
        late = 0.25 * (1.0 - line.strength.max() / top) + (0.25 if line.secondary else 0.0)
        onset = float(np.clip(group.onset + late + 0.04 * rng.standard_normal(), 0.0, 0.85))
        rank = SECONDARY if line.secondary else PRIMARY
        roll = group.roll * (0.5 if line.secondary else 1.0)
        placed.append(_Traced(line, number, layout, rank, onset, (roll, roll), crest, line.pair))
    return placed


def _resampled(line: Streamline, grid: SurfaceGrid) -> Streamline:
    """Control points about ``CONTROL_SPACING`` mm apart."""
    cells = line.points.astype(int)
    pitch = float(np.median(grid.pitch[cells[:, 1], cells[:, 0]]))
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line.points, axis=0), axis=1))]) * pitch
    count = max(7, int(round(length[-1] / CONTROL_SPACING)) + 1)
    at = np.linspace(0.0, length[-1], count)
    points = np.stack([np.interp(at, length, column) for column in line.points.T], axis=-1)
    return replace(line, points=points, strength=np.interp(at, length, line.strength))


def _roll_crests(lines: list[Streamline], group: LineGroup, grid: SurfaceGrid) -> list[np.ndarray]:
    """(n, 2) mm per line: half the distance to the next line of its rank on the left and right.

    Between a quarter and the half of the spacing; the half where nothing is near.
    """
    crests = [np.zeros((0, 2))] * len(lines)
    for secondary in (False, True):
        rows = [i for i, line in enumerate(lines) if line.secondary == secondary]
        same = [lines[i] for i in rows]
        if not same:
            continue
        spacing = group.wavelength * (group.secondary if secondary else 1.0)
        points = np.concatenate([line.points for line in same])
        owner = np.repeat(np.arange(len(same)), [len(line.points) for line in same])
        cells = points.astype(int)
        pitch = float(np.median(grid.pitch[cells[:, 1], cells[:, 0]]))
        tree = cKDTree(points)
        pairs = tree.query_pairs(1.3 * spacing / pitch, output_type="ndarray")
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
        pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
        tangent = np.concatenate([np.gradient(line.points, axis=0) for line in same])
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        offset = points[pairs[:, 1]] - points[pairs[:, 0]]
        away = np.linalg.norm(offset, axis=1)
        # texel rows run down: the left of a line is where the cross product is negative
        cross = tangent[pairs[:, 0], 0] * offset[:, 1] - tangent[pairs[:, 0], 1] * offset[:, 0]
        beside = np.abs(cross) > 0.7 * away
        nearest = np.full((len(points), 2), np.inf)
        side = (cross > 0).astype(int)
        np.minimum.at(nearest, (pairs[beside, 0], side[beside]), away[beside] * pitch)
        half = np.clip(np.where(np.isfinite(nearest), 0.5 * nearest, 0.5 * spacing), 0.25 * spacing, 0.55 * spacing)
        for k, i in enumerate(rows):
            crests[i] = gaussian_filter1d(half[owner == k], 3.0, axis=0, mode="nearest")
    return crests


def _assemble(
    topology: HeadTopology,
    expression_names: Sequence[str],
    grid: SurfaceGrid,
    traced: list[_Traced],
    depths: list[Depths],
) -> WrinkleAtlas:
    """Arrays of the atlas; curves that leave the chart are dropped."""
    traced = [t for t in traced if _inside(t.line.points, grid)]
    points = np.concatenate([t.line.points for t in traced])
    count = np.array([len(t.line.points) for t in traced])
    group = np.array([t.group for t in traced])
    columns, rows = points.T.astype(int)
    step = grid.step[rows, columns]
    # texels right and down to mm, then UV with v up
    jacobian = np.linalg.inv(step) * np.array([GRID_SIZE, -GRID_SIZE])
    first_form = np.einsum("nai,naj->nij", jacobian, jacobian)
    stacked = {name: np.stack([getattr(d, name) for d in depths]) for name in ("dynamic", "memory")}
    of_point = np.repeat(group, count)
    return WrinkleAtlas(
        uv=(np.stack([points[:, 0], GRID_SIZE - points[:, 1]], axis=-1) / GRID_SIZE).astype(np.float32),
        metric=_smooth_along(first_form[:, [0, 0, 1], [0, 1, 1]], count),
        vertices=grid.raster.triangles[grid.raster.triangle_id[rows, columns]].astype(np.int32),
        barycentric=grid.raster.barycentric[rows, columns].astype(np.float32),
        strength=np.concatenate([t.line.strength for t in traced]).astype(np.float32),
        dynamic=_smooth_along(stacked["dynamic"][of_point, rows, columns], count),
        memory=_smooth_along(stacked["memory"][of_point, rows, columns], count),
        roll_crest=np.concatenate([t.crest for t in traced]).astype(np.float32),
        curve_start=np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
        curve_group=group.astype(np.int32),
        curve_layout=np.array([t.layout for t in traced], np.int32),
        curve_rank=np.array([t.rank for t in traced], np.int32),
        curve_width=np.array([t.line.width for t in traced], np.float32),
        curve_onset=np.array([t.onset for t in traced], np.float32),
        curve_roll=np.array([t.rolls for t in traced], np.float32),
        curve_pair=_pair_numbers(traced),
        groups=records(),
        zones=ZONES,
        group_driver=drivers(expression_names),
        expression_names=tuple(expression_names),
        mask=_mask(topology, grid),
    )


def _smooth_along(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(N, ...) float32 values smoothed over 3 mm along each curve, so that no line ends in a step."""
    pieces = np.split(values, np.cumsum(count)[:-1])
    smooth = [gaussian_filter1d(piece, 2.5, axis=0, mode="nearest") for piece in pieces]
    return np.concatenate(smooth).astype(np.float32)


def _inside(points: np.ndarray, grid: SurfaceGrid) -> bool:
    columns, rows = np.clip(points, 0, GRID_SIZE - 1).astype(int).T
    return bool(len(points) >= 3 and grid.covered[rows, columns].all())


def _pair_numbers(traced: list[_Traced]) -> np.ndarray:
    """(C,) one number per line and its image."""
    keys = np.array([(t.group, t.layout, t.pair) for t in traced])
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel().astype(np.int32)


def _mask(topology: HeadTopology, grid: SurfaceGrid) -> np.ndarray:
    """(GRID_SIZE, GRID_SIZE) uint8: 255 on the skin of the face, fading to 0 before lids, nostrils, ears, scalp."""
    bare = grid.raster.sample(bare_skin(topology)[:, None].astype(np.float32))[..., 0]
    height = grid.frame[..., 1]
    front = smoothstep(grid.frame[..., 2], -60.0, -45.0) * smoothstep(height, -125.0, -110.0)
    front = np.maximum(front, front_of_neck(grid.frame.reshape(-1, 3)).reshape(front.shape))
    front = front * (1.0 - smoothstep(height, 88.0, 98.0))
    kept = np.clip(1.0 - 2.0 * bare, 0.0, 1.0) * front * grid.covered
    return np.round(255.0 * np.minimum(kept, cv2.GaussianBlur(kept, (0, 0), 1.5))).astype(np.uint8)
