"""Makes the goldens of the foreign oracle: what PyTorch's AdamW does to tiny models in 20 steps.

usage: make_goldens.py [CASE...]                       rewrites CASE/ beside this script (all by default)
       make_goldens.py --check BUILD/bin [CASE...]     trains and exports here, and loads that upstream

Needs torch, transformers, safetensors and numpy from PyPI; golden.json records the versions. Not run in CI,
which only compares with what is written: initial.safetensors and final.safetensors as a user's checkpoint
has them (save_pretrained where transformers has the model), the data, and golden.json with the losses
and the elements whose gradient is mathematically zero. Adam divides such a gradient, which is rounding noise, by its
own size: the parameter walks at random and nothing depends on it. That it is zero is proved here in f64.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import safetensors
import safetensors.torch
import torch
import transformers
from torch import nn

from torch_models import CASES, STEPS

HERE = pathlib.Path(__file__).resolve().parent
DECAY, EPS = 0.1, 1e-8
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def save(model, path):
    """The file that a user of this model has."""
    if not hasattr(model, "save_pretrained"):
        safetensors.torch.save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path)
        return
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        shutil.copy(pathlib.Path(folder) / "model.safetensors", path)


def load(case, path):
    """The model with the tensors of a file; a missing or an unexpected one is an error."""
    model = case.build()
    if not hasattr(model, "save_pretrained"):
        tensors = safetensors.torch.load_file(path)
        for name, buffer in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensors[name] = buffer
        model.load_state_dict(tensors, strict=True)
        return model
    with tempfile.TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)
        shutil.copy(path, pathlib.Path(folder) / "model.safetensors")
        model, report = type(model).from_pretrained(folder, output_loading_info=True)
    wrong = {k: v for k, v in report.items() if v}
    if wrong:
        raise SystemExit(f"{case.name}: {path} does not load: {wrong}")
    return model


def compile_options(case):
    """What train-compile is told of the recipe."""
    options = [f"--weight-decay={DECAY}", f"--optimizer={case.optimizer}"]
    options += [f"--clip-norm={case.clip}"] if case.clip else []
    return options + ([f"--accumulate={case.accumulate}"] if case.accumulate > 1 else [])


def groups(model):
    """Weight decay as train.param marks it: not for biases and the gains of norms."""
    parameters = list(model.parameters())
    return [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": DECAY},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]


def exempt(case, model, batch):
    """The parameters of zero gradient, after a proof by example: in f64 it is 1e-12 of the largest or less."""
    wide = widen(case, model)
    case.loss(case.logits(wide, batch), batch).backward()
    gradients = {name: p.grad.flatten() for name, p in wide.named_parameters()}
    largest = max(float(g.abs().max()) for g in gradients.values())
    names = saved_names(model)
    found = []
    for ending, elements in case.zero:
        matching = [name for name in gradients if names[name].endswith(ending)]
        assert matching, f"{case.name}: no parameter ends with {ending}"
        for name in matching:
            first, last = elements or (0, gradients[name].numel())
            size = float(gradients[name][first:last].abs().max())
            assert size <= 1e-12 * largest, f"{case.name}: {name} has a gradient of {size}"
            found.append({"parameter": names[name], "elements": [first, last],
                          "reason": "a bias of the keys adds one number to a row of scores, and softmax does not see it",
                          "gradient_f64": size, "largest_gradient_f64": largest})
    return found


class Kinks(torch.overrides.TorchFunctionMode):
    """Remembers how near to its kink a ReLU was evaluated."""

    nearest = None

    def __torch_function__(self, function, types, arguments=(), options=None):
        if function in (nn.functional.relu, torch.relu):
            distance = arguments[0].detach().abs().min().item()
            self.nearest = distance if self.nearest is None else min(self.nearest, distance)
        return function(*arguments, **(options or {}))


def nearest_kink(case, model, data):
    """The smallest |x| that a ReLU sees in an f64 run of the whole training, or None without one.

    Where rounding decides on which side of its kink a ReLU is, a gradient jumps, and Adam makes whole steps of
    it: PyTorch then differs from itself in another memory layout. Such data can't tell right from wrong.
    """
    wide = widen(case, model)
    optimizer = make_optimizer(case, groups(wide))
    with Kinks() as kinks:
        for batch in batches(case, data):
            optimizer.zero_grad()
            case.loss(case.logits(wide, batch), batch).backward()
            optimizer.step()
    assert kinks.nearest is None or kinks.nearest > 5e-6, f"{case.name}: a ReLU of {kinks.nearest}; choose other data"
    return kinks.nearest


def widen(case, model):
    """A copy in f64, in training mode."""
    wide = type(model)(model.config) if hasattr(model, "config") else case.build()
    wide.load_state_dict(model.state_dict())
    return wide.double().train()


def saved_names(model):
    """Names in the file of the parameters in memory: transformers renames some when it saves."""
    if not hasattr(model, "save_pretrained"):
        return {name: name for name, _ in model.named_parameters()}
    with tempfile.TemporaryDirectory() as folder:
        marked = type(model)(model.config)
        order = list(marked.named_parameters())
        with torch.no_grad():
            for index, (_, p) in enumerate(order):
                p.fill_(index)
        marked.save_pretrained(folder)
        tensors = safetensors.torch.load_file(pathlib.Path(folder) / "model.safetensors")
    return {order[int(t.flatten()[0])][0]: name for name, t in tensors.items()}


def batches(case, data):
    """The batches of each step, in the order of the files."""
    for step in range(STEPS):
        first = step % case.batches * case.batch
        yield {name: x[first : first + case.batch] for name, x in data.items() if name != "stream"}


def make_optimizer(case, parameters):
    adam = {"lr": case.rate, "betas": (0.9, 0.999), "eps": EPS}
    return {"adamw": lambda: torch.optim.AdamW(parameters, **adam), "adam": lambda: torch.optim.Adam(parameters, **adam),
            "momentum": lambda: torch.optim.SGD(parameters, lr=case.rate, momentum=0.9),
            "sgd": lambda: torch.optim.SGD(parameters, lr=case.rate)}[case.optimizer]()


def save_data(folder, data):
    if "stream" in data:
        data["stream"].numpy().astype("<u2").tofile(folder / "stream.bin")
        return
    for name, x in data.items():
        numpy.save(folder / f"{name}.npy", x.numpy())


def make(case):
    torch.manual_seed(case.seed)
    model = case.build().train()
    with torch.no_grad():  # biases of 0 and gains of 1 would hide that they were mixed up
        for p in model.parameters():
            if p.dim() < 2:
                p += 0.05 * torch.randn_like(p)
    folder = HERE / case.name
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    data = case.data(torch.Generator().manual_seed(case.seed), case.batches * case.batch)
    if case.files == case.name:
        save(model, folder / "initial.safetensors")
        save_data(folder, data)
    zero = exempt(case, model, next(batches(case, data)))
    kink = nearest_kink(case, model, data)
    optimizer = make_optimizer(case, groups(model))
    losses, norms = [], []
    for batch in batches(case, data):
        optimizer.zero_grad()
        loss = case.loss(case.logits(model, batch), batch)
        loss.backward()
        if case.clip:
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), case.clip).item())
        optimizer.step()
        losses.append(loss.item())
    save(model, folder / "final.safetensors")
    golden = {"made_by": {"torch": torch.__version__, "transformers": transformers.__version__,
                          "command": "make_goldens.py " + case.name},
              "model": case.arguments, "compile": compile_options(case), "steps": STEPS, "lr": case.rate,
              "losses": losses, "grad_norms": norms, "nearest_relu_kink": kink, "zero_gradient": zero}
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{case.name}: loss {losses[0]:.6f} to {losses[-1]:.6f}, {size} bytes")


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def equal(case, what, a, b):
    """Two files of the same tensors, bit for bit; the order and the metadata may differ."""
    a, b = (safetensors.torch.load_file(path) for path in (a, b))
    different = [name for name in a.keys() | b.keys()
                 if name not in a or name not in b or not torch.equal(a[name], b[name])]
    if different:
        raise SystemExit(f"{case.name}: {what} changes {sorted(different)}")


def check(case, tools):
    """What we export, upstream reads strictly and computes the same from; what it saves again, we read back."""
    folder, files = HERE / case.name, HERE / case.files
    golden = json.loads((folder / "golden.json").read_text())
    paths = {path.stem: path for path in files.iterdir() if path.suffix in (".npy", ".bin")}
    data = [f"--data={paths['stream']}"] if "stream" in paths else [f"--data={n}:{p}" for n, p in paths.items()]
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        model, program = here / "model.mlir", here / "model"
        model.write_text(run(tools / "train-models", *case.arguments))
        run(tools / "train-compile", model, "-o", program, *compile_options(case))

        def export(name, *arguments):
            run(program, *arguments, f"--export={here / name}")
            return here / name

        trained = export("trained.safetensors", *data, "--order=file", f"--init={files / 'initial.safetensors'}",
                         f"--steps={STEPS}", f"--lr={case.rate}", f"--checkpoint={here / 'checkpoint'}")
        ours, theirs = load(case, trained).eval(), load(case, folder / "final.safetensors").eval()
        (checkpoint,) = (here / "checkpoint").glob("step-*")
        equal(case, "a checkpoint", trained, checkpoint / "model.safetensors")
        state = safetensors.torch.load_file(checkpoint / "state.safetensors")

        with torch.no_grad():
            samples = case.data(torch.Generator().manual_seed(case.seed), case.batches * case.batch)
            losses, distance = [], 0.0
            for batch in list(batches(case, samples))[: case.batches]:
                logits, expected = case.logits(ours, batch), case.logits(theirs, batch)
                distance = max(distance, ((logits - expected).abs().max() / expected.abs().max()).item())
                losses.append(case.loss(logits, batch).item())
        loss = float(run(program, *data, f"--init={trained}", "--eval-only").split()[-1])
        expected = sum(losses) / len(losses)
        if not abs(loss - expected) <= 1e-6 + 1e-5 * expected:
            raise SystemExit(f"{case.name}: evaluation gives {loss}, PyTorch {expected} from the exported file")
        if not distance <= 1e-4:
            raise SystemExit(f"{case.name}: logits are {distance} from those of the golden parameters")

        save(ours, here / "saved.safetensors")
        again = export("again.safetensors", f"--init={here / 'saved.safetensors'}")
        equal(case, "saving upstream and exporting again", trained, again)
        short = check_variants(case, ours, here, export, trained)
    print(f"{case.name}: {len(state)} states and the exported tensors load upstream, logits within {distance:.1e}, "
          f"evaluation {loss:.6f} and {expected:.6f}; also read: {', '.join(short)}")
    assert golden["model"] == case.arguments


def check_variants(case, model, here, export, trained):
    """Files that users have beside the plain one: half precision, and the base model without its prefix."""
    tensors = safetensors.torch.load_file(trained)
    half = {name: t.bfloat16() for name, t in tensors.items()}
    safetensors.torch.save_file(half, here / "bf16.safetensors")
    safetensors.torch.save_file({name: t.float() for name, t in half.items()}, here / "rounded.safetensors")
    equal(case, "bf16", here / "rounded.safetensors", export("wide.safetensors", f"--init={here / 'bf16.safetensors'}"))
    read = ["bf16"]
    base = getattr(model, "base_model", model)
    names = {name for name, _ in base.named_parameters()}
    if base is not model and len(names) == len(list(model.parameters())):
        save(base, here / "base.safetensors")
        stored = safetensors.torch.load_file(here / "base.safetensors")
        assert not stored.keys() & tensors.keys(), f"{case.name}: the base model has the same names"
        equal(case, "the base model", trained, export("base-again.safetensors", f"--init={here / 'base.safetensors'}"))
        read.append(type(base).__name__ + " without prefix")
    return read


if __name__ == "__main__":
    torch.set_num_threads(1)
    arguments = sys.argv[1:]
    tools = None
    if arguments[:1] == ["--check"]:
        tools, arguments = pathlib.Path(arguments[1]), arguments[2:]
    for case in CASES:
        if not arguments or case.name in arguments:
            check(case, tools) if tools else make(case)
