"""Tension against closed forms, a per-vertex reference written out, and Blender's own nodes."""

import numpy as np
import pytest
from furrow.core.head.model import HeadTopology
from furrow.core.head.tension import (
    directional_ratios,
    edge_ratios,
    edge_tensors,
    evaluate_tension,
    point_weights,
    tension,
    tension_weights,
)


def patch(n=9, normals=((0, 1, 0), (1, 0, 0)), regions=None):
    """A jittered, bent patch of skin; family 1 across y, family 2 across x, unless told otherwise."""
    rng = np.random.default_rng(3)
    line = np.linspace(-20, 20, n)
    xy = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2) + rng.uniform(-1, 1, (n * n, 2))
    rest = np.concatenate([xy, 60 - 0.01 * (xy**2).sum(1, keepdims=True)], 1)
    index = np.arange(n * n, dtype=np.int32).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    regions = regions or {}
    topology = HeadTopology(
        faces=quads, face_part=np.zeros(len(quads), np.int32), part_start=np.array([0] + [n * n] * 5, np.int32),
        uv=np.zeros((len(quads), 4, 2), np.float32), mirror=np.arange(n * n, dtype=np.int32),
        skin_weights=np.ones((n * n, 6), np.float32), region_names=tuple(regions),
        region_masks=np.array(list(regions.values()), np.float32).reshape(-1, n * n),
        wrinkle_normals=np.repeat(np.array(normals, np.float32)[:, None], n * n, 1),
    )
    return topology, rest


def test_uniform_scaling_gives_the_scale_everywhere():
    topology, rest = patch()
    weights = tension_weights(topology, rest)
    np.testing.assert_allclose(directional_ratios(weights, 0.8 * rest), 0.8, atol=1e-6)
    result = evaluate_tension(weights, 0.8 * rest, gain=2.0)
    np.testing.assert_allclose(result.stack(), np.tile([0.4, 0.4, 0.0], (len(rest), 1)), atol=1e-6)
    grown = evaluate_tension(weights, 1.25 * rest, gain=2.0, directional=False)
    np.testing.assert_allclose(grown.stack(), np.tile([0.0, 0.0, 0.5], (len(rest), 1)), atol=1e-6)


def test_scaling_across_the_lines_is_seen_by_that_family_more_than_by_the_uniform_mean():
    topology, rest = patch()
    squeezed = rest * [1.0, 0.7, 1.0]
    weights = tension_weights(topology, rest)
    first, second = directional_ratios(weights, squeezed)
    uniform = evaluate_tension(weights, squeezed, gain=1.0, directional=False).compression_1
    inner = np.abs(rest[:, :2]).max(1) < 15
    assert first[inner].max() < 0.77 and second[inner].min() > 0.97
    assert uniform[inner].max() < 0.2


def test_ratios_equal_weights_written_out_per_vertex():
    topology, rest = patch(normals=((0.6, 0.8, 0), (0.36, -0.48, 0.8)))
    posed = rest + np.random.default_rng(5).normal(0, 0.8, rest.shape)
    found = directional_ratios(tension_weights(topology, rest), posed)
    for family in range(2):
        for v in (0, 4, 40, 77, 80):
            n = topology.wrinkle_normals[family, v]
            total = weight_sum = 0.0
            for a, b in topology.head_edges:
                if v in (a, b):
                    edge = rest[b] - rest[a]
                    length = np.linalg.norm(edge)
                    weight = (edge @ n / length) ** 2
                    ratio = np.linalg.norm(posed[b] - posed[a]) / length
                    total += weight * min(max(ratio, 0.4), 2.5)
                    weight_sum += weight
            assert found[family, v] == pytest.approx(total / weight_sum, abs=1e-5)


def test_extreme_ratios_are_clamped():
    topology, rest = patch()
    np.testing.assert_allclose(directional_ratios(tension_weights(topology, rest), 0.01 * rest), 0.4, atol=1e-6)
    np.testing.assert_allclose(directional_ratios(tension_weights(topology, rest), 9 * rest), 2.5, atol=1e-5)


def test_a_family_without_lines_never_compresses():
    topology, rest = patch(normals=((0, 1, 0), (0, 0, 0)))
    assert not point_weights(topology, rest)[1].any()
    result = tension(topology, rest, 0.6 * rest)
    assert result.compression_1.min() == pytest.approx(1.0)
    assert not result.compression_2.any()


