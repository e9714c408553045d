"""Plans a model at its quoted size and checks the arena against the lower bound.

    near_bound.py PERCENT train-models arguments...

Runs train-models and train-compile --dry-run from PATH. Exits with 1 if the arena is more
than PERCENT above the largest sum of live bytes. The planner has verified the plan itself.
"""
import re
import subprocess
import sys

percent = float(sys.argv[1])
model = subprocess.run(["train-models", *sys.argv[2:]], check=True, capture_output=True).stdout
said = subprocess.run(["train-compile", "-", "--dry-run", "--print-memory", "--threads=2"], check=True,
                      input=model, capture_output=True).stdout.decode()
arena, bound = map(int, re.search(r"arena (\d+) bytes.*lower bound (\d+) bytes", said).groups())
above = 100 * (arena - bound) / bound
print(f"{' '.join(sys.argv[2:])}: arena {arena}, lower bound {bound}, {above:.3f} % above")
sys.exit(not (bound > 0 and arena >= bound and above <= percent))
