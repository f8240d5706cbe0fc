"""Prior over the 52 expression weights: few shapes at once, symmetric, no antagonists together.

The cost of weights w in [0, 1] is, in nats,

    sum_j (rate_j w_j + 1/2 precision_j w_j^2) + sum_(a,b) (1/2 coupling_ab (w_a - w_b)^2 + exclusive_ab w_a w_b)

The linear term is an exponential prior: it leaves shapes that explain little at exactly zero. Coupled shapes usually
move together (left and right, both eyes' gaze); exclusive shapes pull the same skin opposite ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# expected weight of a shape over photos of all kinds: small means "use it only on strong evidence"
COMMON, USUAL, RARE, HARDLY_VISIBLE = 0.20, 0.10, 0.05, 0.025
COMMON_SHAPES = (
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browDownLeft",
    "browDownRight", "browOuterUpLeft", "browOuterUpRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookUpLeft",
    "eyeLookUpRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeSquintLeft",
    "eyeSquintRight", "mouthPucker", "mouthFrownLeft", "mouthFrownRight",
)
RARE_SHAPES = (
    "jawLeft", "jawRight", "mouthLeft", "mouthRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthShrugLower",
    "mouthShrugUpper", "mouthRollLower", "mouthRollUpper", "mouthPressLeft", "mouthPressRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthClose", "cheekPuff",
)
HARDLY_VISIBLE_SHAPES = ("jawForward", "cheekSquintLeft", "cheekSquintRight")
UNSEEN_SHAPES = ("tongueOut",)
# shapes that part the lips over the teeth: the regressor hardly reads them (r = .04 and .46 on people it has not seen,
# models/EXPRESSION.md), the distance between the lips shows them; its answer counts as one measurement at most
PARTING_SHAPES = ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")

SYMMETRIC_SPREAD = 0.12
LOOSELY_SYMMETRIC = {"eyeBlink": 0.25, "mouthSmile": 0.2, "browOuterUp": 0.2, "browDown": 0.2, "mouthFrown": 0.2}
SAME_GAZE = (
    ("eyeLookInLeft", "eyeLookOutRight"), ("eyeLookOutLeft", "eyeLookInRight"),
    ("eyeLookUpLeft", "eyeLookUpRight"), ("eyeLookDownLeft", "eyeLookDownRight"),
)
GAZE_SPREAD = 0.08
EXCLUSIVE_STRENGTH = 30.0
EXCLUSIVE_SAME_SIDE = (
    ("mouthSmile", "mouthFrown"), ("eyeBlink", "eyeWide"), ("eyeSquint", "eyeWide"), ("browDown", "browOuterUp"),
    ("eyeLookUp", "eyeLookDown"), ("eyeLookIn", "eyeLookOut"), ("mouthPress", "mouthUpperUp"),
    ("mouthPress", "mouthLowerDown"), ("mouthStretch", "mouthSmile"),
)
EXCLUSIVE_WITH_SIDE = (
    ("browInnerUp", "browDown"), ("mouthPucker", "mouthSmile"), ("mouthPucker", "mouthStretch"),
    ("mouthPucker", "mouthDimple"), ("mouthFunnel", "mouthPress"), ("mouthFunnel", "mouthSmile"),
    ("jawOpen", "mouthPress"),
)
EXCLUSIVE = (
    ("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"), ("mouthPucker", "mouthFunnel"), ("jawOpen", "cheekPuff"),
    ("jawOpen", "mouthShrugLower"), ("mouthRollUpper", "mouthShrugUpper"), ("mouthRollLower", "mouthShrugLower"),
    ("mouthFunnel", "mouthRollUpper"), ("mouthFunnel", "mouthRollLower"),
)


@dataclass(frozen=True)
class ExpressionPrior:
    """See the module's equation.

    Attributes:
        rate: (E,) linear cost.
        coupling: (E, E) symmetric matrix of the quadratic terms (precision and coupling).
        exclusive: (E, E) symmetric, zero diagonal.
        upper: (E,) largest weight; 0 for shapes that landmarks cannot see.
    """

    rate: np.ndarray
    coupling: np.ndarray
    exclusive: np.ndarray
    upper: np.ndarray

    def cost(self, weights: np.ndarray) -> float:
        """The cost in nats of weights (E,)."""
        quadratic = 0.5 * weights @ (self.coupling + self.exclusive) @ weights
        return float(self.rate @ weights + quadratic)

    def gradient(self, weights: np.ndarray) -> np.ndarray:
        """(E,) derivative of the cost."""
        return self.rate + (self.coupling + self.exclusive) @ weights

    def convex_hessian(self) -> np.ndarray:
        """(E, E) second derivative without the exclusive terms, which are not convex: safe in a Newton step."""
        return self.coupling


def expression_prior(names: tuple[str, ...], strength: float = 1.0) -> ExpressionPrior:
    """The prior for ARKit shape names, all costs multiplied by ``strength``; unknown names get the usual rate."""
    index = {name: i for i, name in enumerate(names)}
    mean = np.full(len(names), USUAL)
    for group, value in ((COMMON_SHAPES, COMMON), (RARE_SHAPES, RARE), (HARDLY_VISIBLE_SHAPES, HARDLY_VISIBLE)):
        mean[[index[name] for name in group if name in index]] = value
    upper = np.ones(len(names))
    upper[[index[name] for name in UNSEEN_SHAPES if name in index]] = 0.0

    coupling = np.diag(1.0 / (4.0 * mean) ** 2)
    for a, b, spread in _coupled_pairs(names):
        if a in index and b in index:
            i, j = index[a], index[b]
            precision = 1.0 / spread**2
            coupling[[i, j], [i, j]] += precision
            coupling[[i, j], [j, i]] -= precision
    exclusive = np.zeros((len(names), len(names)))
    for a, b in _exclusive_pairs():
        if a in index and b in index:
            exclusive[index[a], index[b]] = exclusive[index[b], index[a]] = EXCLUSIVE_STRENGTH
    return ExpressionPrior(strength / mean, strength * coupling, strength * exclusive, upper)


def guided_prior(prior: ExpressionPrior, guess: np.ndarray, sigma: np.ndarray, trust: float | np.ndarray = 1.0,
                 keep: float = 1.0) -> ExpressionPrior:
    """The prior after somebody has read the expression: plus ``trust / 2 * sum_j ((w_j - guess_j) / sigma_j)^2``.

    Args:
        prior: what is known of expressions in general.
        guess: (E,) weights, as of ``core.nets.expression_regressor``.
        sigma: (E,) their standard deviations.
        trust: multiplies the new cost; one for all shapes, or (E,).
        keep: multiplies the linear cost of ``prior``: a guess that was learned knows already that most weights are 0.
    """
    precision = trust / np.square(sigma)
    return ExpressionPrior(
        keep * prior.rate - precision * guess, prior.coupling + np.diag(precision), prior.exclusive, prior.upper
    )


def trust_by_shape(names: tuple[str, ...], trust: float) -> np.ndarray:
    """(E,) how much a reading of each shape counts: ``trust``, and 1 at most for ``PARTING_SHAPES``."""
    return np.where(np.isin(names, PARTING_SHAPES), min(trust, 1.0), trust)


def _coupled_pairs(names: tuple[str, ...]) -> list[tuple[str, str, float]]:
    pairs = [(a, b, GAZE_SPREAD) for a, b in SAME_GAZE]
    for name in names:
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft") and not name.startswith("eyeLook"):
            stem = name[: -len("Left")]
            pairs.append((name, stem + "Right", LOOSELY_SYMMETRIC.get(stem, SYMMETRIC_SPREAD)))
    return pairs


def _exclusive_pairs() -> list[tuple[str, str]]:
    sides = ("Left", "Right")
    pairs = [(a + side, b + side) for a, b in EXCLUSIVE_SAME_SIDE for side in sides]
    pairs += [(a, b + side) for a, b in EXCLUSIVE_WITH_SIDE for side in sides]
    return pairs + list(EXCLUSIVE)
