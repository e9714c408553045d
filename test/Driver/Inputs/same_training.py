# Two logs of the same training in two precisions: both learn, and the mean of their last ten losses differs by at most
# the given number.
import json
import sys

losses = []
for path in sys.argv[1:3]:
    with open(path) as log:
        losses.append([json.loads(line)["loss"] for line in log])
means = [sum(log[-10:]) / 10 for log in losses]
assert all(mean < log[0] - 0.5 for mean, log in zip(means, losses)), (means, losses[0][0], losses[1][0])
assert abs(means[0] - means[1]) <= float(sys.argv[3]), means
