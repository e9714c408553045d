#!/usr/bin/env python3
"""Random training graphs through the compiler, under several sets of options that must not change a bit.

For each seed: train-random-graph makes a graph, train-compile makes an executable of it under the base options and
under each further set, each executable trains some steps on the same random data, and the hashes of its parameters,
statistics and optimizer state (--hash-every=1) are compared with those of the base, step by step. Anything else than
equal hashes is a failure: a signal, an error of the compiler or the executable, a loss that is not finite, a program
that does not end. With --interpreter, one step of plain gradient descent is also compared with the reference
interpreter's, parameter by parameter. With --interpret-plans=N, the planned program under each set of options also runs
N steps in the interpreter, and its results are held to those of the base there: what the passes did, without the
lowering.

    test/fuzz/random_graphs.py --bin build/dev/bin --seeds=1-200 --options=--threads=2 --interpreter
    test/fuzz/random_graphs.py --bin build/dev/bin --seeds=1-50 --base='--accumulate=2 --clip-norm=1' \\
        --options='--accumulate=2 --clip-norm=1 --threads=2' --options='... --remat=sqrt'

Each set of options replaces the base's, so what changes results (accumulate, optimizer, clipping) belongs to all of
them. {op} stands for the elementwise op that the graph has most of. A budget may be in percent: --memory-budget=0% is the smallest arena that --pareto finds, 100% the arena without
recomputation. `--check-passes` as an option makes the compiler execute the graph before and after each of its passes.

One line is printed per failure, with the command that repeats it; the last line sums up. What failing seeds left
(graph, data, executables) is kept under --keep. Exit codes: 0 no failures, 1 failures, 2 bad command line. Needs
nothing but Python's standard library.
"""

import argparse
import array
import concurrent.futures
import json
import math
import os
import random
import re
import shlex
import shutil
import struct
import subprocess
import sys

GRAPH = re.compile(r"train\.graph @random\((.*?)\) ->", re.S)
INPUT = re.compile(r"%(\w+): tensor<((?:\d+x)*)(f32|i32|i64|i1)>")
ROUNDING_SEEDS = range(1, 4)
ELEMENTWISE = re.compile(r"train\.(relu|gelu|silu|sigmoid|tanh|add|sub|mul|exp|abs|max|min)\b")
HASH = re.compile(r"^hash (\d+) ([0-9a-f]+)$", re.M | re.I)


class Failure(Exception):
    pass


#  Files -------------------------------------------------------------------------------------------------------------


def write_npy(path, descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({''.join(f'{n},' for n in shape)}), }}"
    header += " " * ((-10 - len(header) - 1) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0] if data[6] == 1 else struct.unpack("<I", data[8:12])[0]
    start = 10 if data[6] == 1 else 12
    kind = re.search(r"'descr': '([^']*)'", data[start:start + length].decode()).group(1)
    codes = {"<f4": "f", "<f8": "d", "<i8": "q", "<i4": "i"}
    return list(array.array(codes[kind], data[start + length:]))


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = list(array.array("f", data[8 + length + begin:8 + length + end]))
    return tensors


def make_data(text, folder, seed, samples_per_batch):
    """Random files for all inputs of the graph: what their names allow. Returns {input: path}."""
    rng = random.Random(seed)
    files = {}
    for name, sizes, kind in INPUT.findall(GRAPH.search(text).group(1)):
        shape = [int(n) for n in sizes.split("x")[:-1]]
        shape[0] *= samples_per_batch
        count = math.prod(shape)
        if kind == "f32":
            descr, data = "<f4", array.array("f", (rng.gauss(0, 1) for _ in range(count)))
        elif kind == "i1":
            descr, data = "|b1", array.array("b", (rng.randrange(2) for _ in range(count)))
        else:
            bound = int(re.match(r"(?:ids|labels)(\d+)_", name).group(1))
            ignored = name.startswith("labels")
            values = (-100 if ignored and rng.random() < 0.1 else rng.randrange(bound) for _ in range(count))
            descr, data = ("<i4", array.array("i", values)) if kind == "i32" else ("<i8", array.array("q", values))
        files[name] = f"{folder}/{name}.npy"
        write_npy(files[name], descr, shape, data.tobytes())
    return files


#  One seed ----------------------------------------------------------------------------------------------------------


def call(command, what, seconds):
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds,
                             stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure(f"{what} did not end in {seconds} s") from None
    if run.returncode != 0:
        lines = [line for line in run.stderr.splitlines() if "error" in line.lower() or "Assertion" in line]
        lines = lines or run.stderr.strip().splitlines()[:1]
        how = f"signal {-run.returncode}" if run.returncode < 0 else f"exit code {run.returncode}"
        raise Failure(f"{what}: {how}: {' '.join(lines)[:300]}")
    return run.stdout


