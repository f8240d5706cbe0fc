"""The whole texture stage on a rendered dome: albedo without the light, two views, warnings."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from dome import dome_fit, dome_model, dome_view, render
from furrow.core.head.raster import texel_millimetres, uv_raster
from furrow.core.image.colour import linear_to_srgb, srgb_to_linear
from furrow.core.nets.hands import hidden_share
from furrow.core.texture.build import build_texture, map_size, shared_hair
from furrow.core.texture.even_out import even_out
from furrow.core.texture.roughness import REGION_ROUGHNESS, SKIN, roughness_map
from furrow.core.texture.view_texture import folds_of, view_texture
from furrow.core.view import chart_window
from furrow.core.view.chart_window import seen_window
from furrow.core.view.lighting import sh_basis
from furrow.core.view.skin_mask import log_chroma
from furrow.core.view.unwrap import unwrap
from scipy.ndimage import gaussian_filter

SIZE = 256
MODEL = dome_model()
TONE = np.array([0.42, 0.27, 0.20])


def lamp(direction, strength):
    """Shading under an ambient light and one from a direction (camera coordinates), linear."""
    coefficients = np.zeros(9)
    coefficients[0] = 0.75 / 0.282095
    coefficients[1:4] = strength * np.asarray(direction)
    return lambda normals: sh_basis(normals) @ coefficients


def albedo_at(positions):
    """Skin with fine freckles fixed to the head, linear."""
    x, y, z = np.asarray(positions, float).T
    freckles = 0.05 * np.sin(x * 1.1) * np.sin(y * 1.3 + z)
    return TONE * np.exp(freckles)[:, None]


def photo(view, shading):
    return render(MODEL, view, lambda p, n: linear_to_srgb(albedo_at(p) * shading(n)[:, None]))


def textures(view, shading):
    return build_texture(MODEL, dome_fit(MODEL, view), [photo(view, shading)], None, SIZE)


def middle(texture):
    covered = (texture.skin_mask > 250) & uv_raster(MODEL.topology, SIZE).covered
    return srgb_to_linear(texture.albedo), covered


def test_the_albedo_does_not_carry_the_lamp():
    view = dome_view()
    left = textures(view, lamp((1.0, 0, -0.5), 1.5))
    right = textures(view, lamp((-1.0, 0, -0.5), 1.5))
    a, seen = middle(left)
    b, _ = middle(right)
    assert seen.mean() > 0.15
    # lit from opposite sides the photos differ by half and more in log brightness, the albedos hardly
    shades = [photo(view, lamp((s, 0, -0.5), 1.5))[230, [205, 275]].mean(-1) / 255 for s in (1.0, -1.0)]
    contrast = abs(np.log(srgb_to_linear(shades[0])) - np.log(srgb_to_linear(shades[1]))).mean()
    assert contrast > 0.35
    assert np.abs(np.log(a[seen] / b[seen])).mean() < 0.08 * contrast + 0.02
    # slow changes are gone, up to exposure and white balance
    log = np.log(a[seen])
    assert (log - log.mean(0)).std() < 0.06
    assert np.abs(log_chroma(np.exp(log.mean(0))) - log_chroma(TONE)).max() < 0.08


def test_relit_by_the_known_light_it_looks_like_the_photo():
    view, shading = dome_view(), lamp((0.4, -0.8, -0.4), 0.8)
    albedo, seen = middle(textures(view, shading))
    raster = uv_raster(MODEL.topology, SIZE)
    positions = raster.sample(MODEL.mean)[seen]
    ratio = np.log(albedo[seen] / albedo_at(positions))
    assert (ratio - ratio.mean(0)).std() < 0.05


def test_the_head_is_whole_and_of_one_tone():
    texture = textures(dome_view(30), lamp((0, -1.0, -0.5), 0.5))
    covered = uv_raster(MODEL.topology, SIZE).covered
    log = np.log(srgb_to_linear(texture.albedo))
    unseen = covered & (texture.skin_mask == 0)
    assert unseen.mean() > 0.05
    assert np.abs(np.median(log[unseen], 0) - np.median(log[texture.skin_mask > 250], 0)).max() < 0.12
    assert (texture.albedo[~covered] > 30).all()  # filled beyond the chart for filtering
    # no background blue anywhere: blue never over red
    assert (texture.albedo[..., 2].astype(int) < texture.albedo[..., 0]).all()


def test_two_views_see_more_than_one():
    shading = lamp((0, -1.0, -0.5), 0.5)
    views = dome_view(-35, name="a.png"), dome_view(35, name="b.png")
    photos = [photo(view, shading) for view in views]
    both = build_texture(MODEL, dome_fit(MODEL, *views), photos, None, SIZE)
    one = build_texture(MODEL, dome_fit(MODEL, views[0]), photos[:1], None, SIZE)
    assert (both.skin_mask > 128).mean() > 1.15 * (one.skin_mask > 128).mean()
    turned = build_texture(MODEL, dome_fit(MODEL, *views[::-1]), photos[::-1], None, SIZE)
    assert np.abs(both.albedo.astype(int) - turned.albedo).max() <= 1
    raster = uv_raster(MODEL.topology, SIZE)
    seen = both.skin_mask > 250
    ratio = np.log(srgb_to_linear(both.albedo)[seen] / albedo_at(raster.sample(MODEL.mean)[seen]))
    assert (ratio - ratio.mean(0)).std() < 0.06


def test_slow_things_at_half_the_size_give_the_same_skin(monkeypatch):
    view, size = dome_view(20), 512
    image = render(MODEL, view, lambda p, n: linear_to_srgb(albedo_at(p) * lamp((0.5, -1.0, -0.5), 0.5)(n)[:, None]))
    checks = (np.indices(image.shape[:2]) // 8).sum(0) % 2
    image = image.astype(int) + 12 * checks[..., None]
    found = []
    for grid in (1024, size // 2):
        monkeypatch.setattr(chart_window, "GRID", grid)
        found.append(build_texture(MODEL, dome_fit(MODEL, view), [np.uint8(image.clip(0, 255))], None, size))
    whole, quick = found
    assert quick.views[0].trust.shape == (size // 2, size // 2) and quick.albedo.shape == whole.albedo.shape
    seen = (whole.skin_mask > 250) & (quick.skin_mask > 250)
    assert seen.mean() > 0.95 * (whole.skin_mask > 250).mean() > 0.3
    away = quick.albedo[seen].astype(int) - whole.albedo[seen]
    assert np.abs(away).mean() < 0.6
    assert np.abs(quick.roughness[seen].astype(int) - whole.roughness[seen]).mean() < 0.6
    assert whole.albedo[seen].std(0).min() > 2 and whole.roughness[seen].std() > 1


def test_shapes_types_and_progress():
    told = []
    view = dome_view()
    texture = build_texture(MODEL, dome_fit(MODEL, view), [photo(view, lamp((0, -1.0, 0), 0.5))], None, SIZE,
                            lambda fraction, message: told.append((fraction, message)))
    assert texture.albedo.shape == (SIZE, SIZE, 3) and texture.albedo.dtype == np.uint8
    assert texture.roughness.dtype == texture.skin_mask.dtype == np.uint8
    assert len(texture.views) == 1 and texture.views[0].bare.shape == (SIZE, SIZE)
    assert texture.eye_colour.shape == (3,)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and all(message for _, message in told)


def test_a_photo_without_skin_still_gives_a_head_and_says_so():
    view = dome_view()
    empty = np.full((480, 480, 3), (20, 60, 220), np.uint8)
    texture = build_texture(MODEL, dome_fit(MODEL, view), [empty], None, SIZE)
    assert np.isfinite(texture.views[0].shaded).all()
    assert texture.warnings


def test_what_a_hand_covers_is_completed_and_said():
    """Stripes of skin colour, as of fingers: without a hand they are kept, under one there is skin again."""
    view, dim = dome_view(), lamp((0.0, 0, -1.0), 0.5)
    painted, hidden = photo(view, dim), np.zeros((480, 480), np.float32)
    hidden[250:330, 245:330] = 1
    stripes = 1 - 0.35 * np.sin(np.arange(65) * 0.6)
    painted[260:320, 255:320] = np.clip(painted[260:320, 255:320] * stripes[:, None], 0, 255).astype(np.uint8)
    arguments = MODEL, dome_fit(MODEL, view), [painted], None, SIZE
    plain = build_texture(*arguments)
    covered = build_texture(*arguments, hands=[hidden])
    clean = textures(view, dim)
    there = (clean.skin_mask > 250) & (covered.skin_mask == 0)
    assert there.sum() > 500
    wrong, right = (np.std((t.albedo.astype(float) - clean.albedo)[there]) for t in (plain, covered))
    assert right < 4 and right < 0.6 * wrong
    (line,) = [line for line in covered.warnings if "hand" in line]
    share = hidden_share(hidden, view.landmarks.points)
    assert line == f"dome.png: a hand covers {100 * share:.0f} % of the face; what it hides is completed."
    assert 0.1 < share < 0.9 and not any("hand" in line for line in plain.warnings)


def test_a_hand_that_hides_next_to_nothing_is_not_worth_a_word():
    hidden = np.zeros((480, 480), np.float32)
    hidden[230:236, 240:250] = 1
    view = dome_view()
    pictures = [photo(view, lamp((0, 0, -1.0), 0.5))]
    told = build_texture(MODEL, dome_fit(MODEL, view), pictures, None, SIZE, hands=[hidden]).warnings
    assert not any("hand" in line for line in told)


def test_a_grey_photo_gets_a_skin_colour_and_a_warning():
    view = dome_view()
    colour = photo(view, lamp((0, -1.0, 0), 0.5))
    grey = np.repeat(colour.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    texture = build_texture(MODEL, dome_fit(MODEL, view), [grey], None, SIZE)
    red, _, blue = np.median(texture.albedo[texture.skin_mask > 250], 0)
    assert red > 1.2 * blue
    assert any("grey" in line for line in texture.warnings)


def test_map_size_follows_the_photo():
    texel = texel_millimetres(MODEL.topology, MODEL.mean, 1024)
    sizes = {}
    for factor in (2.0, 1.0, 0.8, 0.7, 0.4, 0.3):  # of a photo's pixel in a texel of 1024
        view = dome_view(size=round(600 / 1.3 / (factor * texel)))
        sizes[factor] = map_size(MODEL, dome_fit(MODEL, view))
    assert sizes == {2.0: 1024, 1.0: 1024, 0.8: 1024, 0.7: 2048, 0.4: 2048, 0.3: 4096}
    near, far = dome_view(size=4000), dome_view(size=300)
    assert map_size(MODEL, dome_fit(MODEL, far, near)) == map_size(MODEL, dome_fit(MODEL, near)) > 1024


def test_roughness_follows_the_regions():
    albedo = np.full((SIZE, SIZE, 3), -1.0, np.float32)
    window = seen_window(np.zeros((SIZE, SIZE), np.float32), SIZE)
    found, within = (a / 255.0 for a in roughness_map(MODEL.topology, albedo, albedo, 0.5, window))
    np.testing.assert_array_equal(found, within)
    raster = uv_raster(MODEL.topology, SIZE)
    lips = raster.sample(MODEL.topology.region("lips")) > 0.99
    assert found[lips] == pytest.approx(REGION_ROUGHNESS["lips"], abs=0.01)
    bare = raster.covered & (raster.sample(MODEL.topology.region_masks[1:].max(0)) == 0)
    assert found[bare] == pytest.approx(SKIN, abs=0.01)


def test_roughness_of_a_window_is_that_of_a_map_at_its_size():
    rng = np.random.default_rng(0)
    albedo = gaussian_filter(rng.normal(0, 0.4, (SIZE, SIZE, 3)), (1, 1, 0)).astype(np.float32)
    halved = albedo.reshape(SIZE // 2, 2, SIZE // 2, 2, 3).mean((1, 3))
    expected, _ = roughness_map(
        MODEL.topology, albedo, albedo, 0.5, seen_window(np.zeros((SIZE, SIZE), np.float32), SIZE)
    )
    trust = np.zeros((SIZE // 2, SIZE // 2), np.float32)
    trust[30:90, 40:60] = 1
    window = seen_window(trust, SIZE)
    _, found = roughness_map(MODEL.topology, halved, albedo[window.full], 1.0, window)
    assert np.abs(found.astype(int) - expected[window.full]).mean() < 1
    assert (expected - gaussian_filter(expected.astype(float), 8))[window.full].std() > 3


def test_the_estimated_light_explains_the_shading_before_anything_is_evened_out():
    view = dome_view()
    lamp_at_the_side = lamp((1.0, 0, -0.5), 1.5)
    fit = dome_fit(MODEL, view)
    texel = texel_millimetres(MODEL.topology, MODEL.mean, SIZE)
    seen = view_texture(MODEL, fit, view, photo(view, lamp_at_the_side), None, SIZE, texel)
    sure = seen.plain > 0.99
    positions = uv_raster(MODEL.topology, SIZE).sample(MODEL.mean)[sure]
    left_over = (seen.shaded[sure] - np.log(albedo_at(positions))).mean(-1)
    normals = uv_raster(MODEL.topology, SIZE).sample(seen.posed.normals)[sure]
    shading = np.log(lamp_at_the_side(normals / np.linalg.norm(normals, axis=1, keepdims=True)))
    assert shading.std() > 0.2
    assert left_over.std() < 0.25 * shading.std()


def test_shapes_of_a_smile_draw_its_folds():
    names = list(MODEL.expression_names)
    names[7] = "mouthSmileLeft"
    regions = (*MODEL.topology.region_names[:-1], "nasolabial")
    topology = replace(MODEL.topology, region_names=regions)
    model = replace(MODEL, topology=topology, expression_names=tuple(names))
    weights = np.zeros(52)
    assert not folds_of(model, weights).any()
    weights[7] = 0.4
    np.testing.assert_allclose(folds_of(model, weights), 0.6 * topology.region("nasolabial"), atol=1e-6)


def test_lips_do_not_stain_the_skin_around_them():
    size = 256
    y, x = np.mgrid[:size, :size]
    lips = ((np.abs(x - 128) < 30) & (np.abs(y - 170) < 12)).astype(np.float32)
    features = np.zeros((size, size, 4), np.float32)
    features[..., 0], features[..., 2] = 1, lips
    grain = np.random.default_rng(0).normal(0, 0.03, (size, size, 1))
    skin = np.log(TONE) + grain
    albedo = (skin + lips[..., None] * np.array([-0.2, -0.7, -0.5])).astype(np.float32)
    ones = np.ones((size, size), np.float32)
    change, painted = even_out(
        MODEL.topology, albedo, ones, 1 - lips, features, np.zeros((size, size, 3), np.float32),
        *(np.full(MODEL.topology.vertex_count, value, np.float32) for value in (0, 1, 0)), 0.5, 0.5,
        seen_window(ones, size),
    )
    found = albedo - change
    assert painted[20:-20, 20:-20].max() < 0.05
    near = (lips == 0) & (np.abs(x - 128) < 30) & (np.abs(y - 170) < 25)
    assert np.abs(found - skin)[near].mean() < 0.012
    assert np.abs((found - skin)[lips > 0].mean(0) - [-0.2, -0.7, -0.5]).max() < 0.08


def test_taking_the_light_out_at_least_halves_the_error_of_the_albedo():
    view = dome_view()
    warm = np.array([1.12, 1.0, 0.86])

    def lit(normals):
        side = lamp((0.9, -0.5, -0.5), 1.2)(normals)[:, None]
        return side * np.where(side > side.mean(), warm, 1.0)

    image = render(MODEL, view, lambda p, n: linear_to_srgb(albedo_at(p) * lit(n)))
    texture = build_texture(MODEL, dome_fit(MODEL, view), [image], None, SIZE)
    seen = texture.views[0].plain > 0.99
    truth = np.log(albedo_at(uv_raster(MODEL.topology, SIZE).sample(MODEL.mean)[seen]))
    posed = texture.views[0].posed
    raw = np.log(srgb_to_linear(unwrap(MODEL.topology, posed, SIZE).colour[seen]))
    found = np.log(srgb_to_linear(texture.albedo)[seen])
    # exposure and white balance apart
    spread = [float(np.sqrt(((log - truth - (log - truth).mean(0)) ** 2).mean())) for log in (raw, found)]
    assert spread[0] > 0.1
    assert spread[1] < 0.35 * spread[0]


def test_a_line_goes_as_far_where_the_photo_is_half_trusted_as_in_the_middle():
    """What is used alone must be cleaned wholly: at 56 degrees a photo is used as much as in front."""
    raster = uv_raster(MODEL.topology, SIZE)
    x, y, _ = np.moveaxis(raster.sample(MODEL.mean), -1, 0)
    left = []
    for place in (20, 55):

        def lined(positions, normals, place=place):
            line = np.exp(-0.4 * np.exp(-0.5 * ((np.abs(positions[:, 0]) - place) / 1.2) ** 2))
            return linear_to_srgb(TONE * (lamp((0, 0, -1.0), 0.3)(normals) * line)[:, None])

        texture = build_texture(MODEL, dome_fit(MODEL, dome_view()), [render(MODEL, dome_view(), lined)], None, SIZE)
        log = np.log(srgb_to_linear(texture.albedo)).mean(-1)
        away, near = np.abs(np.abs(x) - place), np.abs(y) < 35
        assert texture.skin_mask[near & (away < 0.8)].mean() > 245
        left.append(log[near & (away > 5) & (away < 7)].mean() - log[near & (away < 0.8)].mean())
    assert left[0] < 0.1 and left[1] < 1.36 * left[0]


def test_ink_stays_in_the_albedo_and_a_dark_crease_does_not():
    """A drawn line is kept; where an expression folds the skin, or without colour, one as dark is a crease and goes."""
    size = 256
    y, x = np.mgrid[:size, :size]
    line = -1.1 * np.exp(-0.5 * ((y - 128) / 1.6) ** 2) * (np.abs(x - 128) < 60)
    names = (*MODEL.topology.region_names[:-1], "jaw")  # which is open skin
    masks = np.ones_like(MODEL.topology.region_masks)
    topology = replace(MODEL.topology, region_names=names, region_masks=masks)
    ones, features = np.ones((size, size), np.float32), np.zeros((size, size, 4), np.float32)
    features[..., 0] = 1
    shading = np.zeros((size, size, 3), np.float32)
    left = []
    for folded, grey in ((0, False), (1, False), (0, True)):
        tone = np.full(3, np.log(0.3)) if grey else np.log(TONE)
        depth = 2.0 if grey else 1.0  # or it is not taken for ink
        albedo = (tone + depth * line[..., None]).astype(np.float32)
        fields = (np.full(topology.vertex_count, value, np.float32) for value in (folded, 1, 0))
        change, _ = even_out(
            topology, albedo, ones, ones, features, shading, *fields, 0.5, 0.5, seen_window(ones, size), grey
        )
        found = (albedo - change).mean(-1)
        left.append(float(found[110:118, 100:156].mean() - found[128, 100:156].mean()))
    assert left[0] > 0.75 * 1.1 and max(left[1:]) < 0.3 * 1.1


def test_hair_that_another_photo_shows_as_plain_skin_was_a_shadow():
    first = SimpleNamespace(hair=np.array([[0.9, 0.8, 0.0]]), plain=np.array([[0.0, 0.0, 1.0]]))
    second = SimpleNamespace(hair=np.array([[0.0, 0.6, 0.0]]), plain=np.array([[1.0, 0.0, 1.0]]))
    np.testing.assert_allclose(shared_hair([first, second]), [[0.0, 0.8, 0.0]])
    np.testing.assert_allclose(shared_hair([first]), first.hair)
