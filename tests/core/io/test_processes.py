"""Whether a process runs: this one, another, one that ended and waits to be looked at, none."""

import os
import subprocess
import sys
import time

from furrow.core.io.processes import alive, machine_mark


def test_running_and_ended_processes_are_told_apart():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert alive(child.pid) and alive(os.getpid()) and alive(1)
    finally:
        child.kill()
    if sys.platform == "linux":  # nobody has looked at it yet
        limit = time.monotonic() + 10
        while alive(child.pid) and time.monotonic() < limit:
            time.sleep(0.01)
        assert not alive(child.pid)
    child.wait()
    assert not alive(child.pid)


def test_the_mark_of_the_machine_stays():
    code = "from furrow.core.io.processes import machine_mark; print(machine_mark())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == machine_mark() and len(machine_mark()) == 8
