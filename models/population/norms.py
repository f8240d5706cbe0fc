"""What published surveys say of adult faces, by ancestry and sex: the measures the population is drawn to.

Sources: [1] Farkas and others 2005, J Craniofac Surg 16, 615-646 (1,470 people, 18 to 30 years; means of the nations of
a group); [2] Wen and others 2015, PLOS ONE 10, e0134525 (38 photogrammetric studies); [3] Farkas 1994, Anthropometry of
the Head and Face; [4] scan-based face model, 4,000 draws (eye corners behind the nasion 21.3 +- 4.0 mm of all people),
split between groups by the heights of their bridges. Figures are rounded to half a millimetre or a degree: the nations
of one group differ by more. They were compiled from what is commonly quoted of these surveys, not copied from their
tables line by line: who has the tables at hand should check them, build the head anew and train the identity regressor
again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# people of one nation and sex in source [1] (1,470 people, both sexes, some 25 nations): a published mean has the
# standard error of that many, the spread within a group over its root
SURVEYED = 30


class Norm(NamedTuple):
    """One measure: means of (female, male) by ancestry, mm or degrees, and the spread within a group."""

    african: tuple[float, float]
    asian: tuple[float, float]
    caucasian: tuple[float, float]
    spread: float
    source: str


NORMS: dict[str, Norm] = {
    "n-sn": Norm((48.0, 51.0), (49.0, 52.5), (50.5, 54.0), 3.4, "[1]"),
    "sn-prn": Norm((15.5, 16.5), (16.0, 17.0), (19.0, 20.0), 1.9, "[1]"),
    "al-al": Norm((39.5, 43.5), (36.0, 39.5), (32.0, 35.5), 2.5, "[1]"),
    "en-en": Norm((34.0, 35.5), (35.5, 37.0), (32.0, 33.5), 2.6, "[1]"),
    "ex-ex": Norm((92.0, 95.5), (88.5, 91.5), (87.5, 91.0), 4.0, "[1]"),
    "ch-ch": Norm((52.0, 55.0), (48.0, 51.0), (49.5, 53.5), 3.6, "[1]"),
    "zy-zy": Norm((132.5, 139.5), (135.0, 142.5), (131.0, 138.5), 5.6, "[1]"),
    "n-gn": Norm((113.5, 122.5), (112.0, 121.0), (112.5, 121.5), 6.2, "[1]"),
    "sn-gn": Norm((67.0, 73.5), (63.5, 70.0), (64.0, 71.0), 4.8, "[1]"),
    "sn-sto": Norm((22.0, 24.0), (21.0, 23.0), (20.0, 22.0), 2.2, "[3]"),
    "ls-sto": Norm((11.0, 11.5), (9.0, 9.5), (8.0, 8.0), 1.5, "[3]"),
    "sto-li": Norm((13.0, 13.5), (11.0, 11.5), (9.5, 10.0), 1.6, "[3]"),
    "g-sn-pg": Norm((164.0, 165.0), (168.0, 169.0), (168.0, 168.5), 5.2, "[2]"),
    "c-sn-ls": Norm((90.0, 88.0), (98.0, 96.0), (106.0, 103.0), 10.0, "[2]"),
    "ls-E": Norm((0.5, 0.5), (-1.0, -1.0), (-4.5, -5.0), 2.4, "[3]"),
    "li-E": Norm((3.0, 3.0), (1.0, 1.0), (-2.5, -3.0), 2.7, "[3]"),
    "n-ex": Norm((16.0, 17.0), (15.0, 16.5), (19.5, 21.5), 3.0, "[4]"),
    "sa-sba": Norm((57.0, 60.5), (58.5, 62.0), (59.0, 62.5), 4.0, "[3]"),
}
# the gonion is felt under the skin, and its width on a mesh is another: what groups and sexes differ by, and the spread
RELATIVE: dict[str, Norm] = {"go-go": Norm((98.0, 105.5), (101.0, 109.5), (95.5, 103.5), 6.0, "[1]")}
# correlations over people (source [4]) that make one face of its parts; those not named stay as they are
CORRELATIONS: dict[tuple[str, str], float] = {
    ("al-al", "en-en"): 0.45, ("n-gn", "sn-sto"): 0.5, ("zy-zy", "n-sn"): 0.35, ("go-go", "n-sn"): 0.3,
    ("go-go", "n-gn"): 0.4, ("go-go", "zy-zy"): 0.6, ("zy-zy", "n-gn"): 0.35, ("zy-zy", "ex-ex"): 0.5,
    ("ls-E", "li-E"): 0.8,
}


def group_means(name: str, ancestry: np.ndarray, gender: np.ndarray) -> np.ndarray:
    """(n,) expected measure of people of mixed ancestry.

    Args:
        name: of ``NORMS`` or ``RELATIVE``.
        ancestry: (n, 3) shares, african, asian, caucasian.
        gender: (n,) 0 female to 1 male.
    """
    norm = (NORMS | RELATIVE)[name]
    table = np.array(norm[:3])
    return ((1 - gender)[:, None] * ancestry * table[:, 0] + gender[:, None] * ancestry * table[:, 1]).sum(1)
