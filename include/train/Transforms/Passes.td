// The passes, in the order in which a program meets them. Each is one .cpp below
// lib/Transforms, of the same name, with one folder below test/Transforms.
#ifndef TRAIN_PASSES
#define TRAIN_PASSES

include "mlir/Pass/PassBase.td"

class TrainPass<string argument> : Pass<argument, "mlir::ModuleOp"> {
  let dependentDialects = ["::train::TrainDialect"];
}

//===-- Stage graph -------------------------------------------------------------------------===//

def TrainSetBatch : TrainPass<"train-set-batch"> {
  let summary = "set the number of samples per micro-batch and infer all shapes anew";
  let description = [{
    Changes the batch dimension of each input that marks one with `batch(d)`, then visits the ops of the graph in order,
    those in layers included: attributes that contain the batch size adapt through BatchOpInterface, result types are
    inferred anew through InferTypeOpInterface.

    Why: a model file has one batch size, users try many; memory is nearly proportional to it.

    Assumptions: stage graph, no step yet. Inputs that mark no batch dimension, and parameters, keep their types; an op whose
    operands no longer agree is an error at that op.

    Example, with `batch=8`:
    ```mlir
    train.graph @g(%x: tensor<4x16xf32> batch(0)) -> (loss: tensor<f32>) {
      %y = train.relu %x : tensor<4x16xf32>       // becomes tensor<8x16xf32>
    ```
  }];
  let options = [
    Option<"batch", "batch", "int64_t", "0", "samples in one micro-batch; 0 leaves the graph as it is">,
  ];
}

def TrainChunkLoss : TrainPass<"train-chunk-loss"> {
  let summary = "compute a cross-entropy of a matmul in chunks of rows, so that its logits never exist as a whole";
  let description = [{
    Where a cross-entropy that leads to the loss reads the rows of a matmul with one matrix (a language model's head: `rows` x width by
    width x classes, the matrix transposed or not, tied or not), through any reshapes and slices of rows, elementwise ops that treat all
    rows alike (a bias, a cast, a cap) and layers, the rows are split into chunks of `rows`, the last one smaller if need be. Each
    chunk gets its matmul, its elementwise ops, and its part of the mean. The parts are divided by one number of valid labels,
    counted before from the labels alone, and summed. Slices and reshapes of the logits become those of what the matmul reads.

    Why: the logits and their gradient are the largest tensors of a language model with a large vocabulary, and nothing but the loss reads
    them. Why here: the adjoint and the evaluation of chunks are chunks without further help. The derivative of a mean does not depend on
    its value, so backward of a chunk can follow right behind it, and train-interleave-chunks makes it so: no logits are computed twice.

    With `rows` = 0, a rule decides: at least 16 MiB of logits in at least twice as many rows as the matmul sums columns become chunks
    of about that many rows (256 at the least, 64 chunks at the most), so that a chunk is as large as the matrix. Nothing but shapes enters the rule.

    Where other outputs of the graph read the logits, they keep the whole matmul; the step does without.

    Assumptions: stage graph, the batch is set, programs are not derived yet. `rows` > 0 is an error where no loss can be
    split, and where that makes more than 1024 chunks; with fewer rows than that, the loss stays as it is. Sums associate in another way: the tolerance is 1e-5.
    docs/rationale/chunk-loss.md.

    Example, with `rows=2`:
    ```mlir
    %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x100xf32> -> tensor<4x100xf32>
    %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<4x100xf32>, tensor<4xi32> -> ...
    // becomes
    %valid = ... // the number of labels that are not ignored
    %x0 = train.slice %x {offsets = array<i64: 0, 0>, ...} : tensor<4x8xf32> -> tensor<2x8xf32>
    %y0 = train.matmul %x0, %w : tensor<2x8xf32>, tensor<8x100xf32> -> tensor<2x100xf32>
    %l0 = train.slice %labels ...
    %part0, ... = train.cross_entropy %y0, %l0, %valid : ...
    ...
    %loss = train.add %part0, %part1 : ...
    ```
  }];
  let options = [
    Option<"rows", "rows", "int64_t", "0", "rows of one chunk; 0 chooses by rule">,
  ];
}

