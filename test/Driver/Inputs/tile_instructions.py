"""The AMX instructions in a disassembly, and the namespaces of the functions that hold them.

    tile_instructions.py DISASSEMBLY
"""
import re
import sys

found, spaces, space = set(), set(), ""
for line in open(sys.argv[1], errors="replace"):
    words = line.split()
    if line.startswith("<"):
        name = re.match(r"<_ZNK?5train3cpu(\d+)(\w+)", line)
        space = "train::cpu::" + name[2][: int(name[1])] if name else line.strip()
    elif words and words[0].startswith(("tile", "tdp", "ldtile", "sttile")):
        found.add(words[0])
        spaces.add(space)
print(*sorted(found), "in", *sorted(spaces))
