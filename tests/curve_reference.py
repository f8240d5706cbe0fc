"""The basis of curves as a matrix: what drawing them must come to."""

import numpy as np
from scipy import sparse


def basis_matrix(near, profile, count, size):
    """(S * S, N) basis: profile (n,) at ``near``, shared between the two ends of each segment."""
    keep = np.flatnonzero(profile)
    texel, point, fraction = near.texel[keep], near.point[keep], near.fraction[keep]
    value = profile[keep].astype(np.float32)
    return sparse.coo_matrix(
        (
            np.concatenate([value * (1.0 - fraction), value * fraction]),
            (np.concatenate([texel, texel]), np.concatenate([point, point + 1])),
        ),
        shape=(size * size, count),
    ).tocsr()
