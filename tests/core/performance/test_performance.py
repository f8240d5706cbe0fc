"""Performances: resampling, smoothing without lag, gaps, and files that are safe to read."""

import json

import numpy as np
import pytest
from furrow.core.errors import OutputError, PerformanceError
from furrow.core.performance.file import load_performance, save_performance
from furrow.core.performance.performance import Performance, frame_ranges, resampled
from furrow.core.performance.smooth import (
    WEIGHT_BETA,
    cutoff_of,
    fill_gaps,
    one_euro,
    rotation_vectors,
    rotations_of,
    smooth_clip,
    weight_strengths,
)
from furrow.models.evaluation.made_up import ARKIT
from scipy.spatial.transform import Rotation


def some_performance(count=12, fps=25.0, seed=0):
    rng = np.random.default_rng(seed)
    return Performance(
        name="clip",
        fps=fps,
        names=tuple(ARKIT),
        weights=rng.uniform(0, 1, (count, 52)),
        rotation=Rotation.from_rotvec(rng.normal(0, 0.2, (count, 3))).as_matrix(),
        position=rng.normal([0, 0, 700], 20, (count, 3)),
        gaze=rng.normal(0, 0.2, (count, 2, 2)),
        seen=rng.uniform(size=count) > 0.3,
        notes=("a note",),
    )


def lag(source, result):
    """Frames by which result comes after source, from the peak of their cross-correlation."""
    a, b = np.gradient(source), np.gradient(result)
    return int(np.argmax(np.correlate(b, a, "full"))) - (len(a) - 1)


# -- smoothing