@pytest.mark.parametrize("region, kept", [
    ("eye_socket_inner", 0.0), ("mouth_inner", 0.0), ("nostril", 0.0), ("upper_lid", 0.1), ("lower_lid", 0.4),
    ("lips", 0.5), ("cheek", 1.0),
])
def test_regions_keep_a_share_of_the_tension(region, kept):
    topology, rest = patch(regions={region: np.ones(81)})
    np.testing.assert_allclose(tension(topology, rest, 0.5 * rest).compression_1, kept, atol=1e-6)


def test_tension_does_not_depend_on_the_size_of_the_mesh():
    topology, rest = patch()
    posed = rest + np.random.default_rng(5).normal(0, 0.8, rest.shape)
    for scale in (0.01, 100.0):  # edges of a tenth of a millimetre, of half a metre
        found = tension(topology, scale * rest, scale * posed).stack()
        np.testing.assert_allclose(found, tension(topology, rest, posed).stack(), atol=1e-5)


def test_an_edge_of_no_length_counts_as_unchanged():
    topology, rest = patch()
    rest[1] = rest[0]
    null = (topology.head_edges == [0, 1]).all(1)
    assert null.sum() == 1
    ratio = edge_ratios(tension_weights(topology, rest), 0.8 * rest)
    np.testing.assert_allclose(ratio, np.where(null, 1.0, 0.8), atol=1e-6)


def test_edge_tensors_of_known_directions():
    rest = np.array([[0, 0, 0], [2, 0, 0], [0, 3, 4], [0, 0, 0]], float)
    diagonal, off_diagonal = edge_tensors(rest, np.array([[0, 1], [0, 2], [0, 3]]))
    np.testing.assert_allclose(diagonal, [[1, 0, 0], [0, 0.36, 0.64], [0, 0, 0]])
    np.testing.assert_allclose(off_diagonal, [[0, 0, 0], [0, 0.48, 0], [0, 0, 0]])


def test_blender_nodes_compute_the_same_blur_and_edge_mean():
    bpy = pytest.importorskip("bpy")
    topology, rest = patch()
    weights = tension_weights(topology, rest)
    mesh = bpy.data.meshes.new("patch")
    mesh.from_pydata(rest.tolist(), [], topology.faces.tolist())
    count = len(mesh.edges)
    pairs = np.zeros(2 * count, np.int32)
    mesh.edges.foreach_get("vertices", pairs)
    value = np.random.default_rng(0).uniform(size=count).astype(np.float32)
    mesh.attributes.new("edge_value", "FLOAT", "EDGE").data.foreach_set("value", value)
    tree = bpy.data.node_groups.new("blur", "GeometryNodeTree")
    for name, kind in (("INPUT", "NodeGroupInput"), ("OUTPUT", "NodeGroupOutput")):
        tree.interface.new_socket("Geometry", in_out=name, socket_type="NodeSocketGeometry")
        tree.nodes.new(kind)
    source, target = tree.nodes
    named = tree.nodes.new("GeometryNodeInputNamedAttribute")
    named.data_type = "FLOAT"
    named.inputs["Name"].default_value = "edge_value"
    on_edges = tree.nodes.new("GeometryNodeFieldOnDomain")
    on_edges.domain = "EDGE"
    on_points = tree.nodes.new("GeometryNodeFieldOnDomain")
    on_points.domain = "POINT"
    blur = tree.nodes.new("GeometryNodeBlurAttribute")
    blur.inputs["Iterations"].default_value = 2
    store = tree.nodes.new("GeometryNodeStoreNamedAttribute")
    store.domain = "POINT"
    store.inputs["Name"].default_value = "blurred"

    def value_input(node):
        return next(s for s in node.inputs if s.name == "Value" and s.type == "VALUE")

    tree.links.new(source.outputs["Geometry"], store.inputs["Geometry"])
    tree.links.new(named.outputs["Attribute"], value_input(on_edges))
    tree.links.new(on_edges.outputs["Value"], value_input(on_points))
    tree.links.new(on_points.outputs["Value"], value_input(blur))
    tree.links.new(blur.outputs["Value"], value_input(store))
    tree.links.new(store.outputs["Geometry"], target.inputs["Geometry"])
    thing = bpy.data.objects.new("patch", mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.modifiers.new("blur", "NODES").node_group = tree
    evaluated = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    found = np.zeros(len(rest), np.float32)
    evaluated.attributes["blurred"].data.foreach_get("value", found)
    bpy.data.objects.remove(thing)
    bpy.data.node_groups.remove(tree)
    lookup = {tuple(sorted(pair)): v for pair, v in zip(pairs.reshape(-1, 2).tolist(), value)}
    ordered = np.array([lookup[tuple(edge)] for edge in weights.edges.tolist()])
    expected = weights.blur @ (weights.blur @ (weights.mean @ ordered))
    np.testing.assert_allclose(found, expected, atol=1e-5)
