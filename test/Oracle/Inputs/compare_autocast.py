"""Holds a training in bf16 to PyTorch's autocast, whose golden says what reordering alone does to it.

usage: compare_autocast.py GOLDEN_DIR LOG.jsonl

Exits 1 and says where if a loss is further from the mean of PyTorch's trainings than two of these are from each other. Prints
also how far all losses are from those in f32, as the root of the mean of squares. Only the standard library.
"""

import json
import math
import pathlib
import sys

folder, log = sys.argv[1:]
golden = json.loads((pathlib.Path(folder) / "golden.json").read_text())
lines = [json.loads(line) for line in pathlib.Path(log).read_text().splitlines()]
assert [line["step"] for line in lines] == list(range(1, golden["steps"] + 1)), f"{len(lines)} lines"
losses = [math.nan if line["loss"] is None else line["loss"] for line in lines]
errors = [abs(a - b) for a, b in zip(losses, golden["center"])]
distance = math.sqrt(sum((a - b) ** 2 for a, b in zip(losses, golden["f32"])) / len(losses))
worst = max(range(len(errors)), key=errors.__getitem__)
print(f"losses: {len(errors)}, largest error {errors[worst]:.2e} at step {worst + 1}, allowed {golden['spread']:.2e}; "
      f"from f32 {distance:.2e}, PyTorch up to {golden['distance']:.2e}")
if not all(error <= golden["spread"] for error in errors):
    sys.exit(f"error: step {worst + 1} has {losses[worst]!r}, expected {golden['center'][worst]!r}")