def data_options(files):
    return [f"--data={name}:{path}" for name, path in files.items()]


def train(options, model, folder, name, flags, files):
    """The hashes after each step, under a set of compiler options."""
    program = f"{folder}/{name}"
    call([f"{options.bin}/train-compile", model, "-o", program, *flags], f"train-compile {' '.join(flags)}", 300)
    out = call([program, *data_options(files), f"--steps={options.steps}", f"--lr={options.lr}", "--hash-every=1",
                "--seed=1"], f"executable {' '.join(flags)}", 300)
    hashes = HASH.findall(out)
    if len(hashes) != options.steps:
        raise Failure(f"executable {' '.join(flags)} printed {len(hashes)} hashes in {options.steps} steps")
    return hashes


def settle_budget(options, model, flags, tables):
    """Flags with a budget in percent of the way from the smallest arena to the one without recomputation as bytes."""
    settled = []
    for flag in flags:
        share = re.fullmatch(r"--memory-budget=(\d+)%", flag)
        if share:
            rest = tuple(other for other in flags if other != flag)
            if rest not in tables:
                table = call([f"{options.bin}/train-compile", model, "--dry-run", "--pareto", *rest],
                             "train-compile --pareto", 300)
                tables[rest] = [int(line.split()[0]) for line in table.splitlines()[1:]]
            arenas = tables[rest]
            flag = f"--memory-budget={arenas[-1] + (arenas[0] - arenas[-1]) * int(share.group(1)) // 100}"
        settled.append(flag)
    return settled


def compare_hashes(base, other, base_flags, flags):
    for (step, expected), (_, actual) in zip(base, other):
        if expected != actual:
            raise Failure(f"step {step} has another hash under '{' '.join(flags)}' than under '{' '.join(base_flags)}'")


def interpret_plan(options, model, folder, flags):
    """The hash of all outputs and symbols after --interpret-plans steps of the planned program, on random inputs."""
    planned = f"{folder}/planned.mlir"
    with open(planned, "w") as file:
        file.write(call([f"{options.bin}/train-compile", model, "--emit=mlir:planned", *flags],
                        f"train-compile --emit=mlir:planned {' '.join(flags)}", 300))
    return call([f"{options.bin}/train-interp", planned, "--mode=native", f"--steps={options.interpret_plans}",
                 "--print=hash"], f"train-interp of the plan under {' '.join(flags)}", 900)


def largest(values):
    return max((abs(value) for value in values), default=0.0)


def compare_with_interpreter(options, model, text, folder, seed):
    """One step of param - 1 * gradient. The yardstick of an error is what rounding does to the same step: how far the
    interpreter's readings that round each result to f32, to nearest and at random, are from the one that rounds
    nothing."""
    files = make_data(text, folder, seed, 1)
    flags = ["--optimizer=sgd"]
    program, step = f"{folder}/descent", f"{folder}/step.mlir"
    call([f"{options.bin}/train-compile", model, "-o", program, *flags], "train-compile --optimizer=sgd", 300)
    with open(step, "w") as file:
        file.write(call([f"{options.bin}/train-compile", model, "--emit=mlir:step", *flags], "train-compile --emit", 300))
    call([program, *data_options(files), "--steps=1", "--lr=1", "--order=file", "--seed=1", f"--log={folder}/log.jsonl",
          f"--export={folder}/descent.safetensors"], "executable of one step", 300)
    with open(f"{folder}/log.jsonl") as file:
        loss = json.loads(file.readline())["loss"]
    actual = read_safetensors(f"{folder}/descent.safetensors")

    def interpret(name, mode, lr, rounding_seed=1):
        inputs = ",".join(f"{n}={path}" for n, path in files.items())
        call([f"{options.bin}/train-interp", step, f"--mode={mode}", f"--lr={lr}", "--seed=1", f"--inputs={inputs}",
              f"--rounding-seed={rounding_seed}", f"--dump={folder}/{name}"], f"train-interp --mode={mode}", 600)
        symbols = {n[:-4]: read_npy(f"{folder}/{name}/symbols/{n}") for n in os.listdir(f"{folder}/{name}/symbols")}
        return symbols, read_npy(f"{folder}/{name}/outputs/loss.npy")[0]

    native, native_loss = interpret("native", "native", 1)
    exact, exact_loss = interpret("exact", "f64", 1)
    before, _ = interpret("before", "f64", 0)
    rounded = [(native, native_loss)] + [interpret(f"random{seed}", "random", 1, seed) for seed in ROUNDING_SEEDS]
    loss_noise = largest(a - exact_loss for _, a in rounded)
    if not abs(loss - native_loss) <= 1e-4 * abs(native_loss) + 50 * loss_noise + 1e-6:
        raise Failure(f"the loss is {loss}, the interpreter's {native_loss} (unrounded {exact_loss})")
    moves = {n: largest(a - b for a, b in zip(native[n], before[n])) for n in actual}
    most = max(moves.values(), default=0.0)
    worst = (0.0, "")
    for name, values in actual.items():
        if len(values) != len(native[name]):
            raise Failure(f"@{name} has {len(values)} elements, the interpreter's {len(native[name])}")
        noise = max(largest(a - b for a, b in zip(symbols[name], exact[name])) for symbols, _ in rounded)
        limit = 1e-4 * moves[name] + 1e-6 * most + 50 * noise + 1e-6 * largest(native[name])
        error = largest(a - b for a, b in zip(values, native[name]))
        if not error <= limit or not all(math.isfinite(value) for value in values):
            raise Failure(f"@{name} is off by {error:.3g} after one step; allowed {limit:.3g}, it moved by "
                          f"{moves[name]:.3g}, rounding alone makes {noise:.3g}")
        if limit > 0:
            worst = max(worst, (error / limit, name))
    return worst[0]