def TrainAutocast : TrainPass<"train-autocast"> {
  let summary = "compute contractions in f16 or bf16, and what needs f32 in f32; mark those that become fp8 or fp4";
  let description = [{
    Gives each op of the graph its element types by its class (PrecisionOpInterface), in order, layers and checkpoints included:
    - Low (matmul, convolution, attention): float operands are cast to `type`, but for those that must stay wide;
    - Full (exp, log, softmax, norms, losses, sums): narrow operands are cast to f32. An op whose results have the same types without that
      (a loss of narrow logits) needs no cast: it computes in f32 in any case;
    - Promote (arithmetic) and all others: operands that had one type get one again, the widest among them.
    Results follow from the operands by type inference. Only f32 becomes anything else; f64 and integers stay.

    What does not depend on the program's inputs (parameters, constants, tables made of them) does not widen: where a narrow
    value meets it in arithmetic, the op computes in f32, and its result is narrowed. So the sum with a bias has the type of
    the product, and a scalar factor changes no type.

    Each value is cast once per type, where it is computed; a narrow value that was cast to f32 is narrowed by going back to it. Outputs
    keep the types that the graph declares.

    `overrides` is a list of `NAME:TYPE`. With f32, the ops of that name (`matmul`), in that layer (`h3`, `h3/attn`, all below it), that read
    that parameter, or that compute that output are of class Full. With a 16-bit type they are of class Low in that type, in a layer only
    those that are of class Low anyway. The last match wins. An override without a match is an error.

    `type=fp8` and `type=fp4` are bf16 here, and mark what train-quantize is to store in fewer bits: each contraction of one dimension
    (ContractionOpInterface) with a parameter, but for the last before the loss, and what reads the same parameter as that. The mark says
    it apart for the product itself, the data gradient and the weight gradient. Overrides to `fp8` or `fp4` mark, those to other types do
    not; `NAME.forward:TYPE`, `NAME.dgrad:TYPE` and `NAME.wgrad:TYPE` mean one of the three. Convolutions and attention stay bf16.

    Why here: backward inherits the types from the forward pass, and so do eval and predict; a chunk of a loss is cast like a whole one.
    In real numbers nothing changes (test/Unit/Transforms/MeaningTest.cpp). Values are rounded, which is what was asked for, so that
    train-opt --train-check-passes, which compares rounded programs, leaves this pass out.

    Assumptions: stage graph, chunks are made, programs are not derived yet. A graph that is cast already stays as it is.
    docs/rationale/precision.md.

    Example, with `type=bf16`:
    ```mlir
    %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
    %s = train.softmax %y : tensor<4x8xf32>
    // becomes
    %xl = train.cast %x : tensor<4x8xf32> -> tensor<4x8xbf16>
    %wl = train.cast %w : tensor<8x8xf32> -> tensor<8x8xbf16>
    %y = train.matmul %xl, %wl : tensor<4x8xbf16>, tensor<8x8xbf16> -> tensor<4x8xbf16>
    %yf = train.cast %y : tensor<4x8xbf16> -> tensor<4x8xf32>
    %s = train.softmax %yf : tensor<4x8xf32>
    ```
  }];
  let options = [
    Option<"type", "type", "std::string", "\"bf16\"", "the type of contractions: bf16, f16, fp8 or fp4; f32 with overrides only">,
    ListOption<"overrides", "overrides", "std::string", "NAME:TYPE, what an op, a layer, a parameter or an output computes in">,
  ];
}

