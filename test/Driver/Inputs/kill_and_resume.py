"""Trains once without interruption, then again with a SIGKILL as soon as given steps have been hashed, resuming each time.
All hash lines must agree.

    kill_and_resume.py EXECUTABLE DIRECTORY STEPS KILL_AFTER... -- OPTIONS...
"""

import glob
import os
import signal
import subprocess
import sys

split = sys.argv.index("--")
executable, directory, steps, *kills = sys.argv[1:split]
os.makedirs(directory, exist_ok=True)
command = [executable, *sys.argv[split + 1:], f"--steps={steps}", "--hash-every=1"]
checkpoint = [f"--checkpoint={directory}/checkpoint", "--save-every=1"]


def run(arguments, kill_after=None):
    """The hash lines by step, up to the kill."""
    hashes = {}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        words = line.split()
        if len(words) == 3 and words[0] == "hash":
            hashes[int(words[1])] = words[2]
            if int(words[1]) == kill_after:
                process.send_signal(signal.SIGKILL)
                break
    process.stdout.close()
    errors = process.stderr.read()
    code = process.wait()
    if kill_after is None and code:
        sys.exit(f"exit code {code}: {errors}")
    return hashes


expected = run(command)
assert sorted(expected) == list(range(1, int(steps) + 1)), sorted(expected)
resume = []
seen = {}
for kill in [int(k) for k in kills] + [None]:
    part = run(command + checkpoint + resume, kill)
    for step, value in part.items():
        assert expected[step] == value, f"step {step}: {value} instead of {expected[step]}"
    seen.update(part)
    # A kill before the first save leaves nothing to resume from.
    saved = glob.glob(f"{directory}/checkpoint/step-*")
    resume = ["--resume"] if saved else []
assert seen == expected, f"steps never seen: {sorted(set(expected) - set(seen))}"
print(f"{steps} steps, killed after {', '.join(kills)}: equal")
