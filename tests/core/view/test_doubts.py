"""What a photo leaves in doubt is said in one line."""

import cv2
import numpy as np
from furrow.core.view.doubts import doubts
from laid_covers import head_shot, marks


def test_a_wide_sharp_face_leaves_no_doubt():
    large = cv2.resize(head_shot(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 6, large.shape)  # what a camera of that resolution shows
    assert doubts(np.clip(large + grain, 0, 255).astype(np.uint8), 2 * marks()) == []


def test_a_small_face_is_told_with_its_width():
    small = cv2.resize(head_shot(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (line,) = doubts(small, 0.5 * marks())
    assert "93 pixels wide" in line or "92 pixels wide" in line


def test_blur_is_told():
    lines = doubts(cv2.GaussianBlur(head_shot(), (0, 0), 8), marks())
    assert [line for line in lines if "blurred" in line]
    assert not [line for line in doubts(head_shot(), marks()) if "blurred" in line]


def test_a_drawing_is_told():
    flat = cv2.bilateralFilter(head_shot(), 15, 80, 30) // 48 * 48 + 24
    assert [line for line in doubts(flat.astype(np.uint8), marks()) if "drawn" in line]
    assert not [line for line in doubts(head_shot(), marks()) if "drawn" in line]


def test_what_lies_before_the_face_is_no_drawing():
    cover = np.zeros(head_shot().shape[:2], np.float32)
    cover[int(marks()[13, 1]) :] = 1.0  # from the mouth down
    photo = np.where(cover[..., None] > 0, 140, head_shot()).astype(np.uint8)
    assert [line for line in doubts(photo, marks()) if "drawn" in line]
    assert not [line for line in doubts(photo, marks(), cover) if "drawn" in line]
