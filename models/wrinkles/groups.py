"""The wrinkle groups: one entry for all that is known of each, from where its lines run to how photos show them.

A new group is one more entry, at the end of ``GROUPS`` or ``FOLDS`` so that the lines of the others stay as they are.
The atlas stores what ``core`` reads of an entry (:class:`furrow.core.wrinkles.group.Group`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.wrinkles.group import Appearance, Group, Zone
from . import group_masks, line_directions, line_seeds
from .folds import Fold
from .frown_lines import trace_frown_lines
from .habits import BROW_DOWN, BROW_RAISE, CHIN_RAISE, JAW_OPEN, LIP_RAISE, MOUTH_FROWN, PUCKER, SMILE, SNEER, habit_of
from .line_group import LineGroup
from .lip_lines import trace_lip_lines

# under the eyes young faces have lines as well; between the brows they are mostly the moment's
ZONES = (
    Zone("forehead", 1.0, 0.025, 0.10),
    Zone("eye corners", 1.0, 0.015, 0.08),
    Zone("between the brows", 0.2, 0.010, 0.05),
    Zone("mouth and chin", 0.7, 0.002, 0.035),
    Zone("beside nose and lids", 0.3, 0.020, 0.08),
)
FOREHEAD, EYE_CORNERS, BROWS, MOUTH, NOSE_AND_LIDS = (zone.name for zone in ZONES)

GROUPS = (
    LineGroup("forehead", 1, BROW_RAISE, 10.0, 0.80, 1.8, 0.03, 7, 85, 0.10, bilateral=True, young=0.7,
              mask=group_masks.forehead, direction=line_directions.along_brow, seeds=line_seeds.forehead,
              appearance=Appearance(odds=0.4, zone=FOREHEAD)),
    LineGroup("glabella", 2, BROW_DOWN, 9.0, 0.75, 1.1, 0.06, 6, 25, 0.12, secondary=0.5, young=0.25, roll=0.5,
              layouts=10, mask=group_masks.glabella, direction=line_directions.upright_fan, drawn=trace_frown_lines,
              appearance=Appearance(zone=BROWS)),
    LineGroup("crows_feet", 1, SMILE, 5.4, 0.48, 0.8, 0.04, 6, 27, 0.10, secondary=0.55, young=0.5,
              mask=group_masks.crows_feet, direction=line_directions.from_canthus, seeds=line_seeds.crows_feet,
              spacing=line_seeds.fan, appearance=Appearance(odds=0.7, zone=EYE_CORNERS)),
    LineGroup("under_eye", 1, SMILE, 3.4, 0.30, 1.1, 0.03, 9, 16, 0.15, secondary=0.55, prior=0.08, young=0.6,
              mask=group_masks.under_eye, direction=line_directions.along_lid, seeds=line_seeds.under_eye,
              appearance=Appearance(step=True, everyone=True)),
    LineGroup("nose", 1, SNEER, 4.6, 0.52, 3.0, 0.02, 7, 14, 0.35, retention=0.35, secondary=0.0, young=0.55,
              mask=group_masks.nose, direction=line_directions.up_the_nose, seeds=line_seeds.nose),
    LineGroup("perioral", 1, PUCKER, 4.6, 0.32, 0.9, 0.04, 9, 10, 0.32, secondary=0.0, prior=0.12, young=0.45,
              mask=group_masks.perioral, direction=line_directions.from_mouth, drawn=trace_lip_lines,
              appearance=Appearance(odds=-0.2, zone=MOUTH)),
    LineGroup("lips", 1, PUCKER, 2.0, 0.12, 1.2, 0.0, 10, 7, 0.0, secondary=0.0, prior=0.15, floor=0.35, roll=0.08,
              mask=group_masks.lips, direction=line_directions.from_mouth, appearance=Appearance(fine=True)),
    LineGroup("mouth_corner", 1, SMILE, 8.5, 0.30, 0.6, 0.06, 6, 28, 0.25, secondary=0.45, prior=0.05, young=0.5,
              mask=group_masks.mouth_corner, direction=line_directions.around_mouth_corner,
              seeds=line_seeds.mouth_corner, lower=True, appearance=Appearance(odds=-0.5, step=True, zone=MOUTH)),
    LineGroup("temple", 1, SMILE, 6.5, 0.16, 0.6, 0.03, 9, 20, 0.40, retention=0.8, secondary=0.0, prior=0.06,
              mask=group_masks.temple, direction=line_directions.from_canthus,
              appearance=Appearance(zone=EYE_CORNERS)),
    LineGroup("chin", 2, CHIN_RAISE, 4.4, 0.20, 2.0, 0.02, 0, 6.0, 0.45, retention=0.25, secondary=0.0, pits=True,
              young=0.7, roll=0.4, mask=group_masks.chin, direction=line_directions.upright,
              appearance=Appearance(odds=-0.2, zone=MOUTH)),
    LineGroup("crepe", 1, SMILE, 1.7, 0.065, 1.0, 0.0, 18, 9, 0.25, secondary=0.0, resting=True, layouts=1,
              mask=group_masks.thin_skin, direction=line_directions.askew(0.55), appearance=Appearance(fine=True)),
    LineGroup("crepe_cross", 1, SMILE, 1.7, 0.05, 1.0, 0.0, 18, 9, 0.25, secondary=0.0, resting=True, layouts=1,
              mask=group_masks.thin_skin, direction=line_directions.askew(-0.75), appearance=Appearance(fine=True)),
)

# folds follow the groups of lines in the atlas; smooth faces have shadows beside the nose and stubble below the mouth
NASOLABIAL = ((17.5, -33.5), (22, -40.5), (27, -50.5), (31, -61.5), (33.5, -71.5))
FOLDS = (
    Fold("nasolabial", 2, NASOLABIAL,
         2.0, 8.0, (0.7, 0.15), 0.85, 0.12, SMILE, 0.75, 0.05, angle=0.0, lower=True,
         appearance=Appearance(odds=-0.5, step=True, everyone=True, sure=1.85, zone=NOSE_AND_LIDS)),
    Fold("marionette", 2, ((25.5, -70.5), (28.5, -77), (30.5, -85), (31, -92), (29.5, -99)),
         2.5, 7.0, (0.55, 0.12), 0.6, 0.0, MOUTH_FROWN, 0.5, 0.32, angle=35.0, fade=(0.2, 0.3), lower=True,
         appearance=Appearance(odds=-0.2, step=True, sure=2.4, zone=MOUTH)),
    Fold("tear_trough", 1, ((17, -7.5), (21, -14), (28, -18.5), (36, -20), (43, -18)),
         2.1, 5.0, (0.5, 0.0), 0.55, 0.12, SMILE, 0.2, 0.15,
         appearance=Appearance(step=True, everyone=True, sure=1.85, zone=NOSE_AND_LIDS)),
    Fold("lid_crease", 1, ((21, -8), (27, -12), (33, -13.2), (40, -11), (45, -7.5)),
         0.7, 2.0, (0.35, 0.0), 0.25, 0.1, SMILE, 0.5, 0.1, appearance=Appearance(step=True, everyone=True)),
    Fold("labiomental", 2, ((-17, -84.5), (-9, -86.5), (0, -87.3), (9, -86.5), (17, -84.5)),
         1.4, 4.0, (0.1, 0.1), 0.35, 0.1, CHIN_RAISE, 0.25, 0.2, angle=0.0, fade=(0.3, 0.65),
         appearance=Appearance(odds=-0.6, step=True, everyone=True)),
    Fold("nasolabial_lift", 1, NASOLABIAL, 2.0, 8.0, (0.7, 0.15), 0.85, 0.0, LIP_RAISE, 0.6, 0.05,
         at_rest=0.0, follows="nasolabial"),
    Fold("jowl", 2, ((28.5, -94.5), (33, -98.5), (38, -99), (43, -95.5)),
         2.6, 8.0, (0.55, 0.0), 0.6, 0.0, MOUTH_FROWN, 0.0, 0.40, lower=True, appearance=Appearance(zone=MOUTH)),
    Fold("nose_root", 1, ((-8.5, 2.6), (-4, 1.2), (0.5, 0.8), (4.5, 1.4), (8.5, 2.2)),
         0.9, 3.2, (0.3, 0.3), 0.34, 0.0, BROW_DOWN, 0.8, 0.30, fade=(0.4, 0.6), appearance=Appearance(zone=BROWS)),
    Fold("neck_upper", 1, ((-47, -121), (-30, -127), (-12, -131), (8, -130.5), (28, -129), (47, -124)),
         2.3, 6.5, (0.4, 0.4), 0.75, 0.08, JAW_OPEN, 0.0, 0.15, fade=(0.35, 0.65),
         appearance=Appearance(odds=-2.2, everyone=True)),
    Fold("neck_lower", 1, ((-45, -138), (-28, -142), (-8, -147), (12, -146), (30, -142.5), (45, -136)),
         2.1, 6.0, (0.35, 0.35), 0.6, 0.05, JAW_OPEN, 0.0, 0.30, fade=(0.35, 0.65),
         appearance=Appearance(everyone=True)),
    Fold("neck_left", 1, ((8, -138.5), (18, -137), (28, -133.5), (39, -129)),
         1.6, 5.0, (0.3, 0.3), 0.45, 0.0, JAW_OPEN, 0.0, 0.45),
)


def records() -> tuple[Group, ...]:
    """What the atlas says about each group; folds follow the groups of lines."""
    lines = [
        Group(g.name, g.family, habit_of(g.driver), g.floor, g.retention, g.young, g.lower, g.appearance)
        for g in GROUPS
    ]
    folds = [Group(f.name, f.family, habit_of(f.driver), f.young, 1.0, 1.0, f.lower, f.appearance) for f in FOLDS]
    return (*lines, *folds)


def drivers(expression_names: Sequence[str]) -> np.ndarray:
    """(G, E) float32 weights of the expressions that crease each group."""
    return np.array(
        [[group.driver.get(name, 0.0) for name in expression_names] for group in (*GROUPS, *FOLDS)], np.float32
    )