def TrainDerivePrograms : TrainPass<"train-derive-programs"> {
  let summary = "derive train.eval and train.predict from the graph";
  let description = [{
    `train.eval @eval` computes the loss (and the graph's output `count`, if it has one) as it is outside training: ops
    that mean something else there say so through EvalFormOpInterface (dropout is the identity, batch_norm reads its running
    statistics). `train.predict @predict` computes the other outputs; without such outputs there is none. It has only the inputs
    that those need, so labels disappear, and a batch of one sample where a sample's outputs depend on that sample alone: text
    is generated for one prompt, and whole logits of a batch would be the largest tensor of all programs. Where samples might see each
    other (the batch is not the leading dimension of an op that combines elements, or such an op loses it), the batch stays the graph's.

    Why: one source for the three programs that a trained executable runs.

    Assumptions: stage graph or step; the graph itself stays unchanged. docs/rationale/programs.md tells why the
    programs are derived before anything else happens to the graph.

    Example:
    ```mlir
    train.graph @g(%x: ..., %labels: ...) -> (loss: tensor<f32>, logits: tensor<4x10xf32>) { ... }
    // adds
    train.eval @eval(%x: ..., %labels: ...) -> (loss: tensor<f32>) { ... }
    train.predict @predict(%x: ...) -> (logits: tensor<1x10xf32>) { ... }
    ```
  }];
}

//===-- Stage step --------------------------------------------------------------------------===//

def TrainDifferentiate : TrainPass<"train-differentiate"> {
  let summary = "build the step: the forward pass followed by its adjoint";
  let description = [{
    Adds `train.step @step`: the graph with its layers inlined (ops keep the layer's name as `train.layer`, and those of a
    train.checkpoint its number as `train.checkpoint`), then reverse mode through DifferentiableOpInterface over what
    the loss depends on and a trainable parameter reaches. The step returns `loss` and, for each parameter that the loss depends on,
    `grad:NAME`; the passes after this one consume those outputs. Named outputs other than the loss are dropped, with what only
    they needed. The states that follow statistics of the batch (RunningStatisticsOpInterface) get their one write here.

    Reads of one symbol become one read first, so that the adjoint of a parameter used twice (tied weights) is one sum,
    in the order in which the uses meet backward.

    A trainable parameter that the loss does not depend on gets a remark and no gradient. An active op without a rule is
    an error, with notes on what made it active.

    Assumptions: stage graph, exactly one train.graph, every trainable parameter of a float type. The seed of the loss's
    adjoint is the constant that carries `train.seed`, which train-accumulate finds.
    Where the forward pass reads a parameter in a narrower type than it has, the adjoint of what is read is in `grad-type`, as wide as the
    product or sum that makes it, and never rounded on the way; with `grad-type=bf16`, gradients are narrow, rounded once each.
    docs/rationale/differentiate.md.

    Example:
    ```mlir
    %w = train.read @w : tensor<4x4xf32>
    %y = train.matmul %x, %w : ...
    %loss = train.mse %y, %t : ...
    // is followed by
    %seed = train.constant {train.seed} dense<1.0> : tensor<f32>
    ...
    %dw = train.matmul %x, %dy {transpose_lhs} : ...
    train.return %loss, %dw : ...   // outputs "loss", "grad:w"
    ```
  }];
  let options = [
    Option<"gradType", "grad-type", "std::string", "\"f32\"", "the type of gradients: f32 or bf16">,
  ];
}

def TrainQuantize : TrainPass<"train-quantize"> {
  let summary = "store the operands of marked matrix products in fp8 or fp4, with their scales as values and states";
  let description = [{
    Each operand x of a product that train-autocast marked (`train.gemm`) becomes `dequantize(quantize(x))`: what is stored is narrow, what is
    multiplied is the exact bf16 of it or the nearest one. The product itself, the data gradient and the weight gradient are marked apart.

    | recipe | inputs and weights | output gradients | scales |
    |---|---|---|---|
    | `fp8-recipe=delayed` | f8E4M3FN | f8E5M2 | of the tensor, by the largest magnitudes of the last `history` steps |
    | `fp8-recipe=current` | f8E4M3FN | f8E5M2 | of the tensor, by its own largest magnitude |
    | `fp8-recipe=mxfp8` | f8E4M3FN | f8E4M3FN | f8E8M0FNU per 32 elements along the summed dimension |
    | `fp4-recipe=nvfp4` | f4E2M1FN | f4E2M1FN, at random | f8E4M3FN per 16 elements (16 x 16 of weights), and f32 of the tensor |
    | `fp4-recipe=mxfp4` | f4E2M1FN | f4E2M1FN, at random | f8E8M0FNU per 32 elements |

    Scales of delayed scaling are states: `PARAMETER.input_scale` and `PARAMETER.input_amax`, and the same with `weight` and `output_grad`. The step reads
    the scale that the step before left, takes the largest magnitude (train.amax) and writes both states at its end (train.delayed_scale): largest /
    amax / 2^`margin`. Recomputation reads the same value, and accumulation takes the largest of all micro-batches. Eval and predict read the
    scales and write none.

    A value is quantized once for each form and read from there by all products; each reads it through a dequantize of its own, so that what lives from
    the forward to the backward pass is narrow. Where backward reads the wide value anyway, the narrow one is not kept but made again. Weights are
    quantized from the parameter itself where a product reads them, forward and backward, so that no narrow weight is kept, and a
    parameter that only such products read needs no working copy. Inputs of the weight gradient in blocks have the blocks along the rows; with nvfp4, both are
    multiplied by one orthogonal matrix before, 16 rows at a time, which their product does not see.

    A product whose operands do not divide into blocks keeps bf16: a remark. A program without marks stays as it is.

    Why here: gradients exist, so that they pass straight through the rounding. After this point nothing merges ops: two dequantizes of one value are meant.

    Assumptions: stage step, after train-differentiate and before train-working-copies and train-accumulate. Values are rounded, which is what
    was asked for, so that train-opt --train-check-passes leaves this pass out. docs/rationale/low-bit.md.

    Example, with `fp8-recipe=delayed` (of the forward pass):
    ```mlir
    %wl = train.cast %w : tensor<8x8xf32> -> tensor<8x8xbf16>
    %y = train.matmul %x, %wl {train.gemm = {dgrad = "fp8", forward = "fp8", parameter = @w, weight = 1 : i64, wgrad = "fp8"}} : ...
    // becomes
    %s = train.read @w.input_scale : tensor<f32>
    %m = train.amax %x : tensor<4x8xbf16> -> tensor<f32>
    %q = train.quantize %x, %s : tensor<4x8xbf16>, tensor<f32> -> tensor<4x8xf8E4M3FN>     // backward reads it too
    %xq = train.dequantize %q, %s : tensor<4x8xf8E4M3FN>, tensor<f32> -> tensor<4x8xbf16>
    %wq = ...                                                                               // the same of %w
    %y = train.matmul %xq, %wq : ...
    ...
    %h = train.read @w.input_amax : tensor<16xf32>
    %new:2 = train.delayed_scale %h, %s, %m {largest = 448.0, margin = 0} : ...             // and two writes
    ```
  }];
  let options = [
    Option<"fp8Recipe", "fp8-recipe", "std::string", "\"delayed\"", "delayed, current or mxfp8">,
    Option<"fp4Recipe", "fp4-recipe", "std::string", "\"nvfp4\"", "nvfp4 or mxfp4">,
    Option<"history", "history", "int64_t", "16", "steps whose largest magnitudes a delayed scale follows, 1 to 1024">,
    Option<"margin", "margin", "int64_t", "0", "a delayed scale leaves 2^margin above the largest magnitude, -64 to 64">,
  ];
}

def TrainWorkingCopies : TrainPass<"train-working-copies"> {
  let summary = "keep the narrow form of each parameter from step to step instead of casting it anew";
  let description = [{
    Where a program reads a parameter only to round it, also under another shape, the rounded parameter becomes a state of role `copy`, named
    `NAME.copy` and initialized from the parameter, and the program reads that: one per parameter and type, for step, eval and predict
    alike. train-optimizer gives each update the parameter's copy to write beside the parameter.

    Why: contractions read the copy in each micro-batch, forward and backward. Casting at the start of each step reads all parameters once
    more, and the update, which has each new value in a register, writes the copy for two bytes. The master stays in f32, so that small
    updates are not lost (Micikevicius et al., Mixed Precision Training, ICLR 2018).

    Assumptions: stage step, before train-optimizer. A parameter has at most one copy; a second narrow type is cast in the step.
    docs/rationale/precision.md.

    Example:
    ```mlir
    %w = train.read @w : tensor<8x8xf32>
    %wl = train.cast %w : tensor<8x8xf32> -> tensor<8x8xbf16>
    // becomes, with `train.state copy @w.copy of @w : tensor<8x8xbf16> init(#train.copy_of<@w>)`
    %wl = train.read @w.copy : tensor<8x8xbf16>
    ```
  }];
}

def TrainInterleaveChunks : TrainPass<"train-interleave-chunks"> {
  let summary = "run the forward pass of a chunk right before its backward pass";
  let description = [{
    Moves what the forward pass computes for a chunk of rows (ops with `train.chunk`, from train-chunk-loss) down to its first reader, and
    drops the mark. The reverse sweep visits chunk by chunk, the last first, and reads nothing of a chunk but its own
    forward pass, so that the order becomes: forward and backward of the last chunk, of the one before, and so on.

    Why: as differentiated, the forward pass of all chunks comes first, and all logits are alive at its end. Why a pass and not the
    scheduler: each chunk first needs room for what it leaves, and a scheduler that looks at one op at a time sees no gain.

    Assumptions: stage step, before ops are fused: a kernel of several chunks' scalars would tie them together. Values stay the same.

    Example:
    ```mlir
    %y0 = train.matmul ... {train.chunk = 0}
    %y1 = train.matmul ... {train.chunk = 1}
    %d1 = train.cross_entropy_backward %seed, %y1, ...
    %d0 = train.cross_entropy_backward %seed, %y0, ...
    // becomes
    %y1 = train.matmul ...
    %d1 = train.cross_entropy_backward %seed, %y1, ...
    %y0 = train.matmul ...
    %d0 = train.cross_entropy_backward %seed, %y0, ...
    ```
  }];
}

def TrainAccumulate : TrainPass<"train-accumulate"> {
  let summary = "run forward and backward once per micro-batch and sum the gradients in f32";
  let description = [{
    Wraps what depends on the data in `train.microbatch`, with one carried f32 accumulator per gradient, for the loss, and for each
    statistic that a state follows. Each micro-batch is seeded with 1/N, so that the sums are means; the loss is summed and
    multiplied by 1/N at the end. The data inputs of the step get a leading dimension N. Ops that depend on parameters
    alone stay before the loop and run once per step, unless they are to be executed where they are read (`train.at_use`). An update of a state reads the mean
    over the micro-batches, or their largest value where it says so (StateUpdateOpInterface).

    Where the loss is one cross-entropy (as a whole, or in the chunks of train-chunk-loss; a constant factor and casts may follow), the mean is
    that over the valid labels of all micro-batches: each micro-batch divides by rows * N, the numbers of valid labels are summed too, and
    rows * N / valid, which is 1 if no label is ignored, multiplies the loss and joins `grad_scale`. A loss of several terms stays a mean of means.

    Why: only the micro-batch has to fit in memory, whatever the batch.

    Assumptions: after train-differentiate, before clipping and the optimizer. count=1 changes nothing.
    docs/rationale/differentiate.md.

    Example, with `count=4`:
    ```mlir
    %r:2 = train.microbatch 4 (%x = %xs) carries (%loss = %zero, %dw = %zeros) { ... }
    ```
  }];
  let options = [Option<"count", "count", "int64_t", "1", "micro-batches per step">];
}

def TrainFoldSums : TrainPass<"train-fold-sums"> {
  let summary = "let contractions add to their accumulator operand instead of a separate sum";
  let description = [{
    `add(contraction, other)` becomes the contraction into `other` where the op accumulates (AccumulatingOpInterface), has no accumulator yet
    and no other use, and `other` is a fresh value or a carried accumulator with no other use, so that nobody misses it. The contraction moves to
    the place of the sum only where `other` is computed later. Chains fold too: in `add(c2 into c1, other)`, c1 takes `other`.

    The other way round, an accumulation that a user wrote into a value that somebody else reads, or that is no fresh value,
    becomes the op and a sum: in value semantics it means that, and its bytes could not be overwritten. In eval and predict, too.

    Why: the gradient of one micro-batch, and each term of a tied weight's gradient, would otherwise be a second buffer
    of the parameter's size and a kernel that reads both.

    Assumptions: result and accumulator have one type.

    Example:
    ```mlir
    %g = train.matmul %x, %dy {transpose_lhs} : ...
    %s = train.add %acc, %g : ...
    // becomes
    %s = train.matmul %x, %dy into %acc : ..., {transpose_lhs} : ...
    ```
  }];
}

def TrainLossScale : TrainPass<"train-loss-scale"> {
  let summary = "scale backward by a factor that keeps small gradients in range, and skip the steps that overflow";
  let description = [{
    The seed of backward is multiplied by the loss scale (train.scale_loss, in f32), so that every gradient carries it. A train.check_finite per
    gradient, chained, gives the verdict `apply`, which the step returns for the optimizer: where a gradient is not finite, parameters, slots and the
    step counter stay as they are. The inverse of the scale joins `grad_scale`, the factor that the norm and the optimizer multiply gradients
    by as they read them: unscaled in f32, and no gradient is written twice.

    With `mode=dynamic` the scale is the state `train.loss_scale`, with `train.loss_scale.good_steps` and `train.loss_scale.bad_steps`; train.update_scale
    writes all three at the end of the step. With `mode=static` it is the constant `init`. `mode=none` changes nothing. The step returns
    `loss_scale` (what this step used), `skipped`, and in dynamic mode `loss_scale_exhausted`: the scale should have become smaller and is
    at `minimum` already. Nothing leaves the device.

    Running statistics of batch_norm follow the forward pass of skipped steps too, as in PyTorch.

    Why here: gradients have to be complete (accumulated, their sums folded), and nothing may read them unscaled before: clipping comes after.
    The scale costs memory in one way: no gradient dies before the verdict on all of them.

    Assumptions: after train-differentiate, which marks the seed with `train.seed`; before clipping and the optimizer; once. A scale
    that is no power of two is rounded into every gradient: a warning. docs/rationale/loss-scaling.md.

    Example:
    ```mlir
    %seed = train.constant {train.seed} dense<1.0> : tensor<f32>
    // is followed by
    %scale = train.read @train.loss_scale : tensor<f32>
    %scaled = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>     // what backward reads
    ...
    %inverse = train.div %one, %scale : ...
    %0 = train.check_finite %dw scale %inverse : tensor<f32>, : tensor<4x4xf32> -> tensor<i1>
    ...
    train.return %loss, %dw, %inverse, %0, ... // outputs "loss", "grad:w", "grad_scale", "apply", ...
    ```
  }];
  let options = [
    Option<"mode", "mode", "std::string", "\"dynamic\"", "dynamic, static or none">,
    Option<"init", "init", "double", "65536.0", "the scale at first, or always">,
    Option<"window", "window", "int64_t", "2000", "steps without overflow after which the scale grows">,
    Option<"hysteresis", "hysteresis", "int64_t", "1", "steps with overflow until the scale shrinks">,
    Option<"minimum", "minimum", "double", "1.0", "the scale never becomes smaller">,
    Option<"growth", "growth", "double", "2.0", "factor of growth">,
    Option<"backoff", "backoff", "double", "0.5", "factor of shrinking">,
  ];
}

def TrainClipGradients : TrainPass<"train-clip-gradients"> {
  let summary = "scale all gradients down where their global norm exceeds a limit";
  let description = [{
    Adds one train.sum_squares per gradient and one train.clip_coefficient; the coefficient joins `grad_scale`, the factor that the optimizer
    multiplies gradients by as it reads them, and the step returns the norm before clipping as `grad_norm`. A factor that is there already (the
    loss scale's inverse) is multiplied in first: the norm is that of the gradients that the optimizer sees. No gradient is written twice.

    Why here: the norm is one of all gradients, so it needs every gradient complete (accumulated, reduced, unscaled) and comes
    before any update.

    Assumptions: the step has outputs `grad:NAME` and no `grad_norm` yet.

    Example, with `max-norm=1.0`:
    ```mlir
    %s0 = train.sum_squares %dw : tensor<4x4xf32> -> tensor<f32>
    %c, %n = train.clip_coefficient %s0, %s1 {max_norm = 1.0 : f64} : ...
    ```
  }];
  let options = [Option<"maxNorm", "max-norm", "double", "1.0", "largest global norm that passes unchanged">];
}

def TrainOptimizer : TrainPass<"train-optimizer"> {
  let summary = "turn gradients into updates of the parameters and of the optimizer's states";
  let description = [{
    Consumes the outputs `grad:NAME`, `grad_scale` and `apply` of the step: adds the slots of each trainable parameter (`NAME.velocity`, or `NAME.m` and
    `NAME.v`, zero at first), the i64 counter `train.step_count`, the input `lr`, the bias corrections once, one update op per
    parameter, and the writes. Parameters marked `no_decay` get weight decay 0. Slots have the type of their parameter.

    Assumptions: the gradients are complete. Parameters without a gradient are left alone.

    Example, with `kind=sgd`:
    ```mlir
    %new = train.sgd %w, %dw, lr %lr {weight_decay = 0.0 : f64} : ...
    train.write @w, %new : tensor<4x4xf32>
    ```
  }];
  let options = [
    Option<"kind", "kind", "std::string", "\"adamw\"", "sgd, momentum, adam (L2 weight decay) or adamw (decoupled)">,
    Option<"beta1", "beta1", "double", "0.9", "decay of the first moment, or the momentum">,
    Option<"beta2", "beta2", "double", "0.999", "decay of the second moment">,
    Option<"eps", "eps", "double", "1e-8", "added to the root of the second moment">,
    Option<"weightDecay", "weight-decay", "double", "0.0", "weight decay of parameters not marked no_decay">,
    Option<"reportGradNorm", "report-grad-norm", "bool", "false", "return the gradients' global norm even without clipping">,
  ];
}

def TrainVerifyScales : TrainPass<"train-verify-scales"> {
  let summary = "refuse steps that misuse the loss scale, and warn of low precision that will not work";
  let description = [{
    Follows the loss scale through the step (include/train/Analysis/ScaleState.h): each value carries none, or a power of it. Errors, each with
    the place where the scale came in: an update, a clipping norm or anything not linear of values that carry it, sums of scaled and unscaled values,
    updates with what was unscaled twice or never scaled, a state as loss scale that the step never writes, and ops in f16 that are certain to overflow.

    Warnings: updates that do not skip steps with overflow though there is a loss scale; f16 without a loss scale; f16 reductions;
    micro-batches summed without a factor of 1/N.

    Why: each of these trains, badly, and shows in no error message of any run.

    Assumptions: stage step or later; works on programs written by hand. Changes nothing. docs/rationale/loss-scaling.md.

    Example: in
    ```mlir
    %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
    %g = train.mul %x, %l : ...
    %new = train.sgd %w, %g, lr %lr ...
    ```
    the last op gets "updates parameters with gradients that still carry the loss scale @scale", with a note at the first.
  }];
}

//===-- Stages fused, scheduled, planned ----------------------------------------------------===//

def TrainFuse : TrainPass<"train-fuse"> {
  let summary = "group row-wise ops into train.fusion regions, one generated kernel each";
  let description = [{
    Ops with RowProgramOpInterface become members of train.fusion ops: greedily, a producer joins its consumer's fusion where
    both walk the same rows and no value that others need has to be computed twice. Splat constants move
    into the fusions that use them, where they are free.

    Why: fused ops read and write memory once, and what is only used inside a fusion has no buffer. From here on one
    op is one kernel, so that memory and time are facts of the IR.

    Assumptions: layers are inlined. Bits do not change: an element is computed by the same operations in the same order.

    Example:
    ```mlir
    %0 = train.add %x, %b : tensor<8x16xf32>, tensor<16xf32> -> tensor<8x16xf32>
    %1 = train.relu %0 : tensor<8x16xf32>
    // becomes one train.fusion with operands %x, %b and one result
    ```
  }];
}

def TrainSchedule : TrainPass<"train-schedule"> {
  let summary = "fix the order of issue";
  let description = [{
    List scheduling, block by block: of the ops that are ready, one that frees more bytes than it allocates goes first (the most
    first), else the one that comes first in the order given. What an op would free, less what it and the few ops that it still waits for
    allocate, counts for those as well. So updates run as soon as their gradient is complete, wherever their scalars stand, and
    nothing big is computed before the order given needs it. Constants move to their first use. Every reader of a storage comes before the
    op that overwrites it, writes come last. The better of the new order and the one given is kept,
    by the peak of MemoryTimeline with results in the place of dying operands.

    Assumptions: stage fused. Nothing reorders afterwards; train-apply-residency adds executions. Sets stage scheduled.
    docs/rationale/schedule.md.

    Example:
    ```mlir
    %dw0 = train.matmul ...
    %dw1 = train.matmul ...
    %w0 = train.sgd ..., %dw0, ...     // moves up, to right after %dw0
    ```
  }];
  let options = [
    Option<"threads", "threads", "int", "1", "threads that the workspaces of library ops are sized for">,
  ];
}

def TrainPlanResidency : TrainPass<"train-plan-residency"> {
  let summary = "decide which saved tensors are kept and which are computed again";
  let description = [{
    Translates the step's block with the most memory (the body of its micro-batch loop, or its own) into a residency problem
    (include/train/Planning/ResidencyProblem.h): ops with their time by the cost model, storages, what may be computed again and from what. A
    fusion's results can each be had again alone, also from other results of the same fusion.

    `remat` is a strategy by rule, or `budget`: the cheapest order whose arena, all programs included, is at most `budget` bytes. The rules keep:
    - `none`: everything but what lies inside train.checkpoint regions;
    - `uniform:K`: the inputs of every K-th layer; `block`: of each; `sqrt`: of ceil(sqrt(N)) layers, evenly spaced;
    - `sublayer`: also what crosses the single-value cuts within layers (a transformer's residual stream);
    - `selective:OP,...`: everything but the results of these ops;
    - `policy:save-nothing`, `policy:save-everything`, `policy:save-dots` (results of contractions), `policy:save-dots-no-batch` (of those without
      batch dimensions), `policy:save:NAME`, `policy:recompute:NAME` (NAME is a layer, with all below it, or an op).
    Layers are train.layer scopes, else the segments between single-value cuts of the forward pass, each with a contraction.

    A budget that no plan fits is an error that names the smallest arena found and what is alive at its peak; the module then carries
    `train.minimum_bytes`. With `pareto`, the step gets `train.pareto_bytes` and `train.pareto_seconds`: the arena, and the time of repetitions, of
    each order that no other one beats in both.

    The decision is written as `train.recompute_before` on the op before which ops are executed again, in order, and `train.sink` on the op
    in whose kernel they are; train-apply-residency obeys. Remarks name each tensor that is dropped, with its bytes and what that costs.

    The step is planned as it stands, and with the reads sunk that save bytes that way (lib/Transforms/PlanResidency/Sinking.h). A budget takes the
    cheapest order of both, a rule the sunk one where it costs neither bytes nor time.

    With `compress`, activations may also be stored in fewer bits between forward and backward (lib/Transforms/PlanResidency/Compression.cpp): by
    rule all that are kept, by budget those with which the step is cheapest, never where lossless plans cost as little. Such a tensor's op
    carries the element type of the copy as `train.compress_to`, and its reader an entry that has the result from itself. fp8 is MXFP8 (f8E4M3FN, a power of
    two per 32 elements), fp4 is NVFP4 (f4E2M1FN, a scale per 16 elements and one per tensor); a tensor whose elements are no multiple of a block stays as it
    is, which a remark says.

    Why apart: a plan can be written, read and tested by hand; and what decides need not rewrite.

    Assumptions: stage scheduled, nothing placed over dying operands yet (train-reuse-operands comes after). docs/rationale/residency.md.

    Example, with `remat=selective:gelu`:
    ```mlir
    %h:2 = train.fusion (...) ...                 // op 27: pre-activation, gelu
    ...
    %dw = train.matmul %h#1, %dy {train.recompute_before = [#train.recompute<op = 27, results = [1], from = [0]>]}
    ```
  }];
  let options = [
    Option<"remat", "remat", "std::string", "\"none\"", "none, uniform:K, sqrt, block, sublayer, selective:OP,..., policy:..., or budget">,
    Option<"budget", "budget", "int64_t", "0", "bytes of the whole arena, for remat=budget">,
    Option<"pareto", "pareto", "bool", "false", "with remat=budget, write the table of all orders found on the step">,
    Option<"threads", "threads", "int", "1", "threads that workspaces and the cost model are for">,
    Option<"compress", "compress", "std::string", "\"none\"", "none, bf16, fp8 or fp4: what kept activations may be stored as">,
  ];
}

def TrainApplyResidency : TrainPass<"train-apply-residency"> {
  let summary = "execute ops again where a residency plan says so";
  let description = [{
    Obeys `train.recompute_before`: before the op that carries it, the listed ops are cloned in order, each reading the newest values of its
    operands; every use from there on reads the clones. A clone carries its number as `train.clone`, so that no two are ever merged.
    Of a fusion, only the listed results are cloned, with what they need. batch_norm's first result can be had from the other two. Views of what is computed again are cloned too, views and ops that nobody
    uses any more go. The random key and parameters are read again, never copied: a clone draws the same numbers.

    An entry that has a result from the same result (`results = [1], from = [1]`) reads it from a copy with elements of the type `train.compress_to` of
    its op, made right behind that op: a `train.cast` to 16 bits, a `train.quantize_blocks` to 8 or 4, the latter with the tensor's own scale. Another
    `train.cast` or `train.dequantize_blocks` makes it whole again. This alone loses bits.

    Obeys `train.sink` before that: the listed ops are executed again in the kernel of the op that carries it, which becomes one fusion with the
    number of entries as `train.sunk`. Results of fusions that nobody reads any more are dropped; entries of `train.recompute_before` count what
    is left. An entry's own `sink` does the same for a clone.

    Assumptions: stage scheduled. An op that overwrites its operand, a write or a loop can't be executed again: an error, as is a plan
    that names an op or a result that is not there or not computed yet, or that reads what has been overwritten by then, or that sinks
    into an op what one kernel can't compute with it or what it does not read.

    Example:
    ```mlir
    %dw = train.matmul %h#1, %dy {train.recompute_before = [#train.recompute<op = 27, results = [1], from = [0]>]}
    // becomes
    %g = train.fusion (%p = %h#0) -> ... attributes {train.clone = 1} { train.gelu ... }
    %dw = train.matmul %g, %dy
    ```
  }];
}

def TrainReuseOperands : TrainPass<"train-reuse-operands"> {
  let summary = "place results over operands that die there";
  let description = [{
    Fusions whose operand has its last use there, is as large as a result and is read at the same index only (or in the same row, before
    it is stored), get that operand as the result's alias.

    Why here: whether it is the last use is known when the order is final and recomputations are in it.

    Assumptions: stage scheduled, after train-apply-residency.

    Example:
    ```mlir
    %1 = train.fusion (%p = %0 : tensor<8xf32>) -> tensor<8xf32> { ... }
    // becomes, where %0 has no later use
    %1 = train.fusion (%p = %0 : tensor<8xf32>) -> tensor<8xf32> aliases [0] { ... }
    ```
  }];
}

def TrainPlanMemory : TrainPass<"train-plan-memory"> {
  let summary = "give every storage of every program its offset in one arena";
  let description = [{
    What lives across steps (parameters, states, the random key, constants that are no splat) comes first and takes
    one contiguous region. The storages of each program are then placed after it by the arena planner, each program by itself, since
    only one runs at a time; the arena is as large as the largest. Every plan is checked by ArenaSolution::verify.

    Results: `offset` on params and states; `train.offsets` on ops, one absolute byte offset per result (views and
    aliases resolved, -1 for values without storage); `train.workspace` on ops that need one; `train.arg_offsets` on programs
    and micro-batch loops, one per block argument; on the module `train.arena_bytes`, `train.lower_bound_bytes`,
    `train.random_key_offset` and `train.threads`. A remark tells the size, the lower bound and the solver of each program.

    Assumptions: stage scheduled. Sets stage planned. docs/rationale/memory.md.

    Example:
    ```mlir
    %1 = train.matmul %0, %w {train.offsets = array<i64: 4096>} : ...
    ```
  }];
  let options = [
    Option<"threads", "threads", "int", "1", "threads that the workspaces of library ops are sized for">,
  ];
}

def TrainReportMemory : TrainPass<"train-report-memory"> {
  let summary = "write the memory report of a planned module as JSON or as a page";
  let description = [{
    The report of createMemoryReport (include/train/Analysis/MemoryReport.h): peak, lower bound, categories, every buffer with its offset,
    lifetime and uses, live bytes and costs at each op. A file that ends in .html becomes a page to look at.

    Why a pass: the report describes a module at one point of a pipeline, wherever that pipeline runs.

    Assumptions: stage planned. Changes nothing.

    Example: `train-opt planned.mlir --train-report-memory=file=report.json`.
  }];
  let options = [
    Option<"file", "file", "std::string", "\"-\"", "where to write; - for standard output">,
    Option<"space", "space", "std::string", "\"host\"", "the memory space of the arena: host or device">,
  ];
}

//===-- Any stage ---------------------------------------------------------------------------===//

def TrainVerifyStage : TrainPass<"train-verify-stage"> {
  let summary = "check what the module's stage requires and forbids";
  let description = [{
    Checks the module against the table in lib/Transforms/VerifyStage/VerifyStage.cpp: each rule names the stages from which on it holds.
    Pipelines run it at each boundary, so that a pass that leaves its work half done is found there and not in lowering.

    Assumptions: none. Changes nothing.

    Example: a train.layer left in a step is an error from stage step on.
  }];
}

#endif // TRAIN_PASSES
