"""Programs that do as a test tells them."""

import os
import stat
import sys
from pathlib import Path

# Answers as Go does. A test steers it by environment variables: FAKE_GO_FAIL, FAKE_GO_HANG, FAKE_GO_OUTPUT.
FAKE_GO = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys, time
arguments = sys.argv[1:]
with open(os.environ["FAKE_GO_LOG"], "a") as log:
    log.write(" ".join(arguments) + "\\n")
if arguments[0] == "version":
    print("go version " + os.environ.get("FAKE_GO_VERSION", "go1.26.8") + " linux/amd64")
elif arguments[0] == "list":
    print("go: downloading example.com/module v1.0.0")
    print("stale=true\\nstale=false\\nstale=true")
elif arguments[:2] == ["mod", "download"]:
    print(json.dumps({{"Sum": os.environ["FAKE_GO_SUM"], "Dir": os.getcwd()}}, indent=1))
else:
    print("example.com/module/first", flush=True)
    if "FAKE_GO_HANG" in os.environ:
        pathlib.Path(os.environ["FAKE_GO_HANG"]).write_text(str(os.getpid()))
        time.sleep(60)
    if "FAKE_GO_FAIL" in os.environ:
        print("dial tcp: lookup proxy.example: no such host")
        sys.exit(1)
    print("example.com/module")
    output = arguments[arguments.index("-o") + 1] if "-o" in arguments else os.environ["GOBIN"] + "/tiny"
    shutil.copy(os.environ.get("FAKE_GO_OUTPUT", "{os.path.realpath(sys.executable)}"), output)
"""


def make_executable(path: Path, text: str) -> None:
    """Write a script that can be run."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
