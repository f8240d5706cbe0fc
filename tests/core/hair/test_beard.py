"""Beards: where they grow, how each kind lies, that lips stay free in motion, and what a file keeps of one."""

import dataclasses
import json

import numpy as np
import pytest
from beards import BROWN, usual_beard
from furrow.core.character.file import load_character, save_character
from furrow.core.errors import CharacterFileError
from furrow.core.hair.attachment import carried
from furrow.core.hair.beard import Beard, beard_tone, grow_beard
from furrow.core.hair.beard_area import beard_part, usual_cover
from furrow.core.hair.beard_kinds import BEARDS, NONE, SHADOW
from furrow.core.hair.beard_strands import lower_face
from furrow.core.hair.hair import Hair
from furrow.core.hair.strands import BEARD, SPARE
from furrow.core.hair.surface import landmark_uv
from furrow.core.head.raster import texel_millimetres
from furrow.models.evaluation.made_up import tiny_character

MOVING = ("jawOpen", "mouthPucker", "mouthFunnel", "mouthSmileLeft", "mouthShrugUpper", "mouthRollUpper")


@pytest.fixture(scope="module")
def grown(model):
    return {name: grow_beard(model.topology, model.mean, usual_beard(model, name), 1) for name in BEARDS}


def test_a_beard_grows_round_the_mouth_and_not_on_lips_nose_or_high_cheeks(model):
    part = beard_part(landmark_uv(model), 512, texel_millimetres(model.topology, model.mean, 512))
    cover = usual_cover(part, landmark_uv(model))
    at = {i: float(part.sample(cover, part.place(landmark_uv(model)[i]))) for i in range(468)}
    assert min(at[i] for i in (199, 200, 175, 165, 391, 172, 397)) > 0.5  # chin, over the mouth's sides, jaw
    assert max(at[i] for i in (13, 14, 0, 17, 61, 291, 1, 2, 50, 280, 205, 425, 10, 4)) < 0.25  # lips, nose, cheeks
    assert np.abs(cover - cover[:, ::-1]).mean() < 0.02


@pytest.mark.parametrize("name", BEARDS)
def test_a_beard_is_sound_rooted_in_the_lower_face_and_out_of_the_skin(model, grown, name):
    strands = grown[name]
    strands.check()
    assert strands.group == BEARD and 6000 < len(strands) / SPARE < 20000
    roots, marks = strands.points[:, 0], model.landmarks(model.mean)
    assert roots[:, 1].max() < marks[127, 1] and roots[:, 1].min() > marks[152, 1] - 25.0
    assert (roots[np.abs(roots[:, 0]) < 10.0, 1] < marks[2, 1] + 1.0).all(), "hair on the nose"
    face = lower_face(model.topology, model.mean)
    height, _, lips = face.height(strands.points.reshape(-1, 3).astype(float))
    height, lips = height.reshape(strands.points.shape[:2]), lips.reshape(strands.points.shape[:2])
    assert np.abs(height[:, 0]).max() < 0.5 and np.quantile(height[:, 1:], 0.001) > -0.2
    # the tips of a full beard's locks may cross the lips' edge, no hair lies on them
    assert (lips & (height < 3.0)).any(1).mean() < 0.03


def test_kinds_are_as_long_as_they_say(model, grown):
    def length(strands):
        chin = np.abs(strands.points[:, 0, 0]) < 12.0
        chin &= strands.points[:, 0, 1] < model.landmarks(model.mean)[17, 1] - 12.0
        return np.median(np.linalg.norm(np.diff(strands.points[chin], axis=1), axis=2).sum(1))

    for name, kind in BEARDS.items():
        assert length(grown[name]) == pytest.approx(kind.style.lengths[2], rel=0.3)
    double = grow_beard(model.topology, model.mean, dataclasses.replace(usual_beard(model, "short"), length=2.0), 1)
    assert length(double) == pytest.approx(2.0 * length(grown["short"]), rel=0.1)


def test_a_moustache_runs_outwards_and_down_and_a_full_chin_hangs(model, grown):
    points = grown["short"].points
    way = points[:, -1] - points[:, 0]
    marks = model.landmarks(model.mean)
    over = (points[:, 0, 1] > marks[0, 1]) & (np.abs(points[:, 0, 0]) > 8.0) & (np.abs(points[:, 0, 0]) < 22.0)
    assert over.sum() > 100
    assert np.median((np.sign(points[:, 0, 0]) * way[:, 0])[over]) > 1.0 and np.median(way[over, 1]) < -1.0
    full = grown["full"].points
    chin = (np.abs(full[:, 0, 0]) < 15.0) & (full[:, 0, 1] < marks[17, 1] - 10.0)
    assert (full[chin, :, 1].min(1) < marks[152, 1] - 5.0).mean() > 0.5


