"""PyTorch's side of tools/bench/step: GPT-2 from transformers' definition of the
architecture, written out with torch ops only, AdamW; in f32, or forward and loss under
torch.autocast(bf16). Reads commands from stdin, one a line: "eager N" or "compile N" runs N optimizer steps and prints their
milliseconds as a JSON list; the first use of a mode is preceded by warm-up steps.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

batch, seq, layers, width, heads, vocab, threads = map(int, sys.argv[1:8])
precision = sys.argv[8]
torch.set_num_threads(threads)
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.ln_1(x)).split(c, dim=2)
        q, k, v = (y.view(b, t, heads, c // heads).transpose(1, 2) for y in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.out(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, width), nn.Embedding(1024, width)
        self.h = nn.ModuleList(Block() for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, tokens, labels):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        logits = self.ln_f(x) @ self.wte.weight.T
        return F.cross_entropy(logits.view(-1, vocab), labels.reshape(-1))


model = Gpt()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
forward = {"eager": model, "compile": torch.compile(model)}
warm = set()


def step(mode):
    tokens = torch.randint(0, vocab, (batch, seq + 1))
    start = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
        loss = forward[mode](tokens[:, :-1], tokens[:, 1:])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    loss.item()
    return 1e3 * (time.perf_counter() - start)


print(json.dumps(torch.__version__), flush=True)
for line in sys.stdin:
    mode, count = line.split()
    if mode not in warm:
        step(mode)
        step(mode)
        warm.add(mode)
    print(json.dumps([step(mode) for _ in range(int(count))]), flush=True)
