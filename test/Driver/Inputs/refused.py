"""Offers of --compress after a refusal are plans that fit.

usage: refused.py MODEL
Under a budget half of the way from the smallest arena without to that with fp4, exact plans are refused, and what the refusal offers compiles.
"""
import re
import subprocess
import sys

model = sys.argv[1]


def compile(*options):
    return subprocess.run(["train-compile", model, "--dry-run", "--threads=2", *options], capture_output=True, text=True)


def smallest(*options):
    table = compile("--remat=budget", "--memory-budget=1GiB", "--pareto", *options).stdout
    return min(int(line.split()[0]) for line in table.splitlines() if line[0].isdigit())


exact, rounded = smallest(), smallest("--compress=fp4")
if rounded >= exact:
    sys.exit(f"{rounded} bytes with compressed activations, {exact} without")
budget = (exact + rounded) // 2
refused = compile(f"--memory-budget={budget}")
offers = re.findall(r"it fits with (.*): arena (\d+) bytes.*, what backward reads is rounded", refused.stderr)
if refused.returncode != 4 or len(offers) != 1:
    sys.exit(f"exit code {refused.returncode}, offers {offers}: {refused.stderr}")
options, arena = offers[0]
if "--compress=" not in options:
    sys.exit(f"{options} compresses nothing")
taken = compile(f"--memory-budget={budget}", "--print-memory", *options.split())
if taken.returncode or int(taken.stdout.split()[1]) != int(arena) or int(arena) > budget:
    sys.exit(f"{options}: exit code {taken.returncode}, {taken.stdout.splitlines()[:1]}, {arena} bytes were offered for {budget}")
