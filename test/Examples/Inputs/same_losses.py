"""Compares the losses of two training logs (JSON lines): same_losses.py A B."""

import json
import sys

first, second = ([json.loads(line)["loss"] for line in open(path)] for path in sys.argv[1:3])
assert len(first) == len(second) and first, (len(first), len(second))
assert first[-1] < first[0], "nothing was learnt"
for step, (a, b) in enumerate(zip(first, second), 1):
    assert abs(a - b) <= 1e-5 * abs(b), f"step {step}: {a} and {b}"
print(f"{len(first)} losses within 1e-05")
