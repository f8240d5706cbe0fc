"""Which lines are believed and what becomes of them; lines marked by hand in real photos.

How many lines of a picture are found is tested on other heads than the atlas's, in ``test_drawn_heads``.
"""

from dataclasses import replace

import numpy as np
import pytest
from charts import flat_chart
from furrow.core.detail.candidates import SURE, FoundLines, believed, beside_folds, scored, scored_folds
from furrow.core.detail.curve_gains import gains
from furrow.core.detail.folds import Folds
from furrow.core.detail.group_fields import agreement, line_groups, lookup
from furrow.core.detail.read import person_detail
from furrow.core.detail.ridges import Polylines, Ridges
from furrow.core.head.chart import head_chart
from furrow.core.head.model import region_sum
from furrow.core.head.raster import sample_smooth
from furrow.core.pipeline import load_models
from furrow.core.texture.view_texture import view_texture
from furrow.core.wrinkles.coefficients import coefficients
from furrow.core.wrinkles.maps import static_prior
from furrow.core.wrinkles.own_lines import personal_atlas
from furrow.models.evaluation.line_matching import found_lines
from furrow.models.evaluation.marked_lines import PHOTOS, marked_tally
from furrow.models.evaluation.wrinkled_photo import SIZE, wrinkled_photo
from scipy import sparse


def unwrapped(model, scene):
    chart = head_chart(model.topology, scene.fit.neutral, SIZE)
    return view_texture(model, scene.fit, scene.fit.views[0], scene.photo, None, SIZE, chart.texel), chart


@pytest.fixture(scope="module")
def lined(model, atlas):
    """An old head: scene, view, chart, age, seed."""
    age, seed = 0.9, 4
    scene = wrinkled_photo(model, static_prior(atlas, SIZE, age, seed), seed)
    return scene, *unwrapped(model, scene), age, seed


def test_a_young_head_with_freckles_and_stubble_has_none(model, atlas):
    flat = np.zeros((SIZE, SIZE), np.float32)
    scene = wrinkled_photo(model, flat, 22, freckles=True, stubble=True)
    view, chart = unwrapped(model, scene)
    assert len(found_lines(model, atlas, scene.fit, view, chart)) <= 3


def test_what_an_old_photo_shows_is_kept_and_what_it_does_not_show_goes(model, atlas, lined):
    scene, view, chart, age, seed = lined
    other = seed + 1  # another layout than the photo's: the photo contradicts it
    detail = person_detail(model, atlas, scene.fit, [view], chart, other, age)
    assert 8 < len(detail.own) < 60
    assert detail.own.rest.max() <= 1.2 and 0.05 < np.median(detail.own.rest[detail.own.rest > 0.02]) < 0.6
    before, after = (coefficients(a, age, other)[0] for a in (atlas, personal_atlas(atlas, detail.own)))
    shown = sample_smooth(model.topology, region_sum(model.topology, ("forehead",)), 64)
    forehead = np.flatnonzero(atlas.curve_group == atlas.group_names.index("forehead"))
    deep = forehead[before[forehead] > 0.25]
    assert len(deep) and shown.any()
    assert np.mean(after[deep] / before[deep]) < 0.6
    hidden = np.flatnonzero(atlas.curve_group == atlas.group_names.index("neck_lower"))
    np.testing.assert_allclose(after[hidden], before[hidden], rtol=0.35)


def test_a_smile_does_not_burn_its_lines_into_the_neutral_face(model, atlas, lined):
    """The same lines are the neutral face's at rest, and motion's where the photo's expression pushes the skin."""
    still, view, chart, age, seed = lined
    smile = {f"{name}{side}": 1 for name in ("mouthSmile", "cheekSquint", "eyeSquint") for side in ("Left", "Right")}
    smiling = wrinkled_photo(model, static_prior(atlas, SIZE, age, seed), seed, shapes=smile, yaw=0.0)
    pushed = [atlas.group_names.index(name) for name in ("crows_feet", "nasolabial")]
    depth = []
    for scene, (seen, step) in ((still, (view, chart)), (smiling, unwrapped(model, smiling))):
        own = person_detail(model, atlas, scene.fit, [seen], step, seed, 0.1).own
        rows = np.repeat(np.isin(own.group, pushed), np.diff(own.start))
        assert rows.any()
        depth.append((own.rest[rows].mean(), own.moved[rows].mean()))
    (at_rest, could), (kept, moved) = depth
    assert kept < 0.7 * at_rest and kept / moved < 0.4 * at_rest / could
    assert moved > 2 * kept


def test_gains_follow_the_depth_seen_and_the_prior_elsewhere():
    """Four columns on 400 texels each: half as deep as thought, absent, too shallow to be seen, not seen at all."""
    columns = np.zeros((1600, 4))
    for k, depth in enumerate((0.3, 0.3, 0.01, 0.3)):
        columns[400 * k : 400 * k + 400, k] = depth
    seen = np.repeat([1.0, 1.0, 1.0, 0.0], 400).reshape(40, 40)
    truth = np.repeat([0.15, 0.0, 0.0, 0.0], 400).reshape(40, 40)
    gain = gains(sparse.csr_matrix(columns), truth, np.full((40, 40), 0.1), seen)
    assert gain[0] == pytest.approx(0.5, abs=0.06)
    assert gain[1] < 0.05
    assert 0.3 < gain[2] < 0.7
    assert gain[3] == pytest.approx(1.0, abs=1e-3)


