"""Compares gradients with PyTorch's at sizes where kernels work in blocks, tiles and chunks.

usage: compare_gradients.py BUILD/bin [CASE...]

The goldens are tiny, and 20 steps of a larger model tell little: among a million elements some have a gradient near
zero, of which Adam makes whole steps. So this looks at the gradients of one step, read off from plain descent with a
large rate, and measures them against PyTorch in f64, per parameter as |g - f64| / |f64| in the Euclidean norm.
PyTorch's own f32 stands beside it. Exits 1 if ours is above 1e-5 anywhere. Needs what make_goldens.py needs; not run in CI.
"""

import pathlib
import sys
import tempfile

import safetensors.torch
import torch
import transformers

from make_goldens import Kinks, run, save, save_data, saved_names, widen
from torch_models import (Case, ResNet18, UNet, as_parameters, cross_entropy, labelled_images, language,
                          masked_language, of_images, of_tokens, segmented_images)

RATE = 1000.0  # the difference of the parameters is then all gradient
TOLERANCE = 1e-5
LIKE_BERT = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 128, "hidden_dropout_prob": 0,
             "attention_probs_dropout_prob": 0, "initializer_range": 0.05}


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=3001, n_positions=256, n_embd=192, n_layer=2, n_head=3, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        initializer_range=0.05, bos_token_id=None, eos_token_id=None))


def bert():
    return transformers.BertForMaskedLM(transformers.BertConfig(
        vocab_size=1000, intermediate_size=300, max_position_embeddings=200, **LIKE_BERT))


def vit():
    return transformers.ViTForImageClassification(transformers.ViTConfig(
        intermediate_size=256, image_size=96, patch_size=8, num_channels=3, num_labels=10, **LIKE_BERT))


def llama():
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=1500, hidden_size=128, intermediate_size=320, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=1e4,
        tie_word_embeddings=False, initializer_range=0.05))


def of_pixels(model, batch):
    return model(as_parameters(model, batch["image"]))


CASES = [
    Case("cnn", ["resnet", "--size=18", "--width=32", "--image=64", "--classes=10"], 4,
         lambda: ResNet18(3, 32, 10), labelled_images(3, 64, 10), of_pixels, cross_entropy),
    Case("unet", ["unet", "--layers=3", "--width=16", "--image=48", "--classes=3"], 2,
         lambda: UNet(3, 16, 3, 3), segmented_images(3, 48, 3), of_pixels, cross_entropy),
    Case("gpt2", ["gpt2", "--layers=2", "--width=192", "--heads=3", "--vocab=3001", "--seq=200", "--positions=256"], 2,
         gpt2, language(3001, 200), of_tokens, cross_entropy),
    Case("bert-mlm", ["bert", "--layers=2", "--width=128", "--heads=2", "--hidden=300", "--vocab=1000", "--seq=150",
                      "--positions=200", "--head=mlm"], 3,
         bert, masked_language(1000, 150), of_tokens, cross_entropy, zero=[("self.key.bias", None)]),
    Case("vit", ["vit", "--layers=2", "--width=128", "--heads=2", "--hidden=256", "--image=96", "--patch=8",
                 "--classes=10"], 3,
         vit, labelled_images(3, 96, 10), of_images, cross_entropy, zero=[("attention.key.bias", None)]),
    Case("llama", ["llama", "--layers=2", "--width=128", "--heads=4", "--kv-heads=2", "--hidden=320", "--vocab=1500",
                   "--seq=180"], 2,
         llama, language(1500, 180), of_tokens, cross_entropy),
]


def gradients(case, model, batch):
    case.loss(case.logits(model, batch), batch).backward()
    return {name: p.grad.double() for name, p in model.named_parameters()}


def choose(case):
    """A model and data with no ReLU so near to its kink that f32, here exact to about 1e-5, may take the other side."""
    for seed in range(1, 100):
        torch.manual_seed(seed)
        model = case.build().train()
        data = case.data(torch.Generator().manual_seed(seed), case.batch)
        batch = {name: x for name, x in data.items() if name != "stream"}
        with Kinks() as kinks, torch.no_grad():
            case.logits(widen(case, model), batch)
        if kinks.nearest is None or kinks.nearest > 1e-5:
            return model, data, batch
    raise SystemExit(f"{case.name}: every seed has a ReLU at its kink")


def measure(case, tools):
    model, data, batch = choose(case)
    names = saved_names(model)
    exact, theirs = gradients(case, widen(case, model), batch), gradients(case, model, batch)
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        save(model, here / "initial.safetensors")
        save_data(here, data)
        inputs = [f"--data={here / 'stream.bin'}"] if "stream" in data else [f"--data={n}:{here / n}.npy" for n in data]
        (here / "model.mlir").write_text(run(tools / "train-models", *case.arguments))
        run(tools / "train-compile", here / "model.mlir", "-o", here / "model", "--optimizer=sgd")
        run(here / "model", *inputs, "--order=file", f"--init={here / 'initial.safetensors'}", "--steps=1",
            f"--lr={RATE}", f"--export={here / 'final.safetensors'}")
        before, after = (safetensors.torch.load_file(here / f"{n}.safetensors") for n in ("initial", "final"))
    rows = []
    for name, g in exact.items():
        stored = names[name]
        if g.norm() == 0 or any(stored.endswith(ending) for ending, _ in case.zero):
            continue
        ours = (before[stored].double() - after[stored].double()) / RATE
        rows.append([((x - g).norm() / g.norm()).item() for x in (ours, theirs[name])] + [stored])
    worst = max(rows)
    middle = [sorted(row[i] for row in rows)[len(rows) // 2] for i in (0, 1)]
    print(f"{case.name}: {len(rows)} parameters, ours at most {worst[0]:.1e} ({worst[2]}), PyTorch "
          f"{max(row[1] for row in rows):.1e}; median {middle[0]:.1e}, PyTorch {middle[1]:.1e}")
    return worst[0] <= TOLERANCE


if __name__ == "__main__":
    chosen = [case for case in CASES if len(sys.argv) < 3 or case.name in sys.argv[2:]]
    good = [measure(case, pathlib.Path(sys.argv[1])) for case in chosen]
    sys.exit(0 if all(good) else 1)
