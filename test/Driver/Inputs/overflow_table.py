"""The dynamic loss scale of executables against its rule: every gradient in turn, and long random patterns.

usage: overflow_table.py MODEL DIRECTORY

MODEL has three inputs x, y, z of which each is the gradient of one parameter (three.mlir).

Table: in every second step, one element of one sample of one input makes its gradient overflow when it is scaled (1e36, -1e36)
or be NaN though the loss is finite (infinity, NaN in a masked place). For optimizers, micro-batches and clipping in turn, such
steps are skipped and leave parameters and slots as they were bit for bit, all others move them, and the scale of each step is the
rule's. Random: 10000 steps of overflows alone, in rows and in long droughts; the sequence of scales and skips is the rule's. Both
are interrupted in the middle of a window and between two overflows of a hysteresis of two, saved and resumed: the same
bits. Without a loss scale, a gradient that is not finite reaches the parameter.
"""
import json
import math
import os
import random
import struct
import subprocess
import sys

model, folder = sys.argv[1:]
SAMPLES = 2  # of each step: two micro-batches, or one


class Rule:
    """The dynamic scale as a person would write it down."""

    def __init__(self, start, window, hysteresis):
        self.scale, self.window, self.hysteresis, self.good, self.bad = start, window, hysteresis, 0, 0

    def step(self, overflows):
        if overflows:
            self.good, self.bad = 0, self.bad + 1
            if self.bad >= self.hysteresis:
                self.scale, self.bad = self.scale / 2, 0
        else:
            self.good += 1
            if self.good >= self.window:
                self.scale, self.good, self.bad = self.scale * 2, 0, 0


def write(name, steps, bad):
    """Inputs whose steps in `bad` have at (input, sample) a value that is no gradient; returns options."""
    options = []
    for place, key in enumerate("xyz"):
        values = [1.0 + 0.25 * place + 0.125 * (i % 5) for i in range(steps * SAMPLES * 3)]
        for step, (wrong, sample, value) in bad.items():
            if wrong == place:
                values[((step - 1) * SAMPLES + sample) * 3 + step % 3] = value
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({steps * SAMPLES}, 3), }}"
        header += " " * (-(len(header) + 11) % 64) + "\n"
        path = f"{folder}/{name}-{key}.npy"
        with open(path, "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            file.write(struct.pack(f"<{len(values)}f", *values))
        options.append(f"--data={key}:{path}")
    return options


def compile_to(name, *options):
    subprocess.run(["train-compile", model, "-o", f"{folder}/{name}", "--threads=1", *options], check=True)


def run(name, data, steps, *options):
    """The hashes after each step, and the log."""
    log = f"{folder}/{name}.jsonl"
    if "--resume" not in options and os.path.exists(log):
        os.remove(log)
    done = subprocess.run([f"{folder}/{name}", *data, f"--steps={steps}", "--order=file", "--lr=1e-3", "--hash-every=1",
                           f"--log={log}", *options], check=True, capture_output=True, text=True)
    hashes = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("hash ")]
    return hashes, [json.loads(line) for line in open(log)]


def follow(what, lines, rule, bad):
    for line in lines:
        expected = (rule.scale, line["step"] in bad)
        assert (line["loss_scale"], line["skipped"]) == expected, (what, line, expected)
        assert line["loss"] is not None, (what, line)
        rule.step(line["step"] in bad)


def resumed(name, data, steps, stops):
    """As run, but stopped and continued from a checkpoint at each of `stops`."""
    checkpoint, hashes = f"{folder}/{name}.checkpoint", []
    for number, stop in enumerate([*stops, steps]):
        more = ["--resume"] if number else []
        part, lines = run(name, data, stop, f"--checkpoint={checkpoint}", *more)
        hashes += part
    return hashes, lines


def same(what, one, other):
    keys = ("step", "loss", "loss_scale", "skipped")
    assert one[0] == other[0], (what, "hashes")
    assert [[line[key] for key in keys] for line in one[1]] == [[line[key] for key in keys] for line in other[1]], what


VALUES = (1e36, -1e36, math.inf, math.nan)
cases = [(place, sample, value) for place in range(3) for sample in range(SAMPLES) for value in VALUES]
table = {2 * (number + 1): case for number, case in enumerate(cases)}
steps = 2 * len(cases) + 1
data = write("table", steps, table)
RECIPES = (("sgd", 1, ""), ("momentum", 2, "--clip-norm=0.5"), ("adam", 2, ""), ("adamw", 1, "--clip-norm=0.5"))
for optimizer, accumulate, clip in RECIPES:
    name = f"table-{optimizer}"
    start = 2.0**40
    compile_to(name, f"--optimizer={optimizer}", f"--accumulate={accumulate}", f"--micro-batch={SAMPLES // accumulate}",
               "--loss-scale=dynamic", f"--loss-scale-init={start!r}", *filter(None, [clip]))
    hashes, lines = run(name, data, steps)
    follow(name, lines, Rule(start, 2000, 1), table)
    for step in range(2, steps + 1):
        assert (hashes[step - 1] == hashes[step - 2]) == (step in table), (name, step)
print(f"{len(cases)} overflows under {len(RECIPES)} recipes: as the rule says")

steps, low = 10000, 2.0**-60
for window, hysteresis in ((3, 2), (20, 1)):
    draw, bad, rule, inside, between = random.Random(5), {}, Rule(65536.0, window, hysteresis), [], []
    for step in range(1, steps + 1):
        if step % 50 == 1:  # far from the ends of f32, where the scale itself overflows or ends the training
            odds = draw.choice([0.0, 0.02] if rule.scale < 2.0**-20 else [0.3, 0.6] if rule.scale > 2.0**60 else [0, 0.02, 0.1, 0.3, 0.6])
        if draw.random() < odds:
            bad[step] = (draw.randrange(3), draw.randrange(SAMPLES), draw.choice(VALUES[2:]))
        rule.step(step in bad)
        # Where a counter matters: after a good step of a window, and after the first of two overflows.
        if rule.good > 0 and step < 400:
            inside.append(step)
        if rule.bad > 0 and step < 400:
            between.append(step)
    name = f"random-{window}"
    data = write(name, steps, bad)
    compile_to(name, "--loss-scale=dynamic", f"--loss-scale-window={window}", f"--loss-scale-hysteresis={hysteresis}",
               f"--loss-scale-min={low!r}", "--micro-batch=2")
    whole = run(name, data, steps)
    follow(name, whole[1], Rule(65536.0, window, hysteresis), bad)
    assert bool(between) == (hysteresis > 1)
    stops = sorted({inside[0], inside[-1], *between[:1], *between[-1:]})
    same(name, (whole[0][:400], whole[1][:400]), resumed(name, data, 400, stops))
    print(f"{steps} steps with {len(bad)} overflows: as the rule says, also where they are resumed")

compile_to("plain", "--optimizer=sgd", "--micro-batch=2")
hashes, lines = run("plain", write("table", 3, {2: (1, 0, math.nan)}), 3, "--allow-nan")
assert len(set(hashes)) == 3 and not any(line["skipped"] for line in lines), lines
print("without a scale nothing is skipped")
