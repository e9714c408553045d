"""Writes into a directory the arrays of the models of wrong-labels.test: 4 samples, one wrong label at position 6."""

import struct
import sys

directory = sys.argv[1]


def npy(name, shape, dtype, data):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    with open(f"{directory}/{name}.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


npy("x", "(4, 2, 8)", "<f4", struct.pack("<64f", *[i % 7 / 7 for i in range(64)]))
for label in (0, 7, 8, -1, -100, -2000000000, 2**32 + 1):
    values = [1, 2, 3, -100, 5, 6, label, 0] if -100 <= label < 8 else [1, 2, 3, 4, 5, 6, label, 0]
    npy(f"labels{label}", "(4, 2)", "<i8", struct.pack("<8q", *values))
with open(f"{directory}/tokens.bin", "wb") as file:
    file.write(struct.pack("<64H", *[9 if i == 37 else i % 8 for i in range(64)]))
