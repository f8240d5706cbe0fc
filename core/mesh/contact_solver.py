"""The least correction of shapes that holds their contacts.

The correction u of the shapes is the smoothest and smallest that keeps a gap at each contact c of each pose p,

    min 1/2 sum_s u_s^T K u_s   with   n_c . B_c (target_p + sum_s w_ps u_s) >= gap_c,

with K = (I + s L)^2, L the graph Laplacian. It is solved in its dual, a non-negative quadratic program of one unknown
a contact.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy import sparse

from .contacts import Contacts, Patch

ROUNDS = 16  # of the constraints that are taken in, of each vertex the one that is missed most
REGULARISE = 1e-3
MOST_PIVOTS, PATIENCE = 60, 6  # of the quadratic program
MOST = 1500  # contacts solved at once


def joined(found: list[Contacts]) -> Contacts:
    """All contacts in one table, in the order of the list."""
    return Contacts(*(np.concatenate([getattr(c, field.name) for c in found]) for field in fields(Contacts)))


def corrected(patch: Patch, found: Contacts, pose: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(m, z, 3) corrections at the end of one step.

    Args:
        pose: (c,) of each contact; wanted: (p, z, 3) mm the poses without correction; weights: (p, m).
    """
    vertices, shares, normal, gap = found.vertices, found.weights, found.normal, found.gap
    correction = np.zeros((weights.shape[1], *wanted.shape[1:]))
    if not len(pose):
        return correction
    taken = np.zeros(len(pose), bool)
    lift = np.zeros(len(pose))

    def gaps(change: np.ndarray) -> np.ndarray:
        at = wanted + np.einsum("pm,mzd->pzd", weights, change)
        places = np.einsum("ck,ckd->cd", shares, at[pose[:, None], vertices])
        return np.einsum("cd,cd->c", places, normal)

    plain = gaps(correction)
    for _ in range(ROUNDS):
        missing = gap - gaps(correction)
        violated = np.flatnonzero((missing > 1e-3) & ~taken)
        if not len(violated):
            break
        taken[violated[_most(pose[violated] * wanted.shape[1] + vertices[violated, 0], missing[violated])]] = True
        if taken.sum() > MOST:
            taken[np.flatnonzero(taken)[np.argsort((plain - gap)[taken])[MOST:]]] = False
        chosen = np.flatnonzero(taken)
        four = np.arange(0, 4 * len(chosen) + 1, 4)
        selector = sparse.csr_matrix(
            (shares[chosen].ravel(), vertices[chosen].ravel(), four), (len(chosen), len(patch.vertices))
        )
        spread = selector @ patch.response
        alike = weights[pose[chosen]]
        system = (selector @ np.ascontiguousarray(spread.T)) * (normal[chosen] @ normal[chosen].T) * (alike @ alike.T)
        lift[chosen] = nonnegative_minimum(system, gap[chosen] - plain[chosen], lift[chosen])
        push = lift[chosen, None, None] * alike[:, :, None] * normal[chosen][:, None]
        correction = np.einsum("cz,cmd->mzd", spread, push, optimize=True)
    return correction


def _most(label: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Indices of the largest value (c,) of each label (c,)."""
    order = np.lexsort((value, label))
    last = np.append(np.diff(label[order]) != 0, True)
    return order[last]


def nonnegative_minimum(system: np.ndarray, wanted: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """(c,) x >= 0 that minimises 1/2 x.A x - b.x, by block principal pivoting (Portugal, Judice and Vicente 1994).

    Args:
        system: A (c, c), positive semidefinite; wanted: b (c,); guess: (c,) whose positive entries are tried first.
    """
    scale = 1.0 / np.sqrt(np.diagonal(system).clip(1e-9))
    scaled = system * scale[:, None] * scale
    scaled[np.diag_indices(len(scaled))] += REGULARISE
    target = wanted * scale
    passive = guess > 0
    x, slack = np.zeros(len(target)), -target
    fewest, patience = len(target) + 1, PATIENCE
    for _ in range(MOST_PIVOTS):
        x = np.zeros(len(target))
        if passive.any():
            x[passive] = np.linalg.solve(scaled[passive][:, passive], target[passive])
        slack = scaled @ x - target
        wrong = np.where(passive, x < -1e-9, slack < -1e-6)
        count = int(wrong.sum())
        if not count:
            break
        if count < fewest:
            fewest, patience = count, PATIENCE
        elif patience:
            patience -= 1
        else:
            # one at a time, the last: always ends
            wrong = np.arange(len(wrong)) == np.flatnonzero(wrong)[-1]
        passive ^= wrong
    return np.maximum(x, 0.0) * scale
