"""Turns the last bit of a file: turn_bit.py FILE."""

import sys

with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    data[-1] ^= 1
    file.seek(0)
    file.write(data)
