"""Charts of flat skin, for tests without a head."""

from __future__ import annotations

import numpy as np
from furrow.core.head.chart import Chart


def flat_chart(size: int, texel: float) -> Chart:
    """The chart of a square of skin whose maps of ``size`` texels have square texels of so many mm."""
    wide = (texel * size) ** 2
    return Chart(size, texel, np.tile(np.float32([wide, 0, wide]), (8, 8, 1)))
