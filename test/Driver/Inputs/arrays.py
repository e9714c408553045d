"""Writes arrays for an mlp of widths 8,16,4 into a directory: good ones, and one of each way to be wrong."""

import json
import struct
import sys

directory = sys.argv[1]


def write(name, data):
    with open(f"{directory}/{name}", "wb") as file:
        file.write(data)


def npy(shape, data, dtype="<f4"):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def floats(count):
    return struct.pack(f"<{count}f", *[i % 7 / 7 for i in range(count)])


write("x.npy", npy("(16, 8)", floats(128)))
write("target.npy", npy("(16, 4)", floats(64)))
write("truncated.npy", npy("(16, 8)", floats(100)))
write("shape.npy", npy("(16, 9)", floats(144)))
write("huge.npy", npy("(4611686018427387904, 8)", floats(8)))
write("dtype.npy", npy("(16, 8)", floats(256), "<c8"))
write("length.safetensors", struct.pack("<Q", 1 << 62) + b"{}")
tensor = {"dtype": "F32", "shape": [16, 8]}
write("overlap.safetensors", safetensors({"layers.0.weight": {**tensor, "data_offsets": [0, 512]},
                                          "layers.2.weight": {"dtype": "F32", "shape": [4, 16],
                                                              "data_offsets": [256, 512]}}, floats(128)))
write("wrongshape.safetensors", safetensors({"layers.0.weight": {"dtype": "F32", "shape": [8, 16],
                                                                 "data_offsets": [0, 512]}}, floats(128)))
write("integers.safetensors", safetensors({"layers.0.weight": {"dtype": "I32", "shape": [16, 8],
                                                               "data_offsets": [0, 512]}}, floats(128)))
write("tokens.bin", struct.pack("<200H", *[999 if i == 77 else i % 64 for i in range(200)]))
