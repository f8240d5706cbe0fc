"""A worker of a batch that reconstructs nothing: the words in the photo say what happens. Names go into a log.

    python fake_worker.py LOG
"""

import json
import os
import sys
import time
from pathlib import Path

log = Path(sys.argv[1])


def say(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)


say("ready")
for line in sys.stdin:
    command = json.loads(line)
    words = Path(command["photos"][0]).read_text("utf-8").split()
    before = log.read_text("utf-8").count(f"{command['name']}\n") if log.exists() else 0
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{command['name']}\n")
    say("progress", stage="fit", fraction=0.5, message="fitting the head")
    print("a library prints what is no event", flush=True)
    if "kills" in words or ("kills-once" in words and not before):
        os.abort() if sys.platform == "win32" else os.kill(os.getpid(), 9)
    if "slow" in words:
        time.sleep(60)
    if "bad" in words:
        say("error", kind="PhotoError", message=f"{command['name']} is no photo: use another.")
        continue
    Path(command["output"]).write_text(" ".join([*words, str(command["size"])]), "utf-8")
    say("person", age=41.6, notes=["the face is <small>."], seconds=2.5)
