"""Skin statistics and the skin mask on made-up skin, hair, moles and background."""


import numpy as np
from dome import dome_fit, dome_model, dome_view
from furrow.core.head.landmark_sets import BROWS, EYES, FACE_OVAL, LIPS_INNER, LIPS_OUTER, eye_distance, fill_contours
from furrow.core.view.skin_mask import classify, feature_image, is_grey, log_chroma, log_luminance, skin_tone
from furrow.core.view.unwrap import pose_view

TONE = np.array([0.45, 0.29, 0.21])
SIZE = 160  # texels of 1 mm


def skin_image(seed=0):
    rng = np.random.default_rng(seed)
    spread = rng.normal(0, 0.05, (SIZE, SIZE, 1)) + rng.normal(0, 0.02, (SIZE, SIZE, 3))
    return (TONE * np.exp(spread)).astype(np.float32)


def masks_of(colour, brows=None, beard=None, hairline=None, inner=None, glasses=None, **more):
    features = np.zeros((SIZE, SIZE, 4), np.float32)
    features[..., 0] = 1
    none = np.zeros((SIZE, SIZE), np.float32)
    if brows is not None:
        features[..., 1] = brows
    pick = [none if m is None else m.astype(np.float32) for m in (hairline, beard, inner, glasses)]
    return classify(colour, skin_tone(TONE * np.exp(np.random.default_rng(1).normal(0, 0.05, (500, 3))), np.ones(500)),
                    features, *pick, 1.0, **more)


def test_tone_is_that_of_the_majority():
    rng = np.random.default_rng(2)
    skin = TONE * np.exp(rng.normal(0, 0.06, (3000, 3)))
    hair = np.array([0.05, 0.035, 0.03]) * np.exp(rng.normal(0, 0.2, (700, 3)))
    tone = skin_tone(np.concatenate([skin, hair]), np.ones(3700))
    np.testing.assert_allclose(tone.chroma, log_chroma(TONE), atol=0.02)
    np.testing.assert_allclose(tone.luminance, log_luminance(TONE), atol=0.03)
    assert not tone.grey
    spread = np.sqrt(np.diag(np.linalg.inv(tone.precision)))
    assert np.abs(spread - np.hypot(0.06 * np.sqrt(2), 0.035)).max() < 0.025


def test_a_grey_photo_is_known_as_one():
    grey = np.repeat(np.random.default_rng(0).uniform(0.2, 0.6, (500, 1)), 3, 1)
    assert skin_tone(grey, np.ones(500)).grey
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 1), np.uint8).repeat(3, 2)
    assert is_grey(image)
    image[..., 0] //= 2
    assert not is_grey(image)


def test_plain_skin_is_kept_up_to_its_rim():
    mask = masks_of(skin_image())
    assert mask.plain[20:-20, 20:-20].min() > 0.99
    assert mask.plain[:, 0].max() < 0.05 and mask.usable[0].max() < 0.05


def test_hair_background_and_bright_patches_are_not_skin_and_moles_are():
    colour = skin_image()
    colour[:40] = [0.05, 0.035, 0.03]  # dark hair
    colour[40:80, 60:100] = [0.1, 0.3, 0.6]  # blue cloth
    colour[110:130, 110:130] = [1.6, 1.5, 1.4]  # white paper
    colour[100:102, 50:52] = [0.12, 0.06, 0.04]  # a mole of 2 mm
    mask = masks_of(colour)
    assert not mask.usable[:38, 30:-30].any()
    assert not mask.usable[45:75, 65:95].any()
    assert not mask.usable[114:126, 114:126].any()
    assert mask.usable[98:104, 48:54].min() > 0.99
    assert mask.plain[90, 30] > 0.99


def test_thin_strands_near_hair_are_hair():
    colour = skin_image()
    colour[:40] = [0.05, 0.035, 0.03]
    colour[40:53, 80:82] = [0.15, 0.1, 0.08]
    everywhere = np.ones((SIZE, SIZE), bool)
    assert masks_of(colour).usable[50, 80] > 0.2 > masks_of(colour, hairline=everywhere).usable[50, 80]
    assert masks_of(colour, hairline=everywhere).usable[44:49, 80].max() < 0.05


