"""Trains one model under several strategies and compares every bit of the result.

usage: remat.py MODEL DIRECTORY DATA [OPTION...] -- STRATEGY...
The first strategy is the yardstick. Each executable's arena is compared with the plan's.
"""
import json
import subprocess
import sys

split = sys.argv.index("--")
model, directory, data, *options = sys.argv[1:split]
reference = None
for i, strategy in enumerate(sys.argv[split + 1 :]):
    executable, log = f"{directory}/m{i}", f"{directory}/log{i}"
    planned = subprocess.run(
        ["train-compile", model, "-o", executable, "--threads=2", f"--remat={strategy}", "--print-memory", *options],
        check=True, capture_output=True, text=True).stdout
    arena = int(planned.split()[1])
    trained = subprocess.run(
        [executable, f"--data={data}", "--steps=12", "--hash-every=3", "--seed=3", f"--log={log}"],
        check=True, capture_output=True, text=True)
    hashes = [line for line in (trained.stdout + trained.stderr).splitlines() if line.startswith("hash ")]
    if len(hashes) != 4:
        sys.exit(f"{strategy}: expected 4 hashes, got {hashes}")
    reference = reference or hashes
    if hashes != reference:
        sys.exit(f"{strategy}: {hashes} differs from {reference}")
    allocated = json.loads(open(log).read().splitlines()[-1])["arena_bytes"]
    if allocated != arena:
        sys.exit(f"{strategy}: planned {arena} bytes, allocated {allocated}")
