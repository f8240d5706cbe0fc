"""ONNX Runtime; the one module that imports it, everything else takes it from here.

Left alone it keeps a device id and a queue of events in the user's cache folder and looks up its maker's host: it reads
``ORT_DISABLE_TELEMETRY`` while it is imported, never after.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
