"""Runs a command and succeeds if it ends with exactly the given exit code: exits.py CODE COMMAND..."""

import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
if code != int(sys.argv[1]):
    sys.exit(f"exit code {code} instead of {sys.argv[1]}: {' '.join(sys.argv[2:])}")
