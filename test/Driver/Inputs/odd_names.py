"""Writes a model whose parameters have unusual names, and data for it, into a directory: odd_names.py DIRECTORY."""

import struct
import sys

NAMES = [r'"../../escaped"', r'"/absolute/w"', r'"quote\22and\0Aline"', r'"\C3\A9t\C3\A9"', '"' + "long" * 200 + '"', '"none"']
directory = sys.argv[1]
lines, value = [], "%x"
for i, name in enumerate(NAMES):
    shape = "0" if name == '"none"' else "4"
    lines.append(f"  %w{i} = train.read @{name} : tensor<{shape}xf32>")
    if shape == "4":
        lines.append(f"  %y{i} = train.mul {value}, %w{i} : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>")
        value = f"%y{i}"
    else:
        lines.append(f"  %s = train.reduce_sum %w{i} over [0] : tensor<0xf32> -> tensor<f32>")
with open(f"{directory}/m.mlir", "w") as file:
    for name in NAMES:
        shape = "0" if name == '"none"' else "4"
        file.write(f"train.param @{name} : tensor<{shape}xf32> init(#train.normal<0.0, 1.0>)\n")
    file.write("train.graph @g(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {\n" + "\n".join(lines))
    file.write(f"\n  %t = train.reduce_sum {value} over [0, 1] : tensor<2x4xf32> -> tensor<f32>\n"
               "  %loss = train.add %t, %s : tensor<f32>, tensor<f32> -> tensor<f32>\n"
               "  train.return %loss : tensor<f32>\n}\n")
header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (8, 4), }\n"
with open(f"{directory}/x.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<32f", *range(32)))
