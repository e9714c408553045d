"""Names the tensors of two safetensors files that are not bit for bit the same: differing.py A B."""

import json
import struct
import sys


def load(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    begin = 8 + size
    return {name: data[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]]
            for name, entry in header.items() if name != "__metadata__"}


first, second = map(load, sys.argv[1:3])
assert first.keys() == second.keys() and len(first) > 1
print("differing:", *(name for name in first if first[name] != second[name]))
