"""Small made-up data shared by the tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.models.training import samples as expression_samples
from furrow.models.training.samples import Samples
from furrow.models.training.variety import USUAL


def band_weights(folds: float, lines: float, photo: float, atlas: float) -> np.ndarray:
    """(4,) weights of the static map and its three bands, by the formula in ``core.character.bands``."""
    origin = photo - atlas
    return np.array([atlas * lines, atlas * (folds - lines), origin * lines, origin * (folds - lines)])


def traps(folder: Path) -> None:
    """Modules named like those that Furrow imports; each leaves a file NAME.ran in the folder when it is run."""
    (folder / "furrow" / "core").mkdir(parents=True)
    for place in ("furrow/__init__.py", "furrow/core/__init__.py", "furrow/core/pipeline.py", "numpy.py", "bpy.py"):
        name = place.partition("/")[0].removesuffix(".py")
        (folder / place).write_text(f"open({str(folder / name)!r} + '.ran', 'w').close()\n")


def rendered_people(model, atlas, assets: Path, count: int, seed: int) -> Samples:
    """Samples of ``count`` portraits of rendered people, whose shapes are as the model has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expression_samples, "personal_deltas", lambda model, head: model.expression_basis)
        return expression_samples.make_samples(
            model, atlas, FaceNets(assets, choose("cpu")), count, seed, replace(USUAL, people=4)
        )
