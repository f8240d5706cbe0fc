"""Lines marked by hand in real photos, and how found lines compare with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.fit import coarse, photometric
from ...core.fit.evidence import Evidence
from ...core.head.chart import head_chart
from ...core.io.photo import load_photo
from ...core.nets import detection, landmarks
from ...core.pipeline import Models, _observation
from ...core.texture.view_texture import view_texture
from ...core.view.unwrap import posed_vertices
from .line_matching import Tally, found_lines, matched, on_surface, resampled
from .wrinkled_photo import SIZE

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"
# what an artist would draw, in fractions of the photo's width and height: clear lines are to be found, faint may be
Marks = tuple[tuple[tuple[float, float], ...], ...]  # lines of points
MARKED: dict[str, dict[str, Marks]] = {
    "exp_3.jpg": {
        "clear": (
            (
                (0.41, 0.332),
                (0.4278, 0.331),
                (0.4646, 0.3307),
                (0.4977, 0.3299),
                (0.5161, 0.338),
                (0.5382, 0.3458),
                (0.5713, 0.3524),
                (0.6008, 0.3539),
                (0.6192, 0.3612),
                (0.6449, 0.3771),
            ),
            ((0.5051, 0.3152), (0.5235, 0.3171), (0.5382, 0.3244), (0.5713, 0.3299), (0.6008, 0.3299)),
            ((0.42, 0.3475), (0.4462, 0.3465), (0.483, 0.3454), (0.5014, 0.352)),
            ((0.56, 0.3693), (0.6008, 0.3693), (0.6229, 0.3704), (0.635, 0.374)),
            ((0.572, 0.575), (0.5861, 0.5987), (0.5971, 0.6171), (0.6063, 0.6318), (0.6118, 0.6539)),
            ((0.4407, 0.5508), (0.4278, 0.5655), (0.4131, 0.5796), (0.402, 0.592)),
        ),
        "faint": (
            ((0.375, 0.492), (0.39, 0.499), (0.41, 0.498), (0.43, 0.49), (0.45, 0.484)),
            ((0.575, 0.502), (0.59, 0.509), (0.605, 0.515), (0.62, 0.521), (0.64, 0.525), (0.655, 0.524)),
            ((0.54, 0.311), (0.56, 0.312), (0.58, 0.314)),
            ((0.6, 0.3299), (0.62, 0.335), (0.64, 0.342)),
            ((0.6, 0.354), (0.62, 0.353), (0.645, 0.358)),
        ),
    },
    "exp_4.jpg": {
        "clear": (
            ((0.405, 0.312), (0.416, 0.3054), (0.43, 0.3082), (0.442, 0.3088)),
            (
                (0.42, 0.2436),
                (0.44, 0.2424),
                (0.456, 0.2422),
                (0.472, 0.2442),
                (0.49, 0.2461),
                (0.504, 0.2461),
                (0.524, 0.2436),
                (0.546, 0.2422),
                (0.564, 0.2442),
                (0.58, 0.2527),
                (0.598, 0.2669),
            ),
            (
                (0.4, 0.274),
                (0.416, 0.2641),
                (0.43, 0.2607),
                (0.45, 0.2592),
                (0.466, 0.2607),
                (0.48, 0.2641),
                (0.5, 0.2655),
                (0.52, 0.2627),
                (0.54, 0.2612),
                (0.56, 0.2641),
                (0.572, 0.2692),
                (0.588, 0.276),
                (0.6, 0.2846),
            ),
            (
                (0.394, 0.298),
                (0.402, 0.294),
                (0.412, 0.2885),
                (0.424, 0.284),
                (0.444, 0.2814),
                (0.46, 0.2826),
                (0.476, 0.2843),
            ),
            ((0.544, 0.3091), (0.56, 0.3082), (0.572, 0.3096), (0.586, 0.3139), (0.6, 0.3182), (0.616, 0.3324)),
            ((0.458, 0.479), (0.4493, 0.4914), (0.4389, 0.4988)),
            ((0.5325, 0.4765), (0.5412, 0.4901), (0.5516, 0.4988)),
        ),
        "faint": (
            ((0.462, 0.467), (0.452, 0.476), (0.44, 0.483), (0.42, 0.487), (0.405, 0.483)),
            ((0.53, 0.467), (0.54, 0.476), (0.555, 0.485), (0.57, 0.489), (0.585, 0.488), (0.597, 0.482)),
            ((0.476, 0.2843), (0.5, 0.283), (0.53, 0.284), (0.55, 0.283)),
            ((0.565, 0.283), (0.585, 0.284), (0.6, 0.287)),
            ((0.442, 0.303), (0.46, 0.302), (0.48, 0.302)),
            ((0.456, 0.325), (0.47, 0.323), (0.485, 0.322)),
        ),
    },
    "exp_2.jpg": {
        "clear": (
            (
                (0.325, 0.538),
                (0.34, 0.546),
                (0.36, 0.552),
                (0.385, 0.554),
                (0.405, 0.549),
                (0.422, 0.537),
                (0.436, 0.517),
            ),
            (
                (0.552, 0.507),
                (0.562, 0.519),
                (0.578, 0.531),
                (0.598, 0.538),
                (0.62, 0.538),
                (0.638, 0.531),
                (0.653, 0.52),
            ),
            ((0.425, 0.592), (0.413, 0.607), (0.402, 0.622)),
            ((0.395, 0.642), (0.375, 0.65), (0.355, 0.661), (0.338, 0.674)),
            ((0.568, 0.585), (0.582, 0.603), (0.6, 0.622), (0.62, 0.64), (0.64, 0.653), (0.66, 0.659)),
        ),
        "faint": (
            ((0.3, 0.528), (0.315, 0.532), (0.333, 0.537)),
            ((0.655, 0.507), (0.67, 0.505), (0.69, 0.512)),
            ((0.65, 0.52), (0.67, 0.521), (0.69, 0.527)),
            ((0.476, 0.375), (0.476, 0.395), (0.476, 0.417)),
            ((0.508, 0.397), (0.515, 0.42), (0.522, 0.44)),
            ((0.605, 0.672), (0.622, 0.682), (0.634, 0.7), (0.63, 0.725)),
            ((0.402, 0.622), (0.399, 0.632), (0.395, 0.642)),
        ),
    },
    "exp_5.jpg": {
        "clear": (
            ((0.378, 0.49), (0.39, 0.502), (0.405, 0.508), (0.42, 0.507), (0.44, 0.5)),
            ((0.575, 0.504), (0.585, 0.513), (0.6, 0.52), (0.62, 0.523), (0.635, 0.519)),
            ((0.405, 0.63), (0.394, 0.643), (0.386, 0.655)),
            ((0.582, 0.655), (0.59, 0.665), (0.594, 0.678)),
        ),
        "faint": (
            ((0.386, 0.655), (0.382, 0.668), (0.384, 0.68)),
            ((0.565, 0.6), (0.578, 0.612), (0.588, 0.62)),
            ((0.44, 0.59), (0.425, 0.603), (0.412, 0.618), (0.405, 0.63)),
            ((0.37, 0.462), (0.385, 0.45), (0.41, 0.444), (0.435, 0.45), (0.455, 0.465)),
            ((0.57, 0.475), (0.59, 0.464), (0.61, 0.461), (0.635, 0.466), (0.66, 0.478)),
        ),
    },
    "image02202.jpg": {
        "clear": (
            ((0.355, 0.503), (0.37, 0.511), (0.39, 0.516), (0.415, 0.514), (0.44, 0.508), (0.455, 0.503)),
            ((0.585, 0.517), (0.6, 0.523), (0.62, 0.528), (0.645, 0.529), (0.665, 0.525), (0.68, 0.519)),
        ),
        "faint": (((0.45, 0.757), (0.48, 0.754), (0.52, 0.754), (0.55, 0.757)),),
    },
    "teaser_0.jpg": {
        "clear": (
            (
                (0.402, 0.392),
                (0.41, 0.3905),
                (0.42, 0.3895),
                (0.43, 0.389),
                (0.44, 0.3885),
                (0.45, 0.39),
                (0.46, 0.392),
            ),
            ((0.4175, 0.407), (0.416, 0.413), (0.417, 0.42)),
            ((0.4335, 0.407), (0.4325, 0.413), (0.433, 0.419), (0.435, 0.424)),
            ((0.455, 0.4495), (0.463, 0.4545), (0.473, 0.4572), (0.485, 0.4577), (0.497, 0.4555)),
            ((0.456, 0.487), (0.46, 0.497), (0.465, 0.505), (0.471, 0.514), (0.476, 0.523)),
        ),
        "faint": (
            ((0.456, 0.437), (0.463, 0.434), (0.475, 0.4335), (0.488, 0.436), (0.5, 0.441)),
            ((0.385, 0.453), (0.397, 0.4535), (0.41, 0.45)),
            ((0.405, 0.558), (0.42, 0.557), (0.44, 0.556)),
            ((0.476, 0.523), (0.478, 0.53)),
            ((0.455, 0.38), (0.47, 0.3785), (0.49, 0.383)),
            ((0.45, 0.3755), (0.47, 0.377), (0.49, 0.379)),
            ((0.465, 0.405), (0.475, 0.4055), (0.49, 0.407)),
            ((0.42, 0.3855), (0.44, 0.3845), (0.455, 0.388)),
        ),
    },
}


def marked_tally(models: Models, name: str) -> Tally:
    """Found lines of a photo of ``MARKED`` against its marks, in the photo, in millimetres at the face."""
    model, atlas = models.head, models.atlas
    photo = load_photo(PHOTOS / name)
    face, _ = detection.choose_face(detection.find_faces(photo.pixels, models.nets))
    mark = landmarks.detect_landmarks(photo.pixels, face, models.nets)
    fit = coarse.fit(model, [_observation(photo, mark)])
    person = landmarks.segment_person(photo.pixels, face, models.nets)
    fit = photometric.refine(model, fit, Evidence([photo.pixels], [person]))
    chart = head_chart(model.topology, fit.neutral, SIZE)
    view = view_texture(model, fit, fit.views[0], photo.pixels, models.nets, SIZE, chart.texel)
    lines = found_lines(model, atlas, fit, view, chart).lines
    seen = fit.views[0]
    surface = seen.pose.apply(posed_vertices(model, fit, seen).astype(float))
    scale = view.posed.millimetres_per_pixel

    def flat(points: np.ndarray, start: np.ndarray) -> np.ndarray:
        return resampled(np.column_stack([points * scale, np.zeros(len(points))]), start)

    def marks(*kinds: str) -> np.ndarray:
        drawn = [np.array(line) * [seen.camera.width, seen.camera.height] for k in kinds for line in MARKED[name][k]]
        return flat(np.concatenate(drawn), np.cumsum([0] + [len(line) for line in drawn]))

    # the chart follows the landmarks: a texel shows the photo where the fit puts it, plus that shift
    moved = on_surface(model, np.column_stack([view.posed.shift / view.posed.scale, surface[:, 2]]), lines.uv)[:, :2]
    here = flat(seen.camera.project(on_surface(model, surface, lines.uv)) + moved, lines.start)
    return Tally(matched(here, marks("clear", "faint")), matched(marks("clear"), here))
