"""A campaign of damaged models against the compiler: whatever it is given, it ends by itself with a documented exit code,
and with an error if that is not 0.

    mutate.py --bin=build/dev/bin [--seconds=120] [--seed=1] [--jobs=2] [--keep=DIR] [--tool=compile|opt|interp]

The seeds are small models of every family and the pieces of the tests of the dialect. A mutation is one to six edits: tokens
deleted, doubled, swapped or taken from another model; numbers replaced by the ends of their ranges; element types and sizes
changed; lines moved; brackets nested. Inputs that end in a signal, in a code of 124 or more, in silence or not at all
are kept in DIR and listed; the exit code is then 1.
"""

import argparse
import concurrent.futures
import glob
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time

MODELS = [
    "mlp --widths 8,16,4 --batch 4",
    "gpt2 --layers 1 --width 16 --heads 2 --seq 8 --vocab 32 --batch 2",
    "bert --layers 1 --width 16 --heads 2 --seq 8 --vocab 32 --batch 2",
    "llama --layers 1 --width 16 --heads 4 --kv-heads 2 --hidden 24 --seq 8 --vocab 32 --batch 2",
    "vit --layers 1 --width 16 --heads 2 --image 8 --patch 4 --classes 4 --batch 2",
    "unet --layers 2 --width 4 --image 16 --batch 2",
    "resnet --size=18 --image 32 --classes 4 --batch 1",
]
NUMBERS = ["0", "1", "-1", "2", "3", "7", "255", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
           "4611686018427387904", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
           "99999999999999999999999", "0.0", "-0.5", "1.0e308", "1.0e-320", "0x7FC00000", "0x7F800000"]
ELEMENTS = ["f32", "f64", "f16", "bf16", "f8E4M3FN", "f8E5M2", "f4E2M1FN", "f8E8M0FNU", "i1", "i8", "i32", "i64", "i0",
            "index", "complex<f32>", "none", "i16777215", "f80", "tensor<4xf32>", "vector<4xf32>"]
TOKEN = re.compile(r'"[^"\n]*"|[%@#!^]?[A-Za-z_][\w.$-]*|-?\d[\w.+-]*|\s+|.', re.S)


def load_seeds(tools, source):
    seeds = []
    for model in MODELS:
        made = subprocess.run([f"{tools}/train-models", *model.split()], capture_output=True, text=True)
        if made.returncode == 0:
            seeds.append(made.stdout)
    for path in sorted(glob.glob(f"{source}/test/IR/*.mlir") + glob.glob(f"{source}/test/Transforms/*/*.mlir") +
                       glob.glob(f"{source}/test/BadInput/*.mlir")):
        with open(path) as file:
            seeds += [piece for piece in file.read().split("// -----") if "train." in piece]
    return seeds


def mutate(rng, text, pool):
    tokens = TOKEN.findall(text)
    # Mostly single edits of the kinds that still parse: what is refused by the parser reaches nothing of ours.
    for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 6])):
        if not tokens:
            break
        i = rng.randrange(len(tokens))
        kind = rng.choices(range(11), [1, 1, 1, 1, 6, 6, 8, 2, 2, 6, 1])[0]
        if kind == 0:
            del tokens[i]
        elif kind == 1:
            tokens.insert(i, tokens[i])
        elif kind == 2:
            j = rng.randrange(len(tokens))
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif kind == 3:
            tokens[i] = rng.choice(pool)
        elif kind == 4:
            places = [k for k, t in enumerate(tokens) if t[0].isdigit() or (t[0] == "-" and len(t) > 1)]
            if places:
                k = rng.choice(places)
                tokens[k] = re.sub(r"^-?\d[\d.]*", lambda _: rng.choice(NUMBERS), tokens[k], count=1)
        elif kind == 5:
            whole = "".join(tokens)
            found = list(re.finditer(r"(?<=[<x])(f32|i32|i64|f16|bf16|i1)\b", whole))
            if found:
                at, element = rng.choice(found), rng.choice(ELEMENTS)
                if rng.random() < 0.5:
                    whole = re.sub(rf"(?<=[<x]){at.group()}\b", element, whole)
                else:
                    whole = whole[:at.start()] + element + whole[at.end():]
            tokens = TOKEN.findall(whole)
        elif kind == 6:
            whole = "".join(tokens)
            found = list(re.finditer(r"(?<=[<x])\d+(?=x)", whole))
            if found:
                at = rng.choice(found)
                size = rng.choice(["?", "0", "1", "2", "3", "5", "64", "4611686018427387904", "1073741824"])
                # Everywhere, so that the types still agree, or in one place, so that they do not.
                if rng.random() < 0.5:
                    whole = re.sub(rf"(?<=[<x]){at.group()}(?=x)", size, whole)
                else:
                    whole = whole[:at.start()] + size + whole[at.end():]
            tokens = TOKEN.findall(whole)
        elif kind == 7:
            lines = "".join(tokens).split("\n")
            j, k = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines.insert(k, lines.pop(j)) if rng.random() < 0.5 else lines.insert(k, lines[j])
            tokens = TOKEN.findall("\n".join(lines))
        elif kind == 8:
            lines = "".join(tokens).split("\n")
            del lines[rng.randrange(len(lines))]
            tokens = TOKEN.findall("\n".join(lines))
        elif kind == 9:
            names = [t for t in tokens if t.startswith(("train.", "%", "@"))]
            places = [k for k, t in enumerate(tokens) if t.startswith(("train.", "%", "@"))]
            if places:
                k = rng.choice(places)
                same = [n for n in names if n[0] == tokens[k][0]]
                tokens[k] = rng.choice(same)
        else:
            left, right = rng.choice([("(", ")"), ("[", "]"), ("{", "}"), ("<", ">"), ("tuple<", ">"), ("module {", "}"),
                                      ("train.layer \"x\" {", "}")])
            depth = rng.choice([1, 2, 100, 300, 5000])
            tokens[i] = left * depth + tokens[i] + right * rng.choice([depth, depth, 0])
    return "".join(tokens)


