"""Shapes whose skin touches itself without crossing.

Each shape is followed from a pose without crossings to its end in small steps. In every step what comes near is kept
apart by the least correction of the shapes. Several poses that share shapes are solved together: left and right smile
alone and at once, a mouth that closes on its own and on the opened jaw.
"""

from __future__ import annotations

import numpy as np

from ...core.mesh.contact_solver import corrected, joined
from ...core.mesh.contacts import GAP, Ball, Patch, Seal, contacts

STEP, LEAST_STEPS = 1.0, 8  # mm: longest way of a vertex between two searches for contacts; fewest of them
SEALING = 8  # steps in which a seal closes


def untangled(
    patch: Patch,
    base: np.ndarray,
    shapes: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    mirror: tuple[np.ndarray, np.ndarray] | None = None,
    seal: Seal | None = None,
    ball: Ball | None = None,
    detour: np.ndarray | float = 0.0,
    gap: float = GAP,
) -> np.ndarray:
    """(m, z, 3) mm corrections of shapes after which the poses do not cross.

    Args:
        base: (z, 3) or (p, z, 3) mm points of the patch without the shapes, in each pose.
        shapes: (m, z, 3) mm that are corrected.
        start, end: (p, m) weights of the shapes in each pose; at ``start`` nothing crosses.
        mirror: patch vertex on the other side of each (z,) and the shape that mirrors each (m,).
        seal: what has to close as well.
        ball: what no correction enters; a shape that is inside of it stays as deep.
        detour: (m, z, 3) mm by which the shapes bend aside half-way.
        gap: mm kept between skin and skin.
    """
    longest = np.abs(np.einsum("pm,mzd->pzd", end - start, shapes)).max()
    steps = max(LEAST_STEPS, int(np.ceil(longest / STEP)))
    correction = np.zeros_like(shapes)

    def poses(share: float, change: np.ndarray) -> np.ndarray:
        weights = start + share * (end - start)
        return base + np.einsum("pm,mzd->pzd", weights, shapes + change + (1.0 - share) * detour)

    # the way first, then what has to close, a little more each time
    shares = [*((k + 1) / steps for k in range(steps)), *[1.0] * (SEALING if seal else 0)]
    for k, share in enumerate(shares):
        before = poses(shares[k - 1] if k else 0.0, correction)
        expected = poses(share, correction)
        found = [contacts(patch, before[p], expected[p] - before[p], gap=gap) for p in range(len(before))]
        pose = list(range(len(found)))
        wanted = poses(share, np.zeros_like(shapes))
        if ball:
            found += [ball.contacts(*both) for both in zip(before, wanted, strict=True)]
            pose += pose
        if seal and k >= steps:
            found.append(seal.eased(expected[seal.pose], 1.0 - (k - steps + 1) / max(SEALING - 2, 1)))
            pose.append(seal.pose)
        weights = start + share * (end - start)
        of_contact = np.repeat(pose, [len(c.distance) for c in found])
        correction = corrected(patch, joined(found), of_contact, wanted, weights)
        if mirror is not None:
            swapped = correction[mirror[1]][:, mirror[0]] * [-1.0, 1.0, 1.0]
            correction = 0.5 * (correction + swapped)
    return correction
