"""Compiles a model for COUNT budgets and at both ends of what is possible.

usage: budgets.py COUNT MODEL [OPTION...]
"""
import re
import subprocess
import sys


def plan(budget):
    """(exit code, arena bytes, percent of recomputation, messages) under a budget."""
    result = subprocess.run(
        ["train-compile", sys.argv[2], "--dry-run", "--print-memory", "--threads=2", f"--memory-budget={budget}", *sys.argv[3:]],
        capture_output=True, text=True)
    if result.returncode:
        return result.returncode, 0, 0, result.stderr
    arena = int(re.search(r"^arena (\d+)", result.stdout, re.M).group(1))
    extra = float(re.search(r"^recomputation ([\d.]+) %", result.stdout, re.M).group(1))
    return 0, arena, extra, ""


code, most, none, _ = plan(1 << 50)
if code or none:
    sys.exit(f"without a limit: exit code {code}, {none} % recomputed")
code, _, _, message = plan(1)
found = re.search(r"the smallest arena found for '[\w.]+' is (\d+) bytes", message)
if code != 4 or not found:
    sys.exit(f"one byte: exit code {code}, {message}")
least = int(found.group(1))
code, arena, last, message = plan(least)
if code or arena != least:
    sys.exit(f"the smallest arena {least}: exit code {code}, arena {arena}, {message}")
code, _, _, message = plan(least - 1)
if code != 4 or str(least) not in message:
    sys.exit(f"{least - 1}: exit code {code}, {message}")
if not least < most:
    sys.exit(f"nothing to choose between {least} and {most}")
count = int(sys.argv[1])
for i in range(1, count):
    budget = least + (most - least) * i // (count - 1)
    code, arena, extra, message = plan(budget)
    if code or arena > budget or extra > last:
        sys.exit(f"{budget}: exit code {code}, arena {arena}, {extra} % after {last} %, {message}")
    last = extra
if last:
    sys.exit(f"{last} % recomputed at {most} bytes, where nothing needs to be")
