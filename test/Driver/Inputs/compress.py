"""Trains one model with and without --compress=FORMAT under several strategies.

usage: compress.py FORMAT TOLERANCE MODEL DIRECTORY DATA [OPTION...] -- STRATEGY...
With it the arena must be the one that was planned, to the byte, not larger than without and smaller where all is kept; the first loss the same to
the last digit, and the last one of 30 steps within TOLERANCE of itself.
"""
import json
import subprocess
import sys

split = sys.argv.index("--")
format, tolerance, model, directory, data, *options = sys.argv[1:split]


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
    (whole, exact), (fewer, rounded) = train(strategy, "none"), train(strategy, format)
    print(f"{strategy}, {format}: {fewer} bytes of {whole}, loss {rounded[0]} to {rounded[-1]}, exactly {exact[-1]}")
    # Strategies that keep little have their peak elsewhere.
    if fewer > whole or (strategy == "none" and fewer == whole):
        sys.exit(f"{strategy}: {fewer} bytes with compressed activations, {whole} without")
    if exact[0] != rounded[0]:
        sys.exit(f"{strategy}: the first loss is {rounded[0]}, not {exact[0]}")
    if exact == rounded:
        sys.exit(f"{strategy}: nothing was rounded")
    if exact[-1] > exact[0] - 0.5 or abs(rounded[-1] - exact[-1]) > float(tolerance) * exact[-1]:
        sys.exit(f"{strategy}: {rounded[0]} to {rounded[-1]}, without rounding to {exact[-1]}")
