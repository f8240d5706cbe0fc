"""Catmull-Clark matrices against Blender's Subdivision Surface and a closed form."""

import numpy as np
import pytest
from furrow.core.mesh.subdivision import subdivide
from scipy.spatial import cKDTree


def holed_grid():
    """A 5 x 5 grid with one quad missing and one split into triangles, bent at random."""
    index = np.arange(36).reshape(6, 6)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    a, b, c, d = quads[3]
    faces = np.concatenate([np.delete(quads, [3, 12], 0), [[a, b, c, c], [a, c, d, d]]])
    x, y = np.meshgrid(np.arange(6) * 10.0, np.arange(6) * 10.0)
    points = np.column_stack([x.ravel(), y.ravel(), np.random.default_rng(0).normal(0, 4, 36)])
    return points, faces


def blender_subdivided(points, faces, levels):
    bpy = pytest.importorskip("bpy")
    mesh = bpy.data.meshes.new("cage")
    mesh.from_pydata(points.tolist(), [], [list(dict.fromkeys(face)) for face in faces.tolist()])
    thing = bpy.data.objects.new("cage", mesh)
    bpy.context.collection.objects.link(thing)
    modifier = thing.modifiers.new("subdivision", "SUBSURF")
    modifier.levels, modifier.use_limit_surface, modifier.boundary_smooth = levels, False, "ALL"
    result = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    co = np.empty(3 * len(result.vertices))
    result.vertices.foreach_get("co", co)
    count = len(result.polygons)
    bpy.data.objects.remove(thing)
    return co.reshape(-1, 3), count


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_points_are_those_of_blender(levels):
    points, faces = holed_grid()
    division = subdivide(faces, len(points), levels)
    expected, polygons = blender_subdivided(points, faces, levels)
    ours = division(points)
    assert len(ours) == len(expected) and len(division.faces) == polygons
    assert cKDTree(ours).query(expected)[0].max() < 1e-4
    assert cKDTree(expected).query(ours)[0].max() < 1e-4


def test_cage_of_the_head_is_subdivided_like_blender(assets):
    from furrow.core.head.model import load_head_model

    model = load_head_model(assets / "head.npz")
    head = model.topology.part_slice("head")
    faces, points = model.topology.part_faces("head"), model.mean[head].astype(float)
    expected, _ = blender_subdivided(points, faces, 1)
    assert cKDTree(subdivide(faces, len(points))(points)).query(expected)[0].max() < 1e-4


def test_flat_regular_grid_stays_flat_and_even():
    x, y = np.meshgrid(np.arange(7.0), np.arange(7.0))
    points = np.column_stack([x.ravel(), y.ravel(), 2 * x.ravel() - y.ravel()])
    index = np.arange(49).reshape(7, 7)
    faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    fine = subdivide(faces, 49, 2)(points)
    assert np.allclose(fine[:, 2], 2 * fine[:, 0] - fine[:, 1])
    inner = fine[(np.abs(fine[:, :2] - 3) < 1.2).all(1)]
    assert np.allclose(np.round(inner[:, :2] * 4), inner[:, :2] * 4)


def test_uv_of_one_face_is_bilinear():
    faces = np.array([[0, 1, 2, 3]])
    uv = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], float)
    division = subdivide(faces, 4, 2, uv)
    corners = np.unique(np.round(division.uv.reshape(-1, 2), 6), axis=0)
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5)), -1).reshape(-1, 2)
    assert np.allclose(corners[np.lexsort(corners.T)], grid[np.lexsort(grid.T)])


def seamed_uv(points, faces):
    """Bent UVs of the holed grid with a seam that ends inside it, and an island of two faces."""
    uv = points[:, :2] / 60.0 + 0.1 + 0.01 * np.random.default_rng(1).normal(size=(len(points), 2))
    corner = uv[faces]
    centre = points[faces].mean(1)
    above = (centre[:, 1] > 20.0) & (centre[:, 0] < 20.0)
    on_seam = (np.abs(points[faces][..., 1] - 20.0) < 0.1) & (points[faces][..., 0] < 15.0)
    corner = corner + np.where(above[:, None] & on_seam, 0.05, 0.0)[..., None]
    corner[:2] += [0.0, -0.08]
    return corner


def blender_uv(points, faces, corner_uv, levels):
    """(n, 5) position and UV of every corner after Blender's Subdivision Surface with its default UV smoothing."""
    bpy = pytest.importorskip("bpy")
    mesh = bpy.data.meshes.new("cage")
    rings = [list(dict.fromkeys(face)) for face in faces.tolist()]
    mesh.from_pydata(points.tolist(), [], rings)
    used = np.concatenate([corner_uv[i, : len(ring)] for i, ring in enumerate(rings)])
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", used.astype(np.float32).ravel())
    thing = bpy.data.objects.new("cage", mesh)
    bpy.context.collection.objects.link(thing)
    modifier = thing.modifiers.new("subdivision", "SUBSURF")
    modifier.levels, modifier.use_limit_surface = levels, False
    assert modifier.uv_smooth == "PRESERVE_BOUNDARIES"
    result = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    co, uv = np.empty(3 * len(result.vertices)), np.empty(2 * len(result.loops))
    corner = np.empty(len(result.loops), np.int32)
    result.vertices.foreach_get("co", co)
    result.loops.foreach_get("vertex_index", corner)
    result.uv_layers[0].data.foreach_get("uv", uv)
    bpy.data.objects.remove(thing)
    return np.column_stack([co.reshape(-1, 3)[corner], 100.0 * uv.reshape(-1, 2)])


@pytest.mark.parametrize("levels", [1, 2])
def test_uvs_are_those_of_blender(levels):
    points, faces = holed_grid()
    corner_uv = seamed_uv(points, faces)
    expected = blender_uv(points, faces, corner_uv, levels)
    division = subdivide(faces, len(points), levels, corner_uv)
    ours = np.column_stack([division(points)[division.faces.ravel()], 100.0 * division.uv.reshape(-1, 2)])
    assert cKDTree(ours).query(expected)[0].max() < 1e-3
    assert cKDTree(expected).query(ours)[0].max() < 1e-3


def test_uvs_of_the_head_are_those_of_blender(assets):
    from furrow.core.head.model import load_head_model

    model = load_head_model(assets / "head.npz")
    topology = model.topology
    faces, points = topology.part_faces("head"), model.mean[topology.part_slice("head")].astype(float)
    corner_uv = topology.uv[topology.face_part == 0]
    division = subdivide(faces, len(points), 1, corner_uv)
    ours = np.column_stack([division(points)[division.faces.ravel()], 100.0 * division.uv.reshape(-1, 2)])
    assert cKDTree(ours).query(blender_uv(points, faces, corner_uv, 1))[0].max() < 2e-3
