"""Compares two texts that may differ in their numbers by 1e-5 of them: same_numbers.py A B."""

import re
import sys

number = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
first, second = (open(path).read() for path in sys.argv[1:3])
assert number.sub("#", first) == number.sub("#", second), f"{first}\nand\n{second}"
pairs = list(zip(map(float, number.findall(first)), map(float, number.findall(second))))
assert pairs, "there are no numbers"
for a, b in pairs:
    assert abs(a - b) <= 1e-5 * abs(a), f"{a} and {b}"