@pytest.mark.parametrize("key", MOVING)
def test_no_hair_of_a_moustache_pierces_the_lips_in_motion(model, grown, key):
    moved = model.mean + model.expression_basis[model.expression_names.index(key)]
    before = lower_face(model.topology, model.mean)
    face = lower_face(model.topology, moved)
    mouth = model.landmarks(model.mean)[13, 1]
    for name in ("short", "full"):
        strands = grown[name]
        some = strands.points[:, 0, 1] > mouth
        some = dataclasses.replace(strands, roots=strands.roots[some], points=strands.points[some])
        rest, _, _ = before.height(some.points[:, 1:].reshape(-1, 3).astype(float))
        found = carried(model.topology, some, model.mean, moved)[:, 1:].reshape(-1, 3).astype(float)
        height, _, lips = face.height(found)
        under = (lips & (height < -0.3) & (rest > -0.1)).reshape(len(some.roots), -1).any(1)
        assert under.mean() < 0.01, (name, under.mean())


def test_nothing_grows_without_strands_and_the_seed_decides(model):
    for kind in (NONE, SHADOW):
        assert grow_beard(model.topology, model.mean, usual_beard(model, kind), 1) is None
    first, again, other = (
        grow_beard(model.topology, model.mean, usual_beard(model, "stubble"), seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.points, again.points)
    assert first.points.shape != other.points.shape or np.abs(first.points - other.points).max() > 0.5


def test_skin_takes_the_tone_of_roots_where_there_is_a_beard(model):
    lips = model.topology.region("lips")[: model.topology.part_slice("head").stop] > 0.9
    forehead = model.landmarks(model.mean)[10]
    for kind, most in ((NONE, 0.0), (SHADOW, 0.2), ("full", 1.0)):
        tone = beard_tone(model.topology, usual_beard(model, kind))
        assert tone.max() <= most and (kind == NONE or tone.max() > 0.05)
        near = np.linalg.norm(model.mean[: len(tone)] - forehead, axis=1) < 30.0
        assert tone[near].max() == 0.0 and np.median(tone[lips]) == 0.0
    assert beard_tone(model.topology, None).max() == 0.0


def test_a_file_keeps_a_beard(model, tmp_path):
    beard = dataclasses.replace(usual_beard(model, "short"), seen=NONE, length=1.3)
    character = dataclasses.replace(tiny_character(), hair=Hair(beard=beard))
    save_character(character, tmp_path / "a.furrow")
    found = load_character(tmp_path / "a.furrow").hair.beard
    assert found.header() == beard.header()
    np.testing.assert_array_equal(found.cover.pixels, beard.cover.pixels)
    save_character(dataclasses.replace(character, hair=Hair()), tmp_path / "b.furrow")
    assert load_character(tmp_path / "b.furrow").hair.beard is None


@pytest.mark.parametrize(
    "change",
    [{"kind": "goatee"}, {"seen": 3}, {"length": 9.0}, {"grey": 2.0}, {"colour": [0.0, 1.0]}, {"colour": [9, 9, 9]},
     {"tip": -1.0}, {"bounds": [0.2, 0.1, 0.1, 0.5]}, {"bounds": [0.1, 0.1, 0.9]}, {"length": float("nan")}],
)  # fmt: skip
def test_a_beard_like_no_beard_is_refused(model, change, tmp_path):
    beard = usual_beard(model, "short")
    header = json.loads(json.dumps(beard.header())) | change
    with pytest.raises((ValueError, TypeError)):
        Beard.of_header(header, beard.cover.pixels)
    if "kind" in change:
        odd = dataclasses.replace(beard, kind="goatee")
        save_character(dataclasses.replace(tiny_character(), hair=Hair(beard=odd)), tmp_path / "odd.furrow")
        with pytest.raises(CharacterFileError, match="damaged"):
            load_character(tmp_path / "odd.furrow")


def test_colours_are_those_asked_for(grown):
    light = np.median(grown["full"].colours, axis=0)
    wanted = np.exp(BROWN.pigmented)
    linear = ((light + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(linear, wanted, rtol=0.25)
