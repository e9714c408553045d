"""Checks that a plan needs so much less than another: falls_by.py BEFORE.json AFTER.json BYTES.

The arena falls by at least 99 % of BYTES, and no program but the step is the largest.
"""
import json
import sys

before, after = (json.load(open(path)) for path in sys.argv[1:3])
fall = before["peak_bytes"] - after["peak_bytes"]
assert fall >= 0.99 * int(sys.argv[3]), f"falls by {fall} bytes, expected {sys.argv[3]}"
largest = max(after["programs"], key=lambda program: program["live_bytes"])
assert largest["name"] == "step", f"the largest program is {largest['name']}"
print(f"{before['peak_bytes']} bytes, now {after['peak_bytes']}")
