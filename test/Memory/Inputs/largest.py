"""Checks what --explain-memory says is the largest that fits.

    largest.py TEXT BUDGET FAMILY [OPTION...]

The model is made anew with each size: the one that is said to fit compiles within the budget, the other one is
refused. FAMILY and OPTIONs are train-models' own, of the model that TEXT explains.
"""
import re
import subprocess
import sys

text, budget, family, *options = sys.argv[1:]
KEYS = {"micro-batch": "batch", "sequence": "seq", "layers": "layers"}
said = re.findall(r"^  (micro-batch|sequence|layers) +(\d+)  \(now \d+; no plan for (\d+)", open(text).read(), re.M)
if len(said) != len(KEYS):
    sys.exit(f"expected {len(KEYS)} sizes, got {said}")


def fits(name, size):
    model = subprocess.run(["train-models", family, *options, f"--{KEYS[name]}={size}"], check=True, capture_output=True).stdout
    code = subprocess.run(["train-compile", "-", "--dry-run", "--threads=2", f"--memory-budget={budget}"], input=model,
                          capture_output=True).returncode
    if code not in (0, 4):
        sys.exit(f"{name} of {size}: exit code {code}")
    return code == 0


for name, most, too_much in said:
    if not 0 < int(most) < int(too_much) <= int(most) * 17 / 16 + 4:
        sys.exit(f"a {name} of {most} fits and one of {too_much} does not: too far apart")
    if not fits(name, most):
        sys.exit(f"a {name} of {most} does not fit")
    if fits(name, too_much):
        sys.exit(f"a {name} of {too_much} fits, too")
