"""Bounded Levenberg-Marquardt: one loop for every fit of a head to its photos.

A step is the bounded minimum of the damped normal equations (Marquardt 1963, An Algorithm for Least-Squares Estimation
of Nonlinear Parameters; bounds: Bertsekas 1982). One that makes the cost worse is taken back and tried with more
damping. Without damping, and with no step refused, this is Gauss-Newton.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from .normal_equations import NormalEquations, Parameters


class State(Protocol):
    """What is sought."""

    def stepped(self, step: Parameters) -> Self:
        """The state after a step."""


S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Settings:
    """How steps are damped, refused, and found to be the last; without any of it: Gauss-Newton.

    Attributes:
        iterations: steps at most, refused ones too.
        ridge: share of their diagonal that the views' matrices get, whatever the damping: what no term sees is left.
        damping: share of the diagonal that is added to all of it, to begin with.
        least, most: limits of it.
        eased, raised: its factors after a step that was taken, and after one that was refused.
        rise, slack: the cost may rise by this share of it, and by so many nats, without a step being refused; infinite:
            none is refused, and no cost is computed to tell.
        gain: the last step changes the cost by less than this share of it ...
        change: ... and no counted parameter by as much as this. 0: all steps are taken.
        counted_from: the first of a view's parameters whose changes count; of the shared ones all do.
    """

    iterations: int
    ridge: float = 0.0
    damping: float = 0.0
    least: float = 0.0
    most: float = np.inf
    eased: float = 0.2
    raised: float = 8.0
    rise: float = np.inf
    slack: float = 0.0
    gain: float = 0.0
    change: float = 0.0
    counted_from: int = 0

    def refuses(self, before: Point, after: Point) -> bool:
        """Whether the step between two points is taken back."""
        if np.isinf(self.rise):
            return False
        cost = before.equations.cost
        return not after.equations.cost - cost <= self.rise * cost + self.slack

    def is_last(self, before: Point, after: Point, step: Parameters) -> bool:
        """Whether hardly anything changed between two points."""
        if self.change == 0.0:
            return False
        cost = after.equations.cost
        largest = max(np.abs(step.shared).max(initial=0.0), np.abs(step.views[:, self.counted_from :]).max(initial=0.0))
        return bool(abs(before.equations.cost - cost) < self.gain * cost and largest < self.change)


@dataclass(frozen=True)
class Point(Generic[S]):
    """A state, and the expansion of the cost about it, computed when it is first asked for."""

    state: S
    expand: Callable[[S], NormalEquations]

    @cached_property
    def equations(self) -> NormalEquations:
        """Normal equations at the state."""
        return self.expand(self.state)


def levenberg_marquardt(
    expand: Callable[[S], NormalEquations],
    state: S,
    bounds: Callable[[S], tuple[Parameters, Parameters]],
    settings: Settings,
) -> Point[S]:
    """The state of least cost near ``state``.

    Args:
        expand: normal equations at a state.
        state: to begin with; any frozen dataclass that can be stepped.
        bounds: the lowest and the highest step at a state.
        settings: damping and acceptance.
    """
    here, damping = Point(state, expand), settings.damping
    for _ in range(settings.iterations):
        step = here.equations.damped(damping + settings.ridge, damping).step(*bounds(here.state))
        there = Point(here.state.stepped(step), expand)
        if settings.refuses(here, there):
            damping = min(damping * settings.raised, settings.most)
            continue
        damping = max(damping * settings.eased, settings.least)
        before, here = here, there
        if settings.is_last(before, here, step):
            break
    return here
