"""How varied the training samples of the expression regressor are: which shapes come up how often, how different people
and pictures are. Two kinds of samples are made, usual ones and harder ones with odder people in worse pictures."""

from __future__ import annotations

from dataclasses import dataclass

from ..renders.scene import HARD_LOOKS, USUAL_LOOKS, Looks

# groups of shapes that come together, and how often each is drawn, relatively, in usual and in hard samples
GROUPS: tuple[tuple[tuple[str, ...], float, float], ...] = (
    (("mouthSmile",), 3.0, 3.0),
    (("mouthFrown",), 3.0, 2.5),
    (("jawOpen",), 3.0, 3.0),
    (("mouthPucker",), 2.5, 2.0),
    (("browInnerUp", "browOuterUp"), 3.0, 2.0),
    (("browInnerUp",), 0.7, 1.0),
    (("browOuterUp",), 0.5, 0.8),
    (("browDown",), 3.0, 2.5),
    (("eyeBlink",), 2.5, 2.0),
    (("eyeSquint",), 3.0, 2.5),
    (("eyeWide",), 0.8, 1.2),
    (("noseSneer",), 3.0, 2.0),
    (("cheekPuff",), 2.5, 1.5),
    (("cheekSquint",), 0.3, 0.6),
    (("mouthUpperUp",), 0.5, 1.0),
    (("mouthLowerDown",), 0.5, 1.0),
    (("mouthStretch",), 0.4, 0.8),
    (("mouthDimple",), 0.3, 0.6),
    (("mouthPress",), 0.5, 0.8),
    (("mouthRollLower",), 0.4, 0.6),
    (("mouthRollUpper",), 0.4, 0.6),
    (("mouthShrugLower",), 0.4, 0.7),
    (("mouthShrugUpper",), 0.3, 0.6),
    (("mouthFunnel",), 0.7, 1.0),
    (("jawLeft",), 0.3, 0.4),
    (("jawRight",), 0.3, 0.4),
    (("mouthLeft",), 0.3, 0.4),
    (("mouthRight",), 0.3, 0.4),
    (("jawForward",), 0.2, 0.4),
    (("mouthClose", "jawOpen"), 0.3, 0.5),
    (("mouthSmile", "cheekSquint", "eyeSquint"), 1.2, 1.2),
    (("browDown", "noseSneer", "eyeSquint"), 0.8, 0.6),
    (("mouthSmile", "jawOpen"), 1.0, 1.0),
)
# how far a resting face may look like a little of a shape: standard deviation of its weight, usual and hard
RESTING = {
    "brow": (0.09, 0.14),
    "eyeSquint": (0.08, 0.12),
    "eyeWide": (0.08, 0.10),
    "eyeBlink": (0.05, 0.06),
    "eyeLook": (0.0, 0.0),
    "mouthSmile": (0.05, 0.08),
    "mouthFrown": (0.06, 0.10),
    "mouthLowerDown": (0.04, 0.05),
    "mouthUpperUp": (0.04, 0.06),
    "mouthPucker": (0.05, 0.06),
    "mouthStretch": (0.04, 0.06),
    "mouthPress": (0.04, 0.06),
    "mouthRoll": (0.06, 0.08),
    "mouthShrug": (0.05, 0.08),
    "mouth": (0.03, 0.04),
    "noseSneer": (0.06, 0.10),
    "cheekPuff": (0.08, 0.15),
    "cheek": (0.06, 0.10),
    "jaw": (0.015, 0.02),
    "tongue": (0.0, 0.0),
}


@dataclass(frozen=True)
class Variety:
    """One kind of samples.

    Attributes:
        kind: column of ``GROUPS`` and ``RESTING``, 0 usual, 1 hard.
        identity: range of the standard deviation of a person's identity coefficients.
        least: smallest amount of a shape that is drawn.
        people: heads per chunk that get shapes transferred to them.
        looks: of the pictures.
    """

    kind: int
    identity: tuple[float, float]
    least: float
    people: int
    looks: Looks

    def groups(self) -> tuple[list[tuple[str, ...]], list[float]]:
        """Groups of stems, and how often each is drawn, relatively."""
        return [stems for stems, *_ in GROUPS], [often[self.kind] for _, *often in GROUPS]

    def resting(self, names: tuple[str, ...]) -> list[float]:
        """Standard deviation of each shape's weight on resting faces."""
        return [next(row[self.kind] for stem, row in RESTING.items() if name.startswith(stem)) for name in names]


USUAL = Variety(0, (0.7, 1.25), 0.25, 3, USUAL_LOOKS)
HARD = Variety(1, (0.8, 1.5), 0.2, 3, HARD_LOOKS)
