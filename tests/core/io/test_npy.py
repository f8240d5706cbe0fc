"""Arrays from strangers: what is read, and everything else is refused before memory is taken."""

import io

import numpy as np
import pytest
from furrow.core.io.npy import npy_bytes, read_npy


def saved(array, version=(1, 0)):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


@pytest.mark.parametrize("array", [
    np.arange(6, dtype=np.int64).reshape(2, 3),
    np.array([[-(2**31), 2**31 - 1, 0]]),
    np.zeros((0, 3), np.int16),
    np.array([[0.5, -1e30, 3.0]]),
    np.float16([[1, 2, 3], [4, 5, 6]]),
])  # fmt: skip
def test_numbers_come_back(array):
    found = read_npy(npy_bytes(array), array.dtype.kind, (None, 3))
    assert found.dtype == (np.float32 if array.dtype.kind == "f" else np.int32)
    np.testing.assert_array_equal(found, array.astype(found.dtype))


def test_numpy_reads_what_is_written():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(np.load(io.BytesIO(npy_bytes(array.T))), array.T)


WHOLE, HALVES = np.arange(6).reshape(2, 3), np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("data, kind, shape", [
    (saved(WHOLE), "f", (2, 3)),
    (saved(HALVES), "i", (2, 3)),
    (saved(WHOLE), "i", (3, 2)),
    (saved(WHOLE), "i", (2, None, 3)),
    (saved(WHOLE), "i", (6,)),
    (saved(WHOLE)[:-1], "i", (2, 3)),
    (saved(WHOLE) + b"0", "i", (2, 3)),
    (saved(WHOLE, (2, 0)), "i", (2, 3)),
    (saved(np.asfortranarray(WHOLE)), "i", (2, 3)),
    (saved(np.array([2**31])), "i", (None,)),
    (saved(np.array([-(2**31) - 1])), "i", (None,)),
    (saved(np.array([0.0, np.nan])), "f", (None,)),
    (saved(np.array([0.0, -np.inf])), "f", (None,)),
    (saved(np.zeros(2, np.longdouble)), "f", (None,)),
    (saved(np.zeros(2, np.uint32)), "i", (None,)),
    (b"no array at all, but long enough", "f", (None,)),
])  # fmt: skip
def test_anything_else_is_refused(data, kind, shape):
    with pytest.raises(ValueError):
        read_npy(data, kind, shape)


def test_the_limit_is_of_all_numbers_together():
    assert read_npy(saved(WHOLE), "i", (None, None), limit=6).shape == (2, 3)
    with pytest.raises(ValueError, match="has more than 5 values"):
        read_npy(saved(WHOLE), "i", (None, None), limit=5)


def test_a_header_that_promises_more_than_there_is_takes_no_memory():
    data = saved(WHOLE).replace(b"(2, 3)", b"(9, 9)")
    with pytest.raises(ValueError, match="does not match"):
        read_npy(data, "i", (None, None))
