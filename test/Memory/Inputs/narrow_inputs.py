"""Checks what a plan in fp8 or fp4 keeps of the inputs of products.

    narrow_inputs.py REPORT.json BF16.json TYPE MOST

Between forward and backward, tensors of TYPE and the scales of their blocks take at most MOST of the bytes that they would
in f32; no tensor is left that products read on both sides; and the narrow plan keeps less by what that comes to.
"""
import json
import sys

narrow, wide = (json.load(open(path)) for path in sys.argv[1:3])
kind, most = sys.argv[3], float(sys.argv[4])


def middle(report):
    """The position where backward enters the last layer: the head, which stays wide, is done with."""
    return next(i for i, op in enumerate(report["ops"]) if "gelu_backward" in op["name"])


def kept(report):
    """What nobody touches while the head runs; bytes that are overwritten in between are no saved tensor."""
    at = middle(report)
    head = next(i for i, op in enumerate(report["ops"]) if op["name"].endswith("cross_entropy"))
    return [
        b
        for b in report["buffers"]
        if b["category"] == "activations" and b["first_use"] < head and at < b["last_use"] and not any(head <= i < at for i in b["uses"])
    ]


def elements(shape):
    count = 1
    for size in shape.split("x")[:-1]:
        count *= int(size)
    return count


def read_twice(report):
    at = middle(report)
    is_product = lambda i: report["ops"][i]["name"].startswith(("matmul", "train.matmul"))
    # The first use is what makes it: a product's result whose bytes backward overwrites for another product is none.
    reads = lambda b: b["uses"][1:]
    return [b for b in kept(report) if any(is_product(i) for i in reads(b) if i < at) and any(is_product(i) for i in reads(b) if i > at)]


codes = [b for b in kept(narrow) if b["shape"].endswith(kind)]
scales = [b for b in kept(narrow) if b["shape"].endswith(("f8E8M0FNU", "xf8E4M3FN")) and b not in codes]
stored = sum(b["bytes"] for b in codes + scales)
ratio = stored / (4 * sum(elements(b["shape"]) for b in codes))
assert codes and ratio <= most, f"{ratio} of the bytes in f32, expected at most {most}"
before, after = read_twice(wide), read_twice(narrow)
assert not after, f"kept wide: {[b['name'] for b in after]}"
saved = sum(b["bytes"] for b in kept(wide)) - sum(b["bytes"] for b in kept(narrow))
print(f"{len(codes)} tensors for {len(before)} in bf16, {ratio:.4f} of their bytes in f32; {saved} bytes less")
# What backward reads wide in any case (attention's output) is in both plans.
assert saved >= 0.99 * (sum(2 * elements(b["shape"]) for b in codes) - stored), saved
