"""Holds train-compile to its budgets: budgets.py COUNT MODEL [OPTION...].

Between the smallest arena and the largest one, COUNT budgets: the arena is never above the budget, recomputation
never rises with it, exactly the smallest works and one byte less is refused.
"""
import re
import subprocess
import sys


class Broken(Exception):
    """A promise, and what came instead."""


def plan(model, budget, options, compiler="train-compile"):
    """(exit code, arena bytes, percent of recomputation, messages) under a budget."""
    result = subprocess.run(
        [compiler, model, "--dry-run", "--print-memory", "--threads=2", f"--memory-budget={budget}", *options],
        capture_output=True, text=True)
    if result.returncode:
        return result.returncode, 0, 0, result.stderr
    arena = int(re.search(r"^arena (\d+)", result.stdout, re.M).group(1))
    extra = float(re.search(r"^recomputation ([\d.]+) %", result.stdout, re.M).group(1))
    return 0, arena, extra, ""


def check(model, count, options=(), compiler="train-compile"):
    """The smallest arena, that of no limit, and (budget, arena, percent) for each budget. Raises Broken."""
    ask = lambda budget: plan(model, budget, options, compiler)
    code, most, none, _ = ask(1 << 50)
    if code or none:
        raise Broken(f"without a limit: exit code {code}, {none} % recomputed")
    code, _, _, message = ask(1)
    found = re.search(r"the smallest arena found for '[\w.]+' is (\d+) bytes", message)
    if code != 4 or not found:
        raise Broken(f"one byte: exit code {code}, {message}")
    least = int(found.group(1))
    code, arena, last, message = ask(least)
    if code or arena != least:
        raise Broken(f"the smallest arena {least}: exit code {code}, arena {arena}, {message}")
    rows = [(least, arena, last)]
    code, _, _, message = ask(least - 1)
    if code != 4 or str(least) not in message:
        raise Broken(f"{least - 1}: exit code {code}, {message}")
    if not least < most:
        raise Broken(f"nothing to choose between {least} and {most}")
    for i in range(1, count):
        budget = least + (most - least) * i // (count - 1)
        code, arena, extra, message = ask(budget)
        if code or arena > budget or extra > last:
            raise Broken(f"{budget}: exit code {code}, arena {arena}, {extra} % after {last} %, {message}")
        rows.append((budget, arena, extra))
        last = extra
    if last:
        raise Broken(f"{last} % recomputed at {most} bytes, where nothing needs to be")
    return least, most, rows


if __name__ == "__main__":
    try:
        check(sys.argv[2], int(sys.argv[1]), sys.argv[3:])
    except Broken as broken:
        sys.exit(str(broken))
