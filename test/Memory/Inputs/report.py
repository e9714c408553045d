"""Checks a memory report, and a page against it.

    report.py REPORT.json PAGE.html

Every sum in the report is done again from its buffers; the page must be one file that loads nothing, stay
below 20 MB, and hold the same buffers, ops and sums.
"""
import json
import os
import re
import sys

report = json.load(open(sys.argv[1]))
buffers, ops, steps, peak = (report[key] for key in ("buffers", "ops", "steps", "peak"))

# Live bytes are what the buffers add up to, everywhere.
change = [0] * (len(steps) + 1)
for buffer in buffers:
    assert 0 <= buffer["first_use"] <= buffer["last_use"] < len(steps), buffer
    assert 0 <= buffer["offset"] and buffer["offset"] + buffer["bytes"] <= report["peak_bytes"], buffer
    change[buffer["first_use"]] += buffer["bytes"]
    change[buffer["last_use"] + 1] -= buffer["bytes"]
live = 0
for position, bytes_ in enumerate(steps):
    live += change[position]
    assert live == bytes_, f"position {position}: buffers {live}, steps {bytes_}"
assert max(steps) == steps[peak["position"]] == peak["live_bytes"]
assert len(ops) == len(steps)

alive = [b for b in buffers if b["first_use"] <= peak["position"] <= b["last_use"]]
for category, bytes_ in report["by_category"].items():
    assert sum(b["bytes"] for b in alive if b["category"] == category) == bytes_, category

# Uses lie within the life, touch its ends where it does not last for ever, and are someone's.
across = lambda b: b["first_use"] == 0 and b["last_use"] == len(steps) - 1
for buffer in buffers:
    uses = buffer.get("uses", [])
    assert uses == sorted(set(uses)), buffer
    assert all(buffer["first_use"] <= use <= buffer["last_use"] for use in uses), buffer
    assert all(ops[use]["name"] for use in uses), buffer
    # Inputs are loaded at an entry, without an op; so are a loop's accumulators.
    if not across(buffer) and buffer["category"] not in ("inputs",) and not buffer["name"].startswith("accumulator"):
        assert uses and uses[0] == buffer["first_use"], buffer

# What has a price is a saved activation, which waits over the peak.
saved = [b for b in alive if b["category"] == "activations" and b["first_use"] < peak["position"] < b["last_use"]
         and peak["position"] not in b["uses"]]
priced = [b for b in buffers if "recompute" in b]
assert all(b in saved for b in priced)
assert priced or peak["op"] == "inputs"
for buffer in priced:
    cost = buffer["recompute"]
    assert cost["ops"] >= 1 and cost["seconds"] > 0 and cost["bytes"] > 0, buffer

page = open(sys.argv[2], encoding="utf-8").read()
assert os.path.getsize(sys.argv[2]) < 20_000_000
assert not re.search(r"https?:|\bsrc=|\bhref=|@import|url\(|fetch\(|XMLHttp|WebSocket", page), "the page loads something"
data = re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S)
assert data and page.count("</script>") == 2, "a name ended a script"
data = json.loads(data[1])
strings = data["strings"]
assert data["arena"] == report["peak_bytes"] and data["lower_bound"] == report["lower_bound_bytes"]
assert data["peak"] == peak["position"] and data["steps"] == steps
columns, start = data["buffers"], 0
again = dict(map(tuple, columns["recompute"]))
for i, buffer in enumerate(buffers):
    for key, column in (("name", "name"), ("location", "location"), ("shape", "shape")):
        assert strings[columns[column][i]] == buffer[key]
    assert data["categories"][columns["category"][i]] == buffer["category"]
    for key, column in (("bytes", "bytes"), ("offset", "offset"), ("first_use", "first"), ("last_use", "last")):
        assert columns[column][i] == buffer[key]
    assert columns["uses"][start:columns["uses_end"][i]] == buffer.get("uses", [])
    start = columns["uses_end"][i]
    assert (i in again) == ("recompute" in buffer)
assert len(columns["bytes"]) == len(buffers)
for i, op in enumerate(ops):
    assert strings[data["ops"]["name"][i]] == op["name"] and strings[data["ops"]["shape"][i]] == op["shape"]
    assert abs(data["ops"]["ms"][i] - op["seconds"] * 1e3) < 1e-5
    assert (i in data["ops"]["recomputed"]) == op["recomputed"]
print(f"{len(buffers)} buffers, {len(ops)} positions, page of {os.path.getsize(sys.argv[2])} bytes")
