"""ONNX Runtime tells nobody anything: no file of its own, no look-up of a host."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
ONLY_IMPORTER = ROOT / "core" / "nets" / "onnx_runtime.py"
NOT_OURS = {".venv", ".cache", "build", "dist", "out"}  # folders of other people's modules
# loads and runs every net; tells what onnxruntime found in the environment, and what Python or the system had open
RUN_NETS = """
import json, os, sys
seen = {"set": None, "calls": []}
def note(event, arguments):
    if event == "import" and arguments[0] == "onnxruntime":
        seen["set"] = seen["set"] or os.environ.get("ORT_DISABLE_TELEMETRY", "absent")
    elif event.startswith("socket.") and event != "socket.__new__":
        seen["calls"].append(event)
sys.addaudithook(note)
import numpy as np
from furrow.core.assets import assets_folder
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
nets = FaceNets(assets_folder(), choose("cpu"))
for path in sorted(assets_folder().glob("*.onnx")):
    side = nets.session(path.stem).get_inputs()[0].shape[1]
    nets.run(path.stem, np.zeros((1, side, side, 3), np.float32))
seen["nets"] = len(nets._sessions)
if os.path.isdir("/proc/self/fd"):
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    seen["calls"] += [os.readlink(link) for link in links if os.path.lexists(link)]
print(json.dumps(seen))
"""


def test_nets_leave_no_file_and_look_nothing_up(assets, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    folders = ("HOME", "XDG_CACHE_HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")
    environment = {
        **os.environ,
        **dict.fromkeys(folders, str(home)),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    environment.pop("ORT_DISABLE_TELEMETRY", None)  # furrow has set it in this process
    done = subprocess.run(
        [sys.executable, "-c", RUN_NETS], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["set"] == "1" and seen["nets"] == len(list(assets.glob("*.onnx")))
    assert not [call for call in seen["calls"] if "socket" in call or str(home) in call]
    assert list(home.rglob("*")) == []


def imports_onnxruntime(path: Path) -> bool:
    """Whether a module imports onnxruntime itself, by a statement or by its name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        named = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            named = [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if any(str(name).split(".")[0] == "onnxruntime" for name in named):
            return True
    return False


def test_one_module_imports_onnxruntime():
    modules = [path for path in ROOT.rglob("*.py") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    assert [path for path in modules if imports_onnxruntime(path)] == [ONLY_IMPORTER]