def pick(rng, seeds):
    """Whole models as often as all the pieces together."""
    return rng.choice(seeds[:len(MODELS)] if rng.random() < 0.5 else seeds)


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def command(tools, tool, path, output):
    if tool == "opt":
        return [f"{tools}/train-opt", "--train-pipeline=accumulate=2 clip-norm=1", "--canonicalize", path, "-o", output]
    if tool == "interp":
        return [f"{tools}/train-interp", path, "--print=hash"]
    return [f"{tools}/train-compile", path, "--emit=object", "-o", output, "--clip-norm=1"]


def judge(code, errors):
    """What is wrong with this end, or None."""
    if code == "timeout":
        return "did not end"
    if code < 0:
        return f"signal {-code}"
    if code >= 124:
        return f"exit code {code}"
    if code != 0 and "error:" not in errors:
        return f"exit code {code} without an error"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", default="fuzz-findings")
    parser.add_argument("--tool", choices=["compile", "opt", "interp"], default="compile")
    options = parser.parse_args()
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    seeds = load_seeds(options.bin, source)
    pool = sorted({t for s in seeds for t in TOKEN.findall(s) if not t.isspace()})
    rng = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    counts, findings = {}, []

    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(options.jobs) as workers:

        def attempt(number, text):
            path, output = f"{work}/{number}.mlir", f"{work}/{number}.o"
            with open(path, "w") as file:
                file.write(text)
            try:
                run = subprocess.run(command(options.bin, options.tool, path, output), capture_output=True, text=True,
                                     errors="replace", timeout=60, preexec_fn=limit)
                code, errors = run.returncode, run.stderr
            except subprocess.TimeoutExpired:
                code, errors = "timeout", ""
            left = [name for name in os.listdir(work) if name.startswith(f"{number}.o")]
            wrong = judge(code, errors)
            if not wrong and options.tool == "compile" and code != 0 and left:
                wrong = f"left {left}"
            for name in left + [f"{number}.mlir"]:
                os.unlink(f"{work}/{name}")
            return number, text, code, errors, wrong

        number, pending = 0, set()
        while time.monotonic() < end or pending:
            while len(pending) < 2 * options.jobs and time.monotonic() < end:
                pending.add(workers.submit(attempt, number, mutate(rng, pick(rng, seeds), pool)))
                number += 1
            done, pending = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                which, text, code, errors, wrong = future.result()
                counts[code] = counts.get(code, 0) + 1
                if wrong:
                    os.makedirs(options.keep, exist_ok=True)
                    path = f"{options.keep}/{options.tool}-{options.seed}-{which}.mlir"
                    with open(path, "w") as file:
                        file.write(text)
                    findings.append(path)
                    print(f"{path}: {wrong}: {errors.strip().splitlines()[:1]}", flush=True)
    ends = ", ".join(f"{code}: {count}" for code, count in sorted(counts.items(), key=str))
    print(f"{number} inputs from {len(seeds)} seeds; exit codes {{{ends}}}; {len(findings)} findings")
    sys.exit(1 if findings else 0)


main()
