"""The command inspect: a page that names each stage, with pictures that show something, or one clear line."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from face_fixtures import portrait
from furrow.core import cli
from furrow.core.character.file import load_character, save_character
from furrow.core.head.fitted import View
from furrow.core.inspection import page, report, stages
from furrow.core.inspection.canvas import LABEL, ChartPart, Crop, chart_part, face_crop
from furrow.core.inspection.photo_pictures import light_ball
from furrow.core.io import png16
from furrow.core.nets import upright
from furrow.core.pipeline import load_models
from furrow.core.view.lighting import Light
from furrow.models.evaluation.made_up import tiny_character
from PIL import Image


class Page(HTMLParser):
    """Pictures, stages and links to elsewhere of a page."""

    def __init__(self, path):
        super().__init__()
        self.pictures, self.stages, self.tags, self.links = [], [], set(), []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        self.links += [given[k] for k in ("href", "src") if k in given]
        self.pictures += [given["src"]] if tag == "img" else []
        self.stages += [given["data-stage"]] if "data-stage" in given else []


def checked(folder):
    """The page of a folder, after a look at whether its pictures are there and show something."""
    found = Page(folder / "index.html")
    assert found.stages and set(found.stages) == set(report.STAGES)
    assert found.pictures and len(set(found.pictures)) == len(found.pictures)
    for name in found.pictures:
        pixels = np.asarray(Image.open(folder / name))
        assert pixels[LABEL:].std() > 3, name
        assert max(pixels.shape) < 3000, name
    assert {path.name for path in folder.iterdir()} == {"index.html", *found.pictures}
    assert not found.tags & {"script", "link", "iframe"}
    assert not [link for link in found.links if re.match(r"\w+:|//", link)]
    return found


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "astronaut.png"
    Image.fromarray(portrait()).save(path)
    return path


@pytest.fixture(scope="module")
def furrow_file(assets, photo):
    path = photo.with_suffix(".furrow")
    assert cli.main(["reconstruct", str(photo), "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture(scope="module")
def models(assets):
    return load_models("cpu")


def refused(capsys, *arguments):
    assert cli.main([str(a) for a in ("inspect", *arguments)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("furrow: ")]
    assert len(lines) == 1
    return lines[0]


def test_a_photo_becomes_a_page_of_every_stage(assets, photo, tmp_path):
    assert cli.main(["inspect", str(photo), "--dir", str(tmp_path / "page"), "--quiet"]) == 0
    names = {re.sub(r"_\d+_|\.png", " ", name).strip() for name in checked(tmp_path / "page").pictures}
    assert names >= {"photo landmarks", "photo outline", "photo masks", "photo light", "photo fit",
                     "photo expression", "head_shape", "photo unwrapped", "chart_albedo", "photo lines", "lines_own",
                     "relief_residuals", "relief_maps", "pores", "head_neutral"}


def test_a_file_alone_says_what_is_left_out_and_with_its_photo_nothing_is(furrow_file, photo, tmp_path):
    assert cli.main(["inspect", str(furrow_file), "--dir", str(tmp_path / "file"), "--quiet"]) == 0
    alone = checked(tmp_path / "file")
    assert "--photo" in (tmp_path / "file" / "index.html").read_text()
    both = ["inspect", str(furrow_file), "--photo", str(photo), "--dir", str(tmp_path / "both"), "--quiet"]
    assert cli.main(both) == 0
    more = checked(tmp_path / "both")
    assert set(alone.pictures) < set(more.pictures)
    assert "--photo" not in (tmp_path / "both" / "index.html").read_text()


def test_a_character_of_another_head_model_is_shown_without_it(assets, tmp_path):
    save_character(tiny_character("<b>Mallory & Co</b>"), tmp_path / "tiny.furrow")
    assert cli.main(["inspect", str(tmp_path / "tiny.furrow"), "--dir", str(tmp_path / "page"), "--quiet"]) == 0
    checked(tmp_path / "page")
    assert "&lt;b&gt;Mallory &amp; Co" in (tmp_path / "page" / "index.html").read_text()


@pytest.mark.parametrize("damage", ["cut", "text", "missing", "folder"])
def test_a_broken_file_gives_one_line_and_no_folder(assets, furrow_file, capsys, tmp_path, damage):
    broken = tmp_path / "broken.furrow"
    if damage == "cut":
        broken.write_bytes(furrow_file.read_bytes()[:5000])
    elif damage == "text":
        broken.write_text("no zip")
    elif damage == "folder":
        broken.mkdir()
    assert "broken.furrow" in refused(capsys, broken, "--dir", tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_bad_inputs_give_one_line(furrow_file, photo, capsys, tmp_path):
    other, notes, taken = tmp_path / "other.png", tmp_path / "notes.png", tmp_path / "taken"
    Image.fromarray(portrait()[:400]).save(other)
    notes.write_text("no picture")
    taken.write_text("a file")
    target = ("--dir", tmp_path / "page")
    assert "other.png" in refused(capsys, furrow_file, "--photo", other, *target)
    assert "notes.png" in refused(capsys, furrow_file, "--photo", notes, *target)
    assert "notes.png" in refused(capsys, notes, *target)
    assert "is a file" in refused(capsys, furrow_file, "--dir", taken)
    assert "--photo" in refused(capsys, furrow_file, photo, *target)
    assert ".furrow" in refused(capsys, photo, "--photo", photo, *target)
    assert not (tmp_path / "page").exists() and taken.read_text() == "a file"


def test_a_photo_of_a_character_of_another_head_model_is_refused(assets, photo, capsys, tmp_path):
    save_character(tiny_character(), tmp_path / "tiny.furrow")
    assert "another head model" in refused(capsys, tmp_path / "tiny.furrow", "--photo", photo, "--dir", tmp_path / "p")


def test_a_page_that_cannot_be_finished_leaves_the_one_before(assets, models, tmp_path, monkeypatch):
    seen = stages.look(tiny_character(), models, [])
    report.write_report(seen, models.atlas, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(page, "write_text", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(report.OutputError, match="disk is full"):
        report.write_report(replace(seen, character=tiny_character(seed=3)), models.atlas, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_every_view_gets_its_part(assets, models):
    character = tiny_character()
    character = replace(character, views=character.views * 3)
    found = report.sections(stages.look(character, models, []), models.atlas)
    assert [s.stage for s in found].count("photo") == 3
    names = [picture.name for section in found for picture in section.pictures]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"\w{1,60}", name) for name in names)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_on_its_side_is_stood_up(furrow_file, quarters):
    view, pixels = load_character(furrow_file).views[0], portrait()
    stood, turned = stages._stood_up(upright.turned_back(view, quarters), np.rot90(pixels, -quarters))
    assert np.array_equal(turned, pixels)
    assert isinstance(stood, View)
    assert np.allclose(stood.landmarks.points, view.landmarks.points)
    assert np.allclose(stood.pose.rotation, view.pose.rotation)


def test_lines_are_believed_out_of_the_candidates(furrow_file, photo, models):
    seen = stages.look(load_character(furrow_file), models, [photo])
    lines = seen.photos[0].lines
    assert 0 < len(lines.believed) < len(lines.candidates) == len(lines.scores)
    for uv in lines.believed:
        away = [np.abs(uv.mean(0) - other.mean(0)).max() for other in lines.candidates]
        assert min(away) < 0.005 and len(lines.candidates[int(np.argmin(away))]) == pytest.approx(len(uv), abs=5)
    assert len(lines.estimates) == len(lines.believed)
    assert seen.by_landmarks.views[0].landmark_error < 0.05
    moved = np.linalg.norm(seen.character.neutral - seen.by_landmarks.neutral, axis=1)
    assert 0.1 < np.median(moved) < 10


def test_marks_lie_on_what_they_mark(furrow_file):
    view = load_character(furrow_file).views[0]
    for crop in (face_crop(view), face_crop(view, 60), Crop(np.array([[3.0, 0, -700], [0, 3.0, -200]]), (400, 400))):
        assert isinstance(crop, Crop)
        point = np.linalg.inv(crop.matrix[:, :2]) @ (np.array(crop.size) * (0.4, 0.6) - crop.matrix[:, 2])
        photo = np.zeros((512, 512), np.float32)
        y, x = np.mgrid[:512, :512] + 0.5
        photo = np.exp(-0.5 * ((x - point[0]) ** 2 + (y - point[1]) ** 2) / (6 / min(crop.zoom, 1)) ** 2)
        shown = crop.image(photo.astype(np.float32))
        rows, columns = np.mgrid[: crop.size[1], : crop.size[0]] + 0.5
        centre = np.array([(shown * columns).sum(), (shown * rows).sum()]) / shown.sum()
        assert np.allclose(centre, crop.points(point), atol=1.0)


def test_a_part_of_the_chart_holds_what_it_should_show():
    shown = np.zeros((200, 200), bool)
    shown[40:80, 100:120] = True
    part = chart_part(shown, 300)
    assert isinstance(part, ChartPart)
    corners = part.points(np.array([[100, 200 - 40], [120, 200 - 80]]) / 200)
    assert (corners > 0).all() and (corners < 300).all()
    image = part.image(shown.astype(np.float32))
    rows, columns = np.nonzero(image > 0.5)
    assert np.allclose([columns.min(), rows.min()], corners[0], atol=3)
    assert np.allclose([columns.max(), rows.max()], corners[1], atol=3)
    assert np.array_equal(chart_part(np.zeros((50, 50), bool), 60).high, np.ones(2))


def test_the_ball_is_bright_where_the_light_is():
    coefficients = np.zeros((9, 3))
    coefficients[0], coefficients[1], coefficients[2] = 3.0, 1.0, -1.0  # from the right and above, y is down
    ball = light_ball(Light(coefficients, np.full(3, 0.1))).astype(float).mean(-1)
    half = len(ball) // 2
    upper_right, lower_left = ball[20:half, half:-20].mean(), ball[half:-20, 20:half].mean()
    assert upper_right > lower_left + 20


def test_pictures_are_written_as_they_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    picture = page.Picture("one", "One & only", "says", pixels)
    section = page.Section("photo", 'A "photo" <1>', [picture], [("a", "<b>")])
    page.write_page(tmp_path, "Title", [section])
    text = (tmp_path / "index.html").read_text()
    assert "<1>" not in text and "One &amp; only" in text and "&lt;b&gt;" in text
    assert np.array_equal(png16.decode_png((tmp_path / "one.png").read_bytes(), 8, 3), pixels)
