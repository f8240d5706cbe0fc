"""What follows from the head model alone, kept for the model used last."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import TypeVar

from .model import HeadModel

Result = TypeVar("Result")


def kept_for_last_model(compute: Callable[[HeadModel], Result]) -> Callable[[HeadModel], Result]:
    """The function of a model, worked out once as long as it is asked of the same model object."""
    last: list[tuple[weakref.ref[HeadModel], Result]] = []

    @functools.wraps(compute)
    def kept(model: HeadModel) -> Result:
        if not (last and last[0][0]() is model):
            last[:] = [(weakref.ref(model), compute(model))]
        return last[0][1]

    return kept
