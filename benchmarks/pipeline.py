"""Photo to .furrow on the CPU: share of each stage after warm-up, cold start against warm, and memory.

    python benchmarks/pipeline.py [PHOTO] [--runs 5]

Default photo: the astronaut portrait enlarged to one megapixel. All figures come from one run on one machine: compare
the ratios, not the seconds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from furrow.core.character.file import save_character
from furrow.core.pipeline import Progress, load_models, reconstruct
from PIL import Image


def default_photo(folder: Path) -> Path:
    """The astronaut portrait at 1000 x 1000 pixels."""
    import skimage.data

    path = folder / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).resize((1000, 1000), Image.Resampling.LANCZOS).save(path)
    return path


def warm_runs(photo: Path, folder: Path, runs: int) -> tuple[dict[str, float], float]:
    """Median seconds of each stage and of the whole, models loaded, first run not counted."""
    models = load_models("cpu")
    stages, totals = [], []
    for _ in range(runs + 1):
        began = time.perf_counter()
        progress = Progress()
        character = reconstruct([photo], models=models, progress=progress)
        saved = time.perf_counter()
        save_character(character, folder / "bench.furrow")
        progress.seconds["save"] = time.perf_counter() - saved
        totals.append(time.perf_counter() - began)
        stages.append(progress.seconds)
    names = [name for name in stages[0] if name != "models"]
    return {name: statistics.median(s[name] for s in stages[1:]) for name in names}, statistics.median(totals[1:])


def cold_start(photo: Path, folder: Path) -> float:
    """Seconds of the whole command in a new process."""
    command = [sys.executable, "-P", "-m", "furrow", "reconstruct", str(photo), "-o", str(folder / "cold.furrow")]
    began = time.perf_counter()
    subprocess.run([*command, "--device", "cpu", "--quiet"], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = options.photo or default_photo(folder)
        cold = statistics.median(cold_start(photo, folder) for _ in range(3))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        stages, total = warm_runs(photo, folder, options.runs)
    print(f"{'stage':<12}{'share':>8}{'seconds':>10}")
    for stage, seconds in stages.items():
        print(f"{stage:<12}{seconds / total:>8.0%}{seconds:>10.3f}")
    print(f"{'all, warm':<12}{1:>8.0%}{total:>10.3f}")
    print(f"cold start / warm: {cold / total:.2f}   ({cold:.2f} s)   peak memory of the cold process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
