"""The models of the foreign oracle, as PyTorch and Hugging Face transformers define them.

Each case says how `train-models` is asked for the same model, builds the torch module under the parameter
names that users have in their checkpoints, makes its data, and computes the loss from one batch. Those that
transformers does not have (a plain MLP, ResNet under torchvision's names, U-Net) are written here.
"""

import copy

import torch
import transformers
from torch import nn
from torch.nn import functional

STEPS = 20


class Case:
    """One golden: the arguments of train-models, the module, its data and its loss."""

    def __init__(self, name, arguments, batch, build, data, logits, loss, batches=STEPS, zero=()):
        self.name = name
        self.arguments = arguments + [f"--batch={batch}"]
        self.batch = batch
        self.build = build
        self.data = data  # (generator, samples) -> {input name: tensor [samples, ...]}
        self.logits = logits  # (model, {input name: batch}) -> output
        self.loss = loss  # (output, {input name: batch}) -> scalar
        self.batches = batches  # in the files; below STEPS, the order starts again
        self.zero = zero  # (end of a name, first and last element or None) whose gradient is zero
        self.files = name  # the case that holds the initial weights and the data
        self.optimizer, self.rate = "adamw", 1e-3
        self.seed = 1  # of weights and data
        self.clip = None  # the largest norm of the gradients
        self.accumulate = 1  # micro-batches per step

    def variant(self, name, **changes):
        """The same model and data in another recipe."""
        other = copy.copy(self)
        other.name = name
        other.__dict__.update(changes)
        micro = f"--batch={other.batch // other.accumulate}"
        other.arguments = [micro if a.startswith("--batch=") else a for a in self.arguments]
        return other


def cross_entropy(output, batch):
    """The mean over the labels that are not -100."""
    labels = batch["labels"].long()
    return functional.cross_entropy(output.reshape(-1, output.shape[-1]), labels.reshape(-1))


def squares(output, batch):
    return functional.mse_loss(output, batch["target"].to(output.dtype))


# ---- data ----


def language(vocab, seq):
    """A stream whose next token mostly follows from the last one, so that there is something to learn."""

    def make(generator, samples):
        noise = torch.randint(vocab, (samples * seq + 1,), generator=generator)
        follow = torch.rand(samples * seq + 1, generator=generator) < 0.8
        stream = noise.clone()
        for i in range(1, len(stream)):
            if follow[i]:
                stream[i] = (3 * stream[i - 1] + 1) % vocab
        windows = stream[:-1].reshape(samples, seq), stream[1:].reshape(samples, seq)
        return {"tokens": windows[0].int(), "labels": windows[1].int(), "stream": stream}

    return make


# Token 0 is BERT's padding, whose embedding transformers does not train; full rows have none.


def masked_language(vocab, seq):
    """Two of five labels count; one sample of the first batch has none at all."""

    def make(generator, samples):
        made = language(vocab - 2, seq)(generator, samples)
        tokens, hidden = made["tokens"] + 1, torch.rand(samples, seq, generator=generator) < 0.4
        hidden[1] = False
        labels = torch.where(hidden, tokens, torch.full_like(tokens, -100))
        return {"tokens": torch.where(hidden, torch.full_like(tokens, vocab - 1), tokens), "labels": labels}

    return make


def labelled_sentences(vocab, seq, classes):
    def make(generator, samples):
        tokens = torch.randint(1, vocab, (samples, seq), generator=generator).int()
        return {"tokens": tokens, "labels": (tokens[:, 0] % classes).int()}

    return make


def labelled_images(channels, size, classes):
    """Halves: 16 bits a pixel, which both sides read as the same 32."""

    def make(generator, samples):
        labels = torch.randint(classes, (samples,), generator=generator).int()
        images = torch.randn(samples, channels, size, size, generator=generator)
        images += labels.reshape(-1, 1, 1, 1) * 0.25
        return {"image": images.half(), "labels": labels}

    return make


def segmented_images(channels, size, classes):
    """A class for each pixel, told by the first channel; one pixel of ten does not count."""

    def make(generator, samples):
        images = torch.randn(samples, channels, size, size, generator=generator).half()
        labels = torch.clamp((images[:, 0].float() + 1).floor(), 0, classes - 1).int()
        labels[torch.rand(labels.shape, generator=generator) < 0.1] = -100
        return {"image": images, "labels": labels}

    return make


def regression(width, out):
    def make(generator, samples):
        x = torch.randn(samples, width, generator=generator).half()
        return {"x": x, "target": torch.sin(x[:, :out].float()).half()}

    return make


# ---- modules that transformers does not have ----


class Mlp(nn.Module):
    def __init__(self, widths):
        super().__init__()
        members = []
        for before, after in zip(widths, widths[1:]):
            members += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*members[:-1])

    def forward(self, x):
        return self.layers(x)


