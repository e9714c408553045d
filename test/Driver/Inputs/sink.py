"""Trains a U-Net with dropout and compares every bit with what it is under budgets and strategies.

usage: sink.py MODEL DIRECTORY DATA-DIRECTORY STEPS
The model as train-models prints it; a dropout is put behind its first relu. Some plan has to sink a read.
"""
import re
import subprocess
import sys

model, directory, data, steps = sys.argv[1:]
text = open(model).read()
head, relu, result, tail = re.split(r"(( *%\w+) = train\.relu [^\n]*\n)", text, maxsplit=1)
kind = re.search(r"tensor<[^>]*>", relu).group()
name, batch = result.strip(), re.match(r"tensor<(\d+)x", kind).group(1)
drop = (
    f'%key = train.random_key : tensor<3xi64>\n'
    f"%dropped = train.dropout {name}, %key {{rate = 0.25 : f64, site = 0 : i64, samples = {batch} : i64}} : {kind}, tensor<3xi64>\n"
)
tail = re.sub(re.escape(name) + r"\b", "%dropped", tail, count=1)
model = f"{directory}/model.mlir"
open(model, "w").write(head + relu + drop + tail)


def compile(*options):
    return subprocess.run(
        ["train-compile", model, "--threads=2", *options], check=True, capture_output=True, text=True)


def train(*options):
    remarks = compile("-o", f"{directory}/m", "--remarks", *options)
    trained = subprocess.run(
        [f"{directory}/m", f"--data=image:{data}/image.npy", f"--data=labels:{data}/labels.npy", f"--steps={steps}",
         f"--hash-every={steps}", "--seed=3"], check=True, capture_output=True, text=True)
    hashes = [line for line in (trained.stdout + trained.stderr).splitlines() if line.startswith("hash ")]
    sunk = re.search(r"(\d+) reads are sunk", remarks.stdout + remarks.stderr)
    return hashes, int(sunk.group(1)) if sunk else 0


arenas = [int(line.split()[0]) for line in compile("--dry-run", "--pareto").stdout.splitlines() if line[:1].isdigit()]
reference, _ = train("--remat=none")
if len(reference) != 1:
    sys.exit(f"expected a hash, got {reference}")
most = 0
for options in (
    [f"--memory-budget={arenas[1]}"], [f"--memory-budget={arenas[len(arenas) // 2]}"], [f"--memory-budget={arenas[-1]}"],
    ["--remat=block"], ["--remat=selective:relu,batch_norm"],
):
    hashes, sunk = train(*options)
    most = max(most, sunk)
    if hashes != reference:
        sys.exit(f"{options}: {hashes} differs from {reference}")
if most == 0:
    sys.exit("no plan sinks a read")