def attempt(options, seed):
    """What is wrong with this seed, or None; and the largest error against the interpreter as a share of its limit."""
    folder = f"{options.keep}/{seed}"
    os.makedirs(folder, exist_ok=True)
    share = 0.0
    try:
        model = f"{folder}/model.mlir"
        text = call([f"{options.bin}/train-random-graph", f"--seed={seed}", *shlex.split(options.generate)],
                    "train-random-graph", 60)
        with open(model, "w") as file:
            file.write(text)
        base_flags = shlex.split(options.base)
        files = make_data(text, folder, seed, 4)
        base = train(options, model, folder, "base", base_flags, files)
        plan = interpret_plan(options, model, folder, base_flags) if options.interpret_plans else None
        tables = {}
        kinds = ELEMENTWISE.findall(text)
        commonest = max(sorted(set(kinds)), key=kinds.count)
        for number, flags in enumerate(options.options):
            flags = settle_budget(options, model, shlex.split(flags.replace("{op}", commonest)), tables)
            hashes = train(options, model, folder, f"other{number}", flags, files)
            compare_hashes(base, hashes, base_flags, flags)
            if plan is not None and interpret_plan(options, model, folder, flags) != plan:
                raise Failure(f"the interpreter has other results under '{' '.join(flags)}' than under "
                              f"'{' '.join(base_flags)}'")
        if options.interpreter:
            share = compare_with_interpreter(options, model, text, folder, seed)
    except Failure as failure:
        return seed, str(failure), share
    shutil.rmtree(folder)
    return seed, None, share


def reproducer(options, seed):
    command = [sys.argv[0], "--bin", options.bin, f"--seeds={seed}", f"--steps={options.steps}", f"--lr={options.lr}",
               f"--base={options.base}", *[f"--options={flags}" for flags in options.options]]
    command += [f"--generate={options.generate}"] if options.generate else []
    command += ["--interpreter"] if options.interpreter else []
    command += [f"--interpret-plans={options.interpret_plans}"] if options.interpret_plans else []
    return shlex.join(command)


def seeds_of(text):
    seeds = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if not match:
            raise argparse.ArgumentTypeError(f"expected numbers and ranges such as 1-200,7; got '{text}'")
        seeds += range(int(match.group(1)), int(match.group(2) or match.group(1)) + 1)
    return seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="where the tools are")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("1-20"), help="such as 1-200,7")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--lr", default="0.001")
    parser.add_argument("--base", default="--threads=1", help="options of train-compile that the others are held to")
    parser.add_argument("--options", action="append", default=[], help="another set; may be repeated")
    parser.add_argument("--generate", default="", help="further options of train-random-graph")
    parser.add_argument("--interpreter", action="store_true")
    parser.add_argument("--interpret-plans", type=int, default=0, metavar="N", help="steps of each plan in the interpreter")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", default="random-graph-findings", help="folder for the files of failing seeds")
    options = parser.parse_args()

    failures, shares = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as workers:
        for seed, wrong, share in workers.map(lambda seed: attempt(options, seed), options.seeds):
            shares.append(share)
            if wrong:
                failures += 1
                print(f"seed {seed}: {wrong}; repeat: {reproducer(options, seed)}", flush=True)
    if os.path.isdir(options.keep) and not os.listdir(options.keep):
        os.rmdir(options.keep)
    judged = f", at most {max(shares):.2f} of the interpreter's limit" if options.interpreter and shares else ""
    print(f"{len(options.seeds)} graphs, {1 + len(options.options)} executables each, {options.steps} steps{judged}: "
          f"{failures} failures")
    sys.exit(1 if failures else 0)


main()