class BasicBlock(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inputs != planes:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self, channels, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(4):
            planes = width << stage
            blocks = [BasicBlock(inputs, planes, 2 if stage else 1), BasicBlock(planes, planes, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = planes
        self.fc = nn.Linear(inputs, classes)

    def forward(self, image):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(image))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class DoubleConv(nn.Module):
    def __init__(self, inputs, out):
        super().__init__()
        members = []
        for before in (inputs, out):
            members += [nn.Conv2d(before, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        self.double_conv = nn.Sequential(*members)

    def forward(self, x):
        return self.double_conv(x)


class UNet(nn.Module):
    """Under the names of milesial/Pytorch-UNet; written from the paper and the names."""

    def __init__(self, channels, width, levels, classes):
        super().__init__()
        self.levels = levels
        self.inc = DoubleConv(channels, width)
        for i in range(1, levels + 1):
            down, up = nn.Module(), nn.Module()
            down.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(width << (i - 1), width << i))
            below = width << (levels - i + 1)
            up.up = nn.ConvTranspose2d(below, below // 2, 2, 2)
            up.conv = DoubleConv(below, below // 2)
            setattr(self, f"down{i}", down)
            setattr(self, f"up{i}", up)
        self.outc = nn.Module()
        self.outc.conv = nn.Conv2d(width, classes, 1)

    def forward(self, image):
        skips, x = [], self.inc(image)
        for i in range(1, self.levels + 1):
            skips.append(x)
            x = getattr(self, f"down{i}").maxpool_conv(x)
        for i in range(1, self.levels + 1):
            up = getattr(self, f"up{i}")
            x = up.conv(torch.cat([skips.pop(), up.up(x)], 1))
        return self.outc.conv(x).permute(0, 2, 3, 1)


# ---- the cases ----

# The usual 0.02 at these widths leaves attention uniform and GELU straight, where errors would hide.
SPREAD = 0.2


def bert_config(**more):
    return transformers.BertConfig(
        vocab_size=53, hidden_size=28, num_hidden_layers=2, num_attention_heads=4, intermediate_size=50,
        max_position_embeddings=16, hidden_dropout_prob=0, attention_probs_dropout_prob=0,
        initializer_range=SPREAD, **more)


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=61, n_positions=16, n_embd=24, n_layer=2, n_head=2,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, initializer_range=SPREAD,
        bos_token_id=None, eos_token_id=None))


def vit():
    return transformers.ViTForImageClassification(transformers.ViTConfig(
        hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=44, image_size=16,
        patch_size=4, num_channels=3, num_labels=5, hidden_dropout_prob=0, attention_probs_dropout_prob=0,
        initializer_range=SPREAD))


def llama():
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=47, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=16, rms_norm_eps=1e-5, rope_theta=10000.0,
        tie_word_embeddings=False, initializer_range=SPREAD))


def as_parameters(model, x):
    """Inputs in the type of the parameters: f32 in training, f64 where gradients are proved to be zero."""
    return x.to(next(model.parameters()).dtype)


def of_tokens(model, batch):
    return model(batch["tokens"].long()).logits


def of_images(model, batch):
    return model(as_parameters(model, batch["image"])).logits


BERT = ["bert", "--layers=2", "--width=28", "--heads=4", "--hidden=50", "--vocab=53", "--seq=10", "--positions=16"]

CASES = [
    Case("mlp", ["mlp", "--widths=9,33,17,5"], 6, lambda: Mlp([9, 33, 17, 5]), regression(9, 5),
         lambda model, batch: model(as_parameters(model, batch["x"])), squares),
    Case("cnn", ["resnet", "--size=18", "--width=3", "--image=36", "--channels=1", "--classes=7"], 8,
         lambda: ResNet18(1, 3, 7), labelled_images(1, 36, 7),
         lambda model, batch: model(as_parameters(model, batch["image"])), cross_entropy, batches=5),
    Case("unet", ["unet", "--layers=2", "--width=4", "--image=12", "--channels=2", "--classes=3"], 3,
         lambda: UNet(2, 4, 2, 3), segmented_images(2, 12, 3),
         lambda model, batch: model(as_parameters(model, batch["image"])), cross_entropy, batches=7),
    Case("gpt2", ["gpt2", "--layers=2", "--width=24", "--heads=2", "--vocab=61", "--seq=12", "--positions=16"], 4,
         gpt2, language(61, 12), of_tokens, cross_entropy, zero=[("attn.c_attn.bias", (24, 48))]),
    Case("bert-mlm", BERT + ["--head=mlm"], 4,
         lambda: transformers.BertForMaskedLM(bert_config()), masked_language(53, 10), of_tokens, cross_entropy,
         zero=[("self.key.bias", None)]),
    Case("bert-classifier", BERT + ["--head=classifier", "--classes=3"], 4,
         lambda: transformers.BertForSequenceClassification(bert_config(num_labels=3)),
         labelled_sentences(53, 10, 3), of_tokens, cross_entropy, zero=[("self.key.bias", None)]),
    Case("vit", ["vit", "--layers=2", "--width=20", "--heads=4", "--hidden=44", "--image=16", "--patch=4",
                 "--classes=5"], 4, vit, labelled_images(3, 16, 5), of_images, cross_entropy, batches=10,
         zero=[("attention.key.bias", None)]),
    Case("llama", ["llama", "--layers=2", "--width=24", "--heads=4", "--kv-heads=2", "--hidden=40", "--vocab=47",
                   "--seq=12"], 4, llama, language(47, 12), of_tokens, cross_entropy),
]

BY_NAME = {case.name: case for case in CASES}
# With these no ReLU is evaluated near its kink: see make_goldens.nearest_kink.
BY_NAME["unet"].seed, BY_NAME["cnn"].seed = 7, 20
CASES += [BY_NAME["mlp"].variant(f"mlp-{name}", optimizer=name, rate=rate)
          for name, rate in (("sgd", 0.1), ("momentum", 0.05), ("adam", 1e-3))]
CASES.append(BY_NAME["gpt2"].variant("gpt2-clip", clip=2.5, accumulate=2))
