"""Makes gpt2-bf16/golden.json: GPT-2's losses in PyTorch under torch.autocast(bf16), and how far reordering moves them.

usage: make_autocast_golden.py      (needs what make_goldens.py needs; takes a minute)

The model, initial weights and data are those of the case gpt2, the recipe is its AdamW. Rounding to 8 bits makes a training
chaotic: a sum in another order rounds to the other neighbour somewhere, and from then on curves differ. So one curve is
no yardstick. This script trains the same model in several orders that mean the same: hidden units, heads and the channels of the
residual stream permuted (weights and all), attention fused or spelt out, the batch whole or sample by sample. What is written:

- center: the mean of the losses of each step over these trainings;
- spread: the largest difference between two of them at the same step, over all steps;
- f32: the losses in f32, which all of them round; distance: the largest of their distances from it, each the root of the mean of
  squares over the steps.

compare_autocast.py holds a training to the spread.
"""

import json
import math

import torch
import transformers

import make_goldens
from torch_models import BY_NAME, STEPS

CASE = BY_NAME["gpt2"]
ORDERS = 12  # of each kind of attention; half of them sample by sample


def load(attention):
    model = make_goldens.load(CASE, make_goldens.HERE / CASE.files / "initial.safetensors").train()
    for block in model.transformer.h:
        block.attn.config._attn_implementation = attention
    return model


def permute(model, generator):
    """The same function of the same data with its units in another order."""
    width, heads = model.config.n_embd, model.config.n_head

    def shuffled(n):
        return torch.randperm(n, generator=generator)

    def channels_of_heads(order):
        size = width // heads
        return torch.cat([head * size + shuffled(size) for head in order])

    stream = shuffled(width)
    with torch.no_grad():
        transformer = model.transformer
        for table in (transformer.wte, transformer.wpe):
            table.weight.copy_(table.weight[:, stream])
        for norm in [transformer.ln_f] + [norm for block in transformer.h for norm in (block.ln_1, block.ln_2)]:
            norm.weight.copy_(norm.weight[stream])
            norm.bias.copy_(norm.bias[stream])
        for block in transformer.h:
            order, hidden = shuffled(heads), shuffled(4 * width)
            scores, values = channels_of_heads(order), channels_of_heads(order)
            projected = torch.cat([scores, width + scores, 2 * width + values])
            for layer, rows, columns in ((block.attn.c_attn, stream, projected), (block.attn.c_proj, values, stream),
                                         (block.mlp.c_fc, stream, hidden), (block.mlp.c_proj, hidden, stream)):
                layer.weight.copy_(layer.weight[rows][:, columns])
                layer.bias.copy_(layer.bias[columns])
    return model


def train(model, data, low, parts):
    """The loss of each step; `parts` micro-batches make one."""
    optimizer, losses = make_goldens.make_optimizer(CASE, make_goldens.groups(model)), []
    for batch in make_goldens.batches(CASE, data):
        optimizer.zero_grad()
        total, size = 0.0, CASE.batch // parts
        for part in range(parts):
            samples = {name: x[part * size : (part + 1) * size] for name, x in batch.items()}
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
                loss = CASE.loss(CASE.logits(model, samples).float(), samples) / parts
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses


def distance(losses, others):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(losses, others)) / len(losses))


def main():
    torch.set_num_threads(1)
    data = CASE.data(torch.Generator().manual_seed(CASE.seed), CASE.batches * CASE.batch)
    wide = train(load("sdpa"), data, low=False, parts=1)
    generator, curves = torch.Generator().manual_seed(1), []
    for number in range(ORDERS):
        for attention in ("sdpa", "eager"):
            model = permute(load(attention), generator)
            curves.append(train(model, data, low=True, parts=1 if number % 2 == 0 else CASE.batch))
    golden = {"made_by": {"torch": torch.__version__, "transformers": transformers.__version__,
                          "command": "make_autocast_golden.py"},
              "model": CASE.arguments, "compile": make_goldens.compile_options(CASE) + ["--precision=bf16"], "steps": STEPS,
              "lr": CASE.rate, "trainings": len(curves), "center": [sum(step) / len(curves) for step in zip(*curves)],
              "spread": max(max(step) - min(step) for step in zip(*curves)), "f32": wide,
              "distance": max(distance(curve, wide) for curve in curves)}
    folder = make_goldens.HERE / "gpt2-bf16"
    folder.mkdir(exist_ok=True)
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{len(curves)} trainings: spread {golden['spread']:.2e}, distance from f32 {golden['distance']:.2e}")


if __name__ == "__main__":
    main()
