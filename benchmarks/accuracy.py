"""Accuracy of the reconstruction on photos of heads whose shape is known.

    python benchmarks/accuracy.py FOLDER [--out DIR] [--jobs N] [--only PREFIX,PREFIX] [--together]

FOLDER holds the photos, their truth and a scorer:

    images/<stem>.jpg        one face a photo
    gt/<stem>.npz            verts (n, 3) mm in camera coordinates (x right, y down, z forward), faces, camera (fx, fy,
                             cx, cy in pixels), R and t (model to camera), visible, points (right eye, left eye, nose
                             tip), detected (478 landmarks), and what else the scorer reads
    score.py                 called as: score.py OUT --gt FOLDER/gt --json OUT/scores.json --jobs N [--only ...]
    BASELINE.md              optional table, rows "| key | value | value |": printed beside the results

OUT/<stem>/ gets what ``furrow export`` writes: neutral.obj and posed.obj in millimetres, params.json with camera and
landmarks_camera. NoW, REALY and FaceScape may be used only under their own licences, by who has them: put each scan
in its photo's camera frame, save vertices and faces as gt/<stem>.npz under the names above (scans without cameras:
the identity for R and t, and only the scores after alignment mean something), put the photos into images/, and write
or copy a score.py that computes that benchmark's own measure. Photos are read from images/ alone; nothing is sent
anywhere.

With --together the photos of one person (names alike up to the last underscore, as anna_neutral and anna_smile) are
reconstructed as one character, each scored in its own view, and alone as well, into OUT/alone: the column "alone" is
that. The neutral heads of now.*.from_neutral_photo and from_expressive_photo are the same ones together, so the gain
over the better photo alone is read there.

Without FOLDER: three photos of ../shared/eval if that exists, else nothing is done.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from furrow.core.errors import FurrowError
from furrow.core.output.export import export
from furrow.core.pipeline import Models, load_models, reconstruct

DEFAULT = Path(__file__).parents[2] / "shared" / "eval"
DEFAULT_STEMS = "dev_00_neutral,dev_00_expr,dev_01_neutral"
PHOTO_TYPES = (".jpg", ".jpeg", ".png")


@cache
def models() -> Models:
    """The models, loaded once a process."""
    return load_models("cpu")


def reconstruct_one(photo: Path, others: list[Path], out: Path) -> str:
    """Export of one photo, with others of the same person, into out/<stem>; returns the error's line, or nothing."""
    try:
        export(reconstruct([photo, *others], models=models()), out / photo.stem, models().head)
    except FurrowError as error:
        return f"{photo.name}: {error}"
    return ""


def same_person(photo: Path, photos: list[Path]) -> list[Path]:
    """The other photos whose names are alike up to the last underscore."""
    person = photo.stem.rpartition("_")[0]
    return [other for other in photos if person and other != photo and other.stem.rpartition("_")[0] == person]


def baselines(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Column titles and rows (key to values) of the first table of a Markdown file; empty if there is none."""
    if not path.is_file():
        return [], {}
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("|")]
    rows = [row for row in rows if not set("".join(row)) <= set("-: ")]
    return (rows[0][1:], {row[0]: row[1:] for row in rows[1:]}) if rows else ([], {})


def alone_column(scores: Path) -> dict[str, str]:
    """The values of a scores.json by key, formatted; empty if it is not there."""
    if not scores.is_file():
        return {}
    summary = json.loads(scores.read_text(encoding="utf-8")).get("summary", {})
    return {key: f"{entry['value']:.4f}" for key, entry in summary.items() if entry.get("value") is not None}


def table(scores: str, folder: Path, alone: dict[str, str]) -> str:
    """The scorer's lines, at their ends the values of the photos alone, if there are any, and baseline values."""
    titles, rows = baselines(folder / "BASELINE.md")
    if alone:
        width = len(titles)
        titles = ["alone", *titles]
        rows = {key: [alone.get(key, ""), *rows.get(key, [""] * width)] for key in {*alone, *rows}}
    head = f"{'(baselines are of the whole set)':<62}" + "".join(f"{title:>12}" for title in titles)
    lines = [head] if titles else []
    for line in scores.splitlines():
        key = re.match(r"\S*", line)[0]
        lines.append(f"{line:<62}" + "".join(f"{value:>12}" for value in rows.get(key, ())))
    return "\n".join(line.rstrip() for line in lines)


def run(folder: Path, out: Path, jobs: int, only: str, together: bool) -> int:
    """Reconstruct, score and print; the scorer's exit status, or 1 if a photo failed."""
    prefixes = tuple(only.split(",")) if only else ("",)
    photos = sorted(p for p in (folder / "images").glob("*")
                    if p.suffix.lower() in PHOTO_TYPES and p.stem.startswith(prefixes))
    if not photos or not (folder / "gt").is_dir() or not (folder / "score.py").is_file():
        print(f"{folder} needs images/, gt/ and score.py: see the start of {Path(__file__).name}.", file=sys.stderr)
        return 2
    alone: dict[str, str] = {}
    if together:
        reconstruct_and_score(folder, photos, out / "alone", jobs, only, False)
        alone = alone_column(out / "alone" / "scores.json")
    scores, status = reconstruct_and_score(folder, photos, out, jobs, only, together)
    print(table(scores, folder, alone))
    return status


def reconstruct_and_score(
    folder: Path, photos: list[Path], out: Path, jobs: int, only: str, together: bool
) -> tuple[str, int]:
    """The scorer's lines and its exit status, or 1 if a photo failed; what failed is printed."""
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs) as pool:
        others = [same_person(photo, photos) if together else [] for photo in photos]
        failures = [line for line in pool.map(reconstruct_one, photos, others, [out] * len(photos)) if line]
    print("\n".join(failures), end="\n" if failures else "", file=sys.stderr)
    command = [sys.executable, str(folder / "score.py"), str(out), "--gt", str(folder / "gt"),
               "--json", str(out / "scores.json"), "--jobs", str(jobs)]
    scored = subprocess.run(command + (["--only", only] if only else []), stdout=subprocess.PIPE, text=True)
    return scored.stdout, scored.returncode or int(bool(failures))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, help="keep the results here")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="photos whose names start so, comma-separated")
    parser.add_argument("--together", action="store_true", help="one character for all photos of a person")
    options = parser.parse_args()
    folder, only = options.folder, options.only
    if folder is None:
        if not DEFAULT.is_dir():
            print("No folder with photos and truth was given: nothing to measure.")
            return 0
        folder, only = DEFAULT, only or DEFAULT_STEMS
    with tempfile.TemporaryDirectory() as scratch:
        return run(folder.resolve(), (options.out or Path(scratch)).resolve(), max(1, options.jobs), only,
                   options.together)


if __name__ == "__main__":
    sys.exit(main())