@pytest.mark.parametrize("strength", [0.2, 0.6, 1.0])
def test_smoothing_a_clip_delays_nothing(strength):
    time = np.arange(200) / 25.0
    step, sine = (time > 4.0).astype(float), np.sin(2 * np.pi * 0.5 * time)
    smooth = smooth_clip(np.column_stack([step, sine]), 25.0, np.full(2, strength))
    assert lag(step, smooth[:, 0]) == 0 and lag(sine, smooth[:, 1]) == 0
    # half of the step is reached where the step is, between frames 100 and 101
    assert smooth[100, 0] < 0.5 < smooth[101, 0] and smooth[100, 0] + smooth[101, 0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_half_of_the_amplitude_is_left_at_the_cutoff(fps):
    strength = 0.7
    frequency = cutoff_of(strength)
    wave = np.sin(2 * np.pi * frequency * np.arange(600) / fps)
    smooth = smooth_clip(wave[:, None], fps, np.array([strength]))[:, 0]
    inside = slice(100, 500)
    assert smooth[inside] @ wave[inside] / (wave[inside] @ wave[inside]) == pytest.approx(0.5, abs=0.01)


def test_noise_is_reduced_and_speech_kept():
    rng = np.random.default_rng(1)
    time = np.arange(500) / 25.0
    jaw = 0.3 + 0.3 * np.sin(2 * np.pi * 2.0 * time)
    noise = 0.03 * rng.normal(size=500)
    smooth = smooth_clip((jaw + noise)[:, None], 25.0, np.array([0.5]))[:, 0]
    pure = smooth_clip(jaw[:, None], 25.0, np.array([0.5]))[:, 0]
    assert np.std(smooth - pure) < 0.7 * noise.std()
    assert np.std(np.diff(smooth - pure)) < 0.4 * np.std(np.diff(noise))  # jitter from frame to frame
    assert np.ptp(smooth[50:-50]) > 0.9 * 0.6


def test_smoothing_equals_the_dense_least_squares():
    values = np.random.default_rng(2).normal(size=(9, 2))
    strength = 0.8
    penalty = (2 * np.sin(np.pi * cutoff_of(strength) / 24.0)) ** -4
    second = np.diff(np.eye(9), 2, axis=0)
    expected = np.linalg.solve(np.eye(9) + penalty * second.T @ second, values)
    np.testing.assert_allclose(smooth_clip(values, 24.0, np.full(2, strength)), expected, atol=1e-9)


def test_blinks_are_kept_while_the_mouth_is_smoothed():
    strengths = weight_strengths(("eyeBlinkLeft", "jawOpen", "eyeLookUpLeft"), 0.5)
    blink = np.zeros(60)
    blink[29:33] = [0.6, 1.0, 1.0, 0.6]  # 160 ms at 25 frames a second
    smooth = smooth_clip(np.column_stack([blink] * 3), 25.0, strengths)
    lid, mouth, gaze = smooth.max(axis=0)
    assert lid > 0.95 and lid > gaze > mouth and mouth < 0.9
    assert smooth_clip(blink[:, None], 25.0, np.zeros(1))[:, 0].tolist() == blink.tolist()


def test_one_euro_follows_fast_changes_and_calms_slow_ones():
    rng = np.random.default_rng(3)
    still = 0.5 + 0.02 * rng.normal(size=300)
    step = np.repeat([0.0, 1.0], 50)
    calm = one_euro(still[:, None], 25.0, np.array([0.8]), WEIGHT_BETA)[:, 0]
    followed = one_euro(step[:, None], 25.0, np.array([0.8]), WEIGHT_BETA)[:, 0]
    rigid = one_euro(step[:, None], 25.0, np.array([0.8]), 0.0)[:, 0]
    assert calm[50:].std() < 0.6 * still.std()
    assert (followed > 0.9).argmax() < (rigid > 0.9).argmax()
    # it is causal: what comes later changes nothing
    np.testing.assert_array_equal(one_euro(step[:60, None], 25.0, np.array([0.8]), WEIGHT_BETA)[:, 0], followed[:60])


def test_rotation_vectors_there_and_back():
    rotations = Rotation.from_euler("xyz", np.random.default_rng(4).normal(0, 0.5, (20, 3))).as_matrix()
    np.testing.assert_allclose(rotations_of(*rotation_vectors(rotations)), rotations, atol=1e-12)


def test_short_gaps_are_interpolated_and_long_ones_held():
    values = np.arange(12.0)[:, None] ** 2
    seen = np.ones(12, bool)
    seen[[0, 3, 4, 7, 8, 9, 11]] = False
    filled = fill_gaps(np.where(seen[:, None], values, np.nan), seen, longest=2)[:, 0]
    np.testing.assert_allclose(filled, [1, 1, 4, 11, 18, 25, 36, 36, 36, 36, 100, 100])


def test_frames_are_listed_as_ranges_and_cut_short():
    mask = np.zeros(20, bool)
    mask[[3, 7, 8, 9, 19]] = True
    assert frame_ranges(mask) == "3, 7-9, 19"
    assert frame_ranges(np.arange(40) % 2 == 0, most=2) == "0, 2, ..."


# -- another frame rate


def test_resampling_keeps_duration_and_goes_the_short_way():
    source = some_performance(25, 25.0)
    turn = np.linspace(0, 0.9, 25)
    source.rotation[:] = Rotation.from_rotvec(turn[:, None] * [0, 1, 0]).as_matrix()
    source.weights[:, 0] = np.linspace(0, 1, 25)
    made = resampled(source, 60.0)
    assert made.fps == 60.0 and made.count == int(24 / 25 * 60) + 1
    time = np.arange(made.count) / 60.0
    np.testing.assert_allclose(made.weights[:, 0], time / 0.96, atol=1e-9)
    np.testing.assert_allclose(Rotation.from_matrix(made.rotation).as_rotvec()[:, 1], 0.9 * time / 0.96, atol=1e-9)
    same = resampled(source, 25.0)
    np.testing.assert_array_equal(same.weights, source.weights)
    assert resampled(some_performance(1), 60.0).count == 1


# -- files


def test_file_round_trip(tmp_path):
    source = some_performance()
    save_performance(source, tmp_path / "a.json")
    made = load_performance(tmp_path / "a.json")
    assert (made.name, made.fps, made.names, made.notes) == (source.name, source.fps, source.names, source.notes)
    for field, tolerance in (("weights", 1e-4), ("rotation", 1e-5), ("position", 0.01), ("gaze", 1e-4), ("seen", 0)):
        np.testing.assert_allclose(getattr(made, field), getattr(source, field), atol=tolerance, err_msg=field)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_unwritable_place_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        save_performance(some_performance(), tmp_path / "no" / "a.json")


def spoil(stored, key, value):
    stored[key] = value


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda s: spoil(s, "kind", "song"), "not a performance"),
        (lambda s: spoil(s, "version", 2), "update Furrow"),
        (lambda s: spoil(s, "fps", 0), "frame rate"),
        (lambda s: spoil(s, "fps", float("nan")), "frame rate"),
        (lambda s: s["weights"][3].pop(), "damaged"),
        (lambda s: s["weights"].pop(), "head_rotation"),
        (lambda s: spoil(s["weights"][0], 0, 7.0), "outside 0 to 1"),
        (lambda s: spoil(s["weights"][0], 0, "x"), "weights"),
        (lambda s: spoil(s["gaze_degrees"][0], 0, float("inf")), "not finite"),
        (lambda s: spoil(s["head_rotation"], 0, [2, 0, 0, 0]), "no rotations"),
        (lambda s: spoil(s, "names", ["jawOpen"] * 52), "repeated"),
        (lambda s: spoil(s, "names", [1] * 52), "texts"),
        (lambda s: spoil(s, "seen", [1] * 12), "truth"),
        (lambda s: s.pop("gaze_degrees"), "damaged"),
        (lambda s: spoil(s, "weights", []), "0 frames"),
        (lambda s: spoil(s, "weights", 5), "damaged"),
    ],
)
def test_damaged_files_are_one_line(tmp_path, change, line):
    path = tmp_path / "a.json"
    save_performance(some_performance(), path)
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))
    with pytest.raises(PerformanceError, match=line) as caught:
        load_performance(path)
    assert "\n" not in str(caught.value) and "a.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "[" * 100_000, "\x00\xff"], ids=range(6))
def test_files_that_are_no_performance(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(PerformanceError, match="not a performance"):
        load_performance(path)
    with pytest.raises(PerformanceError, match="cannot be read"):
        load_performance(tmp_path / "absent.json")
