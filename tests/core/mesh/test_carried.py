"""What carries a fine mesh: affine motions go over exactly, and meshes are put together with their carriers."""

import numpy as np
from furrow.core.mesh.carried import CarriedMesh, affine_carrier, grid_faces, merged

RNG = np.random.default_rng(0)


def test_turns_shifts_and_scales_go_over_exactly():
    coarse, points = RNG.normal(50.0, 10.0, (20, 3)), RNG.normal(50.0, 12.0, (35, 3))
    chosen = np.arange(4, 24)
    carrier = affine_carrier(points, coarse, chosen, 30)
    matrix, shift = RNG.normal(size=(3, 3)), RNG.normal(size=3)
    everywhere = np.full((30, 3), 1e6)
    everywhere[chosen] = coarse @ matrix + shift
    np.testing.assert_allclose(carrier @ everywhere, points @ matrix + shift, atol=1e-8)


def test_displacements_are_carried_shape_by_shape():
    carrier = affine_carrier(RNG.normal(size=(6, 3)), RNG.normal(size=(9, 3)), np.arange(9), 9)
    mesh = CarriedMesh(np.zeros((6, 3)), np.zeros((0, 4), int), np.zeros((0, 4, 2)), carrier, np.zeros(0, int))
    deltas = RNG.normal(size=(4, 9, 3))
    np.testing.assert_allclose(mesh.carried(deltas), [carrier @ delta for delta in deltas], atol=1e-5)


def test_merged_meshes_keep_their_faces_and_slots():
    def strip(offset, slot):
        points = np.array([[x, y, offset] for y in range(2) for x in range(3)], float)
        faces = grid_faces(2, 3)
        carrier = affine_carrier(points, RNG.normal(size=(8, 3)), np.arange(8), 8)
        return CarriedMesh(points, faces, np.zeros((2, 4, 2)), carrier, np.full(2, slot))

    first, second = strip(0.0, 0), strip(5.0, 1)
    both = merged([first, second])
    np.testing.assert_array_equal(both.vertices[both.faces[2:]], second.vertices[second.faces])
    np.testing.assert_array_equal(both.material, [0, 0, 1, 1])
    assert both.carrier.shape == (12, 8)


def test_a_closed_grid_joins_its_ends():
    faces = grid_faces(3, 5, closed=True)
    assert len(faces) == 10
    edges = np.sort(np.concatenate([faces[:, [k, (k + 1) % 4]] for k in range(4)]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 1).sum() == 10  # its two rims alone are open
