"""Precision, recomputation, accumulation, clipping, compression, optimizer, loss scale: every pair of choices trains.

usage: combinations.py DIRECTORY [--strength=N] [--steps=N] [--only=TEXT]

A covering array: a table of combinations in which each pair of values of two dimensions occurs in some row (with
--strength=3 each triple, which takes minutes). Each row is compiled for a tiny model on two threads and trained some
steps, and so is its yardstick: the same without recomputation and compression, on one thread.

- Every loss is finite, and no step is skipped in f32 and bf16.
- With --compress=none, parameters and optimizer state are those of the yardstick after each step, bit for bit.
- With another, the loss of the first step is the yardstick's, which sees nothing of it, and that of the last is near.

One line per failure with the commands that repeat it; the last line sums up. Exit codes: 0 no failures, 1 failures. A new
precision, kind of compression or strategy is one more word in DIMENSIONS. The tools are found in PATH.
"""
import argparse
import array
import itertools
import json
import math
import os
import random
import re
import shlex
import struct
import subprocess
import sys

MODELS = {
    "gpt2": ["gpt2", "--layers=2", "--width=16", "--heads=2", "--seq=16", "--vocab=64", "--batch=2"],
    "gpt2-dropout": ["gpt2", "--layers=2", "--width=16", "--heads=2", "--seq=16", "--vocab=64", "--batch=2", "--dropout=0.2"],
    "unet": ["unet", "--layers=1", "--width=8", "--image=16", "--channels=1", "--classes=2", "--batch=2"],
}
ELEMENTWISE = {"gpt2": "gelu", "gpt2-dropout": "gelu", "unet": "relu"}
# "" leaves the option out. {op} is an elementwise op of the model; budget is half way from the smallest arena to all.
DIMENSIONS = {
    "model": list(MODELS),
    "precision": ["f32", "bf16", "f16", "fp8", "fp4"],
    "remat": ["none", "block", "sqrt", "sublayer", "selective:{op}", "policy:save-dots", "budget"],
    "accumulate": ["1", "2", "4"],
    "clip-norm": ["", "0.5"],
    "compress": ["none", "bf16", "fp8", "fp4"],
    "optimizer": ["adamw", "sgd", "momentum", "adam"],
    "loss-scale": ["", "1024", "dynamic"],
    "grad-type": ["f32", "bf16"],
}
YARDSTICK = {"remat": "none", "compress": "none"}
NEAR = 0.02  # of the loss


def yardstick_of(row):
    return {**row, **YARDSTICK}


def covering_array(strength):
    """Rows in which all choices of values for `strength` dimensions occur. Greedy: a new row starts from a choice that is
    left and takes, dimension by dimension, the value that covers most, in some orders of dimensions; or it shares the
    yardstick of an earlier row, which saves a training and is worth a sixth of what a row covers."""
    subsets = list(itertools.combinations(DIMENSIONS, strength))
    left = dict.fromkeys((names, values) for names in subsets
                         for values in itertools.product(*(DIMENSIONS[name] for name in names)))

    def gain(row, subsets):
        return sum((names, tuple(row[name] for name in names)) in left for names in subsets if row.keys() >= set(names))

    draw, rows, yardsticks = random.Random(1), [], {}
    while left:
        candidates = []
        for _ in range(8):
            row = dict(zip(*next(iter(left))))
            for name in draw.sample(list(DIMENSIONS), len(DIMENSIONS)):
                if name not in row:
                    touched = [names for names in subsets if name in names]
                    row[name] = max(DIMENSIONS[name], key=lambda value: gain({**row, name: value}, touched))
            candidates.append((gain(row, subsets) / 1.2, {name: row[name] for name in DIMENSIONS}))
        for base in yardsticks.values():
            for values in itertools.product(*(DIMENSIONS[name] for name in YARDSTICK)):
                row = {**base, **dict(zip(YARDSTICK, values))}
                candidates.append((gain(row, subsets), row))
        row = max(candidates, key=lambda candidate: candidate[0])[1]
        for names in subsets:
            left.pop((names, tuple(row[name] for name in names)), None)
        rows.append(row)
        yardsticks.setdefault(str(yardstick_of(row)), yardstick_of(row))
    return rows


