"""Trains one model with and without --compress=bf16 under several strategies.

usage: compress.py MODEL DIRECTORY DATA [OPTION...] -- STRATEGY...
With it the arena must not be larger, and smaller where all is kept, the first loss the same to the last digit, and the last one of 30 steps within 1 %.
"""
import json
import subprocess
import sys

split = sys.argv.index("--")
model, directory, data, *options = sys.argv[1:split]


def train(strategy, compress):
    executable, log = f"{directory}/m-{compress}", f"{directory}/log-{compress}"
    planned = subprocess.run(
        ["train-compile", model, "-o", executable, "--threads=2", f"--remat={strategy}", f"--compress={compress}",
         "--print-memory", *options], check=True, capture_output=True, text=True).stdout
    subprocess.run([executable, f"--data={data}", "--steps=30", "--seed=3", f"--log={log}", "--lr=3e-3"],
                   check=True, capture_output=True, text=True)
    steps = [json.loads(line) for line in open(log).read().splitlines()]
    steps = [step for step in steps if "loss" in step]
    arena = int(planned.split()[1])
    if steps[-1]["arena_bytes"] != arena:
        sys.exit(f"{strategy}, {compress}: planned {arena} bytes, allocated {steps[-1]['arena_bytes']}")
    return arena, [step["loss"] for step in steps]


for strategy in sys.argv[split + 1:]:
    (whole, exact), (half, rounded) = train(strategy, "none"), train(strategy, "bf16")
    # Strategies that keep little have their peak elsewhere.
    if half > whole or (strategy == "none" and half == whole):
        sys.exit(f"{strategy}: {half} bytes with compressed activations, {whole} without")
    if exact[0] != rounded[0]:
        sys.exit(f"{strategy}: the first loss is {rounded[0]}, not {exact[0]}")
    if exact == rounded:
        sys.exit(f"{strategy}: nothing was rounded")
    if exact[-1] > exact[0] - 0.5 or abs(rounded[-1] - exact[-1]) > 0.01 * exact[-1]:
        sys.exit(f"{strategy}: {rounded[0]} to {rounded[-1]}, without rounding to {exact[-1]}")
