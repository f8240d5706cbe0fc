"""Reading .npy bytes from a stranger: type, shape and size are checked before any memory is taken."""

from __future__ import annotations

import io
import tokenize

import numpy as np

from .budgets import CHARACTER

_FORMAT = np.lib.format


def npy_bytes(array: np.ndarray) -> bytes:
    """.npy bytes of an array (never pickled)."""
    stream = io.BytesIO()
    _FORMAT.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def read_npy(data: bytes, kind: str, shape: tuple[int | None, ...], limit: int = CHARACTER.elements) -> np.ndarray:
    """Array of .npy bytes.

    Args:
        data: the whole file.
        kind: ``"f"`` for floats, ``"i"`` for integers; little endian, at most 8 bytes an element.
        shape: expected shape, None where any length up to ``limit`` elements in all is fine.

    Returns:
        The array as float32 or int32.

    Raises:
        ValueError: anything else, non-finite floats and integers beyond 32 bits included.
    """
    stream = io.BytesIO(data)
    version = _FORMAT.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"array format {version} is not used here")
    try:
        found, fortran, dtype = _FORMAT.read_array_header_1_0(stream, max_header_size=1000)  # type: ignore[call-arg]
    except (tokenize.TokenError, SyntaxError):  # numpy looks at the header as at Python's text
        raise ValueError("the header of an array cannot be read") from None
    if dtype.kind != kind or dtype.hasobject or dtype.itemsize > 8 or fortran:
        raise ValueError(f"array of type {dtype} instead of {kind}")
    if len(found) != len(shape) or any(want not in (None, have) for want, have in zip(shape, found)):
        raise ValueError(f"array of shape {found} instead of {shape}")
    count = 1
    for length in found:
        count *= int(length)
    if count > limit:
        raise ValueError(f"array of shape {found} has more than {limit} values")
    if len(data) - stream.tell() != count * dtype.itemsize:
        raise ValueError(f"array of shape {found} does not match its {len(data)} bytes")
    array = np.frombuffer(data, dtype, count, stream.tell()).reshape(found)
    if kind == "f":
        with np.errstate(over="ignore"):  # of numbers that only fit into 64 bits
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError("array holds values that are not finite in 32 bits")
        return array
    if count and (array.min() < -(2**31) or array.max() >= 2**31):
        raise ValueError("array holds integers beyond 32 bits")
    return array.astype(np.int32)
