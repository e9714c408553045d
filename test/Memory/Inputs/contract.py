"""Checks an executable's log against the memory report of its compilation.

    contract.py REPORT.json LOG.jsonl

The arena must be the planned peak to the byte, and the process's anonymous and shared
memory at most the arena plus the larger of 5 % and 48 MiB, in every step.
"""
import json
import sys

report = json.load(open(sys.argv[1]))
planned = report["peak_bytes"]
steps = [json.loads(line) for line in open(sys.argv[2])]
assert steps, "the log is empty"
categories = sum(report["by_category"].values())
for step in steps:
    assert step["arena_bytes"] == planned, f"arena of {step['arena_bytes']} bytes, planned {planned}"
    limit = planned + max(0.05 * planned, 48 << 20)
    assert step["rss_bytes"] <= limit, f"resident {step['rss_bytes']} bytes, limit {limit}"
last = steps[-1]["rss_bytes"]
# What is touched is most of the arena, or the figure above would say nothing.
assert last >= 0.9 * categories, f"resident {last} bytes, alive at the peak {categories}"
print(f"planned {planned}, alive at the peak {categories}, resident {last}")
