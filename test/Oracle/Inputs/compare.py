"""Compares a training with its golden: every loss, gradient norms, and every parameter after the last step.

usage: compare.py GOLDEN_DIR LOG.jsonl EXPORTED.safetensors

Exits 1 and says where if a loss or a norm is off by more than 1e-5 relative, or a parameter by more than 1e-4
absolute, or a tensor is missing, additional or of another shape. Prints the largest errors. The elements that
golden.json lists under zero_gradient are exempt and reported apart. Only the standard library: this runs in CI.
"""

import array
import json
import math
import pathlib
import struct
import sys

LOSS_TOLERANCE = 1e-5
PARAMETER_TOLERANCE = 1e-4
SHOWN = 20  # complaints


def read_safetensors(path):
    """{name: (shape, values)} of a file of f32 tensors; PyTorch's counters of batches are left out."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if name == "__metadata__" or name.endswith("num_batches_tracked"):
            continue
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: {name} is {entry['dtype']}, expected F32")
        first, last = entry["data_offsets"]
        values = array.array("f", content[8 + length + first : 8 + length + last])
        if sys.byteorder == "big":
            values.byteswap()
        tensors[name] = (entry["shape"], values)
    return tensors


def compare_series(what, field, expected, log, complain):
    """One number per step: the losses, or the norms of the gradients before they are clipped."""
    lines = [json.loads(line) for line in pathlib.Path(log).read_text().splitlines()]
    if [line["step"] for line in lines] != list(range(1, len(expected) + 1)):
        complain(f"the log has {len(lines)} steps, expected {len(expected)}")
        return
    values = [math.nan if line[field] is None else line[field] for line in lines]
    errors = [abs(value - golden) / abs(golden) for value, golden in zip(values, expected)]
    for step, error in enumerate(errors, 1):
        if not error <= LOSS_TOLERANCE:
            complain(f"{field} of step {step}: {values[step - 1]!r}, expected {expected[step - 1]!r}")
    worst = max(range(len(errors)), key=errors.__getitem__)
    print(f"{what}: {len(errors)}, largest relative error {errors[worst]:.2e} at step {worst + 1}")


def compare_parameters(expected, actual, zero, complain):
    for name in sorted(expected.keys() ^ actual.keys()):
        complain(f"{name} is only in the {'golden' if name in expected else 'exported'} file")
    exempt = {(z["parameter"], i) for z in zero for i in range(*z["elements"])}
    unknown = {name for name, _ in exempt} - expected.keys()
    if unknown:
        complain(f"exempt parameters that do not exist: {sorted(unknown)}")
    worst, where, free, count = 0.0, "nowhere", 0.0, 0
    for name in sorted(expected.keys() & actual.keys()):
        (shape, golden), (actual_shape, values) = expected[name], actual[name]
        if shape != actual_shape or len(golden) != len(values):
            complain(f"{name} has shape {actual_shape}, expected {shape}")
            continue
        largest, at = 0.0, 0
        for i, (a, b) in enumerate(zip(golden, values)):
            error = abs(a - b) if math.isfinite(b) else math.inf
            if (name, i) in exempt:
                free = max(free, error)
                continue
            count += 1
            if error > largest:
                largest, at = error, i
        if largest > PARAMETER_TOLERANCE:
            complain(f"{name}, element {at}: {values[at]!r}, expected {golden[at]!r}")
        if largest > worst:
            worst, where = largest, f"{name}, element {at}"
    print(f"parameters: {count}, largest absolute error {worst:.2e} in {where}")
    if exempt:
        print(f"exempt: {len(exempt)} elements of zero gradient, largest absolute error {free:.2e}")


def main():
    folder, log, exported = sys.argv[1:]
    golden = json.loads((pathlib.Path(folder) / "golden.json").read_text())
    complaints = []
    compare_series("losses", "loss", golden["losses"], log, complaints.append)
    if golden["grad_norms"]:
        compare_series("gradient norms", "grad_norm", golden["grad_norms"], log, complaints.append)
    compare_parameters(read_safetensors(pathlib.Path(folder) / "final.safetensors"), read_safetensors(exported),
                       golden["zero_gradient"], complaints.append)
    for complaint in complaints[:SHOWN]:
        print("error: " + complaint)
    if len(complaints) > SHOWN:
        print(f"error: and {len(complaints) - SHOWN} more")
    sys.exit(1 if complaints else 0)


main()
