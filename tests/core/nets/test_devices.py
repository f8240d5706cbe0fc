"""Choice of the compute device, and what happens when it is absent or fails."""

import types

import numpy as np
import pytest
from face_fixtures import ASSETS, nets
from furrow.core.errors import AssetsError, DeviceError
from furrow.core.nets import devices
from furrow.core.nets.devices import CPU, Device, choose, session
from furrow.core.nets.onnx_runtime import onnxruntime
from furrow.core.nets.sessions import SEGMENTATION, FaceNets


@pytest.fixture(autouse=True)
def fresh():
    """Availability is looked up once a process; here once a test."""
    yield
    devices._is_available.cache_clear()
    devices._webgpu_devices.cache_clear()


def offer(monkeypatch, *providers: str, webgpu: bool = False) -> list[tuple]:
    """Pretend that ONNX Runtime has some providers and perhaps the WebGPU plug-in; returns its registrations."""
    registered = []
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*providers, CPU])
    plugin = types.SimpleNamespace(get_library_path=lambda: "/plugin.so") if webgpu else None
    monkeypatch.setitem(devices.importlib.sys.modules, "onnxruntime_ep_webgpu", plugin)
    monkeypatch.setattr(
        onnxruntime, "register_execution_provider_library", lambda *names: registered.append(names), raising=False
    )
    found = [types.SimpleNamespace(ep_name=name) for name in (CPU, "WebGpuExecutionProvider")]
    monkeypatch.setattr(onnxruntime, "get_ep_devices", lambda: found, raising=False)
    devices._is_available.cache_clear()
    devices._webgpu_devices.cache_clear()
    return registered


@pytest.mark.parametrize(
    "providers, webgpu, expected",
    [
        ((), False, "cpu"),
        (("CoreMLExecutionProvider",), False, "coreml"),
        (("CoreMLExecutionProvider",), True, "webgpu"),
        (("CoreMLExecutionProvider", "CUDAExecutionProvider"), True, "cuda"),
    ],
)
def test_auto_takes_the_best_device_there_is(monkeypatch, providers, webgpu, expected):
    offer(monkeypatch, *providers, webgpu=webgpu)
    device = choose("auto")
    assert device.name == expected and device.note == "" and device.providers[-1] == CPU


def test_webgpu_plugin_is_registered_once(monkeypatch):
    registered = offer(monkeypatch, webgpu=True)
    assert choose("webgpu").name == choose("WebGPU ").name == "webgpu"
    assert registered == [("onnxruntime_ep_webgpu", "/plugin.so")]


def test_plugin_that_does_not_load_is_no_device(monkeypatch):
    offer(monkeypatch, webgpu=True)

    def fail(*names):
        raise RuntimeError("libvulkan.so.1: cannot open shared object file")

    monkeypatch.setattr(onnxruntime, "register_execution_provider_library", fail, raising=False)
    assert choose("auto").name == "cpu"
    assert choose("webgpu").note == "WebGPU is not available on this machine: using the CPU."


@pytest.mark.parametrize("name, label", [("cuda", "CUDA"), ("webgpu", "WebGPU"), ("coreml", "CoreML")])
def test_absent_device_falls_back_with_a_note(monkeypatch, name, label):
    offer(monkeypatch)
    device = choose(name)
    assert device.name == "cpu" and device.providers == (CPU,)
    assert device.note == f"{label} is not available on this machine: using the CPU."


@pytest.mark.parametrize("name", ["gpu", "", "cuda:0"])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(DeviceError, match="choose one of auto, cpu, cuda, webgpu, coreml") as error:
        choose(name)
    assert "\n" not in str(error.value)


def test_session_runs_on_one_thread():
    nets()
    created, note = session(ASSETS / f"{SEGMENTATION}.onnx", choose("cpu"))
    options = created.get_session_options()
    assert note == "" and created.get_providers() == [CPU]
    assert (options.intra_op_num_threads, options.inter_op_num_threads, options.enable_cpu_mem_arena) == (1, 1, False)


def test_provider_that_fails_at_creation_falls_back():
    nets()
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    created, note = session(ASSETS / f"{SEGMENTATION}.onnx", Device("cuda", ("CUDAExecutionProvider", CPU)))
    assert created.get_providers() == [CPU]
    assert note.startswith("CUDA cannot run selfie_segmentation.onnx (") and note.endswith("): using the CPU.")


def test_device_that_fails_while_running_falls_back():
    class Broken:
        def get_inputs(self):
            return [types.SimpleNamespace(name="input")]

        def run(self, *_):
            raise RuntimeError("device lost\nsecond line")

    broken = FaceNets(ASSETS, Device("webgpu", ("WebGpuExecutionProvider", CPU)))
    broken._sessions[SEGMENTATION] = Broken()
    batch = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    (found,), (expected,) = broken.run(SEGMENTATION, batch).values(), nets().run(SEGMENTATION, batch).values()
    np.testing.assert_array_equal(found, expected)
    assert broken.notes == ("WebGPU failed (device lost): using the CPU.",) and broken.device.name == "cpu"


def test_failure_on_the_cpu_is_a_bug_and_not_hidden():
    with pytest.raises(Exception, match="[Ii]nvalid|dimension"):
        nets().run(SEGMENTATION, np.zeros((1, 5, 5, 3), np.float32))


def test_missing_and_damaged_nets(tmp_path):
    with pytest.raises(AssetsError, match="is missing: run 'make models'"):
        session(tmp_path / "none.onnx", choose("cpu"))
    (tmp_path / "bad.onnx").write_bytes(b"not a net")
    with pytest.raises(AssetsError, match="is damaged") as error:
        session(tmp_path / "bad.onnx", choose("cpu"))
    assert "\n" not in str(error.value)


def test_nets_are_loaded_once():
    assert nets().session(SEGMENTATION) is nets().session(SEGMENTATION)
