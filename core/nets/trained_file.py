"""Files of networks that Furrow trained itself, read without trusting them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import AssetsError

Network = TypeVar("Network")


def checked(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """A stored array as float32.

    Raises:
        ValueError: it is of another shape, no float, or not finite.
    """
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, or is not finite")
    return array.astype(np.float32)


def read_network(path: Path, name: str, from_arrays: Callable[[dict[str, np.ndarray]], Network]) -> Network:
    """The network ``from_arrays`` makes of the arrays in an .npz; it raises KeyError or ValueError at wrong ones.

    Args:
        name: of the network, for messages, such as "expression network".

    Raises:
        AssetsError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return from_arrays({key: stored[key] for key in stored.files})
    except FileNotFoundError:
        raise AssetsError(f"The {name} {path} is missing: install Furrow again.") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AssetsError(f"The {name} {path} is damaged ({error}): install Furrow again.") from None
