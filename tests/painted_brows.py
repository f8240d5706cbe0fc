"""The mean head with brows painted on an even skin, for the tests of hair."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
from furrow.core.character.character import Character
from furrow.core.hair.grow import grow_hair
from furrow.core.hair.surface import landmark_uv
from furrow.core.head.landmark_sets import BROWS
from furrow.core.head.model import HeadModel, load_head_model
from furrow.models.evaluation.made_up import mean_character

SKIN, BROWN = (205, 158, 135), (105, 75, 60)  # sRGB; brown is the hair and the skin between


def painted_albedo(model: HeadModel, size: int = 1024, colour=BROWN) -> tuple[np.ndarray, np.ndarray]:
    """(S, S, 3) uint8 skin with brows in the landmarks' outlines, and (S, S) bool where they are."""
    mask = np.zeros((size, size), np.uint8)
    for outline in landmark_uv(model)[np.array(BROWS)]:
        corners = np.column_stack([outline[:, 0] * size, (1.0 - outline[:, 1]) * size])
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), size / 1024)[..., None]
    noise = np.random.default_rng(0).normal(0.0, 2.0, (size, size, 3))
    skin = np.array(SKIN, np.float32) + noise
    return np.clip(skin + soft * (np.array(colour) - skin), 0, 255).astype(np.uint8), mask > 0


def browed_character(assets: Path, seed: int = 0, size: int = 1024) -> Character:
    """The mean head with brows and lashes."""
    model = load_head_model(assets / "head.npz")
    albedo, _ = painted_albedo(model, size)
    character = dataclasses.replace(mean_character(assets, size=256), albedo=albedo)
    return dataclasses.replace(character, hair=grow_hair(model, model.mean, albedo, 0.2, seed))
