"""Whether photos show one person: the likelihood ratio, the stored test on unseen people, and damaged files."""

from dataclasses import replace

import numpy as np
import pytest
from furrow.core.errors import AssetsError, PhotoError
from furrow.core.fit import coarse
from furrow.core.fit.agreement import agreement_warnings, odd_photos, read_company
from furrow.core.fit.problem import Observation
from furrow.core.head.fitted import Landmarks
from furrow.core.nets import same_person
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.core.pipeline import believed
from furrow.models.training import same_person_samples
from furrow.models.training.same_person_samples import PICTURES, make_people
from scipy.stats import multivariate_normal

FRESH = 9_997  # seed beyond those of the training
PEOPLE = 14


@pytest.fixture(scope="module")
def test():
    return same_person.load()


@pytest.fixture(scope="module")
def fresh(model, atlas, assets):
    """Pictures of rendered people who were in no training chunk, with shapes as the model has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(same_person_samples, "personal_deltas", lambda model, head: model.expression_basis)
        return make_people(model, atlas, FaceNets(assets, choose("cpu")), PEOPLE, FRESH)


def readings(test, fresh):
    """(PEOPLE, PICTURES, r)"""
    return test.read_many(fresh.points[:, 0].astype(float), fresh.textures[:, 0]).reshape(PEOPLE, PICTURES, -1)


def observed(fresh, who, picture, name, texture=True):
    row = who * PICTURES + picture
    marks, box = fresh.points[row, 0].astype(float), np.array([0.0, 0.0, 256.0, 256.0])
    skin = fresh.textures[row, 0] if texture else None
    return Observation(Landmarks(marks[:, :2], marks[:, 2], np.full(478, 0.4), 1.0, box, skin), 256, 256, None, name)


def simple(test, between, common=0.0):
    """The test with a few axes of given variances, not calibrated."""
    between = np.float32(between)
    return replace(test, between=between, common=np.full_like(between, common), calibration=np.float32([1, 0]))


def density(read, between, common, owner):
    """Logarithm of the density of readings (n, r) of given owners, axis by axis, from the whole covariance matrix."""
    same = np.equal.outer(owner, owner)
    return sum(
        multivariate_normal(np.zeros(len(owner)), common[k] + between[k] * same + np.eye(len(owner))).logpdf(read[:, k])
        for k in range(read.shape[1])
    )


@pytest.mark.parametrize("count", [2, 3, 5])
def test_ratio_is_that_of_the_model(test, count):
    rng = np.random.default_rng(count)
    between, common, read = rng.uniform(0.1, 4, 6), rng.uniform(0, 3, 6), rng.normal(0, 1.5, (count, 6))
    little = replace(simple(test, between), common=np.float32(common))
    between, common = little.between.astype(float), little.common.astype(float)
    for i, found in enumerate(little.against_rest(read)):
        alone = np.arange(count) == i
        expected = density(read, between, common, np.zeros(count)) - density(read, between, common, alone)
        assert found == pytest.approx(expected, abs=1e-6)
    pair = density(read[:2], between, common, np.zeros(2)) - density(read[:2], between, common, np.arange(2))
    assert little.log_ratios(read)[0, 1] == pytest.approx(pair, abs=1e-6)


def test_what_all_pictures_have_in_common_does_not_make_them_one_person(test):
    rng = np.random.default_rng(0)
    between, shift = np.full(20, 2.0), rng.normal(0, 2.0, 20)
    read = rng.normal(0, np.sqrt(3.0), (40, 20)) + shift  # forty people
    naive, knowing = (simple(test, between, common).log_ratios(read) for common in (0.0, 4.0))
    off = ~np.eye(40, dtype=bool)
    assert (naive[off] > 0).mean() > 2 * (knowing[off] > 0).mean()


def test_unseen_people_are_told_apart(test, fresh):
    read = readings(test, fresh)
    ratios = test.log_ratios(read.reshape(-1, read.shape[2]))
    who = np.repeat(np.arange(PEOPLE), PICTURES)
    off, same = ~np.eye(len(who), dtype=bool), np.equal.outer(who, who)
    own, others = ratios[same & off], ratios[~same]
    assert (own[:, None] > others[None]).mean() > 0.85
    assert (own < -3.0).mean() < 0.04 and (others < -3.0).mean() > 0.25


def test_somebody_else_among_several_photos_is_named_and_hardly_ever_anybody_else(test, fresh):
    read = readings(test, fresh)
    named, wrong = [], []
    for who in range(PEOPLE):
        assert len(odd_photos(test, read[who, :3])) <= 1
        for other in range(PEOPLE):
            if other != who:
                odd = odd_photos(test, np.concatenate([read[who, :3], read[other, :1]]))
                named.append(3 in odd)
                wrong.append(any(photo != 3 for photo in odd))
    alarms = [bool(odd_photos(test, read[who])) for who in range(PEOPLE)]
    assert np.mean(named) > 0.35 and np.mean(wrong) < 0.08 and sum(alarms) <= 1


def test_company_and_its_lines_do_not_depend_on_where_the_stranger_stands(test, fresh):
    who, other = most_different(test, fresh)
    own = [observed(fresh, who, picture, f"{picture}.jpg") for picture in range(3)]
    stranger = observed(fresh, other, 0, "stranger.jpg")
    last, first = read_company((*own, stranger)), read_company((stranger, *own))
    assert last.odd == (3,) and first.odd == (0,)
    assert last.chances[3] < 0.1 < 0.9 < last.chances[:3].min()
    assert last.chances[3] == pytest.approx(first.chances[0])
    lines = agreement_warnings(["0.jpg", "1.jpg", "2.jpg", "stranger.jpg"], (1.0, 1.0, 1.0, 0.02), last)
    assert len(lines) == 1
    assert lines[0].startswith("stranger.jpg: seems to show somebody else than 0.jpg, 1.jpg and 2.jpg and counts")
    assert "leave it out" in lines[0] and "\n" not in lines[0]


def test_stranger_counts_little_in_the_fit_and_still_has_a_pose(model, test, fresh):
    who, other = most_different(test, fresh)
    own = [observed(fresh, who, picture, f"{picture}.jpg") for picture in range(3)]
    fit = coarse.fit(model, [*own, observed(fresh, other, 0, "stranger.jpg")])
    assert fit.photo_shares[3] < 0.1 and max(fit.photo_shares[:3]) > 0.5
    assert sum(line.startswith("stranger.jpg: seems to show somebody else") for line in fit.warnings) == 1
    assert fit.views[3].landmark_error < 0.15


def test_of_two_photos_neither_is_the_odd_one(test, fresh):
    who, other = most_different(test, fresh)
    company = read_company((observed(fresh, who, 0, "a.jpg"), observed(fresh, other, 0, "b.jpg")))
    assert company.odd == () and company.two == (0, 1) and (company.chances == 1.0).all()
    lines = agreement_warnings(["a.jpg", "b.jpg"], (1.0, 1.0), company)
    assert len(lines) == 1 and lines[0].startswith("a.jpg: this photo and b.jpg ") and "two people" in lines[0]


def test_photos_of_one_person_and_photos_that_nobody_looked_at_raise_no_doubt(test, fresh):
    read = readings(test, fresh)
    who = int(np.argmax([test.against_rest(group).min() for group in read]))
    own = tuple(observed(fresh, who, picture, f"{picture}.jpg") for picture in range(4))
    company = read_company(own)
    assert company.odd == () and company.two is None and company.chances.min() > 0.95
    assert agreement_warnings(["a", "b", "c", "d"], (1.0,) * 4, company) == []
    unread = read_company((own[0], observed(fresh, (who + 1) % PEOPLE, 0, "unread.jpg", texture=False)))
    assert unread.two is None and (unread.chances == 1.0).all()
    assert read_company(own[:1]).chances.tolist() == [1.0]


def most_different(test, fresh):
    """Somebody, and who is most clearly somebody else."""
    read = readings(test, fresh)
    apart = np.full((PEOPLE, PEOPLE), np.inf)
    for who in range(PEOPLE):
        for other in range(PEOPLE):
            if other != who and min(test.against_rest(read[who, :3])) > 0:
                pair = test.against_rest(np.stack([read[who, 0], read[other, 0]]))[0]
                group = test.against_rest(np.concatenate([read[who, :3], read[other, :1]]))
                apart[who, other] = max(pair, group[3])
    return np.unravel_index(apart.argmin(), apart.shape)


def test_reading_does_not_depend_on_place_and_size_in_the_photo(test, fresh):
    points, texture = fresh.points[0, 0].astype(float), fresh.textures[0, 0]
    moved = test.read(4.0 * points + [30.0, 7.0, 2.0], texture)
    assert np.allclose(test.read(points, texture), moved, atol=1e-3)


@pytest.mark.parametrize("part", ["points", "texture"])
def test_values_that_are_not_finite_are_refused(test, fresh, part):
    points, texture = fresh.points[0, 0].astype(float), fresh.textures[0, 0].astype(np.float32)
    (points if part == "points" else texture)[3] = np.nan
    with pytest.raises(PhotoError, match="finite"):
        test.read(points, texture)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(AssetsError, match="missing"):
        same_person.load(tmp_path)
    (tmp_path / same_person.FILE).write_bytes(b"not a zip file")
    with pytest.raises(AssetsError, match="damaged"):
        same_person.load(tmp_path)


@pytest.mark.parametrize("wrong", ["pickle", "nan", "axes", "negative", "turned", "shape", "missing", "many"])
def test_hostile_files_are_refused(tmp_path, test, wrong):
    arrays = {name: np.asarray(value) for name, value in vars(test).items()}
    change = {
        "pickle": {"offset": np.array([{}, 1], dtype=object)},
        "nan": {"projection": np.full_like(arrays["projection"], np.nan)},
        "axes": {"between": np.float32(1.0)},
        "negative": {"between": -arrays["between"]},
        "turned": {"calibration": np.float32([-1.0, 0.0])},
        "shape": {"projection": arrays["projection"][:-1]},
        "many": {"between": np.ones(10_000, np.float32)},
    }
    arrays |= change.get(wrong, {})
    if wrong == "missing":
        del arrays["offset"]
    np.savez(tmp_path / same_person.FILE, **arrays)
    with pytest.raises(AssetsError, match="damaged"):
        same_person.load(tmp_path)


def test_skin_of_who_seems_somebody_else_is_not_taken():
    assert believed((0.9, 0.02, 0.4)) == [0, 2]
    assert believed((1.0,)) == [0]
    assert believed((0.03, 0.02)) == [0]  # somebody's skin there must be