def test_the_colour_of_skin_is_taken_farther_from_its_rim_than_its_relief_and_brows_up_to_it():
    brows = np.zeros((SIZE, SIZE))
    brows[6:14, 60:100] = 1
    colour = skin_image()
    colour[6:14, 60:100] = [0.09, 0.05, 0.04]
    mask = masks_of(colour, brows)
    assert mask.plain[8, 30] < 0.5 * mask.bare[8, 30] and mask.plain[3, 30] < 0.02
    assert mask.plain[20, 30] > 0.99
    assert mask.usable[10, 80] > 1.5 * mask.usable[10, 30]


def test_brows_are_usable_but_not_plain_and_coloured_frames_are_neither():
    brows = np.zeros((SIZE, SIZE))
    brows[60:70, 40:80] = 1
    colour = skin_image()
    colour[60:70, 40:80] = [0.09, 0.05, 0.04]
    mask = masks_of(colour, brows)
    assert mask.usable[63:67, 45:75].min() > 0.9 and mask.plain[63:67, 45:75].max() < 0.01
    colour[60:70, 40:80] = [0.05, 0.25, 0.7]
    assert masks_of(colour, brows).usable[63:67, 45:75].max() < 0.05
    colour[60:70, 40:80] = [0.19, 0.19, 0.20]  # grey hair, or the grey frame of glasses
    assert masks_of(colour, brows).usable[63:67, 45:75].min() > 0.9
    assert masks_of(colour, brows, glasses=np.ones((SIZE, SIZE))).usable[63:67, 45:75].max() < 0.05


def test_a_beard_is_kept_and_a_small_shadow_is_not():
    beard = np.zeros((SIZE, SIZE))
    beard[90:150, 30:130] = 1
    colour = skin_image()
    colour[95:145, 35:125] *= 0.3
    mask = masks_of(colour, beard=beard)
    assert mask.usable[105:135, 45:115].min() > 0.9 and mask.plain[105:135, 45:115].max() < 0.01
    colour = skin_image()
    colour[100:112, 40:60] *= 0.3
    assert masks_of(colour, beard=beard).usable[104:108, 45:55].max() < 0.05
    colour = skin_image()
    colour[100:112, 40:60] *= 2.5  # gloss on a chin
    assert masks_of(colour, beard=beard).usable[104:108, 45:55].max() < 0.05


def test_a_jaw_in_shade_is_no_beard():
    """What is redder than the skin, or as smooth as it where hairs would show, lies in shade and is no beard."""
    beard = np.zeros((SIZE, SIZE))
    beard[90:150, 30:130] = 1
    inside = np.s_[105:135, 45:115]
    dark = skin_image()
    dark[95:145, 35:125] *= 0.3
    red = dark.copy()
    red[95:145, 35:125] *= np.array([1.2, 0.93, 0.93])
    assert masks_of(dark, beard=beard).usable[inside].min() > 0.9
    assert masks_of(red, beard=beard).usable[inside].max() < 0.05
    for contrast, low, high in ((1.0, 0.0, 0.05), (2.5, 0.9, 1.0)):
        kept = masks_of(dark, beard=beard, contrast=np.full((SIZE, SIZE), contrast)).usable[inside]
        assert low <= kept.min() and kept.max() <= high + 1e-6


def test_a_hole_misplaced_by_a_few_millimetres_is_not_painted_on_the_skin_beside_it():
    colour = skin_image()
    colour[70:75, 70:75] *= 0.25
    everywhere = np.ones((SIZE, SIZE), np.float32)
    assert masks_of(colour, inner=everywhere).usable[70:75, 70:75].min() > 0.8
    around = np.zeros((SIZE, SIZE), np.float32)
    around[60:85, 60:85] = 1
    mask = masks_of(colour, inner=everywhere, holes=around)
    assert mask.usable[70:75, 70:75].max() < 0.05
    assert mask.usable[62:64, 62:83].min() > 0.9 and mask.plain[62:64, 62:83].min() > 0.9


