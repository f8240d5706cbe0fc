"""A crowd on one machine: heads an hour against workers, and the memory of a worker.

    python benchmarks/batch.py [PHOTO ...] [--workers 1 2] [--people 12]

Default photos: the astronaut portrait at 512, 1000 and 4000 pixels. Each row is a run of its own, starts of workers and
pictures of the page included. All figures come from one run on one machine: compare the ratios.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import resource
import tempfile
import threading
import time
from pathlib import Path

from furrow.core.batch.people import Person
from furrow.core.batch.run import run_batch
from PIL import Image

SIDES = (512, 1000, 4000)
LOOK = 0.02  # seconds between looks at memory


def default_photos(folder: Path) -> list[Path]:
    """The astronaut portrait in three sizes."""
    import skimage.data

    photos = [folder / f"astronaut_{side}.png" for side in SIDES]
    for side, path in zip(SIDES, photos):
        Image.fromarray(skimage.data.astronaut()).resize((side, side), Image.Resampling.LANCZOS).save(path)
    return photos


class Memory:
    """The most memory that each child of this process had, MiB, as Linux tells it."""

    def __init__(self) -> None:
        self.peaks: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK):
            for children in Path("/proc/self/task").glob("*/children"):
                try:
                    for pid in map(int, children.read_text().split()):
                        status = Path(f"/proc/{pid}/status").read_text()
                        self.peaks[pid] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
                except (OSError, IndexError):
                    continue  # a thread or a child has ended


def spent() -> float:
    """Seconds of processor time of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one_run(photos: list[Path], people: int, workers: int, folder: Path) -> tuple[float, float, float]:
    """Seconds of a batch, those of the processor in its workers, and MiB of its largest worker."""
    crowd = [Person(str(k), str(k), (photos[k % len(photos)],)) for k in range(people)]
    began, before = time.perf_counter(), spent()
    with Memory() as memory:
        outcomes = run_batch(crowd, folder / f"out_{workers}", workers=workers, device="cpu")
    assert not any(outcome.failed for outcome in outcomes), [outcome.record.error for outcome in outcomes]
    return time.perf_counter() - began, spent() - before, max(memory.peaks.values(), default=float("nan"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--people", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        photos = options.photos or default_photos(Path(name))
        found = [one_run(photos, options.people, workers, Path(name)) for workers in options.workers]
    print(f"{options.people} people, {os.cpu_count()} cores")
    print(f"{'workers':>8}{'heads an hour':>15}{'of the first':>14}{'cores busy':>12}{'MiB a worker':>14}")
    for workers, (seconds, used, memory) in zip(options.workers, found):
        rate, gain = 3600 * options.people / seconds, found[0][0] / seconds
        print(f"{workers:>8}{rate:>15.0f}{gain:>14.2f}{used / seconds:>12.2f}{memory:>14.0f}")


if __name__ == "__main__":
    main()