def write_data(folder):
    """A stream of tokens that mostly follow from each other; images with a label per pixel."""
    draw, token = random.Random(3), 1
    with open(f"{folder}/tokens.bin", "wb") as file:
        for _ in range(16 * 400):
            token = (3 * token + 1) % 64 if draw.random() < 0.8 else draw.randrange(64)
            file.write(struct.pack("<H", token))
    pixels = [draw.gauss(0, 1) for _ in range(64 * 16 * 16)]
    for name, kind, shape, values in (("image", "<f4", (64, 1, 16, 16), array.array("f", pixels)),
                                      ("labels", "<i4", (64, 16, 16), array.array("i", (p > 0.3 for p in pixels)))):
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
        header += " " * (-(len(header) + 11) % 64) + "\n"
        with open(f"{folder}/{name}.npy", "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values.tobytes())


class Failure(Exception):
    pass


def call(command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise Failure(f"{how}: {(done.stderr.strip().splitlines() or ['no message'])[0]}; repeat: {shlex.join(command)}")
    return done.stdout


def flags_of(folder, row, threads):
    flags = [f"--{name}={value.format(op=ELEMENTWISE[row['model']])}" for name, value in row.items()
             if value and name != "model"] + [f"--threads={threads}"]
    if row["remat"] == "budget":
        table = call(["train-compile", f"{folder}/{row['model']}.mlir", "--dry-run", "--pareto",
                      *(flag for flag in flags if not flag.startswith("--remat="))])
        arenas = [int(line.split()[0]) for line in table.splitlines()[1:]]
        flags.append(f"--memory-budget={(max(arenas) + min(arenas)) // 2}")
    return flags


def train(folder, row, threads, steps):
    """The lines of the log, the hash after each step, and the commands."""
    model, program, log = f"{folder}/{row['model']}.mlir", f"{folder}/program", f"{folder}/log.jsonl"
    compile_command = ["train-compile", model, "-o", program, *flags_of(folder, row, threads)]
    call(compile_command)
    data = [f"--data={folder}/tokens.bin"] if "gpt2" in row["model"] else \
        [f"--data={name}:{folder}/{name}.npy" for name in ("image", "labels")]
    command = [program, *data, f"--steps={steps}", "--seed=3", "--lr=3e-3", "--hash-every=1", f"--log={log}"]
    if os.path.exists(log):
        os.remove(log)
    hashes = re.findall(r"^hash \d+ \w+$", call(command), re.M)
    with open(log) as file:
        lines = [json.loads(line) for line in file]
    repeat = f"repeat: {shlex.join(compile_command)} && {shlex.join(command)}"
    if not len(hashes) == len(lines) == steps:
        raise Failure(f"{len(hashes)} hashes and {len(lines)} lines of {steps} steps; {repeat}")
    return lines, hashes, repeat


def compare(folder, row, yardsticks, steps):
    base = yardstick_of(row)
    key = str(base)
    if key not in yardsticks:
        yardsticks[key] = train(folder, base, 1, steps)
    expected, expected_hashes, _ = yardsticks[key]
    lines, hashes, repeat = train(folder, row, 2, steps)
    for line in lines:
        if line["loss"] is None or not math.isfinite(line["loss"]):
            raise Failure(f"the loss of step {line['step']} is {line['loss']}; {repeat}")
        if line["skipped"] and row["precision"] != "f16":
            raise Failure(f"step {line['step']} is skipped; {repeat}")
    if len(set(hashes)) == 1:
        raise Failure(f"no step changes anything; {repeat}")
    if row["compress"] == "none":
        for step, pair in enumerate(zip(hashes, expected_hashes), 1):
            if pair[0] != pair[1]:
                raise Failure(f"step {step} has another hash than under {YARDSTICK}; {repeat}")
        return
    first, last = (abs(lines[i]["loss"] - expected[i]["loss"]) / expected[i]["loss"] for i in (0, -1))
    if first > 0 or last > NEAR:
        raise Failure(f"the first loss is off by {first:.2g}, the last by {last:.2g}; {repeat}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIRECTORY")
    parser.add_argument("--strength", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--only", default="", help="rows whose text contains this, such as precision=bf16")
    options = parser.parse_args()
    folder = options.folder
    os.makedirs(folder, exist_ok=True)
    write_data(folder)
    for name, arguments in MODELS.items():
        call(["train-models", *arguments, "-o", f"{folder}/{name}.mlir"])
    rows = covering_array(options.strength)
    yardsticks, failures, tried = {}, 0, 0
    for row in rows:
        text = " ".join(f"{name}={value or 'default'}" for name, value in row.items())
        if options.only not in text:
            continue
        tried += 1
        try:
            compare(folder, row, yardsticks, options.steps)
        except Failure as failure:
            failures += 1
            print(f"{text}: {failure}", flush=True)
    print(f"{tried} combinations, {len(yardsticks)} yardsticks, {options.steps} steps: {failures} failures")
    sys.exit(1 if failures else 0)


main()
