"""Any valid character comes back from its file as it was, and the file of what came back is the same."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from furrow.core.character.character import DetailMaps
from furrow.core.character.file import load_character, save_character
from furrow.core.character.schema import LARGEST_SEED, LONGEST_NAME, LONGEST_PHOTO, LONGEST_WARNING
from furrow.core.hair.hair import Hair
from furrow.core.hair.hair_colour import HairColour
from furrow.core.hair.scalp import FACTORS, Scalp
from furrow.core.hair.scalp_area import Hairline
from furrow.core.hair.strands import GROUPS, Strands
from furrow.core.hair.styles import STYLES
from furrow.core.head.camera import Camera, Pose, rotation_matrix
from furrow.core.head.fitted import Landmarks, View
from furrow.core.texts import one_line
from furrow.models.evaluation.made_up import tiny_character
from hypothesis import given, settings
from hypothesis import strategies as st

QUICK = settings(max_examples=20, derandomize=True, database=None, deadline=None)


def lines(most):
    """Text as a character has it: anything on one line."""
    return st.text(max_size=most).map(one_line)


def floats(low, high):
    return st.floats(low, high, allow_nan=False)


def colours():
    return st.none() | st.tuples(*[floats(0, 1)] * 3).map(np.array)


@st.composite
def views(draw):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    width, height = draw(st.integers(1, 20000)), draw(st.integers(1, 20000))
    marks = Landmarks(
        rng.uniform(0, width, (478, 2)).astype(np.float32), rng.normal(0, 5, 478).astype(np.float32),
        rng.random(478, np.float32), draw(floats(0, 1)), rng.uniform(0, width, 4),
    )  # fmt: skip
    return View(
        draw(lines(LONGEST_PHOTO)),
        Camera(*rng.uniform(1, 5e4, 4), width, height),
        Pose(rotation_matrix(rng.normal(0, 2, 3)), rng.normal(0, 900, 3)),
        rng.random(52),
        marks,
        draw(floats(0, 10)),
        draw(st.sampled_from([None, rng.normal(0, 1, (9, 3))])),
        draw(st.sampled_from([None, np.round(rng.normal(0, 1, 12), 4)])),
    )


@st.composite
def scalps(draw):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    line = np.round(rng.uniform(-200, 200, (draw(st.integers(2, 20)), 2)), 2)
    colour = HairColour(rng.uniform(-5, 0, 3), draw(floats(0, 1)))
    length, volume = draw(floats(*FACTORS)), draw(floats(*FACTORS))
    style = draw(st.sampled_from(["none", *STYLES]))
    return Scalp(style, colour, Hairline(draw(floats(-99, 99)), line), length, volume, draw(floats(0, 10)),
                 draw(st.booleans()))  # fmt: skip


@st.composite
def strands(draw, group):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    count, points = draw(st.integers(1, 9)), draw(st.integers(2, 9))
    steps = rng.uniform(-1, 1, (count, points - 1, 3)).astype(np.float16)
    first = rng.uniform(-90, 90, (count, 1, 3)).astype(np.float32)
    path = np.concatenate([first, first + np.cumsum(steps, axis=1)], axis=1).astype(np.float32)
    radii = rng.integers(100, 2000, count) * np.float32(1e-4)
    looks = rng.integers(0, 256, (count, 3)) / np.float32(255)
    return Strands(group, rng.random((count, 2), np.float32), path, radii, looks, draw(floats(0, 10)))


@st.composite
def characters(draw):
    """What anybody may have made: every optional part there or not, maps and tables of any size."""
    size = draw(st.sampled_from([8, 16, 33]))
    made = tiny_character(draw(lines(LONGEST_NAME)), size, draw(st.integers(0, 99)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    high = draw(st.sampled_from([0.0, 1e-3, 0.3, 40.0]))
    relief = rng.uniform(-high, high, (4, size, size)).astype(np.float32)
    small = draw(st.integers(1, 9))
    optional = {
        "static_residual": relief[0] / 2,
        "moving_residual": rng.uniform(-1, 1, (small, small, 3)).astype(np.float32),
        "shape_residual": rng.normal(0, 1, made.neutral.shape).astype(np.float32),
        "pore_gains": rng.uniform(0.3, 1.5, 4),
        "hair_mask": made.hair_mask,
        "hairline": made.hairline,
        "iris_diameter": draw(floats(1, 30)),
    }
    grown = tuple(draw(strands(group)) for group in GROUPS if draw(st.booleans()))
    return dataclasses.replace(
        made,
        age=draw(floats(0, 1)),
        residual_age=draw(floats(0, 1)),
        wrinkle_seed=draw(st.integers(0, LARGEST_SEED)),
        warnings=tuple(draw(st.lists(lines(LONGEST_WARNING), max_size=5))),
        identity=rng.normal(0, 3, draw(st.integers(0, 200))).astype(np.float32),
        eye_colour=rng.random(3),
        tooth_colour=draw(colours()),
        views=tuple(draw(st.lists(views(), max_size=3))),
        detail=DetailMaps(*relief),
        hair=Hair(grown, scalp=draw(st.none() | scalps())),
        **{name: value if draw(st.booleans()) else None for name, value in optional.items()},
    )


def half_step(mm):
    """Of the 16 bits of a map of displacement whose range is a multiple of 0.1 mm, at least 0.2."""
    return 0.51 * max(0.2, 2.0 * float(np.abs(mm).max(initial=0)) + 0.1) / 65535


def assert_alike(one, other, where="character"):
    """Equal in all parts; maps of displacement to the step of their coding, strands to that of half floats."""
    if isinstance(one, DetailMaps):
        np.testing.assert_allclose(other.stack(), one.stack(), rtol=0, atol=half_step(one.stack()), err_msg=where)
    elif dataclasses.is_dataclass(one):
        assert type(one) is type(other), where
        for field in dataclasses.fields(one):
            assert_alike(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for k, pair in enumerate(zip(one, other)):
            assert_alike(*pair, f"{where}[{k}]")
    elif isinstance(one, np.ndarray):
        within = half_step(one) if where.endswith(("static_residual", "moving_residual")) else 0.0
        within = 1e-3 if where.endswith("points") and ".strands" in where else within
        np.testing.assert_allclose(other, one, rtol=1e-6 if ".strands" in where else 0, atol=within, err_msg=where)
    else:
        assert one == other, where


@QUICK
@given(characters())
def test_a_character_comes_back_as_it_was(character):
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.furrow", Path(folder) / "second.furrow"
        save_character(character, first)
        loaded = load_character(first)
        assert_alike(character, loaded)
        save_character(loaded, second)
        assert_alike(loaded, load_character(second))
