"""The lit suites: one folder per part of the compiler, mirroring lib/ and tools/.

Tools come from the build directory under test and from LLVM's own tools, ahead of anything in PATH, so
that a suite never runs against an installed copy. `%build` is the build directory.
"""

import os
import sys
import shutil

import lit.formats

config.name = "train-mlir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# Unit holds gtest binaries, which CTest runs; Inputs hold files that tests read.
config.excludes = ["Unit", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.build_dir, "test", "lit")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.build_dir, "bin"), config.llvm_tools_dir, os.environ.get("PATH", "")]
)
config.substitutions.append(("%build", config.build_dir))
config.substitutions.append(("%python", sys.executable))
# `%exits N command`: the command must end with exactly this code.
exits = os.path.join(config.test_source_root, "Inputs", "exits.py")
config.substitutions.append(("%exits", sys.executable + " " + exits))
config.substitutions.append(("%source", os.path.dirname(config.test_source_root)))

# What this CPU cannot run is where the refusal of wrong executables can be seen.
try:
    with open("/proc/cpuinfo") as cpuinfo:
        if "avx512f" not in cpuinfo.read():
            config.available_features.add("no-avx512")
except OSError:
    pass

# What trains a model of a published size needs room.
try:
    with open("/proc/meminfo") as meminfo:
        available = [int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:")]
    if available and available[0] >= 4 << 20:
        config.available_features.add("four-gigabytes")
except OSError:
    pass

# `REQUIRES: cuda` and the like: what this build can run.
for feature in config.features:
    config.available_features.add(feature)

# CUDA's assembler needs no GPU; its default place counts even where PATH does not name it.
config.environment["PATH"] += os.pathsep + "/usr/local/cuda/bin"
if shutil.which("ptxas", path=config.environment["PATH"]):
    config.available_features.add("ptxas")

# Pages are looked at in a browser where there is one; everything else about them is tested without.
if shutil.which("chromium"):
    config.available_features.add("chromium")