def test_sure_lines_vouch_for_the_unsure(atlas, model, lined):
    scene, view, chart, *_ = lined
    found = found_lines(model, atlas, scene.fit, view, chart)
    weak = replace(found, score=np.full(len(found), 0.2))
    assert not believed(weak).any()
    strong = replace(found, score=np.where(np.arange(len(found)) < len(found) - 3, 5.0, 0.2))
    assert believed(strong).all()


def test_groups_agree_with_their_own_curves_and_not_across(atlas):
    groups = line_groups(atlas)
    for name in ("forehead", "crows_feet", "nasolabial"):
        column = groups.names.index(name)
        rows = np.flatnonzero(atlas.of_points(atlas.curve_group) == groups.groups[column])
        rows = rows[np.isin(rows + 1, rows)]
        tangent = atlas.uv[rows + 1] - atlas.uv[rows]
        along = agreement(groups, atlas.uv[rows], tangent)[:, column]
        across = agreement(groups, atlas.uv[rows], np.stack([-tangent[:, 1], tangent[:, 0]], -1))[:, column]
        assert np.median(along) > 0.6 and np.quantile(across, 0.9) < 0.1
    far = lookup(groups.density, np.array([[0.02, 0.02]]))
    assert far.max() < 0.05


def test_lines_marked_by_hand_are_found():
    if not PHOTOS.exists():
        pytest.skip("the trial photos are not on this machine")
    models = load_models("cpu")
    tallies = [marked_tally(models, name) for name in ("exp_3.jpg", "exp_4.jpg")]
    right, hit = (np.concatenate([getattr(t, name) for t in tallies]).mean() for name in ("right", "hit"))
    assert right > 0.75 and hit > 0.62, f"precision {right:.2f}, recall {hit:.2f}"


def test_one_group_full_of_lines_vouches_for_itself_only(atlas, model, lined):
    scene, view, chart, *_ = lined
    found = found_lines(model, atlas, scene.fit, view, chart)
    forehead = found.group == atlas.group_names.index("forehead")
    assert 4 < forehead.sum() < len(found) - 4
    # two sure lines of the forehead, long ones, and everything else unsure
    first = np.flatnonzero(forehead)[:2]
    score = np.where(np.isin(np.arange(len(found)), first), 5.0, -1.0)
    kept = believed(replace(found, score=score, length=np.where(score > 0, 150.0, found.length)))
    np.testing.assert_array_equal(kept, forehead)


def test_a_fold_may_be_a_step_and_a_wrinkle_may_not(model, atlas):
    groups, chart = line_groups(atlas), head_chart(model.topology, model.mean, SIZE)
    for name, sure in (("nasolabial", True), ("forehead", False)):
        column = groups.names.index(name)
        rows = np.flatnonzero(atlas.of_points(atlas.curve_group) == groups.groups[column])
        curve = atlas.curve_start[np.searchsorted(atlas.curve_start, rows[0], "right") - 1 :][:2]
        uv = atlas.uv[curve[0] : curve[1]].astype(np.float64)
        fits = agreement(groups, uv, np.gradient(uv, axis=0))
        assert fits.mean(0).argmax() == column
        full = np.ones(len(uv))
        step = Polylines(uv, np.array([0, len(uv)]), 8.0 * full, 0.4 * full, 0.02 * full, 1.0 * full)
        grid = np.zeros((64, 64), np.float32)
        ridges = Ridges(grid, np.zeros((64, 64, 2), np.float32), grid + 1, grid, grid, 1.0)
        assert (scored(groups, step, chart, ridges).score[0] > SURE) == sure


def test_a_line_along_a_fold_is_the_fold_once_more():
    chart = flat_chart(400, 0.5)
    along = np.linspace(0, 20, 30)
    crossing = np.stack([0.25 * along - 2.5, 0 * along + 10], -1)
    places = [np.stack([0 * along + x, along], -1) for x in (0.0, 2.0, 5.0)] + [crossing]
    count, points = len(places), len(places) * len(along)
    zero = np.zeros(points)
    lines = Polylines(0.5 + np.concatenate(places) / 200, np.arange(0, points + 1, len(along)), zero, zero, zero, zero)
    found = FoundLines(lines, np.zeros(count, int), zero, np.zeros(count), np.zeros(count), np.zeros(count, bool), zero)
    folds = np.arange(count) == 0
    np.testing.assert_array_equal(beside_folds(found, folds, chart), [False, True, False, False])
    assert not beside_folds(found, ~folds & False, chart).any()


def test_a_smile_vouches_for_the_fold_it_draws(atlas, model):
    groups, chart = line_groups(atlas), head_chart(model.topology, model.mean, SIZE)
    column, uv = next(fold for fold in groups.folds if groups.names[fold[0]] == "nasolabial")
    zero = np.zeros(len(uv))
    lines = Polylines(uv, np.array([0, len(uv)]), zero, zero, zero, zero)
    folds = Folds(lines, np.array([column]), np.array([1.6]), 0.01)
    still, smiling = (scored_folds(groups, folds, np.full((8, 8), p, np.float32), chart) for p in (0.2, 0.8))
    assert still.score[0] < SURE < smiling.score[0]
    assert still.group[0] == atlas.group_names.index("nasolabial") and still.everyone.all()
    assert 25 < still.length[0] < 70
