"""Compute devices: which ONNX Runtime execution provider runs the nets.

Order of choice: what the artist asks for, else CUDA, WebGPU (any vendor's GPU through Vulkan, Metal or D3D12; a
plug-in package), CoreML, CPU. A device that is absent or fails falls back to the CPU with a note, never with an error.
"""

from __future__ import annotations

import functools
import importlib
import logging
from dataclasses import dataclass
from pathlib import Path

from ..errors import AssetsError, DeviceError
from .device_names import DEVICES
from .onnx_runtime import onnxruntime

CPU = "CPUExecutionProvider"
_PROVIDERS = {"cuda": "CUDAExecutionProvider", "webgpu": "WebGpuExecutionProvider", "coreml": "CoreMLExecutionProvider"}
_WEBGPU_PACKAGE = "onnxruntime_ep_webgpu"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Device:
    """A device that can be used now.

    Attributes:
        name: one of ``DEVICES`` but ``auto``.
        providers: execution providers in order of preference, CPU last.
        note: one line for the artist when this is not what was asked for, else empty.
    """

    name: str
    providers: tuple[str, ...]
    note: str = ""

    @property
    def label(self) -> str:
        """The name as it is written."""
        return DEVICES[self.name]


def choose(requested: str = "auto") -> Device:
    """The device to use.

    Raises:
        DeviceError: the name is not one of ``DEVICES``.
    """
    name = requested.strip().lower()
    if name not in DEVICES:
        raise DeviceError(f"Unknown device '{requested}': choose one of {', '.join(DEVICES)}.")
    if name == "auto":
        name = next((candidate for candidate in _PROVIDERS if _is_available(candidate)), "cpu")
    if name == "cpu":
        return Device("cpu", (CPU,))
    if not _is_available(name):
        return Device("cpu", (CPU,), f"{DEVICES[name]} is not available on this machine: using the CPU.")
    return Device(name, (_PROVIDERS[name], CPU))


def session(path: Path, device: Device) -> tuple[onnxruntime.InferenceSession, str]:
    """An inference session, and a note that is not empty when the device failed and the CPU took its place.

    One thread and no arena: the face nets are too small to gain from more.

    Raises:
        AssetsError: the file is missing or not a net.
    """
    path = Path(path)
    if not path.is_file():
        raise AssetsError(f"The net {path} is missing: run 'make models', or install the extension again.")
    if device.name != "cpu":
        try:
            return _device_session(path, device), ""
        except Exception as error:  # a provider may raise anything; the CPU run below tells if it is ours
            logger.debug("%s failed for %s", device.name, path.name, exc_info=error)
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
            note = f"{device.label} cannot run {path.name} ({reason}): using the CPU."
            return _cpu_session(path), note
    return _cpu_session(path), ""


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return options


def _cpu_session(path: Path) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(str(path), _options(), providers=[CPU])
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0][:160]
        raise AssetsError(f"The net {path} is damaged ({reason}): build it again with 'make models'.") from error


def _device_session(path: Path, device: Device) -> onnxruntime.InferenceSession:
    """A session on a GPU provider; raises if the provider did not take the net."""
    options = _options()
    if device.name == "webgpu" and _webgpu_devices():
        options.add_provider_for_devices(_webgpu_devices()[:1], {})
        created = onnxruntime.InferenceSession(str(path), options)
    elif device.providers[0] in onnxruntime.get_available_providers():
        created = onnxruntime.InferenceSession(str(path), options, providers=list(device.providers))
    else:
        raise DeviceError(f"ONNX Runtime has no {device.providers[0]}")
    if device.providers[0] not in created.get_providers():
        raise DeviceError(f"ONNX Runtime did not load {device.providers[0]}")
    return created


@functools.cache
def _is_available(name: str) -> bool:
    if _PROVIDERS[name] in onnxruntime.get_available_providers():
        return True
    return name == "webgpu" and bool(_webgpu_devices())


@functools.cache
def _webgpu_devices() -> tuple:
    """The GPUs that the WebGPU plug-in package offers; none without the package or a driver."""
    try:
        plugin = importlib.import_module(_WEBGPU_PACKAGE)
    except ImportError:
        return ()
    try:
        onnxruntime.register_execution_provider_library(_WEBGPU_PACKAGE, plugin.get_library_path())
        devices = onnxruntime.get_ep_devices()
    except Exception as error:  # a driver or version mismatch; there is no such device then
        logger.debug("the WebGPU plug-in cannot be used", exc_info=error)
        return ()
    return tuple(device for device in devices if device.ep_name == _PROVIDERS["webgpu"])
