"""Recomputes the outputs of torch-oracle.mlir with PyTorch in f64 and compares them.

usage: torch_oracle.py DIR    where train-interp --dump left DIR/*.npy

Adjoints come from autograd, which shares nothing with the formulas of the backward ops. Exits 1 and
names each output that is off by more than 1e-12 relative to its largest element.
"""

import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
folder = pathlib.Path(sys.argv[1])
dumped = {path.stem: torch.from_numpy(numpy.load(path)) for path in folder.glob("*.npy")}
expected = {}


def leaf(name):
    return dumped[name].clone().requires_grad_()


def differentiate(name, function, inputs, gradient, names):
    """Records function(*inputs) as `name` and its gradients under `names`."""
    leaves = [leaf(i) for i in inputs]
    result = function(*leaves)
    expected[name] = result.detach()
    gradients = torch.autograd.grad(result, leaves, gradient)
    expected.update((n, g) for n, g in zip(names, gradients) if n)


dy = dumped["dy"]
differentiate("gelu_erf", F.gelu, ["x"], dy, ["d_gelu_erf"])
differentiate("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), ["x"], dy, ["d_gelu_tanh"])
differentiate("silu", F.silu, ["x"], dy, ["d_silu"])
expected["softmax"] = F.softmax(dumped["x"], -1)
expected["log_softmax"] = F.log_softmax(dumped["x"], -1)
differentiate("layer_norm", lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-5), ["x", "gamma", "beta"], dy,
              ["d_layer_norm", "d_layer_gamma", "d_layer_beta"])
differentiate("rms_norm", lambda x, g: F.rms_norm(x, (6,), g, 1e-5), ["x", "gamma"], dy, ["d_rms_norm", "d_rms_gamma"])
differentiate("batch_norm", lambda x, g, b: F.batch_norm(x, None, None, g, b, True, 0.1, 1e-5),
              ["image", "channels", "shift"], dumped["dimage"], ["d_batch_norm", "d_batch_gamma", "d_batch_beta"])


def attention(q, k, v):
    # Sequence-major to head-major; each key head serves two query heads; query t sees keys 0 ... t + S - T.
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    k, v = (x.repeat_interleave(2, dim=1) for x in (k, v))
    mask = torch.ones(5, 7, dtype=torch.bool).tril(7 - 5)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.7).transpose(1, 2)


differentiate("attention", attention, ["q", "k", "v"], dumped["dout"], ["dq", "dk", "dv"])


def convolution(image, filter):
    return F.conv2d(image, filter, stride=(2, 2), padding=(2, 1), dilation=(2, 1), groups=2)


differentiate("conv", convolution, ["image", "filter"], dumped["conv"], ["d_conv_input", "d_conv_filter"])
differentiate("max_pool", lambda x: F.max_pool2d(x, 3, 2, 1), ["image"], dumped["max_pool"], ["d_max_pool"])
differentiate("avg_pool", lambda x: F.avg_pool2d(x, 3, 2, 1), ["image"], dumped["avg_pool"], ["d_avg_pool"])
differentiate("cross_entropy", lambda x: F.cross_entropy(x, dumped["labels"], ignore_index=1), ["x"], None, ["d_cross_entropy"])
expected["mse"] = F.mse_loss(dumped["x"], dy)

inputs = {"x", "gamma", "beta", "dy", "q", "k", "v", "dout", "image", "filter", "labels", "channels", "shift", "dimage"}
unchecked = set(dumped) - set(expected) - inputs
wrong = [f"{name}: not checked" for name in sorted(unchecked)]
worst = 0.0
for name, value in sorted(expected.items()):
    error = ((dumped[name] - value).abs().max() / value.abs().max().clamp(min=1)).item()
    worst = max(worst, error)
    if not error <= 1e-12:
        wrong.append(f"{name}: off by {error:.3g}")
print("\n".join(wrong) if wrong else f"{len(expected)} outputs agree, worst {worst:.2g}")
sys.exit(bool(wrong))
