"""A whole run as the system sees it: no connection, and no file but the one that was asked for."""

import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
NAME_SERVICE = "/var/run/nscd/socket"  # the C library asks there for the user's name
CALLS = "%network,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|\b(creat|mkdir|mkdirat)\(")


def test_a_reconstruction_connects_to_nothing_and_writes_one_file(assets, tmp_path):
    data = pytest.importorskip("skimage.data")
    for name in ("home", "temporary", "out"):
        (tmp_path / name).mkdir()
    Image.fromarray(data.astronaut()).save(tmp_path / "photo.png")
    log = tmp_path / "calls.txt"
    environment = {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    traced = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log)]
    command = [
        sys.executable,
        "-m",
        "furrow",
        "reconstruct",
        tmp_path / "photo.png",
        "-o",
        tmp_path / "out" / "a.furrow",
    ]
    done = subprocess.run(
        [*traced, *map(str, command)], env=environment, cwd=tmp_path, capture_output=True, timeout=300
    )
    if b"ptrace" in done.stderr:
        pytest.skip("strace is not allowed here")
    assert done.returncode == 0, done.stderr
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if "ENOENT" not in line]
    assert not [line for line in lines if re.search(r"\b(connect|sendto|sendmsg)\(", line) and NAME_SERVICE not in line]
    assert not [line for line in lines if "AF_INET" in line]
    written = {path for line in lines if WRITES.search(line) for path in re.findall(r'"([^"]*)"', line)}
    allowed = (str(tmp_path / "out"), "/dev/null", "/proc/")
    assert [path for path in written if path.startswith(str(tmp_path / "out"))]
    assert not [path for path in written if not path.startswith(allowed)]
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["home", "temporary", "out", "photo.png", "calls.txt", "a.furrow"]
    )
