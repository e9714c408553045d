"""Trains one model in f32, bf16 and f16 on the same data.

usage: precisions.py MODEL DIRECTORY DATA-OPTION...
The mean of the last ten losses must be below 80 % of the first loss, and in 16 bits within 5 % of the first loss of f32's.
"""
import json
import subprocess
import sys

model, folder, *data = sys.argv[1:]
STEPS = 60
ends = {}
for precision in ("f32", "bf16", "f16"):
    program, log = f"{folder}/program", f"{folder}/log.jsonl"
    open(log, "w").close()
    subprocess.run(["train-compile", model, "-o", program, "--threads=1", f"--precision={precision}"], check=True)
    subprocess.run([program, *data, f"--steps={STEPS}", "--lr=3e-3", f"--log={log}"], check=True, capture_output=True)
    losses = [json.loads(line)["loss"] for line in open(log)]
    ends[precision] = sum(losses[-10:]) / 10
    print(f"{precision}: {losses[0]:.4f} to {ends[precision]:.4f}")
    assert ends[precision] < 0.8 * losses[0], precision
    assert abs(ends[precision] - ends["f32"]) < 0.05 * losses[0], precision