def test_a_shadow_in_the_middle_of_the_face_is_skin_unless_a_frame_may_lie_there():
    colour = skin_image()
    colour[60:100, 70:74] *= 0.4  # a fold of 4 mm, or a frame
    everywhere = np.ones((SIZE, SIZE))
    assert masks_of(colour).usable[70:90, 71:73].max() < 0.05
    assert masks_of(colour, inner=everywhere).plain[70:90, 71:73].min() > 0.95
    assert masks_of(colour, inner=everywhere, glasses=everywhere).usable[70:90, 69:75].max() < 0.05


def test_hair_is_a_mask_of_its_own():
    brows, beard, hairline = np.zeros((3, SIZE, SIZE))
    brows[60:70, 40:80] = 1
    beard[90:150, 30:130] = 1
    hairline[:50] = 1
    colour = skin_image()
    colour[:30] = [0.05, 0.035, 0.03]
    colour[60:70, 40:80] *= 0.2
    colour[95:145, 35:125] *= 0.3
    hair = masks_of(colour, brows, beard, hairline).hair
    assert min(hair[5:25].mean(), hair[62:68, 42:78].min(), hair[105:135, 45:115].min()) > 0.9
    assert hair[75:88].max() < 0.1 and hair[40:55].max() < 0.1


def drawn_face():
    """Landmarks (478, 2) with round eyes, mouth, brows and oval in a 300 px square."""
    points = np.full((478, 2), 150.0)

    def ring(indices, x, y, a, b):
        angle = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        points[list(indices)] = np.stack([x + a * np.cos(angle), y + b * np.sin(angle)], -1)

    ring(FACE_OVAL, 150, 150, 110, 140)
    ring(EYES[0], 100, 110, 25, 10)
    ring(EYES[1], 200, 110, 25, 10)
    ring(BROWS[0], 100, 80, 28, 5)
    ring(BROWS[1], 200, 80, 28, 5)
    ring(LIPS_OUTER, 150, 215, 40, 18)
    ring(LIPS_INNER, 150, 215, 30, 6)
    points[33], points[263] = [75, 110], [225, 110]
    return points


def test_features_lie_where_the_landmarks_are():
    model, view = dome_model(), dome_view()
    posed = pose_view(model, dome_fit(model, view), view, np.full((480, 480, 3), 120, np.uint8), 0.5)
    colourful = np.zeros((300, 300, 3), np.uint8)
    colourful[..., 0] = 200
    posed = type(posed)(**{**vars(posed), "image": colourful, "landmarks": drawn_face()})
    person = np.zeros((300, 300), np.float32)
    person[:, 100:] = 1
    allowed, brows, lips, core = np.moveaxis(feature_image(posed, person), -1, 0)
    assert allowed[114, 100] == 0 and allowed[215, 150] == 0  # eye, mouth
    assert allowed[140, 60] == 255  # inside the face the coarse segmentation does not decide
    assert allowed[10, 20] == 0 and allowed[10, 250] == 255
    assert brows[80, 100] == 255 and brows[150, 150] == 0
    assert lips[228, 150] == 255 and lips[170, 150] == 0
    assert core[150, 150] == 255 and core[80, 100] == core[215, 150] == core[110, 200] == 0
    hands = np.zeros((300, 300), np.float32)
    hands[:, 140:] = 1
    hands[:, 140:160] = np.linspace(0, 1, 20)
    covered = feature_image(posed, person, hands)
    assert not covered[:, 160:, 0].any() and 100 < covered[150, 150, 0] < 155
    np.testing.assert_array_equal(covered[:, :140], feature_image(posed, person)[:, :140])


def test_polygons_are_filled_in_pixel_coordinates():
    points = np.zeros((478, 2))
    points[[0, 1, 2, 3]] = [[10, 10], [30, 10], [30, 20], [10, 20]]
    mask = fill_contours(points, ((0, 1, 2, 3),), 40, 30) / 255.0
    assert abs(mask.sum() - 200) < 45
    rows, columns = np.nonzero(mask > 0.9)
    assert (rows.min(), columns.max()) in {(10, 29), (10, 30)}
    assert fill_contours(points, ((0, 1, 2, 3),), 40, 30, grow=3).sum() > 1.4 * 255 * mask.sum()
    points[33], points[263] = [0, 0], [3, 4]
    assert eye_distance(points) == 5.0
