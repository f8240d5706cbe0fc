"""The face nets, loaded when first used."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .devices import Device, choose, session
from .onnx_runtime import onnxruntime

SHORT_RANGE = "face_detection_short_range"
FULL_RANGE = "face_detection_full_range"
LANDMARKS = "face_landmarks"
SEGMENTATION = "selfie_segmentation"
PALMS = "palm_detection"
HANDS = "hand_landmarks"


class FaceNets:
    """Sessions of the nets in one folder on one device.

    Attributes:
        device: where the nets run.
        notes: one line for each net that had to fall back to the CPU.
    """

    def __init__(self, assets_dir: Path, device: Device):
        self.device = device
        self.notes: tuple[str, ...] = ()
        self._folder = Path(assets_dir)
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def session(self, name: str) -> onnxruntime.InferenceSession:
        """The session of one net.

        Raises:
            AssetsError: the net is missing or damaged.
        """
        if name not in self._sessions:
            self._sessions[name], note = session(self._folder / f"{name}.onnx", self.device)
            if note:
                self.notes += (note,)
        return self._sessions[name]

    def run(self, name: str, batch: np.ndarray) -> dict[str, np.ndarray]:
        """All outputs of a net by name.

        Args:
            name: of the net.
            batch: (N, S, S, 3) float32, in the range that the net expects.
        """
        net = self.session(name)
        try:
            outputs = net.run(None, {net.get_inputs()[0].name: batch})
        except Exception as error:  # a GPU may fail only when it is used; on the CPU this is a bug of ours
            if self.device.name == "cpu":
                raise
            self._fall_back(error)
            return self.run(name, batch)
        return {info.name: value for info, value in zip(net.get_outputs(), outputs)}

    def _fall_back(self, error: Exception) -> None:
        """From here on everything runs on the CPU."""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        self.notes += (f"{self.device.label} failed ({reason}): using the CPU.",)
        self.device = choose("cpu")
        self._sessions.clear()

    def metadata(self, name: str) -> dict[str, str]:
        """What the build stored with a net."""
        return self.session(name).get_modelmeta().custom_metadata_map
