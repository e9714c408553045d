"""Judges a memory report by its own numbers, without anything of the compiler."""

import json
import sys

report = json.load(open(sys.argv[1]))
buffers, live = report["buffers"], report["steps"]
peak = report["peak"]
end = len(live) - 1

assert report["spaces"]["host"]["peak_bytes"] == report["peak_bytes"]
assert report["spaces"]["device"]["peak_bytes"] == report["spaces"]["file"]["peak_bytes"] == 0
assert peak["live_bytes"] == live[peak["position"]] == max(live) == report["lower_bound_bytes"]
assert report["peak_bytes"] >= report["lower_bound_bytes"]
assert sum(report["by_category"].values()) == peak["live_bytes"]
assert max(p["live_bytes"] for p in report["programs"]) == peak["live_bytes"]
assert report["by_category"]["parameters"] > 0 and report["by_category"]["optimizer"] > 0
assert any(b["category"] == "gradients" for b in buffers)

for position in range(end + 1):
    alive = [b for b in buffers if b["first_use"] <= position <= b["last_use"]]
    assert sum(b["bytes"] for b in alive) == live[position], position
    alive.sort(key=lambda b: b["offset"])
    top = 0
    for b in alive:
        assert b["offset"] % 64 == 0 and b["bytes"] % 64 == 0, b
        assert b["offset"] >= top, ("overlap", position, b)
        top = b["offset"] + b["bytes"]
    assert top <= report["peak_bytes"]

print(f"consistent: {len(buffers)} buffers, {len(report['by_category'])} categories")
