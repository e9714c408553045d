"""Data for loss-scale.test, and what its logs must say.

    loss_scale.py write DIRECTORY
    loss_scale.py follow LOG WINDOW HYSTERESIS    the rule of the dynamic scale, step by step
    loss_scale.py same LOG LOG                    losses, scales and skips are equal
    loss_scale.py near FILE FILE                  safetensors whose numbers agree to 1e-6
"""

import json
import struct
import sys

import random

# Steps of four samples whose gradients overflow when they are scaled, and not otherwise.
BAD = {2, 3, 7, 8, 9, 15}
STEPS = 20


def array(kind, shape, values):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    code = {"<f4": "f", "<i4": "i"}[kind]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{code}", *values)


def write(directory):
    draw = random.Random(5)
    samples = 4 * STEPS
    for name, bad in (("x", set()), ("overflows", BAD), ("huge", set(range(STEPS + 1)))):
        values = []
        for sample in range(samples):
            size = 1e36 if sample // 4 + 1 in bad and sample % 4 == 2 else 1
            values += [size * draw.gauss(0, 1) for _ in range(16)]
        open(f"{directory}/{name}.npy", "wb").write(array("<f4", (samples, 2, 8), values))
    labels = [draw.randrange(8) for _ in range(2 * samples)]
    open(f"{directory}/labels.npy", "wb").write(array("<i4", (samples, 2), labels))
    # Nearly all of the first half of each step, few of the second, and a whole micro-batch of none.
    masked = [-100 if (i // 2) % 4 >= 2 and draw.random() < 0.8 or i // 8 == 3 and (i // 2) % 4 < 2 else label for i, label in enumerate(labels)]
    open(f"{directory}/masked.npy", "wb").write(array("<i4", (samples, 2), masked))


def read(log):
    return [json.loads(line) for line in open(log)]


def follow(log, window, hysteresis):
    scale, good, bad = 65536.0, 0, 0
    for line in read(log):
        overflows = line["step"] in BAD
        assert line["loss_scale"] == scale, (line, scale)
        assert line["skipped"] == overflows, line
        if overflows:
            good, bad = 0, bad + 1
            if bad >= hysteresis:
                scale, bad = scale / 2, 0
        else:
            good += 1
            if good >= window:
                scale, good, bad = scale * 2, 0, 0
    print(f"{line['step']} steps as the rule says, at last {scale:g}")


def same(one, other):
    keys = ("step", "loss", "loss_scale", "skipped")
    lines = [[[line[key] for key in keys] for line in read(log)] for log in (one, other)]
    assert lines[0] == lines[1], lines
    print(f"{len(lines[0])} equal lines")


def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            yield name, struct.unpack(f"<{(end - begin) // 4}f", data[8 + size + begin : 8 + size + end])


def near(one, other):
    for (name, x), (_, y) in zip(tensors(one), tensors(other), strict=True):
        worst = max(abs(a - b) for a, b in zip(x, y, strict=True))
        assert worst <= 1e-6 * max(map(abs, x)), (name, worst)
        print(f"{name} near")


if __name__ == "__main__":
    arguments = [int(a) if a.isdigit() else a for a in sys.argv[2:]]
    {"write": write, "follow": follow, "same": same, "near": near}[sys.argv[1]](*arguments)
