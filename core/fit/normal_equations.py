"""Normal equations of some views and of what they share, added up term by term, and the bounded step they ask for.

Each of N views has n parameters x_i, all share K parameters s. About where the terms were taken the cost of a step is

    c - sum_i g_i . x_i - g . s + 1/2 sum_i x_i . (A_i x_i + 2 B_i s) + sum_(i < j) x_i . C_ij x_j + 1/2 s . S s,

the Gauss-Newton expansion of weighted squares (Nocedal and Wright 2006, Numerical Optimization, section 10.3), robust
weights frozen. C_ij is there for views that a term couples: then all views are solved as one block, else each is
eliminated by itself (``bounded_solve``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from .bounded_solve import Block, solve_bounded

DIAGONAL_FLOOR = 1e-9  # added to a view's damped diagonal: parameters that no term sees are left where they are


@dataclass(frozen=True)
class Term:
    """Weighted residuals: cost = 1/2 sum weight * residual^2, residual = measured - predicted in standard deviations.

    Attributes:
        residual: (m,).
        jacobian: (m, P) derivative of the prediction by the parameters of one view, or of two, then the shared ones.
        weight: (m,).
    """

    residual: np.ndarray
    jacobian: np.ndarray
    weight: np.ndarray

    def cost(self) -> float:
        """The cost in nats."""
        return 0.5 * float(self.weight @ self.residual**2)


@dataclass(frozen=True)
class Parameters:
    """One number for each parameter (a step, a bound of steps, a gradient): ``views`` (N, n) and ``shared`` (K,)."""

    views: np.ndarray
    shared: np.ndarray

    def scaled(self, factor: float) -> Parameters:
        """All numbers times ``factor``."""
        return Parameters(factor * self.views, factor * self.shared)

    def dot(self, other: Parameters) -> float:
        """Scalar product."""
        return float(np.vdot(self.views, other.views) + self.shared @ other.shared)


@dataclass
class NormalEquations:
    """The expansion in the module's equation. ``add`` and ``add_..._prior`` change it, nothing else does.

    Attributes:
        own: (N, n, n) A of each view.
        cross: (N, n, K) B of each view.
        shared: (K, K) S.
        gradient: the direction of descent g.
        cost: c, in nats.
        coupled: (n, n) C of pairs of views i < j.
    """

    own: np.ndarray
    cross: np.ndarray
    shared: np.ndarray
    gradient: Parameters
    cost: float = 0.0
    coupled: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, views: int, size: int, shared: int) -> NormalEquations:
        """Of ``views`` views with ``size`` parameters each and ``shared`` shared ones, without any term."""
        gradient = Parameters(np.zeros((views, size)), np.zeros(shared))
        return cls(
            np.zeros((views, size, size)), np.zeros((views, size, shared)), np.zeros((shared, shared)), gradient
        )

    def add(self, terms: Sequence[Term], views: tuple[int, ...], factor: float = 1.0) -> None:
        """Add terms times a factor.

        Args:
            terms: their Jacobians' columns are the parameters of ``views`` in turn, then the shared ones.
            views: one view, or two different ones that the terms couple.

        Raises:
            ValueError: a Jacobian has not as many columns as these parameters are.
        """
        size, own = self.own.shape[1], len(views) * self.own.shape[1]
        square, slope, cost = _squares(terms)
        if len(slope) != own + len(self.shared):
            raise ValueError(f"The terms have {len(slope)} columns; the parameters are {own + len(self.shared)}.")
        square *= factor
        slope *= factor
        rows = [slice(start, start + size) for start in range(0, own, size)]
        for view, at in zip(views, rows):
            self.own[view] += square[at, at]
            self.cross[view] += square[at, own:]
            self.gradient.views[view] += slope[at]
        for (first, at), (second, there) in combinations(zip(views, rows), 2):
            self._couple(first, second, square[at, there].copy())
        self.shared += square[own:, own:]
        self.gradient.shared[...] += slope[own:]
        self.cost += factor * cost

    def _couple(self, first: int, second: int, matrix: np.ndarray) -> None:
        pair, matrix = ((first, second), matrix) if first < second else ((second, first), matrix.T)
        self.coupled[pair] = self.coupled[pair] + matrix if pair in self.coupled else matrix

    def add_view_prior(
        self, view: int, at: slice, curvature: np.ndarray, slope: np.ndarray, cost: float = 0.0
    ) -> None:
        """Add a quadratic prior of the parameters ``at`` of a view.

        Args:
            curvature: (m, m) second derivative of its cost.
            slope: (m,) first derivative, where the view is.
            cost: in nats, where the view is.
        """
        self.own[view, at, at] += curvature
        self.gradient.views[view, at] -= slope
        self.cost += cost

    def add_shared_prior(self, curvature: np.ndarray, slope: np.ndarray | float = 0.0, cost: float = 0.0) -> None:
        """Add a quadratic prior of the shared parameters: curvature (K, K), slope (K,) and cost as of a view's."""
        self.shared += curvature
        self.gradient.shared[...] -= slope
        self.cost += cost

    def copy(self) -> NormalEquations:
        """The same, with arrays of its own."""
        gradient = Parameters(self.gradient.views.copy(), self.gradient.shared.copy())
        own, cross, shared = self.own.copy(), self.cross.copy(), self.shared.copy()
        return NormalEquations(own, cross, shared, gradient, self.cost, dict(self.coupled))

    def times(self, step: Parameters) -> Parameters:
        """The matrix of second derivatives times a step."""
        views = (self.own @ step.views[..., None])[..., 0] + self.cross @ step.shared
        for (first, second), matrix in self.coupled.items():
            views[first] += matrix @ step.views[second]
            views[second] += matrix.T @ step.views[first]
        shared = self.shared @ step.shared + np.einsum("vnk,vn->k", self.cross, step.views)
        return Parameters(views, shared)

    def moved(self, step: Parameters) -> NormalEquations:
        """The same quadratic cost, expanded about where ``step`` leads."""
        slope, there = self.times(step), self.copy()
        there.cost += 0.5 * step.dot(slope) - self.gradient.dot(step)
        there.gradient.views[...] -= slope.views
        there.gradient.shared[...] -= slope.shared
        return there

    def damped(self, views: float, shared: float) -> NormalEquations:
        """With shares of the diagonal added to it (Marquardt 1963): to that of the views, and of the shared part.

        It is for a step: what is not damped it has in common with these equations.
        """
        damped = replace(self, own=self.own.copy(), shared=self.shared.copy())
        own, joint = np.arange(self.own.shape[1]), np.arange(len(self.shared))
        damped.own[:, own, own] += views * self.own[:, own, own] + DIAGONAL_FLOOR
        damped.shared[joint, joint] += shared * self.shared[joint, joint]
        return damped

    def step(self, lower: Parameters, upper: Parameters) -> Parameters:
        """The step to the minimum within bounds (Bertsekas 1982); the matrix must be positive definite."""
        count, size = self.gradient.views.shape
        own, cross, vectors = self.own, self.cross, [self.gradient.views, lower.views, upper.views]
        if self.coupled:
            own, cross = self._joined()[None], cross.reshape(1, count * size, -1)
            vectors = [part.reshape(1, -1) for part in vectors]
        blocks = [Block(*each) for each in zip(own, cross, *vectors)]
        *views, shared = solve_bounded(blocks, self.shared, self.gradient.shared, lower.shared, upper.shared)
        return Parameters(np.concatenate(views).reshape(count, size), shared)

    def _joined(self) -> np.ndarray:
        """(N n, N n) matrix of all views together."""
        count, size = self.gradient.views.shape
        joined = np.zeros((count, size, count, size))
        joined[np.arange(count), :, np.arange(count)] = self.own
        for (first, second), matrix in self.coupled.items():
            joined[first, :, second], joined[second, :, first] = matrix, matrix.T
        return joined.reshape(count * size, count * size)


def _squares(terms: Sequence[Term]) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix (P, P), direction of descent (P,) and cost of several terms together."""
    counts = [len(term.weight) for term in terms]
    jacobian, residual, stop = np.empty((sum(counts), terms[0].jacobian.shape[1])), np.empty(sum(counts)), 0
    for term, count in zip(terms, counts):
        rows, root = slice(stop, stop + count), np.sqrt(term.weight)
        np.multiply(term.jacobian, root[:, None], out=jacobian[rows])
        np.multiply(term.residual, root, out=residual[rows])
        stop += count
    # numpy computes one half of a matrix times its own transpose
    return jacobian.T @ jacobian, jacobian.T @ residual, 0.5 * float(residual @ residual)
